"""``/pebble``: what watches read, typed as the first of them did."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.clocks import START_MS, SettableClock
from tests.compat.conftest import Site
from tests.compat.reading_present import EVERYTHING, only_plain_numbers
from tests.live.device_documents import a_profile, by_androidaps, by_loop, by_xdrip
from tests.live.uploads import at, done, sgv

SiteWith = Callable[..., Site]

CAL = {"type": "cal", "date": at(30), "scale": 1, "intercept": 30000, "slope": 800}
SIGNALS = {"filtered": 120000, "unfiltered": 118000, "noise": 1}


def watch(site: Site, query: str = "") -> Any:
    answer = site.owner.get(f"/pebble{query}")
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.fixture
def readings(site: Site) -> Site:
    site.entries.save([sgv(2 + 5 * n, 125 - 5 * n, direction="FortyFiveUp") for n in range(6)])
    return site


def test_a_watch_gets_the_newest_reading(readings: Site) -> None:
    readings.device_status.save([by_loop()])
    assert watch(readings) == {
        "status": [{"now": START_MS}],
        "bgs": [
            {"sgv": "125", "trend": 3, "direction": "FortyFiveUp", "datetime": at(2), "bgdelta": 5, "battery": "55"}
        ],
        "cals": [],
    }


def test_with_insulin_and_carbs(site_with: SiteWith) -> None:
    site = site_with(ENABLE=EVERYTHING)
    site.entries.save([sgv(2, 200, direction="Flat", **SIGNALS), sgv(7, 195), CAL])
    site.device_status.save([by_androidaps()])
    site.profiles.save([a_profile()])
    answer = watch(site)
    assert answer["bgs"] == [
        {
            "sgv": "200",
            "trend": 4,
            "direction": "Flat",
            "datetime": at(2),
            **SIGNALS,
            "bgdelta": 5,
            "battery": "81",
            "iob": "1.12",
            "bwp": "0.48",
            "bwpo": 144,
            "cob": 12,
        }
    ]
    assert answer["cals"] == [{"slope": 800, "intercept": 30000, "scale": 1}]


def test_in_mmol(site_with: SiteWith) -> None:
    site = site_with(ENABLE="iob cob")
    site.entries.save([sgv(2, 108), sgv(7, 90)])
    [shown] = watch(site, "?units=mmol")["bgs"]
    assert (shown["sgv"], shown["bgdelta"]) == ("6.0", "1.0")


@pytest.mark.parametrize("query", ["", "?units=mg/dl", "?units=", "?units[]=mmol"])
def test_else_in_mgdl_whatever_the_person_likes(site_with: SiteWith, query: str) -> None:
    """Watches that do not ask for mmol/L do not know it."""
    site = site_with(DISPLAY_UNITS="mmol")
    site.entries.save([sgv(2, 108), sgv(7, 90)])
    [shown] = watch(site, query)["bgs"]
    assert (shown["sgv"], shown["bgdelta"]) == ("108", 18)


@pytest.mark.parametrize(
    ("query", "count"),
    [("?count=3", 3), ("?count=47", 6), ("?count=0", 1), ("?count=x", 1), ("?count=-4", 1), ("?count[]=2", 2),
     ("?count=2.9", 2), ("?count=99999999999999999999", 6), ("?count[a]=2", 1)],
)  # fmt: skip
def test_count_readings_newest_first(readings: Site, query: str, count: int) -> None:
    shown = watch(readings, query)["bgs"]
    assert [one["sgv"] for one in shown] == ["125", "120", "115", "110", "105", "100"][:count]
    assert ["bgdelta" in one for one in shown] == [True] + [False] * (count - 1)


def test_only_the_features_that_are_on_are_told(readings: Site) -> None:
    readings.treatments.save([done(60, "Meal Bolus", insulin=2, carbs=20)])
    assert watch(readings)["bgs"][0].keys() == {"sgv", "trend", "direction", "datetime", "bgdelta"}


def test_what_is_unknown_is_zero_where_watches_want_a_number(site_with: SiteWith) -> None:
    site = site_with(ENABLE="iob cob")
    site.entries.save([sgv(2, 108)])
    [shown] = watch(site)["bgs"]
    assert shown == {"sgv": "108", "trend": 8, "datetime": at(2), "bgdelta": 0, "iob": 0, "cob": 0}


@pytest.mark.parametrize(
    ("direction", "trend"),
    [("NONE", 0), ("DoubleUp", 1), ("SingleUp", 2), ("FortyFiveUp", 3), ("Flat", 4), ("FortyFiveDown", 5),
     ("SingleDown", 6), ("DoubleDown", 7), ("NOT COMPUTABLE", 8), ("RATE OUT OF RANGE", 9), ("TripleUp", 8),
     ("sideways", 8), ("", 8)],
)  # fmt: skip
def test_directions_are_numbers(site: Site, direction: str, trend: int) -> None:
    site.entries.save([sgv(2, 108, direction=direction)])
    assert watch(site)["bgs"][0]["trend"] == trend


@pytest.mark.quirk("numbers are text where the first Pebble watches read text")
@pytest.mark.parametrize(("stored", "shown"), [(39, "39"), (401, "401"), (5, "5"), (110.6, "111")])
def test_numbers_are_text(site: Site, stored: float, shown: str) -> None:
    site.entries.save([sgv(2, stored)])
    assert watch(site)["bgs"][0]["sgv"] == shown


@pytest.mark.parametrize(
    ("battery", "shown"),
    [(55, "55"), ("42", "42"), (0, "0"), (-1, None), (None, None), (False, None), ("50 days", None)],
)
def test_a_battery_is_text_or_left_out(readings: Site, battery: Any, shown: str | None) -> None:
    readings.device_status.save([by_xdrip(2, battery)])
    assert watch(readings)["bgs"][0].get("battery") == shown


def test_without_readings_there_is_an_empty_list(site: Site) -> None:
    site.device_status.save([by_loop()])
    assert watch(site) == {"status": [{"now": START_MS}], "bgs": [], "cals": []}


def test_readings_of_the_future_deleted_ones_and_finger_sticks_are_left_out(site: Site) -> None:
    mbg = {"type": "mbg", "mbg": 99, "date": at(1)}
    site.entries.save([sgv(-3, 300), sgv(1, 200, isValid=False), mbg, sgv(4, 108)])
    assert [one["sgv"] for one in watch(site, "?count=10")["bgs"]] == ["108"]


def test_now_is_now(readings: Site, clock: SettableClock) -> None:
    watch(readings)
    clock.advance(s=7)
    assert watch(readings)["status"] == [{"now": START_MS + 7000}]


def test_numbers_are_javascripts(site_with: SiteWith) -> None:
    site = site_with(ENABLE=EVERYTHING)
    site.entries.save([sgv(2, 108.0), sgv(7, 90.0)])
    site.treatments.save([done(60, "Meal Bolus", insulin=2.0, carbs=20.0)])
    only_plain_numbers(site.owner.get("/pebble?count=2").text)


@pytest.mark.parametrize(
    ("roles", "status"),
    [(["api:pebble,entries:read"], 200), (["*:*:read"], 200), (["api:entries:read"], 401), (["api:pebble:read"], 401)],
)
def test_it_needs_the_rights_of_watches_and_of_entries(site: Site, roles: list[str], status: int) -> None:
    site.owner.post("/api/v2/authorization/roles", json={"name": "watch", "permissions": roles})
    site.owner.post("/api/v2/authorization/subjects", json={"name": "Watch", "roles": ["watch"]})
    [subject] = site.owner.get("/api/v2/authorization/subjects").json()
    assert site.client().get(f"/pebble?token={subject['accessToken']}").status_code == status


def test_nobody_gets_nothing(site: Site) -> None:
    answer = site.client().get("/pebble")
    assert (answer.status_code, answer.json()["message"]) == (401, "Unauthorized")


def test_it_is_json_compressed_and_open_to_other_sites_as_the_rest(site_with: SiteWith) -> None:
    site = site_with(ENABLE="cors")
    site.entries.save([sgv(2 + n, 100) for n in range(100)])
    answer = site.owner.get("/pebble?count=100")
    assert answer.headers["Content-Type"] == "application/json; charset=utf-8"
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert answer.headers["Content-Encoding"] == "gzip"


def test_it_has_one_name(site: Site) -> None:
    assert site.owner.get("/pebble/").status_code == 200
    assert site.owner.get("/pebble.json").status_code == 404
    assert site.owner.get("/api/v1/pebble").status_code == 404
    assert site.owner.post("/pebble").status_code in (404, 405)

"""``/ddata/at``: the whole runtime data, of now and of a moment of the past."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from app.clock import iso_of
from tests.clocks import START_MS
from tests.compat.conftest import Site
from tests.compat.reading_present import only_plain_numbers
from tests.live.device_documents import a_profile, by_androidaps, by_loop
from tests.live.uploads import DAY_MIN, at, done, sgv

SiteWith = Callable[..., Site]

KEYS = [
    "sgvs", "treatments", "mbgs", "cals", "profiles", "devicestatus", "food", "activity", "dbstats", "lastUpdated",
    "entries", "lastProfileFromSwitch", "sitechangeTreatments", "insulinchangeTreatments", "batteryTreatments",
    "sensorTreatments", "profileTreatments", "combobolusTreatments", "tempbasalTreatments", "tempTargetTreatments",
]  # fmt: skip
CAL = {"type": "cal", "date": at(30), "scale": 1, "intercept": 30000, "slope": 800}


def data(site: Site, when: str = "") -> Any:
    answer = site.owner.get(f"/api/v2/ddata/at/{when}".rstrip("/"))
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.fixture
def busy(site: Site) -> Site:
    site.entries.save(
        [sgv(5, 110, direction="Flat", noise=1), sgv(10, 108), CAL, {"type": "mbg", "mbg": 99, "date": at(8)}]
    )
    site.treatments.save(
        [
            done(50 * 60, "Site Change"),
            done(60, "Meal Bolus", insulin=2, carbs=20),
            done(40, "Temp Basal", absolute=0.2, duration=60),
            done(20, "Temp Basal", absolute=0.4, duration=60),
            done(15, "Temporary Target", targetTop=6, targetBottom=5, duration=30),
            done(10, "Profile Switch", profile="Default", duration=0),
        ]
    )
    site.device_status.save([by_loop(4), by_androidaps(2)])
    site.profiles.save([a_profile()])
    return site


def test_all_is_there_in_this_order(busy: Site) -> None:
    assert list(data(busy)) == KEYS


def test_readings_have_their_runtime_shape(busy: Site) -> None:
    answer = data(busy)
    assert [one.pop("_id") is not None for one in (*answer["sgvs"], *answer["mbgs"], *answer["cals"])] == [True] * 4
    assert answer["sgvs"] == [
        {"mgdl": 108, "mills": at(10), "device": "xDrip-DexcomG6", "type": "sgv"},
        {"mgdl": 110, "mills": at(5), "device": "xDrip-DexcomG6", "direction": "Flat", "noise": 1, "type": "sgv"},
    ]
    assert answer["mbgs"] == [{"mgdl": 99, "mills": at(8), "type": "mbg"}]
    assert answer["cals"] == [{"mills": at(30), "scale": 1, "intercept": 30000, "slope": 800, "type": "cal"}]


def test_treatments_are_as_stored_with_more(busy: Site) -> None:
    answer = data(busy)
    meal = next(one for one in answer["treatments"] if one["eventType"] == "Meal Bolus")
    assert (meal["mills"], meal["mgdl"], meal["insulin"], meal["enteredBy"]) == (at(60), 108, 2, "Mum")
    assert len(meal["_id"]) == 24
    assert [one["mills"] for one in answer["treatments"]] == sorted(one["mills"] for one in answer["treatments"])


def test_treatments_are_sorted_by_what_they_are_about(busy: Site) -> None:
    answer = data(busy)
    assert [(one["absolute"], one["duration"], one["endmills"]) for one in answer["tempbasalTreatments"]] == [
        (0.2, 20, at(20)),
        (0.4, 60, at(-40)),
    ]
    assert [one["eventType"] for one in answer["sitechangeTreatments"]] == ["Site Change"]
    assert [one["targetTop"] for one in answer["tempTargetTreatments"]] == [pytest.approx(108.09354)]
    assert [one["profile"] for one in answer["profileTreatments"]] == ["Default"]
    assert answer["lastProfileFromSwitch"] == "Default"
    for name in ("insulinchangeTreatments", "batteryTreatments", "sensorTreatments", "combobolusTreatments", "entries"):
        assert answer[name] == []


def test_statuses_are_as_stored_with_more(busy: Site) -> None:
    loop, androidaps = data(busy)["devicestatus"]
    assert (loop["mills"], androidaps["mills"]) == (at(4), at(2))
    assert androidaps["uploader"] == {"battery": 81}
    assert "uploaderBattery" not in androidaps
    assert loop["loop"] == by_loop(4)["loop"]


def test_the_rest(busy: Site) -> None:
    answer = data(busy)
    assert answer["profiles"][0]["store"] == a_profile()["store"]
    assert answer["dbstats"]["dataSize"] > 0
    assert answer["dbstats"]["indexSize"] == 0
    assert answer["lastUpdated"] == START_MS


def test_of_nothing_there_are_empty_lists(site: Site) -> None:
    answer = data(site)
    assert [answer[name] for name in KEYS if isinstance(answer[name], list)] == [[]] * 17
    assert answer["lastProfileFromSwitch"] is None


@pytest.mark.parametrize("minutes", [0, 5, -5])
def test_within_five_minutes_it_is_live(busy: Site, minutes: float) -> None:
    assert data(busy, iso_of(at(minutes))) == data(busy)


def test_a_moment_of_the_past_is_a_frame(site: Site) -> None:
    then = 10 * DAY_MIN
    site.entries.save([sgv(then - 5, 99), sgv(then + 5, 110), sgv(then + 3 * DAY_MIN, 90), sgv(5, 300)])
    site.treatments.save([done(then + 60, "Meal Bolus", carbs=20), done(60, "Meal Bolus", carbs=10)])
    site.device_status.save([by_loop(then + 4), by_loop(4)])
    answer = data(site, iso_of(at(then)))
    assert list(answer) == [*KEYS, "page"]
    assert answer["page"] == {"frame": True, "after": at(then)}
    assert [one["mgdl"] for one in answer["sgvs"]] == [110]
    assert [one["carbs"] for one in answer["treatments"]] == [20]
    assert [one["mills"] for one in answer["devicestatus"]] == [at(then + 4)]


@pytest.mark.parametrize(
    "when",
    ["2026-11-11T11:00:00.000+01:00", "2026-11-11T11:00:00+01:00", "2026-11-11T10:00Z", "2026-11-11T11:00 01:00"],
)
def test_the_moment_may_be_written_in_many_ways(site: Site, when: str) -> None:
    assert data(site, when)["page"]["after"] == at(10 * DAY_MIN)


@pytest.mark.parametrize(
    "when", ["yesterday", "2026-13-45", "0", "1970-01-01", "9999-12-31", "%00", "[", "99999999999999999"]
)
def test_what_is_no_moment_is_refused(site: Site, when: str) -> None:
    answer = site.owner.get(f"/api/v2/ddata/at/{when}")
    assert answer.status_code == 400
    assert "ISO-8601" in answer.json()["description"]


def test_what_is_deleted_is_not_in_it(site: Site) -> None:
    site.entries.save([sgv(5, 110, isValid=False)])
    site.treatments.save([done(5, "Site Change", isValid=False)])
    site.device_status.save([by_loop() | {"isValid": False}])
    answer = data(site)
    assert (answer["sgvs"], answer["treatments"], answer["sitechangeTreatments"], answer["devicestatus"]) == ([],) * 4


def test_a_device_may_be_obscured(site_with: SiteWith) -> None:
    site = site_with(OBSCURE_DEVICE_PROVENANCE="somewhere")
    site.entries.save([sgv(5, 110), {"type": "mbg", "mbg": 99, "date": at(8), "device": "meter"}])
    answer = data(site)
    assert (answer["sgvs"][0]["device"], answer["mbgs"][0]["device"]) == ("somewhere", "somewhere")


def test_numbers_are_javascripts(busy: Site) -> None:
    only_plain_numbers(busy.owner.get("/api/v2/ddata/at").text)


@pytest.mark.parametrize("path", ["/api/v2/ddata", "/api/v1/ddata/at"])
def test_there_is_no_other_way_to_it(site: Site, path: str) -> None:
    assert site.owner.get(path).status_code == 404


def test_nobody_gets_nothing(site: Site) -> None:
    for path in ("/api/v2/ddata/at", "/api/v2/ddata/at/2026-11-11T10:00:00Z"):
        assert site.client().get(path).status_code == 401

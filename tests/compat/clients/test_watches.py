"""Watches and displays: Pebble, Garmin, Fitbit, Zepp, M5, the LED clock; ``/pebble`` as the first of them typed it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tests.clocks import START_MS
from tests.compat.clients.conftest import token_of
from tests.compat.conftest import SECRET_DIGEST, Site
from tests.compat.reading_present import only_plain_numbers, properties
from tests.live.uploads import at, done

CAL = {"type": "cal", "date": at(30), "dateString": "2026-11-21T09:30:00.000Z", "scale": 1, "intercept": 30000,
       "slope": 800}  # fmt: skip


def watched(site: Site, query: str) -> Any:
    answer = site.client().get(f"/pebble{query}")
    assert answer.status_code == 200, answer.text
    assert answer.headers["Content-Type"].split(";")[0] == "application/json"
    only_plain_numbers(answer.text)
    return answer.json()


@pytest.mark.quirk("numbers are text where the first Pebble watches read text")
def test_cgm_pebble_reads_texts_where_it_wants_texts(loops: Site) -> None:
    """Its C code takes strings as strings and numbers as numbers, and the watch restarts otherwise."""
    face = watched(loops, f"?token={token_of(loops)}")
    assert face["status"][0]["now"] == START_MS
    [newest] = face["bgs"]
    assert {name: type(newest[name]) for name in ("sgv", "battery", "iob")} == dict.fromkeys(
        ("sgv", "battery", "iob"), str
    )
    assert {name: type(newest[name]) for name in ("bgdelta", "trend", "datetime")} == dict.fromkeys(
        ("bgdelta", "trend", "datetime"), int
    )
    assert (newest["sgv"], newest["direction"], newest["trend"], newest["bgdelta"]) == ("120", "Flat", 4, 1)
    assert (newest["iob"], newest["battery"], newest["datetime"]) == ("1.50", "55", START_MS)
    assert face["cals"] == []


def test_a_watch_that_shows_the_raw_signal_gets_the_line_behind_it(loops: Site) -> None:
    loops.entries.save([CAL])
    assert watched(loops, f"?token={token_of(loops)}")["cals"] == [{"slope": 800, "intercept": 30000, "scale": 1}]


def test_a_site_without_readings_has_an_empty_list(site: Site, token: str) -> None:
    assert watched(site, f"?token={token}") == {"status": [{"now": START_MS}], "bgs": [], "cals": []}


def test_glance_on_a_fitbit_draws_forty_seven_readings(loops: Site) -> None:
    loops.entries.save([{"type": "sgv", "sgv": 100, "date": at(5 * n), "dateString": at(5 * n)} for n in range(5, 60)])
    face = watched(loops, f"?count=47&token={token_of(loops)}")
    assert len(face["bgs"]) == 47
    times = [one["datetime"] for one in face["bgs"]]
    assert times == sorted(times, reverse=True)
    assert all(isinstance(one["sgv"], str) for one in face["bgs"])
    assert {"bgnow", "delta", "iob", "cob", "loop", "basal"} <= properties(loops).keys()


def test_glucodatahandler_reads_the_first_element(loops: Site) -> None:
    """It takes trend or direction, and insulin and carbs where there are some."""
    face = watched(loops, f"?token={token_of(loops)}")["bgs"][0]
    assert (face["datetime"], int(face["sgv"]), face["trend"], float(face["iob"]), float(face["cob"])) == (
        START_MS, 120, 4, 1.5, 25,
    )  # fmt: skip


@pytest.mark.parametrize("way", ["token", "secret", "nothing"])
def test_glucodatahandler_asks_with_what_it_was_given(
    site: Site, site_with: Callable[..., Site], token: str, way: str
) -> None:
    if way == "nothing":
        assert site.client().get("/pebble").status_code == 401
        client, query = site_with(AUTH_DEFAULT_ROLES="readable").client(), ""
    else:
        client = site.client(**({"api_secret": SECRET_DIGEST} if way == "secret" else {}))
        query = f"?token={token}" if way == "token" else ""
    assert client.get(f"/pebble{query}").status_code == 200


def test_glucodatahandler_reads_entries_and_uploads(five_readings: Site, token: str) -> None:
    client = five_readings.owner
    assert [one["sgv"] for one in client.get("/api/v1/entries/current.json").json()] == [120]
    query = f"find[date][$gt]={START_MS - 600_001}&count=10&token={token}"
    shown = five_readings.client().get(f"/api/v1/entries/sgv.json?{query}").json()
    assert [one["sgv"] for one in shown] == [120, 119, 118]
    sent = [{"type": "sgv", "sgv": 99, "date": START_MS + 1, "direction": "Flat", "device": "GlucoDataHandler"}]
    assert client.post("/api/v1/entries", json=sent).status_code == 200


def test_urchin_filters_by_what_exists(site: Site) -> None:
    site.treatments.save([done(60, "Temp Basal", absolute=0.5, duration=30), done(55, "Bolus", insulin=1)])
    site.device_status.save(
        [
            {"uploaderBattery": 50},
            {"uploader": {"battery": 50}},
            {"openaps": {"iob": {}}},
            {"loop": {"enacted": {"rate": 0}}},
            {"loop": {"failureReason": "x"}},
        ]
    )
    site.entries.save([CAL, {"type": "sgv", "sgv": 100, "date": START_MS}])
    for path, count in (
        ("treatments.json?find[eventType]=Temp+Basal&count=50", 1),
        ("treatments.json?find[insulin][$exists]=true", 1),
        ("devicestatus.json?find[$or][0][uploaderBattery][$exists]=true&find[$or][1][uploader][$exists]=true", 2),
        ("devicestatus.json?find[openaps][$exists]=true", 1),
        ("devicestatus.json?find[loop][$exists]=true&find[loop.failureReason][$not][$exists]=true", 1),
        ("devicestatus.json?find[loop.enacted][$exists]=true", 1),
        (f"entries/sgv.json?count=1000&find[date][$gt]={START_MS - 10**7}", 1),
        ("entries/cal.json?count=1", 1),
        ("profile.json", 0),
    ):
        assert len(site.owner.get(f"/api/v1/{path}").json()) == count, path


def test_beautiful_nightscout_on_a_garmin_asks_for_three(loops: Site) -> None:
    loops.entries.save([CAL, {"type": "sgv", "sgv": 120, "date": START_MS, "dateString": START_MS,
                              "filtered": 120000, "unfiltered": 118000}])  # fmt: skip
    answer = loops.client().get(f"/api/v2/properties/bgnow,rawbg,delta?token={token_of(loops)}")
    only_plain_numbers(answer.text)
    shown = answer.json()
    assert shown.keys() == {"bgnow", "rawbg", "delta"}
    assert (shown["bgnow"]["last"], shown["delta"]["display"], shown["rawbg"]["displayLine"]) == (
        120, "+1", "Raw BG: 117 mg/dl Clean",
    )  # fmt: skip


def test_zepp_takes_the_status_as_html(five_readings: Site, token: str) -> None:
    client = five_readings.client(Accept="*/*")
    assert client.get(f"/api/v1/status?token={token}").text == "<h1>STATUS OK</h1>"
    assert len(client.get(f"/api/v1/entries.json?count=200&token={token}").json()) == 5
    assert client.get(f"/api/v1/treatments.json?count=1&token={token}").json() == []
    assert five_readings.client().get("/api/v1/status").status_code == 401


@pytest.mark.parametrize("looping", ["loop", "openaps"])
def test_m5_reads_displays(request: pytest.FixtureRequest, looping: str) -> None:
    site: Site = request.getfixturevalue("loops" if looping == "loop" else "pumps")
    client, token = site.client(), token_of(site)
    shown = client.get(f"/api/v1/entries.json?find[type][$eq]=sgv&count=10&token={token}").json()
    assert [len(str(one["date"])) for one in shown] == [13] * 5
    assert all(type(one["date"]) is int for one in shown)
    asked = client.get(f"/api/v2/properties/iob,cob,delta,{looping},basal?token={token}")
    only_plain_numbers(asked.text)
    face = asked.json()
    assert face.keys() == {"iob", "cob", "delta", looping, "basal"}
    assert isinstance(face["iob"]["display"], str)
    assert isinstance(face["cob"]["display"], int)
    assert face[looping]["status" if looping == "openaps" else "display"].keys() == {"symbol", "code", "label"}
    assert (face["basal"]["display"], face["basal"]["current"]["tempbasal"]) == ("0.800U", 0.8)


def test_the_led_clock_asks_for_json_by_its_header(five_readings: Site, token: str) -> None:
    query = f"find[date][$gt]={START_MS - 600_001}&find[date][$lte]={START_MS}&count=50&token={token}"
    answer: httpx.Response = five_readings.client(Accept="application/json").get(f"/api/v1/entries?{query}")
    assert len(answer.json()) == 3

"""Menu bars, widgets and shell prompts: columns of text, strict integers, answers that did not change."""

from __future__ import annotations

from datetime import datetime
from hashlib import sha1

import pytest

from tests.clocks import START_MS, SettableClock
from tests.compat.clients.conftest import token_of
from tests.compat.conftest import SECRET_DIGEST, Site
from tests.compat.reading_present import only_plain_numbers
from tests.waiting import wait_until

GABE565 = "/api/v2/properties/bgnow,buckets,delta,direction"


def test_gabe565_decodes_integers_alone(loops: Site) -> None:
    """Its Go types refuse 105.0."""
    loops.entries.save([{"type": "sgv", "sgv": 105.0, "date": float(START_MS), "dateString": START_MS}])
    answer = loops.client(Api_Secret=sha1(token_of(loops).encode()).hexdigest()).get(GABE565)
    assert answer.status_code == 200
    only_plain_numbers(answer.text)
    shown = answer.json()
    assert shown.keys() == {"bgnow", "buckets", "delta", "direction"}
    for part in (shown["bgnow"], *shown["buckets"]):
        for reading in part["sgvs"]:
            assert {type(reading["mgdl"]), type(reading["mills"])} == {int}
    assert {type(shown["bgnow"][name]) for name in ("last", "mills")} == {int}
    assert (shown["bgnow"]["last"], shown["direction"]["label"]) == (105, "→")


def test_gabe565_is_told_when_nothing_is_new(loops: Site, clock: SettableClock) -> None:
    client = loops.client(Api_Secret=sha1(token_of(loops).encode()).hexdigest())
    tag = client.get(GABE565).headers["ETag"]
    same = client.get(GABE565, headers={"If-None-Match": tag})
    assert (same.status_code, same.content) == (304, b"")
    clock.advance(minutes=1)
    loops.entries.save([{"type": "sgv", "sgv": 99, "date": clock.now_ms(), "direction": "Flat"}])
    wait_until(lambda: client.get(GABE565, headers={"If-None-Match": tag}).status_code == 200)
    assert client.get(GABE565).json()["bgnow"]["last"] == 99


def test_gabe565_with_a_wrong_token_is_401(loops: Site) -> None:
    assert loops.client(Api_Secret=sha1(b"nobody-0000000000000000").hexdigest()).get(GABE565).status_code == 401


def test_adamd9_cuts_columns(five_readings: Site, token: str) -> None:
    late = {"type": "sgv", "sgv": 99, "date": START_MS - 1234.5678, "dateString": "2026-11-21T09:59:58.765Z"}
    five_readings.entries.save([late | {"direction": "FortyFiveDown"}])
    answer = five_readings.client(Accept="*/*").get(f"/api/v1/entries?count=60&token={token}")
    assert answer.status_code == 200
    rows = [row.split("\t") for row in answer.text.split("\r\n")]
    assert len(rows) == 6
    assert all(len(row) >= 4 for row in rows)
    assert [int(row[1].split(".")[0]) for row in rows[:2]] == [START_MS, START_MS - 1235]
    assert [(float(row[2]), row[3]) for row in rows[:2]] == [(120, '"Flat"'), (99, '"FortyFiveDown"')]


def test_adamd9_shows_the_pump(pumps: Site) -> None:
    pump = pumps.client().get(f"/api/v2/properties?token={token_of(pumps)}").json()["pump"]["data"]
    assert pump["clock"]
    assert (pump["battery"]["display"], pump["reservoir"]["display"]) == ("75%", "143U")


def test_adamd9_without_a_token_is_not_told_200(five_readings: Site) -> None:
    assert five_readings.client(Accept="*/*").get("/api/v1/entries?count=60").status_code == 401


def test_the_osx_menu_bar(five_readings: Site, token: str) -> None:
    shown = five_readings.client().get(f"/api/v1/entries/sgv.json?count=3&token={token}").json()
    assert [(one["sgv"], one["direction"]) for one in shown] == [(120, "Flat"), (119, "Flat"), (118, "Flat")]


def test_a_shell_prompt_reads_strict_types(five_readings: Site, token: str) -> None:
    [shown] = five_readings.client().get(f"/api/v1/entries.json?count=1&token={token}").json()
    types = {"sgv": int, "trend": int, "utcOffset": int, "mills": int, "date": int, "dateString": str, "sysTime": str}
    assert {name: type(shown[name]) for name in types} == types
    for name in ("dateString", "sysTime"):
        assert datetime.fromisoformat(shown[name]).tzinfo is not None


def test_a_widget_reads_the_mean_without_looking(loops: Site) -> None:
    shown = loops.client().get(f"/api/v2/properties?token={token_of(loops)}").json()
    assert (shown["bgnow"]["mean"], shown["direction"]["value"]) == (120, "Flat")


@pytest.mark.parametrize("path", ["entries.json", "status.json", "treatments", "devicestatus", "profile"])
def test_numbers_are_numbers_a_strict_parser_takes(loops: Site, path: str) -> None:
    only_plain_numbers(loops.client(api_secret=SECRET_DIGEST).get(f"/api/v1/{path}").text)

"""Acknowledging alarms over v1."""

from __future__ import annotations

import httpx
import pytest

from app.alarms.silences import Silences
from app.glucose.levels import Level
from app.identity import audit
from tests.clocks import START_MS, SettableClock
from tests.compat.conftest import Site

HALF_AN_HOUR_MS = 30 * 60_000


@pytest.fixture
def silences(site: Site) -> Silences:
    return Silences(site.house.store, site.house.clock)


def told(silences: Silences) -> list[tuple[int, str, int]]:
    return [(silence.level, silence.group, silence.until_ms - START_MS) for silence in silences.running()]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("level=1", [(1, "default", HALF_AN_HOUR_MS)]),
        ("level=2", [(2, "default", HALF_AN_HOUR_MS), (1, "default", HALF_AN_HOUR_MS)]),
        ("level=1&group=default&time=1800000", [(1, "default", HALF_AN_HOUR_MS)]),
        ("level=1&group=Time+Ago&time=60000", [(1, "Time Ago", 60_000)]),
        ("level=1&group=&time=", [(1, "default", HALF_AN_HOUR_MS)]),
        ("level=1&time=86400000", [(1, "default", 86_400_000)]),
        ("level=1&time=60000.5&_=1795255200000", [(1, "default", 60_000)]),
    ],
)
def test_an_alarm_that_was_heard_keeps_quiet(
    silences: Silences, api: httpx.Client, query: str, expected: list[tuple[int, str, int]]
) -> None:
    answer = api.get(f"notifications/ack?{query}")
    assert (answer.status_code, answer.text) == (200, "OK")
    assert answer.headers["Content-Type"].startswith("text/plain")
    assert answer.headers["Cache-Control"] == "no-store"
    assert told(silences) == expected


@pytest.mark.parametrize(
    ("query", "about"),
    [
        ("", "level"),
        ("level=", "level"),
        ("level=0", "level"),
        ("level=3", "level"),
        ("level=-1", "level"),
        ("level=urgent", "level"),
        ("level=1.5", "level"),
        ("level=1&level=2", "level"),
        ("level[$gt]=0", "level"),
        ("level=1&time=0", "silenced"),
        ("level=1&time=-1", "silenced"),
        ("level=1&time=86400001", "silenced"),
        ("level=1&time=1e300", "silenced"),
        ("level=1&time=NaN", "time"),
        ("level=1&time=30m", "time"),
        ("level=1&time[]=5", "time"),
        ("level=1&group[$ne]=x", "group"),
        ("level=1&group=" + "x" * 100, "group"),
        ("level=1&group=a%00b", "group"),
    ],
)
def test_what_silences_nothing_is_refused_with_a_reason(
    site: Site, silences: Silences, api: httpx.Client, query: str, about: str
) -> None:
    answer = api.get(f"notifications/ack?{query}")
    body = answer.json()
    assert (answer.status_code, body["status"], body["message"]) == (400, 400, "Bad Request")
    assert about in body["description"]
    assert silences.running() == audit.search(site.house.store) == []


def test_hearing_it_again_is_fine_and_changes_nothing(
    silences: Silences, api: httpx.Client, clock: SettableClock
) -> None:
    api.get("notifications/ack?level=2")
    clock.advance(minutes=20)
    assert api.get("notifications/ack?level=2&time=7200000").text == "OK"
    assert told(silences) == [(2, "default", HALF_AN_HOUR_MS), (1, "default", HALF_AN_HOUR_MS)]
    clock.advance(minutes=10)
    assert silences.of(Level.URGENT, "default") is None


def test_the_audit_list_says_who_did_it(site: Site, api: httpx.Client) -> None:
    api.get("notifications/ack?level=2&time=60000", headers={"User-Agent": "phone"})
    [row] = audit.search(site.house.store)
    assert (row.act, row.actor, row.about, row.user_agent) == ("alarm silenced", "secret", "default", "phone")
    assert row.details == {"level": "urgent", "minutes": 1}


@pytest.mark.parametrize(("permission", "may"), [("notifications:*:ack", True), ("*", True), ("*:*:read", False),
                                                 ("notifications:default:ack", False)])  # fmt: skip
def test_it_wants_the_right_to(site: Site, silences: Silences, permission: str, may: bool) -> None:
    site.owner.post("/api/v2/authorization/roles", json={"name": "dad", "permissions": [permission]})
    site.owner.post("/api/v2/authorization/subjects", json={"name": "dad", "roles": ["dad"]})
    [subject] = site.owner.get("/api/v2/authorization/subjects").json()
    answer = site.client(api_secret=subject["accessToken"]).get("/api/v1/notifications/ack?level=1")
    assert answer.status_code == (200 if may else 401)
    assert bool(silences.running()) is may


def test_without_a_right_the_answer_is_json(site: Site, silences: Silences) -> None:
    for client in (site.client(), site.client(api_secret="wrong")):
        for version in ("v1", "v2"):
            answer = client.get(f"/api/{version}/notifications/ack?level=1")
            assert answer.status_code == 401
            assert answer.json() == {"status": 401, "message": "Unauthorized", "description": "Invalid/Missing"}
    assert silences.running() == []


def test_no_alarm_was_ever_pushed_that_pushover_could_know_of(site: Site, api: httpx.Client) -> None:
    assert api.post("notifications/pushovercallback", data={"receipt": "x"}).status_code == 404

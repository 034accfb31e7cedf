"""What sockets hear of alarms: which event, what is in it, who hears it, and that nobody hears it twice."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from app.actor import system_actor
from app.alarms.notice import Notice, Side
from app.alarms.silences import Silences
from app.alarms.standing import Standing, Word
from app.alarms.state import AlarmState
from app.clock import SystemClock
from app.errors import Unavailable
from app.glucose.levels import Level
from app.jobs.schedule import Running
from app.keyring import new_key
from tests.compat.conftest import SECRET_DIGEST
from tests.compat.sockets.conftest import Client, Serve, Site
from tests.waiting import wait_until

PROJECT = Path(__file__).parents[3]
MUM = system_actor("account:Mum")
ALL_CLEAR = {"clear": True, "title": "All Clear", "message": "Auto ack'd alarm(s)", "group": "default"}
Body = dict[str, Any]


def subscribed(site: Site, token: str = "") -> Client:
    client = site.connect("/alarm")
    message = {"accessToken": token} if token else {"secret": SECRET_DIGEST}
    assert client.ask("subscribe", message, namespace="/alarm")["success"]
    return client


def raised(level: Level = Level.URGENT, title: str = "Urgent LOW", **fields: Any) -> Notice:
    side = Side.LOW if fields.get("group", "default") == "default" else None
    return Notice(level, "simplealarms", title, "BG Now: 50 → mg/dl", event_name="low", side=side, **fields)


class Saying:
    """Says things as the engine of another process does."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._state = AlarmState(site.house.store, site.clock)
        self._said: dict[str, Standing] = {}

    def alarm(self, notice: Notice) -> None:
        self._keep(notice, Word.ALARM)

    def clear(self, group: str = "default") -> None:
        self._keep(self._said[group].notice, Word.CLEAR)

    def once(self, notice: Notice) -> None:
        self._state.say_once(notice)

    def _keep(self, notice: Notice, word: Word) -> None:
        before, now_ms = self._said.get(notice.group), self._site.clock.now_ms()
        emission = before.emission + 1 if before else 1
        said = Standing(notice.group, notice, word is Word.ALARM, now_ms, emission=emission, word=word, said_ms=now_ms)
        self._state.keep(said, before)
        self._said[notice.group] = said


@pytest.fixture
def saying(site: Site) -> Saying:
    return Saying(site)


def test_an_urgent_alarm_is_told_with_all_that_nightscout_tells(site: Site, saying: Saying) -> None:
    client = subscribed(site)
    saying.alarm(raised(sound="persistent", debug={"lastSGV": 50.0}))
    event, body = client.next()
    assert event == "urgent_alarm"
    assert body == {
        "level": 2,
        "title": "Urgent LOW",
        "message": "BG Now: 50 → mg/dl",
        "eventName": "low",
        "plugin": {"name": "simplealarms", "label": "Simple Alarms", "pluginType": "notification", "enabled": True},
        "pushoverSound": "persistent",
        "debug": {"lastSGV": 50},
        "group": "default",
        "key": "simplealarms_2",
    }


@pytest.mark.parametrize(
    ("level", "is_announcement", "event"),
    [
        (Level.URGENT, False, "urgent_alarm"),
        (Level.WARN, False, "alarm"),
        (Level.INFO, False, "notification"),
        (Level.INFO, True, "announcement"),
        (Level.WARN, True, "alarm"),
        (Level.URGENT, True, "urgent_alarm"),
    ],
)
def test_the_event_by_level(site: Site, saying: Saying, level: Level, is_announcement: bool, event: str) -> None:
    client = subscribed(site)
    notice = raised(level, is_announcement=is_announcement, notifyhash="abc" if is_announcement else "")
    (saying.alarm if notice.is_alarm else saying.once)(notice)
    name, body = client.next()
    assert (name, body["level"]) == (event, int(level))
    assert body.get("isAnnouncement") == (True if is_announcement else None)
    assert body.get("notifyhash") == ("abc" if is_announcement else None)


def test_the_end_of_an_alarm_is_told(site: Site, saying: Saying) -> None:
    client = subscribed(site)
    saying.alarm(raised())
    saying.clear()
    assert client.next()[0] == "urgent_alarm"
    assert client.next() == ("clear_alarm", ALL_CLEAR)


def test_each_emission_is_told_once(site: Site, saying: Saying) -> None:
    client = subscribed(site)
    for count in range(3):
        saying.alarm(raised(title=f"Urgent LOW {count}"))
        assert client.next()[1]["title"] == f"Urgent LOW {count}"
    Silences(site.house.store, site.clock).acknowledge(Level.WARN, "Pump", 60_000, MUM)
    assert client.next()[0] == "clear_alarm"
    assert client.heard.empty()


# Who hears it.


def test_only_those_who_may_read_and_subscribed_hear_alarms(site: Site, saying: Saying) -> None:
    reader = subscribed(site, site.token("*:*:read", name="reader"))
    writer = site.connect("/alarm")
    writer.ask("subscribe", {"accessToken": site.token("api:treatments:create", name="writer")}, namespace="/alarm")
    stranger = site.connect("/alarm")
    saying.alarm(raised())
    assert reader.next()[0] == "urgent_alarm"
    saying.clear()
    assert reader.next()[0] == "clear_alarm"
    assert writer.heard.empty()
    assert stranger.heard.empty()


@pytest.mark.quirk("alarms are told on the root namespace too")
def test_clients_of_the_root_that_may_read_hear_alarms_there(site: Site, saying: Saying) -> None:
    reader, stranger = site.connect(), site.connect()
    reader.all_told()
    stranger.ask("authorize", {"client": "test"})
    saying.alarm(raised())
    assert reader.next("urgent_alarm")["title"] == "Urgent LOW"
    saying.clear()
    assert reader.next("clear_alarm") == ALL_CLEAR
    saying.once(raised(Level.INFO, "Announcement", is_announcement=True))
    assert reader.next("announcement")["title"] == "Announcement"
    assert stranger.heard_nothing_but("clients", "connected")


def test_an_older_client_acknowledges_on_the_root_when_it_may(site: Site, saying: Saying) -> None:
    owner, reader = site.connect(), site.connect()
    owner.all_told()
    reader.authorize(secret=site.token("*:*:read"))
    silences = Silences(site.house.store, site.clock)
    saying.alarm(raised())
    reader.io.emit("ack", (2, "default", 60_000))
    reader.ask("loadRetro", {})
    assert silences.running() == []
    owner.io.emit("ack", (2, "default", 60_000))
    assert owner.next("clear_alarm")["message"] == "default - Urgent was ack'd"
    wait_until(lambda: len(silences.running()) == 2)


def test_whoever_showed_something_bad_since_hears_nothing(site: Site, saying: Saying) -> None:
    client, witness = subscribed(site), subscribed(site)
    assert not client.ask("subscribe", {"accessToken": "nothing"}, namespace="/alarm")["success"]
    saying.alarm(raised())
    assert witness.next()[0] == "urgent_alarm"
    assert client.heard.empty()


# Who comes later.


def test_whoever_comes_while_an_alarm_stands_hears_it_at_once_and_once(site: Site, saying: Saying) -> None:
    saying.alarm(raised())
    witness = subscribed(site)
    assert witness.next()[0] == "urgent_alarm"
    late, old = subscribed(site), site.connect()
    assert late.next()[1]["title"] == "Urgent LOW"
    old.authorize()
    assert old.next("urgent_alarm")["title"] == "Urgent LOW"
    saying.clear()
    for client in (witness, late):
        assert client.next() == ("clear_alarm", ALL_CLEAR)
    assert old.next("clear_alarm") == ALL_CLEAR


def test_whoever_was_away_when_it_ended_hears_that(site: Site, saying: Saying) -> None:
    saying.alarm(raised())
    saying.clear()
    assert subscribed(site).next() == ("clear_alarm", ALL_CLEAR)


def test_whoever_was_away_when_it_was_silenced_hears_that(site: Site, saying: Saying) -> None:
    saying.alarm(raised())
    silences = Silences(site.house.store, site.clock)
    silences.acknowledge(Level.URGENT, "default", 60_000, MUM)
    event, body = subscribed(site).next()
    assert (event, body["message"]) == ("clear_alarm", "default - Urgent was ack'd")
    site.clock.advance(minutes=1)
    assert subscribed(site).next()[0] == "urgent_alarm"


def test_an_announcement_is_told_to_whoever_comes_within_minutes_and_a_treatment_is_not(
    site: Site, saying: Saying
) -> None:
    saying.once(raised(Level.INFO, "Announcement", group="Announcement", is_announcement=True))
    saying.once(raised(Level.INFO, "Note", group="other"))
    client = subscribed(site)
    assert client.next()[0] == "announcement"
    assert client.heard.empty()
    site.clock.advance(minutes=10)
    late = subscribed(site)
    saying.alarm(raised())
    assert late.next()[0] == "urgent_alarm"


def test_where_nothing_was_ever_loud_nothing_is_told(site: Site, saying: Saying) -> None:
    client = subscribed(site)
    assert client.heard.empty()


# Silences, failures, restarts.


def test_what_was_silenced_meanwhile_is_not_told(site: Site, saying: Saying, monkeypatch: pytest.MonkeyPatch) -> None:
    client = subscribed(site)
    silences = Silences(site.house.store, site.clock)
    delivery = site.app.extensions["sockets"]._delivery
    with delivery._alarm._lock:  # nobody is told anything while both happen
        silences.acknowledge(Level.URGENT, "default", 600_000, MUM)
        saying.alarm(raised())
    assert client.next()[0] == "clear_alarm"
    saying.once(raised(Level.INFO, "Note"))
    assert client.next()[0] == "notification"


def test_a_store_that_fails_for_a_moment_costs_no_end_of_an_alarm(
    site: Site, saying: Saying, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.compat.sockets.delivery.AGAIN_S", 0.05)
    client = subscribed(site)
    saying.alarm(raised())
    assert client.next()[0] == "urgent_alarm"
    said, failures = AlarmState.said, [1, 2, 3]

    def failing(state: AlarmState) -> Any:
        if failures:
            failures.pop()
            raise Unavailable("no store")
        return said(state)

    monkeypatch.setattr(AlarmState, "said", failing)
    saying.clear()
    assert client.next() == ("clear_alarm", ALL_CLEAR)
    assert failures == []


def test_a_server_that_starts_tells_nothing_of_old(serve: Serve) -> None:
    first = serve()
    Saying(first).once(raised(Level.INFO, "Note"))
    second = serve()
    client = subscribed(second)
    Saying(second).alarm(raised())
    assert client.next()[0] == "urgent_alarm"


def test_two_servers_tell_the_same(serve: Serve) -> None:
    first, second = serve(), serve()
    here, there = subscribed(first), subscribed(second)
    Saying(first).alarm(raised())
    assert here.next() == there.next()


def test_what_a_worker_kept_and_was_killed_over_is_told(site: Site, tmp_path: Path) -> None:
    site.clock.set(SystemClock().now_ms())
    client = subscribed(site)
    site.glucose(50)
    command = [
        sys.executable,
        "-m",
        "tests.jobs.killed_worker",
        f"sqlite:///{tmp_path}/nightlight.db",
        new_key(),
        "after",
    ]
    ended = subprocess.run(command, cwd=PROJECT, timeout=60, capture_output=True)
    assert ended.returncode == -signal.SIGKILL, ended.stderr
    assert client.next()[0] == "urgent_alarm"
    assert client.heard.empty()


# From the reading to the socket.


@pytest.fixture
def worked(serve: Serve) -> Iterator[Callable[..., Site]]:
    """Serve a house whose worker runs."""
    running: list[Running] = []

    def start(**environment: str) -> Site:
        site = serve(ALARM_TYPES="simple", **environment)
        running.append(Running(site.house, live=site.app.extensions["live"]))
        wait_until(lambda: running[-1].counts["executed"])
        return site

    yield start
    for one in running:
        one.stop()


def posted(site: Site, mgdl: int) -> None:
    reading = {"type": "sgv", "sgv": mgdl, "date": site.ms(), "direction": "Flat", "device": "Libre3"}
    assert site.owner.post("/api/v1/entries", json=[reading]).status_code == 200


def test_from_a_posted_reading_to_everybody_who_listens_and_back_to_quiet(worked: Callable[..., Site]) -> None:
    site = worked()
    mum, dad, old = subscribed(site), subscribed(site, site.token("*:*:read")), site.connect()
    old.authorize()
    posted(site, 50)
    for client in (mum, dad):
        event, body = client.next()
        assert (event, body["title"], body["message"]) == ("urgent_alarm", "Urgent LOW", "BG Now: 50 → mg/dl")
    assert old.next("urgent_alarm")["key"] == "simplealarms_2"

    dad.io.emit("ack", (2, "default", 900_000), namespace="/alarm")
    for client in (mum, dad):
        assert client.next()[1]["message"] == "default - Urgent was ack'd"
    site.clock.advance(minutes=5)
    posted(site, 50)
    site.clock.advance(minutes=5)
    posted(site, 81)
    for client in (mum, dad):
        assert client.next() == ("clear_alarm", ALL_CLEAR)
    assert mum.heard.empty()


def test_an_alarm_nobody_heard_is_repeated_with_the_next_reading_and_ends_with_a_pair_in_range(
    worked: Callable[..., Site],
) -> None:
    site = worked()
    client = subscribed(site)
    for mgdl, told in ((78, "BG Now: 78 → mg/dl"), (79, "BG Now: 79 +1 → mg/dl"), (81, "BG Now: 81 +2 → mg/dl")):
        posted(site, mgdl)
        event, body = client.next()
        assert (event, body["message"]) == ("alarm", told)
        site.clock.advance(minutes=5)
    posted(site, 83)
    assert client.next() == ("clear_alarm", ALL_CLEAR)


def test_an_announcement_reaches_everybody_once(worked: Callable[..., Site]) -> None:
    site = worked(ENABLE="careportal")
    client = subscribed(site)
    announced = {"eventType": "Announcement", "notes": "on the bus", "created_at": site.iso(), "isAnnouncement": True}
    assert site.owner.post("/api/v1/treatments", json=announced).status_code == 200
    event, body = client.next()
    assert (event, body["message"], body["group"]) == ("announcement", "on the bus", "Announcement")
    posted(site, 50)
    assert client.next()[0] == "urgent_alarm"
    assert client.heard.empty()


def test_an_acknowledgement_by_http_keeps_the_next_reading_quiet(worked: Callable[..., Site]) -> None:
    site = worked()
    client = subscribed(site)
    posted(site, 300)
    assert client.next()[0] == "urgent_alarm"
    assert site.owner.get("/api/v1/notifications/ack", params={"level": "2"}).text == "OK"
    assert client.next()[0] == "clear_alarm"
    site.clock.advance(minutes=5)
    posted(site, 310)
    site.clock.advance(minutes=5)
    posted(site, 50)
    assert client.next()[1]["title"] == "Urgent LOW"

"""Two houses over real HTTP: what is kept in one is in the other, once, and comes to rest."""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from app.actor import NOBODY
from app.clock import iso_of
from app.records.sources.ranks import UPLOADER_STAMP
from app.store.interface import Document
from app.uploaders.form import FormRefused
from app.uploaders.guard import Limits
from app.uploaders.runner import Runner
from app.uploaders.state import Uploader
from app.uploaders.status import status, troubles
from app.uploaders.trial import Trial, try_out
from app.uploaders.uploaders import Uploaders
from tests.clocks import START_MS, SettableClock
from tests.uploaders.conftest import around
from tests.uploaders.second_house import SECRET, SERVICES, Home, served

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS
AT = iso_of(START_MS - HOUR_MS)
NOT_COMPARED = ("_id", "identifier", "srvModified", "srvCreated", "subject", "modifiedBy", "app")


@pytest.fixture
def home(tmp_path: Path, clock: SettableClock) -> Iterator[Home]:
    with served(tmp_path / "home", clock) as one:
        yield one


@pytest.fixture
def second(tmp_path: Path, clock: SettableClock) -> Iterator[Home]:
    with served(tmp_path / "second", clock) as other:
        yield other


class Pushing:
    """One house's uploader that sends to another."""

    def __init__(self, source: Home, target: Home, clock: SettableClock, **answers: Any) -> None:
        self.source, self.target, self.clock = source, target, clock
        house = source.house
        self.uploaders = Uploaders(house.store, house.clock, NOBODY, house.keyring)
        given = {"address": target.url, "token": target.token("admin"), "first_days": "3650", **answers}
        self.uploader = self.uploaders.create("nightscout_push", {n: v for n, v in given.items() if v})
        limits = Limits(total_s=20.0)
        self.runner = Runner(house.store, house.clock, house.keyring, around(house), limits=limits, jitter=lambda: 0.0)

    def run(self) -> None:
        self.clock.advance(minutes=1)
        assert self.runner.run(self.uploader.id)

    @property
    def now(self) -> Uploader:
        return self.uploaders.find(self.uploader.id)


MakePushing = Callable[..., Pushing]


@pytest.fixture(params=["token", "secret"])
def pushing(request: pytest.FixtureRequest, home: Home, second: Home, clock: SettableClock) -> MakePushing:
    """Send from home to the second house, with a token (API v3) or with the API secret (v1 alone)."""

    def make(**answers: Any) -> Pushing:
        if request.param == "secret":
            answers = {"token": "", "api_secret": SECRET, **answers}
        return Pushing(home, second, clock, **answers)

    return make


def fill(home: Home) -> None:
    """Records as apps of both APIs and uploaders leave them."""
    home.service("entries").save(
        [
            {
                "type": "sgv",
                "sgv": 100 + place,
                "date": START_MS - (place + 1) * 5 * MINUTE_MS,
                "dateString": iso_of(START_MS - (place + 1) * 5 * MINUTE_MS).replace("Z", "+00:00"),
                "device": "xDrip",
                "direction": "Flat",
            }
            for place in range(30)
        ]
    )
    at = START_MS - HOUR_MS
    home.service("entries").save(
        [
            {"type": "mbg", "mbg": 110, "date": at, "dateString": "2026-11-21T10:00:00.000+01:00"},
            {"type": "sgv", "sgv": 99, "date": at - 200 * MINUTE_MS, "identifier": "brought", UPLOADER_STAMP: "dexcom"},
        ]
    )
    home.service("treatments").save(
        [
            {"eventType": "Meal Bolus", "created_at": "2026-11-21T09:00:00+01:00", "insulin": 2.5, "carbs": 30},
            {"eventType": "SMB", "created_at": iso_of(at), "insulin": 0.15, "identifier": "smb-1", "app": "AAPS"},
            {"eventType": "Temp Basal", "created_at": iso_of(at), "absolute": 0.35, "duration": 30.5},
            {"eventType": "Note", "created_at": iso_of(at), "notes": "one"},
        ]
    )
    home.service("treatments").put(
        [
            {
                "eventType": "Bolus",
                "created_at": iso_of(at),
                "insulin": 1,
                "carbs": 20,
                "preBolus": 15,
                "identifier": "pre",
            }
        ]
    )
    home.service("devicestatus").save(
        [
            {"device": "openaps://rig", "created_at": iso_of(at), "openaps": {"iob": {"iob": 1.25}}},
            {"device": "phone", "created_at": iso_of(at), "uploaderBattery": 77, "identifier": "status-1"},
        ]
    )
    home.service("profile").save(
        [
            {
                "startDate": iso_of(START_MS - 90 * DAY_MS),
                "defaultProfile": "D",
                "store": {"D": {"dia": 5}},
                "loopSettings": {"deviceToken": "marker", "dosingEnabled": True},
            }
        ]
    )
    home.service("food").save([{"type": "food", "name": "Apple", "carbs": "14"}])
    home.service("activity").save(
        [{"created_at": "2026-11-21T10:00:00+01:00", "steps": 120}, {"created_at": iso_of(at), "heartrate": 80}]
    )


def said(documents: list[Document]) -> list[dict[str, Any]]:
    """What documents say, in an order of their own."""
    told = [
        {name: value for name, value in one.items() if name not in NOT_COMPARED and not name.startswith("nl_")}
        for one in documents
    ]
    return sorted(told, key=lambda one: json.dumps(one, sort_keys=True, default=str))


def compared(home: Home, collection: str) -> list[dict[str, Any]]:
    told = said(home.kept(collection))
    for one in told:
        if collection == "entries":
            one.pop("created_at", None)
            one.pop("sysTime", None)
            one.setdefault("dateString", iso_of(one["date"]))
        elif collection != "food":
            one.pop("date", None)
        if collection in ("food", "profile", "activity"):
            one.pop("utcOffset", None)
        if "loopSettings" in one:
            one["loopSettings"] = {"dosingEnabled": True}
    return sorted(told, key=lambda one: json.dumps(one, sort_keys=True, default=str))


def test_everything_is_there_once_and_says_the_same(home: Home, second: Home, pushing: MakePushing) -> None:
    fill(home)
    push = pushing()
    push.run()
    assert push.now.state.failure is None
    for collection in SERVICES:
        assert compared(second, collection) == compared(home, collection)
    assert "marker" not in str(second.everything())
    assert "nl_uploader" not in str(second.everything())


def test_nothing_is_written_again_when_nothing_changed(home: Home, second: Home, pushing: MakePushing) -> None:
    fill(home)
    push = pushing()
    push.run()
    second.asked.clear()
    seq = second.house.store.last_seq()
    for _ in range(5):
        push.run()
    assert second.writes() == []
    assert second.house.store.last_seq() == seq


def test_a_forgotten_cursor_doubles_nothing(home: Home, second: Home, pushing: MakePushing) -> None:
    fill(home)
    push = pushing()
    push.run()
    before = second.everything()
    home.house.store.collection("nl_uploaders").update_one({}, {"$set": {"cursors": {}, "session": None}})
    push.run()
    assert second.everything() == before


def test_a_new_reading_is_there_with_the_next_run_and_the_page_tells_it(
    home: Home, second: Home, pushing: MakePushing, clock: SettableClock
) -> None:
    push = pushing()
    push.run()
    assert status(push.now, clock.now_ms()).condition == "fine"
    at_ms = clock.now_ms()
    home.service("entries").save([{"type": "sgv", "sgv": 142, "date": at_ms, "dateString": iso_of(at_ms)}])
    push.run()
    assert [entry["sgv"] for entry in second.kept("entries")] == [142]
    told = status(push.now, clock.now_ms())
    assert (told.sends, told.sentence, told.last_reading_ms, told.last_reading_mgdl) == (True, "Working", at_ms, 142)
    assert told.next_try_ms == clock.now_ms() + MINUTE_MS // 2
    clock.advance(hours=5)
    push.runner.run(push.uploader.id)
    assert status(push.now, clock.now_ms()).condition == "fine"
    assert troubles([push.now], clock.now_ms()) == []


def test_changes_and_deletions_go_along(home: Home, second: Home, pushing: MakePushing) -> None:
    fill(home)
    push = pushing()
    push.run()
    home.service("treatments").save([{"identifier": "smb-1", "eventType": "SMB", "created_at": AT, "insulin": 0.2}])
    home.service("treatments").delete({"notes": "one"})
    home.service("entries").delete({"type": "mbg"})
    push.run()
    for collection in ("entries", "treatments"):
        assert compared(second, collection) == compared(home, collection)
    there = {one.get("identifier"): one for one in second.kept("treatments")}
    assert there["smb-1"]["insulin"] == 0.2
    assert "one" not in {one.get("notes") for one in second.kept("treatments")}


def test_what_was_taken_back_as_an_import_is_taken_back_there(home: Home, second: Home, pushing: MakePushing) -> None:
    at = [START_MS - place * 5 * MINUTE_MS for place in range(40)]
    home.service("entries").save({"type": "sgv", "sgv": 100, "date": one, "nl_import": "file"} for one in at)
    push = pushing()
    push.run()
    assert len(second.kept("entries")) == 40
    home.service("entries").delete({"nl_import": "file"})
    push.run()
    assert second.kept("entries") == []


def test_nothing_goes_back_to_where_it_came_from(home: Home, second: Home, clock: SettableClock) -> None:
    fill(second)
    push = Pushing(home, second, clock)
    fetching = push.uploaders.create("nightscout", {"address": second.url + "/", "token": second.token("readable")})
    assert push.runner.run(fetching.id)
    assert len(home.kept("entries")) > 20
    before = second.everything()
    for _ in range(3):
        push.run()
    assert second.writes() == []
    # Not even what differs: what we know of their record is no news to them.
    changed = {"direction": "SingleUp", "srvModified": clock.now_ms()}
    assert home.house.store.collection("entries").update_many({"nl_uploader": fetching.id}, {"$set": changed})
    push.run()
    assert second.writes() == []
    assert second.everything() == before


def test_two_houses_that_send_to_each_other_come_to_rest(home: Home, second: Home, clock: SettableClock) -> None:
    fill(home)
    at_ms = START_MS - 3 * DAY_MS
    second.service("entries").save([{"type": "sgv", "sgv": 77, "date": at_ms, "dateString": iso_of(at_ms)}])
    second.service("treatments").save([{"eventType": "Note", "created_at": iso_of(at_ms), "notes": "from there"}])
    ways = [Pushing(home, second, clock), Pushing(second, home, clock)]
    for _ in range(3):
        for way in ways:
            way.run()
    for collection in SERVICES:
        assert compared(second, collection) == compared(home, collection)
    counts = {name: len(kept) for name, kept in home.everything().items()}
    assert counts == {"entries": 33, "treatments": 6, "devicestatus": 2, "profile": 1, "food": 1, "activity": 2}
    home.asked.clear()
    second.asked.clear()
    for _ in range(4):
        for way in ways:
            way.run()
    assert home.writes() == second.writes() == []


def test_an_edit_on_either_side_reaches_the_other_and_goes_no_further(
    home: Home, second: Home, clock: SettableClock
) -> None:
    fill(home)
    ways = [Pushing(home, second, clock), Pushing(second, home, clock)]

    def both() -> None:
        for way in ways:
            way.run()

    both()
    both()
    for place, (here, there) in enumerate([(home, second), (second, home)]):
        [note] = [one for one in here.kept("treatments") if "notes" in one]
        here.service("treatments").put([{**note, "notes": f"edit {place}"}])
        both()
        both()
        assert [one["notes"] for one in there.kept("treatments") if "notes" in one] == [f"edit {place}"]
        here.asked.clear()
        there.asked.clear()
        both()
        assert here.writes() == there.writes() == []
    second.service("treatments").delete({"identifier": "smb-1"})
    both()
    both()
    assert "smb-1" not in {one.get("identifier") for one in home.kept("treatments")}


def test_a_token_without_write_rights_stops_with_what_to_do(
    home: Home, second: Home, clock: SettableClock, runner: Runner
) -> None:
    fill(home)
    push = Pushing(home, second, clock, token=second.token("readable"))
    push.run()
    told = status(push.now, clock.now_ms())
    assert (told.condition, told.next_try_ms) == ("stopped", None)
    assert told.sentence == "The other Nightscout does not let us write"
    assert "may read and write" in told.hint
    assert second.everything() == {name: [] for name in SERVICES}


def test_trying_it_out_says_whether_it_may_write(home: Home, second: Home, clock: SettableClock) -> None:
    push = Pushing(home, second, clock)

    def tried(token: str) -> Trial:
        answers = {"address": second.url, "token": token}
        return try_out(push.uploaders, "nightscout_push", answers, clock=clock, around=around(home.house))

    good = tried(second.token("admin"))
    assert (good.ok, good.sentence) == (True, "Signed in. Nightscout takes what is sent to it.")
    bad = tried(second.token("readable"))
    assert (bad.ok, bad.kind) == (False, "auth-invalid")
    assert "may read and write" in bad.hint
    assert second.everything() == {name: [] for name in SERVICES}


def test_it_cannot_send_to_ourselves(home: Home) -> None:
    house = home.house
    for own, given in (
        ("https://ada.example.org", "http://ada.example.org/"),
        ("http://127.0.0.1:1337", "http://127.0.0.1:1337"),
    ):
        uploaders = Uploaders(house.store, house.clock, NOBODY, house.keyring, own_addresses=[own])
        with pytest.raises(FormRefused):
            uploaders.create("nightscout_push", {"address": given, "token": "x"})


def test_a_site_that_was_away_gets_everything_when_it_is_back(
    home: Home, second: Home, clock: SettableClock, tmp_path: Path
) -> None:
    fill(home)
    with served(tmp_path / "third", clock) as third:
        push = Pushing(home, third, clock)
        address = third.url
    push.run()
    told = status(push.now, clock.now_ms())
    assert (told.condition, told.sentence) == ("retrying", "The connection to Nightscout failed")
    home.house.store.collection("nl_uploaders").update_one(
        {"_id": push.uploader.id}, {"$set": {"options.address": second.url}}
    )
    answers = {**push.now.options, "address": second.url, "token": second.token("admin")}
    push.uploaders.edit(push.uploader.id, answers)
    push.run()
    assert address != second.url
    assert compared(second, "entries") == compared(home, "entries")


def kill_after(second: Home, child: subprocess.Popen[str], writes: int) -> threading.Event:
    """Kill a process by -9 when it has had so many writes done, before it is told so."""
    killed, done = threading.Event(), itertools.count(1)

    def strike() -> None:
        if next(done) == writes:
            child.kill()
            child.wait(10)
            killed.set()

    second.written = strike
    return killed


PROCESS = """
import sys
from app.config import load_settings
from app.house import House
from app.keyring import KeyRing
from app.store import open_store
from app.uploaders.form import FormRefused
from app.uploaders.guard import Limits
from app.uploaders.runner import Runner
from tests.clocks import SettableClock
from tests.uploaders.conftest import around

folder, key, at_ms, uploader = sys.argv[1:]
clock = SettableClock(int(at_ms))
store = open_store(f"sqlite:///{folder}/nightlight.db", clock=clock)
house = House(load_settings({"DATA_DIR": folder}), store, clock, KeyRing([key]))
print("ready", flush=True)
sys.stdin.readline()
Runner(store, clock, house.keyring, around(house), limits=Limits(total_s=20.0)).run(uploader)
print("done", flush=True)
"""


@pytest.mark.parametrize("writes", [1, 2, 3, 4, 5, 7])
def test_kill_minus_nine_between_sending_and_the_cursor_loses_and_doubles_nothing(
    home: Home, second: Home, pushing: MakePushing, clock: SettableClock, tmp_path: Path, writes: int
) -> None:
    fill(home)
    push = pushing()
    clock.advance(minutes=1)
    arguments = [str(tmp_path / "home"), home.key, str(clock.now_ms()), push.uploader.id]
    child = subprocess.Popen(
        [sys.executable, "-c", PROCESS, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert child.stdin
    assert child.stdout
    assert child.stdout.readline() == "ready\n"
    killed = kill_after(second, child, writes)
    child.stdin.write("go\n")
    child.stdin.flush()
    assert killed.wait(30)
    assert child.stdout.read() == ""
    child.stdin.close()
    child.stdout.close()
    clock.advance(minutes=3)
    push.run()
    assert push.now.state.failure is None
    for collection in SERVICES:
        assert compared(second, collection) == compared(home, collection)

"""Notices for administrators: counted, forgotten in time, cheap under attack, and silent about who."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from app.config import load_settings
from app.errors import StoreFull
from app.identity.notices import COLLECTION, Notice, Notices
from app.store import open_store
from app.store.interface import Store
from tests.clocks import START_MS, SettableClock

LOST = ("Lost", "Something was lost")
FOUND = ("Found", "Something was found")

Open = Callable[..., Notices]


@pytest.fixture
def opened(store: Store, clock: SettableClock) -> Open:
    return lambda at=store, **given: Notices(load_settings(given), at, clock)


@pytest.fixture
def notices(opened: Open) -> Notices:
    return opened()


@pytest.fixture
def other_process(tmp_path: Path, clock: SettableClock) -> Iterator[Store]:
    opened = open_store(f"sqlite:///{tmp_path}/nightlight.db", clock=clock)
    yield opened
    opened.close()


def counts(notices: Notices) -> dict[str, int]:
    return {notice.title: notice.count for notice in notices.shown()}


def test_nothing_happened_and_nothing_is_shown(notices: Notices) -> None:
    assert notices.shown() == []


def test_what_happened_is_shown_with_when(notices: Notices) -> None:
    notices.record(*LOST)
    assert notices.shown() == [Notice(*LOST, 1, START_MS)]


def test_what_happens_again_counts_on(notices: Notices, clock: SettableClock) -> None:
    for _ in range(3):
        notices.record(*LOST)
        clock.advance(minutes=10)
    notices.record(*FOUND)
    assert [(notice.title, notice.count) for notice in notices.shown()] == [("Found", 1), ("Lost", 3)]
    assert notices.shown()[1].last_recorded_ms == START_MS + 20 * 60_000


def test_everything_within_a_second_is_counted_and_written_once(
    notices: Notices, store: Store, clock: SettableClock
) -> None:
    notices.record(*LOST)
    seq = store.last_seq()
    for _ in range(500):
        notices.record(*LOST)
    assert store.last_seq() == seq
    assert counts(notices) == {"Lost": 501}
    clock.advance(s=1)
    notices.record(*LOST)
    assert store.last_seq() == seq + 1
    assert counts(notices) == {"Lost": 502}


def test_looking_writes_nothing(notices: Notices, store: Store, clock: SettableClock) -> None:
    notices.record(*LOST)
    notices.record(*LOST)
    clock.advance(minutes=5)
    seq = store.last_seq()
    assert counts(notices) == counts(notices) == {"Lost": 2}
    assert store.last_seq() == seq


def test_processes_count_together(opened: Open, other_process: Store) -> None:
    here, there = opened(), opened(other_process)
    here.record(*LOST)
    there.record(*LOST)
    assert counts(here) == counts(there) == {"Lost": 2}


def test_threads_count_together(notices: Notices) -> None:
    threads = [threading.Thread(target=lambda: [notices.record(*LOST) for _ in range(50)]) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert counts(notices) == {"Lost": 400}


def test_after_eight_hours_it_is_no_longer_shown(notices: Notices, clock: SettableClock) -> None:
    notices.record(*LOST)
    clock.advance(hours=8, ms=-1)
    assert counts(notices) == {"Lost": 1}
    clock.advance(ms=1)
    assert counts(notices) == {}


def test_what_happens_again_within_twelve_hours_is_remembered(notices: Notices, clock: SettableClock) -> None:
    notices.record(*LOST)
    clock.advance(hours=11.9)
    notices.record(*LOST)
    assert counts(notices) == {"Lost": 2}


def test_after_twelve_hours_it_is_forgotten(notices: Notices, store: Store, clock: SettableClock) -> None:
    notices.record(*LOST)
    clock.advance(hours=12)
    notices.record(*FOUND)
    assert store.collection(COLLECTION).count_documents({}) == 1
    clock.advance(s=1)
    notices.record(*LOST)
    assert counts(notices) == {"Lost": 1, "Found": 1}


def test_what_was_gathered_long_ago_is_not_shown_as_new(notices: Notices, clock: SettableClock) -> None:
    notices.record(*LOST)
    notices.record(*LOST)
    clock.advance(hours=9)
    assert counts(notices) == {}


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ({"AUTH_DEFAULT_ROLES": "readable"}, True),
        ({"AUTH_DEFAULT_ROLES": " readable "}, True),
        ({"AUTH_DEFAULT_ROLES": "readable,careportal"}, False),
        ({"AUTH_DEFAULT_ROLES": "readable", "TREATMENTS_AUTH": "off"}, False),
        ({"AUTH_DEFAULT_ROLES": "denied"}, False),
        ({}, False),
    ],
)
def test_a_site_the_world_can_read_says_so_as_long_as_it_does(
    opened: Open, clock: SettableClock, given: dict[str, str], shown: bool
) -> None:
    notices = opened(**given)
    clock.advance(days=30)
    notices.record(*LOST)
    titles = [(notice.title, notice.persistent) for notice in notices.shown()]
    expected = [("Nightscout readable by world", True)] if shown else []
    assert titles == [*expected, ("Lost", False)]


def test_where_notices_are_off_there_are_none(opened: Open, store: Store) -> None:
    notices = opened(ADMIN_NOTIFIES_ENABLED="false", AUTH_DEFAULT_ROLES="readable")
    notices.record(*LOST)
    assert notices.shown() == []
    assert store.collection(COLLECTION).count_documents({}) == 0


def test_a_store_without_room_loses_no_count(
    notices: Notices, store: Store, clock: SettableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise StoreFull("no room")

    with monkeypatch.context() as patched:
        patched.setattr(type(store.collection(COLLECTION)), "delete_many", full)
        notices.record(*LOST)
        notices.record(*LOST)
    assert counts(notices) == {"Lost": 2}
    assert store.collection(COLLECTION).count_documents({}) == 0
    clock.advance(s=1)
    notices.record(*LOST)
    kept = store.collection(COLLECTION).find_one({})
    assert kept is not None
    assert kept["count"] == 3

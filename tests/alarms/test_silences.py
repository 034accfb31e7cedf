"""Who has heard an alarm, and until when it keeps quiet."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from app.actor import Actor
from app.alarms.silences import COLLECTION, LONGEST_GROUP, LONGEST_MS, Silence, Silences
from app.errors import BadRequest, Unavailable
from app.glucose.levels import Level
from app.identity import audit
from app.identity.peer import Peer
from app.store.interface import Store
from tests.clocks import START_MS, SettableClock

MUM = Actor("account", "account:Mum", ("*",), id="1")
DAD = Actor("account", "account:Dad", ("*",), id="2")
HALF_AN_HOUR_MS = 30 * 60_000
THREADS = 8


def heard(silences: Silences, level: Level, group: str = "default", duration_ms: int = HALF_AN_HOUR_MS) -> list[Level]:
    return [silence.level for silence in silences.acknowledge(level, group, duration_ms, MUM)]


def test_nothing_is_silent_until_somebody_has_heard_it(silences: Silences) -> None:
    assert silences.running() == []
    assert silences.of(Level.URGENT, "default") is None


def test_a_silence_says_who_began_it_when_and_until_when(silences: Silences) -> None:
    begun = silences.acknowledge(Level.WARN, "default", HALF_AN_HOUR_MS, MUM)
    expected = Silence(Level.WARN, "default", "account:Mum", START_MS, START_MS + HALF_AN_HOUR_MS)
    assert begun == (expected,)
    assert silences.running() == [expected]
    assert silences.of(Level.WARN, "default") == expected


def test_who_heard_an_urgent_alarm_heard_the_warning_too(silences: Silences) -> None:
    assert heard(silences, Level.URGENT) == [Level.URGENT, Level.WARN]
    assert [silence.level for silence in silences.running()] == [Level.URGENT, Level.WARN]


def test_who_heard_a_warning_has_not_heard_an_urgent_alarm(silences: Silences) -> None:
    heard(silences, Level.WARN)
    assert silences.of(Level.URGENT, "default") is None
    assert heard(silences, Level.URGENT) == [Level.URGENT]


def test_a_group_is_silenced_by_itself(silences: Silences) -> None:
    heard(silences, Level.URGENT, "Time Ago")
    assert silences.of(Level.URGENT, "default") is None
    assert silences.of(Level.WARN, "Time Ago") is not None
    heard(silences, Level.WARN)
    assert [(silence.level, silence.group) for silence in silences.running()] == [
        (Level.URGENT, "Time Ago"),
        (Level.WARN, "Time Ago"),
        (Level.WARN, "default"),
    ]


def test_it_ends_at_its_moment(silences: Silences, clock: SettableClock) -> None:
    heard(silences, Level.WARN)
    clock.advance(ms=HALF_AN_HOUR_MS - 1)
    assert silences.of(Level.WARN, "default") is not None
    clock.advance(ms=1)
    assert silences.of(Level.WARN, "default") is None
    assert silences.running() == []


def test_hearing_it_again_while_it_is_quiet_changes_nothing(
    silences: Silences, store: Store, clock: SettableClock
) -> None:
    first = silences.acknowledge(Level.WARN, "default", HALF_AN_HOUR_MS, MUM)
    clock.advance(minutes=29)
    seq = store.last_seq()
    assert silences.acknowledge(Level.WARN, "default", 2 * HALF_AN_HOUR_MS, DAD) == ()
    assert silences.running() == [*first]
    assert store.last_seq() == seq
    clock.advance(minutes=1)
    assert silences.running() == []


def test_while_an_urgent_alarm_is_quiet_its_warning_is_not_silenced_anew(
    silences: Silences, clock: SettableClock
) -> None:
    heard(silences, Level.WARN, duration_ms=60_000)
    heard(silences, Level.URGENT)
    clock.advance(minutes=2)
    assert silences.of(Level.WARN, "default") is None
    assert heard(silences, Level.URGENT) == []
    assert silences.of(Level.WARN, "default") is None
    assert heard(silences, Level.WARN) == [Level.WARN]


def test_it_can_be_silenced_again_when_it_is_over(silences: Silences, clock: SettableClock) -> None:
    heard(silences, Level.URGENT)
    clock.advance(minutes=30)
    [urgent, warning] = silences.acknowledge(Level.URGENT, "default", 60_000, DAD)
    assert (urgent.by, urgent.until_ms, warning.until_ms) == ("account:Dad", clock.now_ms() + 60_000, urgent.until_ms)
    assert silences.running() == [urgent, warning]


def test_every_process_knows_it(silences: Silences, store: Store, clock: SettableClock) -> None:
    begun = silences.acknowledge(Level.WARN, "default", HALF_AN_HOUR_MS, MUM)
    assert Silences(store, clock).running() == [*begun]


def test_of_many_at_once_one_begins_it(store: Store, clock: SettableClock) -> None:
    together = threading.Barrier(THREADS)

    def acknowledge(n: int) -> list[Silence]:
        together.wait(30)
        return [*Silences(store, clock).acknowledge(Level.URGENT, "default", 60_000 + n, MUM)]

    with ThreadPoolExecutor(THREADS) as pool:
        begun = [silences for silences in pool.map(acknowledge, range(THREADS)) if silences]
    assert len(begun) == 1
    assert [silence.level for silence in begun[0]] == [Level.URGENT, Level.WARN]
    assert Silences(store, clock).running() == begun[0]


def test_a_silence_of_a_clock_that_ran_ahead_quiets_nothing(silences: Silences, clock: SettableClock) -> None:
    clock.advance(days=400)
    heard(silences, Level.URGENT)
    clock.set(START_MS)
    assert silences.running() == []
    assert heard(silences, Level.URGENT) == [Level.URGENT, Level.WARN]


def test_clocks_of_processes_may_differ_a_little(silences: Silences, clock: SettableClock) -> None:
    heard(silences, Level.WARN)
    clock.set(START_MS - 2000)
    assert silences.of(Level.WARN, "default") is not None
    assert heard(silences, Level.WARN) == []


@pytest.mark.parametrize("level", [Level.INFO, Level.LOW, Level.NONE])
def test_only_alarms_can_be_heard(silences: Silences, level: Level) -> None:
    with pytest.raises(BadRequest):
        heard(silences, level)


@pytest.mark.parametrize("group", ["", "x" * (LONGEST_GROUP + 1), "a\nb", "\x00"])
def test_a_group_is_a_name(silences: Silences, store: Store, group: str) -> None:
    with pytest.raises(BadRequest):
        heard(silences, Level.WARN, group)
    assert silences.running() == audit.search(store) == []


@pytest.mark.parametrize(("duration_ms", "is_one"), [(-1, False), (0, False), (1, True), (LONGEST_MS, True),
                                                     (LONGEST_MS + 1, False)])  # fmt: skip
def test_nobody_silences_an_alarm_for_longer_than_a_day(silences: Silences, duration_ms: int, is_one: bool) -> None:
    if is_one:
        assert heard(silences, Level.WARN, duration_ms=duration_ms) == [Level.WARN]
        return
    with pytest.raises(BadRequest):
        heard(silences, Level.WARN, duration_ms=duration_ms)
    assert silences.running() == []


def test_the_audit_list_says_who_heard_what(silences: Silences, store: Store) -> None:
    silences.acknowledge(Level.URGENT, "Time Ago", 90_000, MUM, Peer("203.0.113.5", "phone"))
    silences.acknowledge(Level.URGENT, "Time Ago", 90_000, DAD, Peer("203.0.113.6", "phone"))
    [row] = audit.search(store)
    assert (row.act, row.actor, row.about, row.address) == (
        "alarm silenced",
        "account:Mum",
        "Time Ago",
        "203.0.113.5",
    )
    assert row.details == {"level": "urgent", "minutes": 2}


def test_what_cannot_be_told_does_not_happen(
    silences: Silences, clock: SettableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise Unavailable("no room")

    monkeypatch.setattr(audit, "record", full)
    with pytest.raises(Unavailable):
        heard(silences, Level.URGENT)
    assert silences.running() == []


def test_there_is_one_row_for_a_level_and_group(silences: Silences, store: Store, clock: SettableClock) -> None:
    for _ in range(5):
        heard(silences, Level.URGENT)
        clock.advance(hours=1)
    assert store.collection(COLLECTION).count_documents({}) == 2


def test_a_rule_asks_for_quiet_and_nobody_did_it(silences: Silences, store: Store) -> None:
    [urgent, warning] = silences.snooze(Level.URGENT, "default", 600_000, "bwp")
    assert (urgent.by, urgent.by_rule, urgent.until_ms) == ("rule:bwp", True, START_MS + 600_000)
    assert silences.running() == [urgent, warning]
    assert audit.search(store) == []


def test_whoever_acknowledges_takes_a_rule_s_place(silences: Silences) -> None:
    silences.snooze(Level.URGENT, "default", 600_000, "bwp")
    assert heard(silences, Level.URGENT) == [Level.URGENT, Level.WARN]
    assert {(one.by, one.by_rule) for one in silences.running()} == {("account:Mum", False)}


def test_a_rule_takes_nobody_s_place_nor_its_own(silences: Silences) -> None:
    silences.acknowledge(Level.URGENT, "default", 60_000, MUM)
    assert silences.snooze(Level.URGENT, "default", 600_000, "bwp") == ()
    assert {one.by for one in silences.running()} == {"account:Mum"}
    silences.snooze(Level.WARN, "other", 60_000, "bwp")
    assert silences.snooze(Level.WARN, "other", 600_000, "bwp") == ()


def test_what_was_lifted_is_heard_and_can_be_silenced_again(silences: Silences) -> None:
    [urgent, warning] = silences.acknowledge(Level.URGENT, "default", HALF_AN_HOUR_MS, MUM)
    silences.lift(urgent)
    assert silences.running() == [warning]
    assert heard(silences, Level.URGENT) == [Level.URGENT]


def test_only_that_silence_is_lifted_and_none_that_took_its_place(silences: Silences, clock: SettableClock) -> None:
    [old] = silences.acknowledge(Level.WARN, "default", 60_000, MUM)
    clock.advance(minutes=1)
    [new] = silences.acknowledge(Level.WARN, "default", 60_000, DAD)
    silences.lift(old)
    assert silences.running() == [new]


def test_a_silence_from_before_rules_asked_for_quiet_is_somebody_s(silences: Silences, store: Store) -> None:
    silences.acknowledge(Level.WARN, "default", HALF_AN_HOUR_MS, MUM)
    store.collection(COLLECTION).update_one({"_id": "1:default"}, {"$unset": {"by_rule": ""}})
    [running] = silences.running()
    assert not running.by_rule
    assert heard(silences, Level.WARN) == []

"""Every document says when we received it and when it last changed."""

from __future__ import annotations

from contextlib import suppress

from app.records.entries import Entries
from app.records.stamps import next_stamp_ms, settled_before_ms, stamping
from tests.clocks import START_MS, SettableClock

READING = {"type": "sgv", "sgv": 117, "date": START_MS}


def test_received_stays_and_changed_moves(entries: Entries, clock: SettableClock) -> None:
    entries.save([READING])
    [first] = entries.search()
    clock.advance(minutes=3)
    entries.save([READING | {"sgv": 118}])
    [second] = entries.search()
    assert first["srvCreated"] == first["srvModified"] == second["srvCreated"] == START_MS
    assert second["srvModified"] == START_MS + 180_000


def test_two_saves_in_one_millisecond_have_two_stamps(entries: Entries) -> None:
    entries.save([READING])
    entries.save([READING | {"date": START_MS - 1}])
    stamps = [entry["srvModified"] for entry in entries.search()]
    assert len(set(stamps)) == 2


def test_a_clock_set_back_takes_no_stamp_back() -> None:
    clock = SettableClock()
    first = next_stamp_ms(clock)
    clock.set(START_MS - 3_600_000)
    assert next_stamp_ms(clock) == first + 1


def test_a_stamp_is_the_present_moment_when_that_is_free() -> None:
    clock = SettableClock()
    next_stamp_ms(clock)
    clock.advance(s=1)
    assert next_stamp_ms(clock) == clock.now_ms()


def test_nothing_is_settled_from_the_first_save_on_that_is_not_done() -> None:
    clock = SettableClock()
    with stamping(clock) as early:
        with stamping(clock) as late:
            assert early < late
            assert settled_before_ms(clock) == early
        assert settled_before_ms(clock) == early
    assert settled_before_ms(clock) > late


def test_a_save_that_fails_is_done_too() -> None:
    clock = SettableClock()
    with suppress(ZeroDivisionError), stamping(clock) as stamp_ms:
        raise ZeroDivisionError
    assert settled_before_ms(clock) > stamp_ms


def test_no_later_save_gets_a_stamp_that_was_called_settled() -> None:
    clock = SettableClock()
    settled_ms = settled_before_ms(clock)
    with stamping(clock) as stamp_ms:
        assert stamp_ms > settled_ms

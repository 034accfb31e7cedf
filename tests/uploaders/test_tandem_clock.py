"""Where the events of a Tandem pump lie on the time line, whoever set its clock, and when."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.glucose.wall_clock import WallClock, ZoneSince
from app.records.sources.documents import DAY_MS, HOUR_MS
from app.uploaders.tandem_source.events import event_of
from app.uploaders.tandem_source.timeline import Timeline, timed
from tests.emulators.tandem import TandemPump

BERLIN = WallClock.in_zone(ZoneInfo("Europe/Berlin"))
MINUTE_MS = 60_000
SUMMER, WINTER = 120, 60


def ms(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


BACK_MS = ms("2026-10-25T01:00")  # 03:00 becomes 02:00 in Berlin
FORWARD_MS = ms("2026-03-29T01:00")  # 02:00 becomes 03:00


class Life:
    """A pump that writes a rate every ten minutes, and when it really did."""

    def __init__(self, offset_min: int) -> None:
        self.pump = TandemPump(offset_min=offset_min)
        self.true_ms: list[int] = []

    def lives(self, from_ms: int, end_ms: int) -> Life:
        for at_ms in range(from_ms, end_ms, 10 * MINUTE_MS):
            self.pump.basal(at_ms, 850)
            self.true_ms.append(at_ms)
        return self

    def sets(self, at_ms: int, offset_min: int, *, says_how_far: bool = True) -> Life:
        """Somebody sets the clock; no time of day is known of the event itself."""
        self.pump.clock_set(at_ms, offset_min)
        if not says_how_far:
            self.pump.events[-1]["eventProperties"] = {}
        return self

    def timeline(self, now_ms: int, unset_min: int | None = None, wall_clock: WallClock = BERLIN) -> Timeline:
        return timed([event_of(one) for one in self.pump.events], wall_clock, now_ms, unset_min)

    def found_ms(self, now_ms: int, unset_min: int | None = None, wall_clock: WallClock = BERLIN) -> list[int]:
        line = self.timeline(now_ms, unset_min, wall_clock)
        return [one.at_ms for one in line.events if one.event.code == 279]


def test_the_hour_that_comes_twice_is_told_apart_by_the_order_of_the_log() -> None:
    life = Life(SUMMER).lives(BACK_MS - 2 * HOUR_MS, BACK_MS)
    life.pump.offset_min = WINTER
    life.lives(BACK_MS, BACK_MS + 3 * HOUR_MS)
    assert life.found_ms(BACK_MS + 3 * HOUR_MS) == life.true_ms


def test_the_order_of_the_log_counts_and_not_that_of_the_answer() -> None:
    life = Life(SUMMER).lives(BACK_MS - 2 * HOUR_MS, BACK_MS)
    life.pump.offset_min = WINTER
    life.lives(BACK_MS, BACK_MS + 3 * HOUR_MS)
    life.pump.events.sort(key=lambda one: (one["pumpDateTime"], -one["sequenceNumber"]))
    assert life.found_ms(BACK_MS + 3 * HOUR_MS) == life.true_ms


def test_the_hour_that_is_left_out_moves_nothing() -> None:
    life = Life(WINTER).lives(FORWARD_MS - 2 * HOUR_MS, FORWARD_MS)
    life.pump.offset_min = SUMMER
    life.lives(FORWARD_MS, FORWARD_MS + 3 * HOUR_MS)
    assert life.found_ms(FORWARD_MS + 3 * HOUR_MS) == life.true_ms


@pytest.mark.parametrize("hours", [1, 7, 60])
@pytest.mark.parametrize("says_how_far", [True, False])
@pytest.mark.parametrize(("change_ms", "before", "after"), [(FORWARD_MS, WINTER, SUMMER), (BACK_MS, SUMMER, WINTER)])
def test_a_clock_that_is_set_late_was_wrong_until_then(
    hours: int, says_how_far: bool, change_ms: int, before: int, after: int
) -> None:
    set_ms = change_ms + hours * HOUR_MS + 5 * MINUTE_MS
    life = Life(before).lives(change_ms - DAY_MS, set_ms)
    life.sets(set_ms, after, says_how_far=says_how_far).lives(set_ms + 5 * MINUTE_MS, set_ms + DAY_MS)
    assert life.found_ms(set_ms + DAY_MS) == life.true_ms


def test_a_clock_that_is_set_after_the_window_was_wrong_in_it() -> None:
    life = Life(WINTER).lives(FORWARD_MS + DAY_MS, FORWARD_MS + 2 * DAY_MS)
    life.sets(FORWARD_MS + 9 * DAY_MS, SUMMER)
    assert life.found_ms(FORWARD_MS + 30 * DAY_MS) == life.true_ms


def test_a_clock_that_is_put_right_by_minutes_moves_nothing() -> None:
    life = Life(WINTER).lives(FORWARD_MS - 3 * HOUR_MS, FORWARD_MS - HOUR_MS)
    life.sets(FORWARD_MS - HOUR_MS, WINTER + 3)
    life.pump.offset_min = WINTER
    life.lives(FORWARD_MS - HOUR_MS, FORWARD_MS)
    assert life.found_ms(FORWARD_MS) == life.true_ms


def test_a_clock_that_was_set_wrong_and_then_right_was_wrong_in_between() -> None:
    january_ms = ms("2026-01-15T12:00")
    life = Life(WINTER).lives(january_ms, january_ms + 5 * HOUR_MS)
    life.sets(january_ms + 5 * HOUR_MS, SUMMER).lives(january_ms + 5 * HOUR_MS, january_ms + 9 * HOUR_MS)
    life.sets(january_ms + 9 * HOUR_MS, WINTER).lives(january_ms + 9 * HOUR_MS, january_ms + 12 * HOUR_MS)
    assert life.found_ms(january_ms + 12 * HOUR_MS) == life.true_ms


def test_a_step_that_no_clock_of_the_person_made_moves_nothing() -> None:
    life = Life(WINTER).lives(FORWARD_MS - 9 * HOUR_MS, FORWARD_MS - 4 * HOUR_MS)
    life.sets(FORWARD_MS - 4 * HOUR_MS, WINTER + 5 * 60)
    assert life.found_ms(FORWARD_MS) == life.true_ms


def test_a_clock_nobody_has_set_back_yet_is_given_away_by_the_future_and_remembered() -> None:
    life = Life(SUMMER).lives(BACK_MS - DAY_MS, BACK_MS + 6 * HOUR_MS)
    now_ms = BACK_MS + 6 * HOUR_MS
    line = life.timeline(now_ms)
    assert line.unset_min == SUMMER
    assert life.found_ms(now_ms) == life.true_ms
    # An hour later without anything new nothing would lie in the future.
    assert life.timeline(now_ms + HOUR_MS).unset_min is None
    assert life.timeline(now_ms + HOUR_MS, SUMMER).unset_min == SUMMER
    assert life.found_ms(now_ms + HOUR_MS, SUMMER) == life.true_ms


def test_once_the_clock_is_set_it_goes_right_again() -> None:
    set_ms = BACK_MS + 6 * HOUR_MS
    life = Life(SUMMER).lives(BACK_MS - DAY_MS, set_ms).sets(set_ms, WINTER).lives(set_ms, set_ms + HOUR_MS)
    line = life.timeline(set_ms + HOUR_MS, SUMMER)
    assert line.unset_min is None
    assert life.found_ms(set_ms + HOUR_MS, SUMMER) == life.true_ms


def test_what_is_remembered_counts_only_since_the_last_change_of_the_persons_clock() -> None:
    january_ms, july_ms = ms("2026-01-15T12:00"), ms("2026-07-15T12:00")
    now_ms = BACK_MS + DAY_MS
    for begin_ms, offset_min in ((january_ms, WINTER), (july_ms, SUMMER)):
        life = Life(offset_min).lives(begin_ms, begin_ms + DAY_MS)
        assert life.found_ms(now_ms, SUMMER) == life.true_ms


@pytest.mark.parametrize("minutes", [6, 14])
def test_a_clock_that_runs_fast_is_no_clock_that_was_not_set(minutes: int) -> None:
    now_ms = BACK_MS + 10 * DAY_MS
    life = Life(WINTER).lives(now_ms - DAY_MS, now_ms)
    life.pump.basal(now_ms + minutes * MINUTE_MS, 850)
    assert life.timeline(now_ms).unset_min is None


def test_a_clock_that_is_far_ahead_for_no_reason_is_left_as_it_is() -> None:
    now_ms = FORWARD_MS + 10 * DAY_MS
    life = Life(SUMMER + 180).lives(now_ms - DAY_MS, now_ms)
    assert life.timeline(now_ms).unset_min is None


def test_a_journey_that_was_entered_is_followed() -> None:
    landed_ms = ms("2026-07-01T12:00")
    abroad = WallClock([ZoneSince(0, ZoneInfo("Europe/Berlin")), ZoneSince(landed_ms, ZoneInfo("America/New_York"))])
    life = Life(SUMMER).lives(landed_ms - DAY_MS, landed_ms)
    life.pump.offset_min = -240
    life.lives(landed_ms, landed_ms + DAY_MS)
    assert life.found_ms(landed_ms + DAY_MS, wall_clock=abroad) == life.true_ms


def test_on_a_journey_the_pump_may_be_set_hours_after_landing() -> None:
    landed_ms = ms("2026-07-01T12:00")
    abroad = WallClock([ZoneSince(0, ZoneInfo("Europe/Berlin")), ZoneSince(landed_ms, ZoneInfo("America/New_York"))])
    life = Life(SUMMER).lives(landed_ms - DAY_MS, landed_ms + 5 * HOUR_MS)
    life.sets(landed_ms + 5 * HOUR_MS, -240).lives(landed_ms + 5 * HOUR_MS, landed_ms + DAY_MS)
    assert life.found_ms(landed_ms + DAY_MS, wall_clock=abroad) == life.true_ms


@settings(deadline=None)
@given(
    zone=st.sampled_from(
        ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "America/Santiago", "Asia/Kolkata"]
    ),
    day=st.integers(0, 700),
    hours=st.integers(6, 60),
)
def test_a_clock_that_always_goes_right_is_believed_always(zone: str, day: int, hours: int) -> None:
    wall_clock = WallClock.in_zone(ZoneInfo(zone))
    begin_ms = ms("2025-06-01T04:30") + day * DAY_MS
    life = Life(0)
    for at_ms in range(begin_ms, begin_ms + hours * HOUR_MS, 10 * MINUTE_MS):
        life.pump.offset_min = wall_clock.offset_min(at_ms)
        life.lives(at_ms, at_ms + 1)
    # Only an hour that comes twice, and of which the log holds nothing before it, can be taken for its first pass.
    began_twice = len(wall_clock.places(life.pump.local(begin_ms))) > 1
    found = life.found_ms(begin_ms + hours * HOUR_MS, wall_clock=wall_clock)
    assert began_twice or found == life.true_ms

"""Local times on the time line: every instant is found again, an hour that comes twice is told apart by the order."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.glucose.wall_clock import Came, Placed, Walk, WallClock, ZoneSince

MINUTE_MS = 60_000
ZONES = [ZoneInfo(name) for name in ("Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "UTC")]
BERLIN = WallClock.in_zone(ZoneInfo("Europe/Berlin"))
FIRST_MS, LAST_MS = 1_577_836_800_000, 1_893_456_000_000  # 2020 to 2030


def ms(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp() * 1000)


def local_time(*parts: int) -> datetime:
    year, month, day, hour, *minute = parts
    return datetime(year, month, day, hour, *minute)  # noqa: DTZ001  (a wall clock has no zone)


def shown(at_ms: int, zone: ZoneInfo) -> datetime:
    return datetime.fromtimestamp(at_ms / 1000, UTC).astimezone(zone).replace(tzinfo=None, fold=0)


instants = st.integers(FIRST_MS // MINUTE_MS, LAST_MS // MINUTE_MS).map(lambda minute: minute * MINUTE_MS)


@given(instants, st.sampled_from(ZONES))
def test_every_instant_is_among_the_places_of_what_the_clock_showed(at_ms: int, zone: ZoneInfo) -> None:
    places = WallClock.in_zone(zone).places(shown(at_ms, zone))
    assert at_ms in [one.at_ms for one in places]
    assert all(shown(one.at_ms, zone) == shown(at_ms, zone) for one in places)
    assert all(one.offset_min == WallClock.in_zone(zone).offset_min(one.at_ms) for one in places)


@given(
    instants,
    st.lists(st.integers(1, 57), min_size=1, max_size=60),
    st.sampled_from(ZONES),
    st.booleans(),
)
def test_a_device_that_writes_in_order_is_placed_exactly(
    first_ms: int, gaps_min: list[int], zone: ZoneInfo, newest_first: bool
) -> None:
    times = [first_ms]
    for gap in gaps_min:
        times.append(times[-1] + gap * MINUTE_MS)
    wall_clock = WallClock.in_zone(zone)
    if newest_first:
        times.reverse()
    if len(wall_clock.places(shown(times[0], zone))) > 1:
        return  # nothing tells where such a row begins
    walk = Walk(wall_clock, newest_first=newest_first)
    assert [walk.place(shown(at_ms, zone)).at_ms for at_ms in times] == times


def test_the_hour_that_comes_twice_is_told_apart_by_the_order() -> None:
    walk = Walk(BERLIN)
    times = ((1, 55), (2, 0), (2, 55), (2, 0), (2, 55), (3, 0))
    local = [local_time(2026, 10, 25, hour, minute) for hour, minute in times]
    placed = [walk.place(one) for one in local]
    assert [one.at_ms for one in placed] == [
        ms(f"2026-10-{text}:00Z") for text in ("24T23:55", "25T00:00", "25T00:55", "25T01:00", "25T01:55", "25T02:00")
    ]
    assert [one.offset_min for one in placed] == [120, 120, 120, 60, 60, 60]
    assert walk.counts[Came.TWICE] == 4


def test_rows_a_little_out_of_order_are_no_clock_that_was_set() -> None:
    walk = Walk(BERLIN)
    walk.place(local_time(2026, 10, 25, 2, 30))
    assert walk.place(local_time(2026, 10, 25, 2, 29)).at_ms == ms("2026-10-25T00:29:00Z")


def test_an_hour_that_never_was_is_moved_on_and_said() -> None:
    placed = BERLIN.place(local_time(2026, 3, 29, 2, 30))
    assert placed == Placed(ms("2026-03-29T01:30:00Z"), 120, Came.NEVER)
    walk = Walk(BERLIN)
    walk.place(local_time(2026, 3, 29, 2, 30))
    assert walk.counts[Came.NEVER] == 1


def test_of_two_instants_alone_the_first_is_taken_or_the_later_on_request() -> None:
    local = local_time(2026, 10, 25, 2, 30)
    assert BERLIN.place(local) == Placed(ms("2026-10-25T00:30:00Z"), 120, Came.TWICE)
    assert BERLIN.place(local, later=True) == Placed(ms("2026-10-25T01:30:00Z"), 60, Came.TWICE)


def test_a_journey_puts_each_time_into_the_zone_of_its_day() -> None:
    there = ms("2026-07-10T10:00:00Z")
    back = ms("2026-07-24T10:00:00Z")
    wall_clock = WallClock(
        [
            ZoneSince(back, ZoneInfo("Europe/Berlin")),
            ZoneSince(0, ZoneInfo("Europe/Berlin")),
            ZoneSince(there, ZoneInfo("America/New_York")),
        ]
    )
    assert wall_clock.place(local_time(2026, 7, 1, 12)).at_ms == ms("2026-07-01T10:00:00Z")
    assert wall_clock.place(local_time(2026, 7, 15, 12)) == Placed(ms("2026-07-15T16:00:00Z"), -240)
    assert wall_clock.place(local_time(2026, 8, 1, 12)).at_ms == ms("2026-08-01T10:00:00Z")
    assert wall_clock.zone_at(there - 1) == ZoneInfo("Europe/Berlin")
    assert wall_clock.zone_at(there) == ZoneInfo("America/New_York")


def test_flying_west_shows_hours_twice_and_flying_east_leaves_some_out() -> None:
    west = ms("2026-07-10T10:00:00Z")  # noon in Berlin, six in New York
    wall_clock = WallClock([ZoneSince(0, ZoneInfo("Europe/Berlin")), ZoneSince(west, ZoneInfo("America/New_York"))])
    twice = wall_clock.places(local_time(2026, 7, 10, 9))
    assert [one.at_ms for one in twice] == [ms("2026-07-10T07:00:00Z"), ms("2026-07-10T13:00:00Z")]
    home = WallClock([ZoneSince(0, ZoneInfo("America/New_York")), ZoneSince(west, ZoneInfo("Europe/Berlin"))])
    assert home.places(local_time(2026, 7, 10, 9)) == []
    assert home.place(local_time(2026, 7, 10, 9)).came is Came.NEVER


def test_a_wall_clock_without_a_zone_cannot_be_made() -> None:
    with pytest.raises(ValueError, match="zone"):
        WallClock([])


def test_a_day_of_25_hours_is_one_of_300_readings() -> None:
    start = ms("2026-10-24T22:00:00Z")
    walk = Walk(BERLIN)
    times = [start + place * 5 * MINUTE_MS for place in range(300)]
    placed = [walk.place(shown(at_ms, ZoneInfo("Europe/Berlin"))).at_ms for at_ms in times]
    assert len(set(placed)) == 300
    assert placed[-1] - placed[0] == int(timedelta(hours=24, minutes=55).total_seconds() * 1000)

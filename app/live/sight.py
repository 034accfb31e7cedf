"""Which reading is the one to show, in what state, and which readings lie right before it."""

from __future__ import annotations

from dataclasses import dataclass

from app.glucose.sentinels import Sense, sense_of
from app.glucose.staleness import Staleness, age_ms_of, interval_ms_of, is_ahead, staleness_of
from app.glucose.trend import Direction, computed_direction, direction_named
from app.live.picture import Picture, Reading

_RECENT = 120  # enough for the delta and the interval of a one-minute sensor that two apps upload


@dataclass(frozen=True, slots=True)
class Sight:
    """The reading to show at ``now_ms`` (None: there is none), its state, and up to 120 readings that end with it.

    In the state FUTURE the reading is one that is dated ahead.
    """

    now_ms: int
    reading: Reading | None
    state: Staleness
    recent: tuple[Reading, ...] = ()

    @property
    def age_ms(self) -> int:
        """The reading's age: never less than the time since it arrived."""
        return age_ms_of(self.now_ms, self.reading.at_ms, self.reading.received_ms) if self.reading else 0

    @property
    def measured_ms(self) -> int:
        """The moment the reading stands for, by that age."""
        return self.now_ms - self.age_ms

    @property
    def direction(self) -> Direction:
        """Where glucose went at the reading: as the sensor said, else computed, NONE when unknown."""
        if self.reading is None or sense_of(self.reading.mgdl) is Sense.ERROR:
            return Direction.NONE
        told = direction_named(self.reading.direction)
        return computed_direction(self.recent) if told is Direction.NONE else told


def sight_of(picture: Picture, now_ms: int) -> Sight:
    """Find the newest sensor reading that can be true.

    A reading dated more than five minutes after it arrived (or after now) came from a wrong clock: it is passed over,
    for ever, since its hour will come and it would look new then. Only while nothing better is current is it shown, as
    FUTURE.
    """
    recent: list[Reading] = []
    ahead: Reading | None = None
    for reading in reversed(picture.readings):
        if reading.kind != "sgv":
            continue
        if is_ahead(reading.at_ms, min(now_ms, reading.received_ms or now_ms)):
            ahead = ahead or reading
            continue
        recent.append(reading)
        if len(recent) == _RECENT:
            break
    recent.reverse()
    shown = recent[-1] if recent else picture.last_before
    state = (
        staleness_of(now_ms, shown.at_ms, shown.received_ms, interval_ms=interval_ms_of(recent))
        if shown
        else Staleness.NEVER
    )
    if ahead and not state.current and (shown is None or (ahead.received_ms or now_ms) > shown.at_ms):
        return Sight(now_ms, ahead, Staleness.FUTURE)
    return Sight(now_ms, shown, state, tuple(recent))

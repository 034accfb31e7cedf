"""What lasts a while and ends when the next of its kind begins: temporary basal rates, combo boluses, switches."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from app.glucose.numbers import moment, positive

_MINUTE_MS = 60_000
_LONGEST_MIN = 100 * 366 * 1440.0


class Timed(Protocol):
    """Something that began at a moment (UTC epoch ms) and was meant to last so many minutes; 0 ends what ran."""

    @property
    def at_ms(self) -> int:
        """When it began."""
        ...

    @property
    def duration_min(self) -> float | None:
        """How long it was meant to last."""
        ...


T = TypeVar("T", bound=Timed)


@dataclass(frozen=True, slots=True)
class Span(Generic[T]):
    """When something really ran; ``cut_by`` is what ended it early, ``cuts`` what it ended early itself."""

    item: T
    from_ms: int
    until_ms: int
    cut_by: T | None = None
    cuts: T | None = None

    @property
    def duration_min(self) -> float:
        """How long it ran; 0 when it was given no duration."""
        return (self.until_ms - self.from_ms) / _MINUTE_MS


def cut_spans(items: Iterable[T], *, keep_endless: bool = False) -> tuple[Span[T], ...]:
    """Return when each of these ran, in order of time: each ends at the latest when the next one begins.

    Of several that began at the same moment the first counts. What has no positive duration only ends what ran before
    and is left out, unless ``keep_endless``.
    """
    begun: dict[int, T] = {}
    for item in items:
        at_ms = moment(item.at_ms)
        if at_ms is not None:
            begun.setdefault(at_ms, item)
    spans: list[Span[T]] = []
    starts = sorted(begun)
    before: T | None = None
    for place, from_ms in enumerate(starts):
        item = begun[from_ms]
        until_ms = from_ms + math.ceil(min(positive(item.duration_min) or 0, _LONGEST_MIN) * _MINUTE_MS)
        following = starts[place + 1] if place + 1 < len(starts) else None
        cut_by = begun[following] if following is not None and following < until_ms else None
        if following is not None and cut_by is not None:
            until_ms = following
        if keep_endless or until_ms > from_ms:
            spans.append(Span(item, from_ms, until_ms, cut_by, before))
        before = item if cut_by is not None else None
    return tuple(spans)


def span_at(spans: Sequence[Span[T]], at_ms: int) -> Span[T] | None:
    """Return the span (of those in order of time) that holds this moment, both ends included."""
    place = bisect_right(spans, at_ms, key=lambda span: span.from_ms) - 1
    return spans[place] if place >= 0 and at_ms <= spans[place].until_ms else None

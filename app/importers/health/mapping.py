"""Turns samples of Apple Health into documents.

Dates are true instants. The offset in them is the phone's on the day of the export, so that of the person's own zone
is written instead. Basal insulin comes in short pieces from loops, which become temporary rates, and as injections.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from app.glucose.units import Unit, from_unit, half_up
from app.glucose.wall_clock import WallClock
from app.importers.doubles import Doubles
from app.importers.format import Found
from app.importers.health.xml import CARBS, GLUCOSE, Sample
from app.importers.readings import unit_in
from app.records.sources.acts import (
    MOST_CARBS_G,
    MOST_INSULIN_U,
    MOST_RATE_U_PER_H,
    Act,
    bg_check,
    bolus,
    carb_correction,
    long_acting,
    temp_basal,
)
from app.records.sources.basals import BLOCK_MS, Piece, joined
from app.records.sources.documents import (
    HOUR_MS,
    BadRecord,
    amount_of,
    checked_instant,
    glucose_of,
    identifier_of,
    meter_entry,
    sensor_entry,
)
from app.records.times import read_instant, zone_named

VENDOR = "apple-health"
_LONGEST_PIECE_MS = 6 * HOUR_MS
"""A loop's piece lasts minutes; a longer one is an injection that somebody gave a length."""

_PIECES_HELD = 4096
_REASON = "HKInsulinDeliveryReason"
_BASAL, _BOLUS = "1", "2"
_BY_HAND = "HKWasUserEntered"
_AUTOMATIC = "com.loopkit.InsulinKit.MetadataKeyAutomaticallyIssued"
_FOOD = "HKFoodType"
_ZONE = "HKTimeZone"


@dataclass(frozen=True, slots=True)
class Span:
    """From when to when a sample is (UTC epoch ms)."""

    at_ms: int
    end_ms: int


def span_of(sample: Sample, now_ms: int) -> Span:
    """Return when a sample is. Raises ``BadRecord``."""
    start, end = read_instant(sample.at("startDate")), read_instant(sample.at("endDate"))
    if start is None:
        raise BadRecord("it has no time")
    at_ms = checked_instant(start.at_ms, now_ms)
    return Span(at_ms, max(end.at_ms, at_ms) if end else at_ms)


class Mapper:
    """Maps sample after sample. ``offset_min`` returns the offset of the person's clock from UTC at an instant."""

    def __init__(self, offset_min: Callable[[int], int], meters: frozenset[str]) -> None:
        self._offset_min = offset_min
        self._meters = meters
        self._seen = Doubles()
        self._pieces: dict[str, list[Piece]] = {}

    def found(self, sample: Sample, span: Span) -> Iterator[Found]:
        """Yield the documents of a sample, and of pieces that are complete by now. Raises ``BadRecord``."""
        if sample.kind == GLUCOSE:
            yield from self._glucose(sample, span)
        elif sample.kind == CARBS:
            yield from self._once(self._carbs(sample, span))
        else:
            yield from self._insulin(sample, span)

    def rest(self) -> Iterator[Found]:
        """Yield the documents of the pieces that are left."""
        for source in self._pieces:
            yield from self._joined(source, whole=True)

    def _glucose(self, sample: Sample, span: Span) -> Iterator[Found]:
        mgdl = _mgdl_of(sample)
        identifier = identifier_of(VENDOR, sample.source, GLUCOSE, span.at_ms)
        offset_min, device = self._offset_of(sample, span.at_ms), _named(sample.source)
        by_hand = sample.details.get(_BY_HAND) == "1" or sample.source in self._meters
        make = meter_entry if by_hand else sensor_entry
        entry = make(identifier=identifier, at_ms=span.at_ms, glucose_mgdl=mgdl, device=device, offset_min=offset_min)
        yield Found("entries", entry, place_of(sample))
        if by_hand:
            act = self._act(sample, span, "bg-check", span.at_ms)
            yield Found("treatments", bg_check(glucose_mgdl=mgdl, **act), place_of(sample))

    def _carbs(self, sample: Sample, span: Span) -> Found:
        if sample.at("unit") != "g":
            raise BadRecord(f"carbohydrates in {sample.at('unit')[:10]!r} cannot be counted")
        carbs_g = _amount(sample, MOST_CARBS_G, "carbohydrate")
        act = self._act(sample, span, CARBS, f"{span.at_ms}|{span.end_ms}|{carbs_g:g}")
        if sample.details.get(_FOOD):
            act["notes"] = sample.details[_FOOD][:500]
        return Found("treatments", carb_correction(carbs_g=carbs_g, **act), place_of(sample))

    def _insulin(self, sample: Sample, span: Span) -> Iterator[Found]:
        units = _amount(sample, MOST_INSULIN_U, "insulin")
        reason = sample.details.get(_REASON)
        key = f"{span.at_ms}|{span.end_ms}|{units:g}"
        if reason == _BOLUS:
            automatic = sample.details.get(_AUTOMATIC) == "1"
            made = bolus(insulin_u=units, automatic=automatic, **self._act(sample, span, "bolus", key))
            yield from self._once(Found("treatments", made, place_of(sample)))
        elif reason != _BASAL:
            raise BadRecord("it does not say whether the insulin was basal or bolus")
        elif 0 < span.end_ms - span.at_ms <= _LONGEST_PIECE_MS:
            yield from self._piece(sample, span, units)
        else:
            made = long_acting(insulin_u=units, **self._act(sample, span, "long-acting", key))
            yield from self._once(Found("treatments", made, place_of(sample)))

    def _piece(self, sample: Sample, span: Span, units: float) -> Iterator[Found]:
        rate = units / ((span.end_ms - span.at_ms) / HOUR_MS)
        if rate > MOST_RATE_U_PER_H:
            raise BadRecord("the basal rate is none")
        # Cut at full hours first, so that what is held can be cut there too.
        held = self._pieces.setdefault(sample.source, [])
        held += joined([Piece(span.at_ms, span.end_ms, rate)])
        if len(held) >= _PIECES_HELD:
            yield from self._joined(sample.source, whole=False)

    def _joined(self, source: str, *, whole: bool) -> Iterator[Found]:
        held = self._pieces[source]
        last_hour = max((piece.at_ms // BLOCK_MS for piece in held), default=0)
        ready = [piece for piece in held if whole or piece.at_ms // BLOCK_MS < last_hour]
        self._pieces[source] = [] if whole else [piece for piece in held if piece.at_ms // BLOCK_MS == last_hour]
        for piece in joined(ready):
            act = Act(
                identifier=identifier_of(VENDOR, source, "basal", piece.at_ms),
                at_ms=piece.at_ms,
                entered_by=_named(source),
                offset_min=self._offset_min(piece.at_ms),
            )
            made = temp_basal(rate_u_per_h=piece.rate_u_per_h, duration_min=piece.duration_min, **act)
            yield from self._once(Found("treatments", made, f"basal insulin from {source}"))

    def _once(self, found: Found) -> Iterator[Found]:
        """Yield what was not yielded yet: food holds its records again."""
        if self._seen.is_new(found.collection, found.document):
            yield found

    def _act(self, sample: Sample, span: Span, kind: str, key: int | str) -> Act:
        return Act(
            identifier=identifier_of(VENDOR, sample.source, kind, key),
            at_ms=span.at_ms,
            entered_by=_named(sample.source),
            offset_min=self._offset_of(sample, span.at_ms),
        )

    def _offset_of(self, sample: Sample, at_ms: int) -> int:
        """Return the offset of the zone the app wrote down, else of the person's."""
        zone = zone_named(sample.details.get(_ZONE, ""))
        return WallClock.in_zone(ZoneInfo(zone)).offset_min(at_ms) if zone else self._offset_min(at_ms)


def place_of(sample: Sample) -> str:
    """Return where a sample stands, in words."""
    return f"{sample.kind} of {sample.at('startDate')[:25] or 'no date'}"


def is_nothing(sample: Sample) -> bool:
    """Tell whether a sample says 0, which is nothing measured, given or eaten."""
    try:
        return float(sample.at("value")) == 0
    except ValueError:
        return False


def _named(source: str) -> str:
    return f"nightlight-import {source}".strip()


def _mgdl_of(sample: Sample) -> int:
    unit = unit_in(sample.at("unit"))
    if unit is None:
        raise BadRecord(f"glucose in {sample.at('unit')[:20]!r} is in no unit we know")
    number = _number(sample)
    return glucose_of(from_unit(number, unit) if unit is Unit.MMOLL else half_up(number))


def _amount(sample: Sample, most: float, what: str) -> float:
    return amount_of(_number(sample), most=most, what=what)


def _number(sample: Sample) -> float:
    try:
        number = float(sample.at("value"))
    except ValueError:
        raise BadRecord(f"{sample.at('value')[:20]!r} is no number") from None
    if not 0 <= number < 1e6:
        raise BadRecord(f"{sample.at('value')[:20]!r} is no amount")
    return number

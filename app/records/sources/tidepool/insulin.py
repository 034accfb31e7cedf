"""Insulin: boluses of all shapes, injections, and what was given as basal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from app.records.sources.acts import (
    MOST_INSULIN_U,
    MOST_RATE_U_PER_H,
    bolus,
    combo_bolus,
    long_acting,
    temp_basal,
    treatment,
)
from app.records.sources.documents import DAY_MS, BadRecord, amount_of
from app.records.sources.tidepool.meals import Meal
from app.records.sources.tidepool.record import Record, number_in, part_of, text_of
from app.store.interface import Document

_NOTHING_U = 0.0005
_LONGEST_BASAL_MS = 90 * DAY_MS  # a pump in a drawer; more is a clock gone wrong
_LONGEST_BOLUS_MS = DAY_MS
_PIECE_MS = DAY_MS
"""A basal that goes on for days is told day by day: whoever looks at the last days must not miss its beginning."""

_SLOW = ("long", "intermediate")


@dataclass(frozen=True, slots=True)
class _Amounts:
    """What a bolus gave and what was asked for (units); ``duration_ms`` of the extended part."""

    now_u: float
    extended_u: float
    duration_ms: float
    expected_u: float

    @property
    def whole_u(self) -> float:
        return self.now_u + self.extended_u


def given(record: Record, meal: Meal | None) -> Document | None:
    """Return a bolus as it was delivered, with the carbs it was for; None for one that was cancelled before a drop.

    Raises ``BadRecord``.
    """
    amounts = _amounts(record)
    if amounts.whole_u < _NOTHING_U:
        return None
    said = [meal.act.get("notes", "")] if meal else []
    if amounts.expected_u > amounts.whole_u + _NOTHING_U:
        said.append(f"Interrupted: {_units(amounts.whole_u)} of {_units(amounts.expected_u)} U given")
    return combo_bolus(
        now_u=amounts.now_u,
        extended_u=amounts.extended_u,
        duration_min=amounts.duration_ms / 60_000,
        carbs_g=meal.carbs_g if meal else 0,
        automatic=_is_automatic(record),
        **record.act(notes=". ".join(filter(None, said))),
    )


def is_given(record: Record) -> bool:
    """Tell whether any insulin of a bolus was delivered. Raises ``BadRecord``."""
    return _amounts(record).whole_u >= _NOTHING_U


def injection(record: Record) -> Document | None:
    """Return insulin by pen: a bolus, or a note for one that acts slowly; None for none. Raises ``BadRecord``."""
    dose = record.get("dose")
    told = dose.get("total") if isinstance(dose, Mapping) else dose
    dose_u = amount_of(told, most=MOST_INSULIN_U, what="insulin")
    if not dose_u:
        return None
    formulation = record.part("formulation")
    simple = part_of(formulation, "simple")
    acting, name = text_of(simple.get("actingType")), text_of(simple.get("brand")) or text_of(formulation.get("name"))
    made = long_acting if acting in _SLOW else bolus
    return made(insulin_u=dose_u, **record.act(notes=name[:60]))


def basal(record: Record, *, knows_profile: bool) -> Iterator[Document]:
    """Yield what was given as basal; nothing for what the profile gives, where there is one. Raises ``BadRecord``."""
    kind = text_of(record.get("deliveryType"))
    if kind == "scheduled" and knows_profile:
        return
    length_ms = _length_ms(record)
    rate_u_per_h = 0.0 if kind == "suspend" else _rate(record)
    percent = number_in(record.get("percent"))
    if rate_u_per_h is None and percent is None:
        raise BadRecord("a basal has no rate")
    if rate_u_per_h is None and percent is not None:
        changed_percent = round(100 * (percent - 1), 1)
        if length_ms:
            act = record.act()
            yield treatment("Temp Basal", act, percent=changed_percent, duration=length_ms / 60_000)
        return
    yield from _pieces(record, rate_u_per_h or 0.0, length_ms)


def _pieces(record: Record, rate_u_per_h: float, length_ms: int) -> Iterator[Document]:
    for place, from_ms in enumerate(range(0, length_ms, _PIECE_MS)):
        act = record.act()
        if place:
            act["identifier"] = record.identifier(f"basal-day-{place}")
            act["at_ms"] = record.at_ms + from_ms
        duration_min = min(length_ms - from_ms, _PIECE_MS) / 60_000
        yield temp_basal(rate_u_per_h=rate_u_per_h, duration_min=duration_min, **act)


def _length_ms(record: Record) -> int:
    told = record.get("duration")
    if told is None:
        told = record.get("expectedDuration")
    if told is None:
        raise BadRecord("a basal has no length")
    return int(amount_of(told, most=_LONGEST_BASAL_MS, what="length of a basal"))


def _rate(record: Record) -> float | None:
    """Return the rate in U/h: as told, else as so much of what it took the place of."""
    if record.get("rate") is not None:
        return amount_of(record.get("rate"), most=MOST_RATE_U_PER_H, what="basal rate")
    percent, before = number_in(record.get("percent")), number_in(record.part("suppressed").get("rate"))
    if percent is None or before is None:
        return None
    return amount_of(percent * before, most=MOST_RATE_U_PER_H, what="basal rate")


def _amounts(record: Record) -> _Amounts:
    if all(record.get(name) is None for name in ("normal", "extended")):
        raise BadRecord("a bolus has no amount")
    now_u, extended_u = (_insulin(record, name) for name in ("normal", "extended"))
    # Present only where less was given than was asked for.
    expected_now_u = max(_insulin(record, "expectedNormal"), now_u)
    expected_extended_u = max(_insulin(record, "expectedExtended"), extended_u)
    duration_ms = amount_of(record.get("duration"), most=_LONGEST_BOLUS_MS, what="length of a bolus")
    if extended_u and not duration_ms:
        # How long it took nobody says; that it was given counts.
        now_u, extended_u = now_u + extended_u, 0.0
    return _Amounts(now_u, extended_u, duration_ms, expected_now_u + expected_extended_u)


def _insulin(record: Record, name: str) -> float:
    return amount_of(record.get(name), most=MOST_INSULIN_U, what="insulin")


def _is_automatic(record: Record) -> bool:
    return text_of(record.get("subType")) == "automated" or text_of(record.get("deliveryContext")) == "algorithm"


def _units(amount_u: float) -> str:
    return f"{amount_u:.3f}".rstrip("0").rstrip(".")

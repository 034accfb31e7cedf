"""Turns Medtrum's rows and sensor status into entries; pure functions.

A row holds an instant in seconds, up to three values of glucose, and a letter for the sensor's state, of which ``C``
means that it measures. In which order is known for EasyView only; the parts are told apart by what they are.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.glucose.trend import Direction
from app.glucose.units import Unit, mgdl_of
from app.records.sources.documents import (
    EARLIEST_MS,
    BadRecord,
    checked_instant,
    glucose_of,
    identifier_of,
    sensor_entry,
)
from app.records.times import read_instant
from app.store.interface import Document

DEVICE = "nightlight-medtrum"
VENDOR = "medtrum"

MEASURES = "C"
LOWEST_MGDL, HIGHEST_MGDL = 20, 600
"""What is taken for a measurement of this sensor; its manual gives 40 to 450 mg/dL."""

_MGDL_FROM, _MMOLL_TO = 40, 25  # the sensor's lowest in mg/dL, its highest in mmol/L
_FIRST_S = EARLIEST_MS // 1000
_SAME_MS = 5_000
_NEAR_MS = 150_000

_BY_RATE = {
    0: Direction.FLAT,
    1: Direction.FORTY_FIVE_UP,
    2: Direction.SINGLE_UP,
    3: Direction.DOUBLE_UP,
    4: Direction.FORTY_FIVE_DOWN,
    5: Direction.SINGLE_DOWN,
    6: Direction.DOUBLE_DOWN,
    8: Direction.FLAT,
}
"""``glucoseRate``, as users of the app report it."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row: when (UTC epoch ms), the numbers that may be glucose, and the sensor's state, "" where none is told."""

    at_ms: int
    values: tuple[float, ...]
    state: str


@dataclass(frozen=True, slots=True)
class Now:
    """What the sensor says at present."""

    at_ms: int
    glucose: float
    direction: str


def row_of(raw: Any) -> Row:
    """Return a row by what its parts are. Raises ``BadRecord``."""
    parts = list(raw.values()) if isinstance(raw, Mapping) else raw
    if not isinstance(parts, Sequence) or isinstance(parts, str):
        raise BadRecord("a row is no list")
    at_ms, state = None, ""
    values: list[float] = []
    for part in parts:
        number = _number(part)
        if number is not None and number >= _FIRST_S and at_ms is None:
            at_ms = _ms_of(number)
        elif number is not None:
            values.append(number)
        elif isinstance(part, str) and len(part.strip()) == 1 and part.strip().isalpha():
            state = part.strip().upper()
        elif isinstance(part, str) and at_ms is None and part.count("-") == 2 and ":" in part:
            told = read_instant(part)
            at_ms = told.at_ms if told else None
    if at_ms is None:
        raise BadRecord("a row has no time")
    return Row(at_ms, tuple(values), state)


def now_of(status: Mapping[str, Any]) -> Now | None:
    """Return what a sensor's status says, None when it shows no glucose."""
    updated, glucose = _number(status.get("updateTime")), _number(status.get("glucose"))
    if not updated or not glucose or updated < _FIRST_S:
        return None
    rate = _number(status.get("glucoseRate"))
    direction = _BY_RATE.get(int(rate), Direction.NOT_COMPUTABLE) if rate is not None else Direction.NOT_COMPUTABLE
    return Now(_ms_of(updated), glucose, direction.value)


def unit_of(name: str, values: Collection[float]) -> Unit | None:
    """Return the unit an answer names, else the one its numbers can only be in, None when they could be in both."""
    told = name.strip().lower()
    if "mmol" in told:
        return Unit.MMOLL
    if "mg" in told:
        return Unit.MGDL
    if any(value >= _MGDL_FROM for value in values):
        return Unit.MGDL
    return Unit.MMOLL if all(value <= _MMOLL_TO for value in values) else None


def column_of(rows: Iterable[Row], now: Now | None) -> int | None:
    """Return which of a row's values is the one the app shows; None when this answer does not tell."""
    for row in rows:
        if now is None or abs(row.at_ms - now.at_ms) > _SAME_MS:
            continue
        alike = [place for place, value in enumerate(row.values) if abs(value - now.glucose) <= now.glucose / 100]
        if alike:
            return alike[0]
    return None


def entry_of(row: Row, column: int, unit: Unit | None, person: str, now_ms: int) -> Document:
    """Return the entry for a row, without a direction: rows have none. Raises ``BadRecord``."""
    if column >= len(row.values):
        raise BadRecord("a row has no glucose")
    return _entry(row.at_ms, row.values[column], unit, person, now_ms)


def entry_of_now(now: Now, unit: Unit | None, person: str, now_ms: int) -> Document:
    """Return the entry for what the sensor says at present. Raises ``BadRecord``."""
    return _entry(now.at_ms, now.glucose, unit, person, now_ms) | {"direction": now.direction}


def with_direction(entries: Sequence[Document], now: Now | None) -> list[Document]:
    """Return the entries, the one that is the present moment's with its direction."""
    if now is None or not entries:
        return list(entries)
    nearest = min(entries, key=lambda entry: abs(entry["date"] - now.at_ms))
    if abs(nearest["date"] - now.at_ms) > _NEAR_MS:
        return list(entries)
    return [entry | {"direction": now.direction} if entry is nearest else entry for entry in entries]


def _entry(at_ms: int, value: float, unit: Unit | None, person: str, now_ms: int) -> Document:
    at_ms = checked_instant(at_ms, now_ms)
    if unit is None:
        raise BadRecord("the glucose has no unit")
    glucose_mgdl = glucose_of(mgdl_of(value) if unit is Unit.MMOLL else value)
    if not LOWEST_MGDL <= glucose_mgdl <= HIGHEST_MGDL:
        raise BadRecord("the glucose is outside of what this sensor measures")
    return sensor_entry(
        identifier=identifier_of(VENDOR, person, "sgv", at_ms),
        at_ms=at_ms,
        glucose_mgdl=glucose_mgdl,
        device=DEVICE,
    )


def _number(value: Any) -> float | None:
    if isinstance(value, bool):
        return None
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return number if math.isfinite(number) else None


def _ms_of(seconds: float) -> int:
    """Return an instant told in seconds, or in milliseconds, as UTC epoch ms to the second."""
    return int(seconds // 1000 if seconds >= EARLIEST_MS else seconds) * 1000

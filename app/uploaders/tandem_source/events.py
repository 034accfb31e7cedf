"""One event of a pump's log as it is read from Tandem Source: its code, its place in the log, its fields.

The names and numbers below are those of Tandem's own log: units of insulin, grams, minutes and mg/dL where nothing else
is said. Names come in several spellings, numbers also as text, bit masks as the list of their bits. Every field may be
missing, and every number may be one we have not heard of.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from typing import Any

from app.records.sources.documents import BadRecord

Key = tuple[int, int]
"""The group and the number of an event: its place in the log of one pump."""


class Code(IntEnum):
    """The events we read."""

    SUSPENDED = 11
    RESUMED = 12
    TIME_SET = 13
    DATE_SET = 14
    GLUCOSE_ENTERED = 16
    BOLUS_DONE = 20
    EXTENDED_DONE = 21
    CARTRIDGE_FILLED = 33
    BOLUS_STARTED = 55
    EXTENDED_STARTED = 59
    CANNULA_FILLED = 61
    TUBING_FILLED = 63
    BOLUS_ASKED_1 = 64
    BOLUS_ASKED_2 = 65
    BOLUS_ASKED_3 = 66
    DAY_SUMMARY = 81
    SENSOR_STARTED_DEXCOM = 212
    MODE_CHANGED = 229
    GLUCOSE_G6 = 256
    BASAL = 279
    BOLUS_DELIVERED = 280
    GLUCOSE_LIBRE_2 = 372
    GLUCOSE_G7 = 399
    SENSOR_STARTED_LIBRE = 404
    GLUCOSE_LIBRE_3 = 480


ASKED_FOR = tuple(code.value for code in Code if code is not Code.DAY_SUMMARY)
"""What we ask for; the summary of a day is read where it comes, but the web site does not ask for it any more."""


@dataclass(frozen=True, slots=True)
class Event:
    """An event: ``local`` is the pump's wall clock, ``fields`` are by name in lower case letters and digits alone."""

    code: int
    group: int
    number: int
    local: datetime
    fields: Mapping[str, Any]

    @property
    def key(self) -> Key:
        """Return its place in the log."""
        return self.group, self.number

    @property
    def record(self) -> str:
        """Return its place in the log, as identifiers are made of."""
        return f"{self.group}|{self.number}"

    def number_of(self, name: str) -> float | None:
        """Return a field as a number, None when it is missing or none."""
        value = self.fields.get(name)
        if isinstance(value, bool):
            return float(value)
        try:
            number = float(value)  # type: ignore[arg-type]
        except (TypeError, ValueError):
            return None
        return number if math.isfinite(number) else None

    def whole(self, name: str) -> int | None:
        """Return a field as a whole number, None when it is missing or none."""
        number = self.number_of(name)
        return None if number is None or not number.is_integer() else int(number)

    def bits(self, name: str) -> frozenset[int]:
        """Return the bits that are set in a field, whether it is a list of them or a number."""
        value = self.fields.get(name)
        if isinstance(value, list):
            return frozenset(bit for bit in value if isinstance(bit, int))
        mask = self.whole(name) or 0
        return frozenset(bit for bit in range(mask.bit_length()) if mask >> bit & 1) if mask > 0 else frozenset()


def event_of(record: Any) -> Event:
    """Return the event of a record. Raises ``BadRecord`` for one without code, place in the log or time."""
    if not isinstance(record, Mapping):
        raise BadRecord("an event is not an object")
    code, number = (_whole(record.get(name)) for name in ("eventCode", "sequenceNumber"))
    if code is None or number is None:
        raise BadRecord("an event has no code or no place in the log")
    told = record.get("eventProperties")
    fields = {_plain(name): value for name, value in told.items()} if isinstance(told, Mapping) else {}
    return Event(code, _whole(record.get("sequenceGroup")) or 0, number, _local_in(record), fields)


def local_time(text: Any) -> datetime | None:
    """Return a wall-clock time, None for none; a ``Z`` or an offset behind it is not true and is left out."""
    if not isinstance(text, str):
        return None
    try:
        return datetime.fromisoformat(text.strip()).replace(tzinfo=None, fold=0)
    except ValueError:
        return None


def _local_in(record: Mapping[str, Any]) -> datetime:
    local = local_time(record.get("pumpDateTime")) or local_time(record.get("estimatedDateTime"))
    if local is None:
        raise BadRecord("an event has no time")
    return local


def _whole(value: Any) -> int | None:
    if isinstance(value, bool):
        return None
    try:
        return int(value)
    except (TypeError, ValueError, OverflowError):
        return None


def _plain(name: object) -> str:
    return re.sub(r"[^a-z0-9]", "", str(name).lower())

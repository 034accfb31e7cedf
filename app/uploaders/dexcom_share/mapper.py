"""Turns Dexcom Share's records into entries; a pure function."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from app.glucose.trend import Direction
from app.records.sources.documents import (
    BadRecord,
    checked_instant,
    checked_offset,
    glucose_of,
    identifier_of,
    sensor_entry,
)
from app.store.interface import Document

DEVICE = "nightlight-dexcom-share"

_BY_NUMBER = (
    Direction.NONE,
    Direction.DOUBLE_UP,
    Direction.SINGLE_UP,
    Direction.FORTY_FIVE_UP,
    Direction.FLAT,
    Direction.FORTY_FIVE_DOWN,
    Direction.SINGLE_DOWN,
    Direction.DOUBLE_DOWN,
    Direction.NOT_COMPUTABLE,
    Direction.RATE_OUT_OF_RANGE,
)
"""Older servers send the trend as a number."""

_BY_WORD = {direction.replace(" ", "").lower(): direction for direction in _BY_NUMBER}

_INSTANT = re.compile(r"/?Date\((?P<ms>-?\d{1,15})(?:(?P<sign>[+-])(?P<hours>\d{2})(?P<minutes>\d{2}))?\)/?")


def entry_of(record: Any, account: str, now_ms: int) -> Document:
    """Return the entry for one record. Raises ``BadRecord``.

    ``ST`` (else ``WT``) is the true instant; ``DT`` carries the display's offset. Values below 39 are Dexcom's codes
    and are kept as Nightscout keeps them.
    """
    if not isinstance(record, Mapping):
        raise BadRecord("a record is not an object")
    measured = _instant_in(record.get("ST")) or _instant_in(record.get("WT"))
    if measured is None:
        raise BadRecord("a record has no time")
    at_ms = checked_instant(int(measured["ms"]), now_ms)
    return sensor_entry(
        identifier=identifier_of("dexcom_share", account, "sgv", at_ms),
        at_ms=at_ms,
        glucose_mgdl=glucose_of(record.get("Value")),
        device=DEVICE,
        direction=direction_of(record.get("Trend")),
        offset_min=_offset_of(_instant_in(record.get("DT"))),
    )


def direction_of(trend: Any) -> str | None:
    """Return Nightscout's word for a trend as word or number; None when there is none, never Flat for an unknown."""
    if trend is None or trend == "":
        return None
    word = str(trend).replace(" ", "").lower()
    if word.isdecimal():
        number = int(word)
        return (_BY_NUMBER[number] if number < len(_BY_NUMBER) else Direction.NOT_COMPUTABLE).value
    return _BY_WORD.get(word, Direction.NOT_COMPUTABLE).value


def _instant_in(value: Any) -> re.Match[str] | None:
    return _INSTANT.fullmatch(value.strip()) if isinstance(value, str) else None


def _offset_of(displayed: re.Match[str] | None) -> int | None:
    if displayed is None or displayed["sign"] is None:
        return None
    minutes = 60 * int(displayed["hours"]) + int(displayed["minutes"])
    return checked_offset(-minutes if displayed["sign"] == "-" else minutes)

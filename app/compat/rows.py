"""What v1 adds to a stored document on its way out, done on JSON bytes where that is certain to be right.

Entries get integer ``mills`` and a ``dateString`` where they lack them, treatments numeric ``carbs`` and ``insulin`` or
null, treatments and device status ``mills``. The rules are the functions on dicts; the functions on bytes give the same
and only read what a flat document can hold in one way: inside a JSON text a quote is always escaped, so ``,"date":`` is
a name of the outermost object when no second ``{`` occurs.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import orjson

from app.clock import datetime_of, iso_of
from app.records.numbers import js_number
from app.records.times import Instant, read_instant
from app.store.interface import Document

Row = Callable[[bytes], bytes]

_DATE = re.compile(rb',"date":(9[5-9]\d{10}|[1-9]\d{12})(?:\.\d+)?[,}]')
_CREATED_AT = re.compile(rb',"created_at":"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z)"')
_CARBS = re.compile(rb',"carbs":(?:-?\d|null)')
_INSULIN = re.compile(rb',"insulin":(?:-?\d|null)')


def completed_entry(entry: Document) -> Document:
    """Return an entry with ``mills`` and ``dateString``: apps read the one or the other, uploads bring neither."""
    instant = _instant_of(entry, "date", "dateString", "sysTime")
    if instant is None:
        return entry
    added: Document = {}
    if entry.get("mills") is None:
        added["mills"] = instant.at_ms
    if not entry.get("dateString"):
        added["dateString"] = instant.iso
    return entry | added


def completed_treatment(treatment: Document) -> Document:
    """Return a treatment with ``mills``, and ``carbs`` and ``insulin`` as numbers or null: apps insist on both."""
    added: Document = {name: _amount(treatment.get(name)) for name in ("carbs", "insulin")}
    if treatment.get("mills") is None:
        instant = _instant_of(treatment, "created_at", "date")
        if instant is not None:
            added["mills"] = instant.at_ms
    return treatment | added


def completed_device_status(status: Document) -> Document:
    """Return a device status with ``mills``, and without a ``pump`` that is null (LoopFollow crashes on it)."""
    completed = {name: value for name, value in status.items() if name != "pump" or value is not None}
    if status.get("mills") is None:
        instant = _instant_of(status, "created_at", "date")
        if instant is not None:
            completed["mills"] = instant.at_ms
    return completed


def in_its_zone(entry: Document) -> Document:
    """Return an entry with ``dateString`` in the uploader's zone, instead of ``utcOffset`` (``DE_NORMALIZE_DATES``)."""
    instant, offset_min = read_instant(entry.get("dateString")), entry.get("utcOffset")
    if instant is None or isinstance(offset_min, bool) or not isinstance(offset_min, int | float):
        return entry
    local = datetime_of(instant.at_ms) + timedelta(minutes=offset_min)
    sign, size = "-" if offset_min < 0 else "+", abs(int(offset_min))
    shown = f"{local:%Y-%m-%dT%H:%M:%S}.{instant.at_ms % 1000:03d}{sign}{size // 60:02d}:{size % 60:02d}"
    return {name: value for name, value in entry.items() if name != "utcOffset"} | {"dateString": shown}


def entry_row(row: bytes) -> bytes:
    """Do ``completed_entry`` on a JSON row."""
    found = _DATE.search(row) if row.count(b"{") == 1 else None
    if found is None or b',"mills":' in row:
        return _through(row, completed_entry)
    at = found[1]
    if b',"dateString":' not in row:
        return b'%b,"mills":%b,"dateString":"%b"}' % (row[:-1], at, iso_of(int(at)).encode())
    if b',"dateString":"2' not in row:
        return _through(row, completed_entry)
    return b'%b,"mills":%b}' % (row[:-1], at)


def treatment_row(row: bytes) -> bytes:
    """Do ``completed_treatment`` on a JSON row."""
    found = _CREATED_AT.search(row) if row.count(b"{") == 1 else None
    if found is None or b',"mills":' in row:
        return _through(row, completed_treatment)
    added = b""
    for name, amount in ((b"carbs", _CARBS), (b"insulin", _INSULIN)):
        if b',"%b":' % name not in row:
            added += b',"%b":null' % name
        elif not amount.search(row):
            return _through(row, completed_treatment)
    instant = read_instant(found[1].decode())
    if instant is None:
        return _through(row, completed_treatment)
    return b'%b%b,"mills":%d}' % (row[:-1], added, instant.at_ms)


def device_status_row(row: bytes) -> bytes:
    """Do ``completed_device_status`` on a JSON row: read, but written anew only where something is taken away."""
    status = orjson.loads(row)
    completed = completed_device_status(status)
    if completed.keys() - status.keys() == {"mills"} and len(completed) == len(status) + 1:
        return b'%b,"mills":%d}' % (row[:-1], completed["mills"])
    return row if completed == status else orjson.dumps(completed)


def _through(row: bytes, complete: Callable[[Document], Document]) -> bytes:
    return orjson.dumps(complete(orjson.loads(row)))


def _instant_of(document: Document, *names: str) -> Instant | None:
    return next((found for name in names if (found := read_instant(document.get(name)))), None)


def _amount(value: Any) -> float | None:
    if value is None or isinstance(value, bool | list | dict) or value == "":
        return None
    number = js_number(value)
    return number if number is not None and math.isfinite(number) else None

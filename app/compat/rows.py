"""What v1 adds to a stored document on its way out.

Entries get integer ``mills`` and a ``dateString`` where they lack them, treatments numeric ``carbs`` and ``insulin`` or
null, treatments and device status ``mills``. The rules are the functions on documents; the functions on JSON rows give
the same and do not write a row anew where adding to its end will do.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import orjson

from app.clock import datetime_of
from app.compat.quirks import quirk
from app.records.numbers import js_number
from app.records.times import Instant, read_instant
from app.store.interface import Document

Row = Callable[[bytes], bytes]

_DATE = b',"date":'
_DIGITS = 13
"""Those of epoch milliseconds from 2001 to 2286."""


@quirk("entries always have mills and dateString", "Trio", "py-nightscout", "oref0", "oh-my-posh")
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


@quirk("treatments always have carbs and insulin, null where there are none", "xDrip+", "nightguard")
def completed_treatment(treatment: Document) -> Document:
    """Return a treatment with ``mills``, and ``carbs`` and ``insulin`` as numbers or null: apps insist on both."""
    added: Document = {name: _amount(treatment.get(name)) for name in ("carbs", "insulin")}
    if treatment.get("mills") is None:
        instant = _instant_of(treatment, "created_at", "date")
        if instant is not None:
            added["mills"] = instant.at_ms
    return treatment | added


@quirk("a pump that is null is left out", "LoopFollow")
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
    """Do ``completed_entry`` on a JSON row, without reading it where it can mean but one thing.

    Inside a JSON text a quote is always escaped, so that in a document without another ``{`` the bytes ``,"date":`` are
    the name of a member and of nothing else. A day's worth of readings by the dozen makes this worth it.
    """
    at = row.find(_DATE) + len(_DATE)
    date, after = row[at : at + _DIGITS], row[at + _DIGITS : at + _DIGITS + 1]
    if (
        at > len(_DATE)
        and date.isdigit()
        and not date.startswith(b"0")
        and after in (b",", b".", b"}")
        and row.find(b"{", 1) < 0
        and b',"mills":' not in row
        and b',"dateString":"2' in row
    ):
        return b'%b,"mills":%b}' % (row[:-1], date)
    return _through(row, completed_entry)


def treatment_row(row: bytes) -> bytes:
    """Do ``completed_treatment`` on a JSON row."""
    return _through(row, completed_treatment)


def device_status_row(row: bytes) -> bytes:
    """Do ``completed_device_status`` on a JSON row."""
    return _through(row, completed_device_status)


def _through(row: bytes, complete: Callable[[Document], Document]) -> bytes:
    document = orjson.loads(row)
    completed = complete(document)
    added = {name: value for name, value in completed.items() if name not in document}
    if len(completed) == len(document) + len(added) and all(completed[name] is document[name] for name in document):
        return b"%b,%b" % (row[:-1], orjson.dumps(added)[1:]) if added else row
    return orjson.dumps(completed)


def _instant_of(document: Document, *names: str) -> Instant | None:
    return next((found for name in names if (found := read_instant(document.get(name)))), None)


def _amount(value: Any) -> float | None:
    if value is None or isinstance(value, bool | list | dict) or value == "":
        return None
    number = js_number(value)
    return number if number is not None and math.isfinite(number) else None

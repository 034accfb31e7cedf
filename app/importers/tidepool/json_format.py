"""Tidepool's JSON: records as its service gives them, or as its exporter writes them, flat and in a unit of choice."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from app.importers.bounded import Opened
from app.importers.format import How, Item, Rejected, Survey
from app.importers.json_records import Record, first_records, records_in
from app.importers.tidepool.items import ERROR, INCOMPLETE, Items
from app.importers.tidepool.rows import SETTINGS
from app.records.sources.tidepool.reading import TYPES
from app.records.sources.tidepool.record import text_of

_OTHER_TYPES = ("upload", "cgmSettings", "dosingDecision", "reportedState", "controllerSettings", "alert", "water")
_KNOWN = frozenset((*TYPES, *_OTHER_TYPES))
_LOOKED_AT = 200
_END_BYTES = 4096


class TidepoolJson:
    """Records of a Tidepool account as JSON."""

    name = "tidepool-json"
    title = "Tidepool (JSON)"

    def recognises(self, file: Opened) -> str | None:
        """See whether the first records are of types that Tidepool has."""
        types = {text_of(one.get("type")) for one in _first(file) if _is_tidepools(one)}
        if not types:
            return None
        return f"its records are of Tidepool's types ({', '.join(sorted(types)[:4])})"

    def survey(self, file: Opened) -> Survey:
        """Say in which unit glucose is; nothing has to be asked, for times are in UTC and each value names its unit."""
        first = _first(file)
        units = {text_of(one.get("units")) for one in first if one.get("type") in ("cbg", "smbg")} - {""}
        facts = [("Unit", ", ".join(sorted(units)))] if units else []
        devices = {text_of(one.get("deviceId")) for one in first} - {""}
        if devices:
            facts.append(("Devices", ", ".join(sorted(devices)[:5])[:300]))
        return Survey(tuple(facts), warnings=(INCOMPLETE,) if _is_broken_off(file) else ())

    def read(self, file: Opened, how: How) -> Iterator[Item]:
        """Yield every record; the file is gone through twice, since carbs and their bolus lie far apart in it."""
        items = Items(how)
        for record in _records(file):
            items.see(record.value, record.place)
        for record in _records(file):
            if record.why:
                yield Rejected(record.place, record.why)
            else:
                yield from items.of(record.value, record.place)
        yield from items.rest()


def _records(file: Opened) -> Iterator[Record]:
    return records_in(partial(file.open, None), file.unpacked_head, ())


def _first(file: Opened) -> list[Mapping[str, Any]]:
    found = first_records(file.unpacked_head, (), _LOOKED_AT)
    return [one.value for one in found if isinstance(one.value, dict)]


def _is_tidepools(record: Mapping[str, Any]) -> bool:
    type = text_of(record.get("type"))
    known = type in _KNOWN or type.startswith(f"{SETTINGS}.")
    return known and isinstance(record.get("time"), str) and "_id" not in record and "eventType" not in record


def _is_broken_off(file: Opened) -> bool:
    """Tell whether the exporter itself says at the end that it did not come to the end."""
    with file.path.open("rb") as raw:
        raw.seek(max(0, file.size - _END_BYTES))
        return f'"{ERROR}"'.encode() in raw.read(_END_BYTES)

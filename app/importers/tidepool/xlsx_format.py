"""Tidepool's workbook: a sheet for each type of records, as its web site exports them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from app.importers.bounded import Opened
from app.importers.format import How, Item, Said, Survey
from app.importers.tables import plain_header
from app.importers.tidepool.items import INCOMPLETE, Items
from app.importers.tidepool.rows import cell_of, header_of
from app.importers.workbook import MAIN, Sheet, is_workbook, sheets_of
from app.records.sources.tidepool.glucose import REPEATERS
from app.records.sources.tidepool.record import text_of

_ERROR_SHEET, _EMPTY_SHEET = "EXPORT ERROR", "NO DATA"
_COLUMNS = (b"Zulu Time", b"Tidepool Data Type")
_SEEN_SHEETS = frozenset(
    {
        *("bolus calculator", "smbg", "pump settings"),
        *("basal schedules", "bg targets", "carb ratios", "insulin sensitivities"),
    }
)
"""The sheets with records that others are joined with."""

_SENSORS_SHEET = "cgm"
_BYTES_AT_ONCE = 1 << 20

_UNIT_SHEETS = ("CGM", "SMBG")


class TidepoolXlsx:
    """A workbook exported from Tidepool's web site."""

    name = "tidepool-xlsx"
    title = "Tidepool (XLSX)"

    def recognises(self, file: Opened) -> str | None:
        """See whether the sheets or their columns are named as Tidepool names them."""
        if not is_workbook(file):
            return None
        main = file.member_named(MAIN)
        if main and f'"{_ERROR_SHEET}"'.encode() in file.member_head(main):
            return "its sheets are those of Tidepool's export"
        for member in file.members[:40]:
            head = file.member_head(member) if member.base.lower().endswith(".xml") else b""
            if all(name in head for name in _COLUMNS):
                return 'it has a column "Tidepool Data Type"'
        return None

    def survey(self, file: Opened) -> Survey:
        """Say what is in the workbook, and warn when Tidepool says that something is missing."""
        with sheets_of(file) as sheets:
            held = [sheet for sheet in sheets if sheet.name not in (_ERROR_SHEET, _EMPTY_SHEET)]
            facts = [("Sheets", ", ".join(sheet.name for sheet in held)[:300])] if held else []
            unit = next(filter(None, (_unit_of(sheet) for sheet in held if sheet.name in _UNIT_SHEETS)), "")
            if unit:
                facts.insert(0, ("Unit", unit))
            warnings = [INCOMPLETE for sheet in sheets if sheet.name == _ERROR_SHEET and sheet.is_visible]
            if not held:
                warnings.append("Tidepool found no data for this export.")
            return Survey(tuple(facts), warnings=tuple(warnings))

    def read(self, file: Opened, how: How) -> Iterator[Item]:
        """Yield every row. Sheets with records that others are joined with are gone through twice."""
        items = Items(how)
        seen = _SEEN_SHEETS | {_SENSORS_SHEET} if _has_repetitions(file) else _SEEN_SHEETS
        with sheets_of(file) as sheets:
            for sheet in sheets:
                if plain_header(sheet.name) in seen:
                    for place, record in _records(sheet):
                        items.see(record, place)
        with sheets_of(file) as sheets:
            for number, sheet in enumerate(sheets):
                if sheet.name == _ERROR_SHEET:
                    if sheet.is_visible:
                        yield Said(INCOMPLETE)
                    continue
                file.done_bytes = file.size * number // len(sheets)
                for place, record in _records(sheet):
                    yield from items.of(record, place)
        yield from items.rest()


def _records(sheet: Sheet) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the rows of a sheet as flat records, each with its place; none of a sheet without Tidepool's columns."""
    rows = sheet.rows()
    members = header_of(next(rows, (0, ()))[1])
    if not {"time", "type"} <= set(members.values()):
        return
    for number, row in rows:
        record = {name: cell_of(row[place]) for place, name in members.items() if place < len(row)}
        # Each sheet is of the flat form, whether its rows show it or not.
        yield f"{sheet.name}, row {number}", {"localTime": None, **record}


def _has_repetitions(file: Opened) -> bool:
    """Tell whether a pump that repeats a sensor is in the file: only then the longest sheet has to be read twice."""
    names = [name.encode() for name in REPEATERS]
    for member in file.members:
        if not member.base.lower().endswith(".xml"):
            continue
        before = b""
        with file.open(member) as unpacked:
            while piece := unpacked.read(_BYTES_AT_ONCE):
                text = (before + piece).lower()
                if any(name in text for name in names):
                    return True
                before = text[-max(map(len, names)) :]
    return False


def _unit_of(sheet: Sheet) -> str:
    return next((text_of(record.get("units")) for _, record in _records(sheet)), "")

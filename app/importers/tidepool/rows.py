"""The flat form in which Tidepool's exports write records, turned back into the form its service gives them.

A flat record has ``suppressed.rate`` where the service has an object, text of JSON where it has a larger one, minutes
where it has milliseconds, and one record for each step of a pump's schedules. Workbooks hold it under headers of words.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, time, timedelta
from typing import Any

from app.clock import iso_of
from app.importers.tables import plain_header
from app.records.sources.documents import DAY_MS, MINUTE_MS, BadRecord
from app.records.sources.tidepool.record import number_in, part_of, text_of
from app.records.times import read_instant

SETTINGS = "pumpSettings"

_AS_JSON = (
    *("payload", "annotations", "nutrition", "distance", "energy", "bolus", "basal", "display", "manufacturers"),
    *("deviceManufacturers", "deviceTags", "from", "to"),
)
"""Members that are written as text of JSON; ``bolus`` of a calculation is an id, and no JSON."""

_IN_MINUTES = ("basal", "bolus", "deviceEvent")
_LENGTHS = ("duration", "expectedDuration")
_LONGEST_MIN = 90 * 24 * 60
"""No basal of a file goes on for longer; a greater number is not in minutes."""

_SPECIAL: Mapping[str, str] = {
    "zulu time": "time",
    "tidepool data type": "type",
    "tidepool wizard type": "type",
    "duration (mins)": "duration",
    "expected duration (mins)": "expectedDuration",
    "bg target start": "bgTarget.start",
    "bg low target setting": "bgTarget.low",
    "bg high target setting": "bgTarget.high",
    "bg target setting": "bgTarget.target",
    "bg target range setting": "bgTarget.range",
    "bg target": "bgTarget.target",
    "bg target high": "bgTarget.high",
    "bg target low": "bgTarget.low",
    "bg units": "units.bg",
    "carb units": "units.carb",
}
_NESTED = ("suppressed", "recommended", "change", "reason", "basal schedule", "carb ratio", "insulin sensitivity")

_LISTS: Mapping[str, tuple[str, str]] = {
    "basalSchedules": ("basalSchedule", ""),
    "bgTarget": ("bgTarget", "bgTarget"),
    "bgTargets": ("bgTarget", "bgTarget"),
    "carbRatio": ("carbRatio", "carbRatio"),
    "carbRatios": ("carbRatio", "carbRatio"),
    "insulinSensitivity": ("insulinSensitivity", "insulinSensitivity"),
    "insulinSensitivities": ("insulinSensitivity", "insulinSensitivity"),
}
"""For each part of a pump's settings the member its step is in, and the list for those that are of no one profile."""

_BY_NAME: Mapping[str, str] = {
    "basalSchedule": "basalSchedules",
    "bgTarget": "bgTargets",
    "carbRatio": "carbRatios",
    "insulinSensitivity": "insulinSensitivities",
}
_SHARED = ("id", "time", "deviceId", "timezoneOffset", "activeSchedule", "bolus", "origin")


def member_for(header: str) -> str:
    """Return the member that a column of a workbook holds, by its header."""
    plain = plain_header(header)
    if plain in _SPECIAL:
        return _SPECIAL[plain]
    for name in _NESTED:
        if plain.startswith(name + " ") and plain != "carb ratio":
            return f"{_camel(name)}.{_camel(plain.removeprefix(name + ' '))}"
    return _camel(plain)


def cell_of(value: Any) -> Any:
    """Return a cell as a record has it: moments as text in UTC, lengths of time in days."""
    if isinstance(value, datetime):
        instant = read_instant(value)
        return iso_of(instant.at_ms) if instant else None
    if isinstance(value, time):
        return iso_of(((value.hour * 60 + value.minute) * 60 + value.second) * 1000)
    if isinstance(value, timedelta):
        return value / timedelta(days=1)
    return value


def is_flat(record: Mapping[str, Any]) -> bool | None:
    """Tell in which form a record is, None when nothing in it tells."""
    if "localTime" in record or text_of(record.get("type")).startswith(f"{SETTINGS}."):
        return True
    told = [record[name] for name in ("payload", "annotations", "nutrition") if record.get(name) is not None]
    if any(isinstance(value, str) for value in told) or any("." in name for name in record):
        return True
    nested = [record.get(name) for name in ("suppressed", "recommended", "origin", "units")]
    if told or "guid" in record or any(isinstance(value, Mapping) for value in nested):
        return False
    return None


class Form:
    """Finds out in which form the records of a file are, by all of them; each that tells counts for itself."""

    def __init__(self) -> None:
        self._flat = self._nested = 0
        self._longest = 0.0

    def see(self, record: Mapping[str, Any]) -> None:
        """Take note of a record."""
        found = is_flat(record)
        self._flat += found is True
        self._nested += found is False
        if record.get("type") == "basal":
            self._longest = max(self._longest, number_in(record.get("duration")) or 0)

    def is_flat(self, record: Mapping[str, Any]) -> bool:
        """Tell in which form a record is."""
        found = is_flat(record)
        if found is not None:
            return found
        if self._flat or self._nested:
            return self._flat > self._nested
        return 0 < self._longest <= _LONGEST_MIN


def nested(record: Mapping[str, Any]) -> dict[str, Any]:
    """Return a flat record as the service gives it."""
    made: dict[str, Any] = {}
    for name, value in record.items():
        if value is None or value == "":
            continue
        outer, _, inner = name.partition(".")
        if inner:
            held = made.setdefault(outer, {})
            if isinstance(held, dict):
                held[inner] = value
        else:
            made[name] = _parsed(value) if name in _AS_JSON and isinstance(value, str) else value
    kind = text_of(made.get("type"))
    for name in _LENGTHS if kind in _IN_MINUTES else ():
        length = number_in(made.get(name))
        if length is not None:
            made[name] = length * MINUTE_MS
    if kind == "physicalActivity" and number_in(made.get("duration")) is not None:
        made["duration"] = {"value": made["duration"], "units": "days"}
    return made


class Schedules:
    """Puts the settings of pumps together again, of which a flat file has a record for each step."""

    def __init__(self) -> None:
        self._settings: dict[tuple[str, str], dict[str, Any]] = {}
        self._places: dict[tuple[str, str], str] = {}

    def add(self, step: Mapping[str, Any], place: str) -> None:
        """Add a step (already nested). Raises ``BadRecord``."""
        part = text_of(step.get("type")).removeprefix(f"{SETTINGS}.")
        if part not in _LISTS:
            raise BadRecord("a part of a pump's settings is unknown")
        member, for_all = _LISTS[part]
        key = text_of(step.get("id")), text_of(step.get("time"))
        if not any(key):
            raise BadRecord("a part of a pump's settings does not say of which")
        whole = self._settings.setdefault(key, {"type": SETTINGS})
        self._places.setdefault(key, place)
        whole |= {name: step[name] for name in _SHARED if name in step}
        if isinstance(step.get("units"), Mapping):
            whole["units"] = {**part_of(whole, "units"), **step["units"]}
        value = part_of(step, member)
        value = {**value, "start": _start_ms(value.get("start"))}
        name = text_of(step.get("scheduleName"))
        if name or not for_all:
            whole.setdefault(_BY_NAME[member], {}).setdefault(name or "Default", []).append(value)
        else:
            whole.setdefault(for_all, []).append(value)

    def records(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Yield the settings as the service gives them, each with the place of its first step."""
        for key, whole in self._settings.items():
            yield self._places[key], whole


def header_of(row: Sequence[Any]) -> dict[int, str]:
    """Return the member each column of a workbook holds, by its place."""
    return {place: member_for(cell) for place, cell in enumerate(row) if isinstance(cell, str) and cell.strip()}


def _camel(words: str) -> str:
    first, *others = words.split() or [""]
    return first + "".join(word[:1].upper() + word[1:] for word in others)


def _parsed(text: str) -> Any:
    if not text.lstrip().startswith(("{", "[")):
        return text
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def _start_ms(start: Any) -> float:
    """Return when in the day a step begins: milliseconds, or a moment of the first of January 1970."""
    number = number_in(start)
    instant = None if number is not None else read_instant(start)
    if number is None and instant is None:
        raise BadRecord("a schedule of a pump has no times")
    return number if number is not None else float(instant.at_ms % DAY_MS if instant else 0)

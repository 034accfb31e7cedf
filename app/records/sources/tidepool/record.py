"""What every Tidepool record says of itself: its type, its moment, which record it is, what device and app made it."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from app.records.sources.acts import Act
from app.records.sources.documents import BadRecord, checked_instant, checked_offset, identifier_of
from app.records.times import read_instant

SOURCE = "nightlight-tidepool"
"""How documents name where they came from; a sensor's or an app's name may follow."""

_NAMES = ("id", "guid")

_SENSORS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"dexcom|\bdex(?=g\d|t|r|h)", re.IGNORECASE), "Dexcom"),
    (re.compile(r"libre|abbott", re.IGNORECASE), "FreeStyle Libre"),
    (re.compile(r"eversense|senseonics", re.IGNORECASE), "Eversense"),
    (re.compile(r"\bmmt-|medtronic|minimed|guardian|simplera", re.IGNORECASE), "Medtronic"),
)
_DEXCOMS_MODEL = re.compile(r"dex(?:com)?[\W_]*(?:com\.)?(?:dexcom\.)?(g[4-7])", re.IGNORECASE)

_APPS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"androidaps|\baaps\b", re.IGNORECASE), "AndroidAPS"),
    (re.compile(r"xdrip|dexdrip", re.IGNORECASE), "xDrip"),
    (re.compile(r"\btrio\b", re.IGNORECASE), "Trio"),
    (re.compile(r"\biaps\b|freeaps", re.IGNORECASE), "iAPS"),
    (re.compile(r"twiist", re.IGNORECASE), "twiist"),
    (re.compile(r"tidepool\.loop|tidepool loop", re.IGNORECASE), "Tidepool Loop"),
    (re.compile(r"\bloop\b|loopkit", re.IGNORECASE), "Loop"),
    (re.compile(r"tidepool", re.IGNORECASE), "Tidepool Mobile"),
    (re.compile(r"healthkit|com\.apple\.health", re.IGNORECASE), "Apple Health"),
)
_BUNDLE = re.compile(r"[A-Za-z][\w-]*(?:\.[\w-]+){1,6}", re.ASCII)
_LONGEST_BUNDLE = 60


@dataclass(frozen=True, slots=True)
class Record:
    """One record, its moment checked: ``at_ms`` is UTC epoch ms, ``offset_min`` local time's distance from UTC."""

    type: str
    fields: Mapping[str, Any]
    at_ms: int
    offset_min: int | None

    def get(self, name: str) -> Any:
        """Return a field, None where there is none."""
        return self.fields.get(name)

    def part(self, name: str) -> Mapping[str, Any]:
        """Return a field that is an object, an empty one where there is none."""
        return part_of(self.fields, name)

    @property
    def key(self) -> str:
        """Return what tells this record from all others of its type.

        Its ``id``, else its ``guid``, each with its second, for published data hold records that share one; else its
        moment, device and subtype.
        """
        second = self.at_ms // 1000  # a spreadsheet may have lost the rest
        for name in _NAMES:
            found = self.fields.get(name)
            if isinstance(found, str) and found.strip():
                return f"{found.strip()}|{second}"
        return f"{second}|{text_of(self.fields.get('deviceId'))}|{text_of(self.fields.get('subType'))}"

    def identifier(self, kind: str = "") -> str:
        """Return the identifier of a document made of it; ``kind`` tells several of one record apart.

        No account is in it: a file does not name one, and the same record is to be the same document.
        """
        return identifier_of("tidepool", "", kind or self.type, self.key)

    def act(self, kind: str = "", notes: str = "") -> Act:
        """Return what every treatment made of it says of itself."""
        return Act(
            identifier=self.identifier(kind),
            at_ms=self.at_ms,
            entered_by=entered_by(self.fields),
            offset_min=self.offset_min,
            notes=notes,
        )


def type_of(fields: Any) -> str:
    """Return the type of a record, "" for what is none. Raises ``BadRecord`` for what is no object."""
    if not isinstance(fields, Mapping):
        raise BadRecord("a record is not an object")
    found = fields.get("type")
    return found if isinstance(found, str) else ""


def moment_of(fields: Mapping[str, Any]) -> tuple[int, int]:
    """Return the moment of a record (UTC epoch ms) and the offset its text was written in, in minutes.

    Raises ``BadRecord``.
    """
    written = fields.get("time")
    instant = read_instant(written) if isinstance(written, str) else None
    if instant is None:
        raise BadRecord("a record has no time")
    return instant.at_ms, instant.offset_min


def record_of(fields: Any, now_ms: int) -> Record:
    """Return a record with its moment. Raises ``BadRecord`` for none, or one that cannot be."""
    type = type_of(fields)
    at_ms, written_offset_min = moment_of(fields)
    told = number_in(fields.get("timezoneOffset"))
    offset_min = checked_offset(told) if told is not None else written_offset_min or None
    return Record(type, fields, checked_instant(at_ms, now_ms), offset_min)


def number_in(value: Any) -> float | None:
    """Return a number, also one written as text, None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def text_of(value: Any) -> str:
    """Return a text without what surrounds it, "" for anything else."""
    return value.strip() if isinstance(value, str) else ""


def part_of(fields: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """Return a field that is an object, an empty one where there is none."""
    found = fields.get(name)
    return found if isinstance(found, Mapping) else {}


def entered_by(fields: Mapping[str, Any]) -> str:
    """Return who a treatment is entered by: Tidepool, and the app that brought it there where it is known."""
    app = _app_of(fields)
    return f"{SOURCE} via {app}" if app else SOURCE


def device_of(fields: Mapping[str, Any]) -> str:
    """Return the device of a reading: Tidepool, the sensor and the app that brought it, as far as they are known."""
    sensor, app = _sensor_of(fields), _app_of(fields)
    return " ".join(part for part in (SOURCE, sensor, f"via {app}" if app else "") if part)


def _sensor_of(fields: Mapping[str, Any]) -> str:
    told = " ".join((text_of(fields.get("deviceId")), *_origin_texts(fields)))
    for pattern, name in _SENSORS:
        if pattern.search(told):
            model = _DEXCOMS_MODEL.search(told) if name == "Dexcom" else None
            return f"{name} {model[1].upper()}" if model else name
    return ""


def _app_of(fields: Mapping[str, Any]) -> str:
    told = list(_origin_texts(fields))
    for pattern, name in _APPS:
        if any(pattern.search(text) for text in told):
            return name
    # An app we have no name for goes by its own; a device's name may be a person's, and is left out.
    return next(filter(_is_app, told), "")


def _is_app(text: str) -> bool:
    said_already = any(pattern.search(text) for pattern, _ in _SENSORS)
    return len(text) <= _LONGEST_BUNDLE and bool(_BUNDLE.fullmatch(text)) and not said_already


def _origin_texts(fields: Mapping[str, Any]) -> Iterator[str]:
    """Yield what a record says of the app it comes from: its origin, and where Apple Health had it from."""
    origin = part_of(fields, "origin")
    payload = part_of(origin, "payload")
    source = part_of(part_of(payload, "sourceRevision"), "source")
    device = part_of(payload, "device")
    told = (origin.get("name"), source.get("bundleIdentifier"), device.get("manufacturer"), device.get("model"))
    yield from filter(None, map(text_of, told))

"""What CareLink shows of one person, read through all its layouts: wrapped or bare, deep or flat, numbers or texts."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.records.sources.documents import BadRecord
from app.uploaders.errors import SchemaChanged

Payload = Mapping[str, Any]

_KNOWN_BY = ("sgs", "markers", "lastSG", "medicalDeviceFamily", "lastConduitDateTime", "currentServerTime")
_OLD_FORMS = ("%b %d, %Y %H:%M:%S", "%Y/%m/%d %H:%M:%S")
_TIMES = ("timestamp", "datetime", "dateTime")


def patient_data(told: Any) -> Payload | None:
    """Return the payload of an answer, None when nothing was uploaded lately. Raises ``SchemaChanged``."""
    if told is None or told == {}:
        return None
    if not isinstance(told, Mapping):
        raise SchemaChanged("CareLink's answer is no data of a person")
    inner = told.get("patientData", told)
    if not inner:
        return None
    if not isinstance(inner, Mapping) or not any(name in inner for name in _KNOWN_BY):
        raise SchemaChanged("CareLink's answer holds none of the data it used to")
    return inner


def number_of(value: Any) -> float | None:
    """Return a number that may come as a text, with a point or a comma; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value.strip().replace(",", ".") if isinstance(value, str) else value)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def flag_of(value: Any) -> bool | None:
    """Return a yes or no that may come as a text; None for anything else."""
    if isinstance(value, str):
        return {"true": True, "false": False}.get(value.strip().lower())
    return value if isinstance(value, bool) else None


def word_of(value: Any) -> str:
    """Return one of the vendor's words in capitals without blanks and underscores, "" for anything but a text."""
    return "".join(letter for letter in value.upper() if letter.isalnum()) if isinstance(value, str) else ""


def local_time(value: Any) -> datetime:
    """Return a local time as the pump's clock showed it, whatever zone is written behind it. Raises ``BadRecord``."""
    if not isinstance(value, str) or not value.strip():
        raise BadRecord("a record has no time")
    text = value.strip()
    try:
        # Old servers write "Z" or "-00:00" behind a local time: it never means UTC.
        return datetime.fromisoformat(text).replace(tzinfo=None, microsecond=0)
    except ValueError:
        pass
    for form in _OLD_FORMS:
        try:
            return datetime.strptime(text, form)  # noqa: DTZ007  (a wall clock's time has no zone)
        except ValueError:
            continue
    raise BadRecord("a record's time cannot be read")


def time_in(record: Mapping[str, Any], *more: str) -> datetime:
    """Return the local time of a record, under whichever name; ``more`` names go first. Raises ``BadRecord``."""
    return local_time(next((record[name] for name in (*more, *_TIMES) if record.get(name)), None))


@dataclass(frozen=True, slots=True)
class Marker:
    """One marker: its type in ``word_of`` form and its values, wherever they stood."""

    type: str
    values: Mapping[str, Any]

    @property
    def local(self) -> datetime:
        """Return when it was, on the pump's clock. Raises ``BadRecord``."""
        return time_in(self.values)

    def number(self, *names: str) -> float | None:
        """Return the first of some values that is a number."""
        return next((number for name in names if (number := number_of(self.values.get(name))) is not None), None)


def markers_in(payload: Payload) -> Iterator[Marker | None]:
    """Yield the markers in their order, None for one that is none."""
    listed = payload.get("markers")
    for one in listed if isinstance(listed, list) else ():
        yield _marker(one)


def readings_in(payload: Payload) -> list[Any]:
    """Return what stands for sensor readings, oldest first as the vendor lists them, the newest one among them."""
    listed, last = payload.get("sgs"), payload.get("lastSG")
    found = list(listed) if isinstance(listed, list) else []
    return [*found, last] if isinstance(last, Mapping) and last not in found else found


def _marker(one: Any) -> Marker | None:
    if not isinstance(one, Mapping):
        return None
    data = one.get("data")
    deep = data.get("dataValues", data) if isinstance(data, Mapping) else None
    flat = {name: value for name, value in one.items() if name != "data" and value is not None}
    return Marker(word_of(one.get("type")), {**(deep if isinstance(deep, Mapping) else {}), **flat})

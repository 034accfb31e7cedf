"""Values as Nightscout's clients read them: JavaScript's numbers, hex ids, ISO times, and nothing that is secret."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from app.clock import iso_of
from app.glucose.nightscout_texts import js_number
from app.records.times import read_instant

SECRET_NAMES = frozenset(
    ["apnsKey", "apnsKeyId", "developerTeamId", "userName", "password", "obscured", "obscureDeviceProvenance"]
)
"""What is published nowhere, at whatever depth it stands."""


def on_wire(value: Any, *, hidden: frozenset[str] = frozenset()) -> Any:
    """Return a value of documents for JSON: whole numbers without a fraction, and members by these names left out."""
    if isinstance(value, Mapping):
        return {str(name): on_wire(inner, hidden=hidden) for name, inner in value.items() if name not in hidden}
    if isinstance(value, list | tuple):
        return [on_wire(inner, hidden=hidden) for inner in value]
    if value is None or isinstance(value, str | bool):
        return value
    if isinstance(value, int | float):
        return js_number(value)
    if isinstance(value, datetime):
        instant = read_instant(value)
        return instant.iso if instant else None
    return str(value)


def given(**members: Any) -> dict[str, Any]:
    """Return an object of the members that are there; one that is None is left out, as JavaScript does."""
    return {name: value for name, value in members.items() if value is not None}


def iso(at_ms: int | None) -> str | None:
    """Return a moment as ISO text."""
    return None if at_ms is None else iso_of(at_ms)

"""``/ddata/at/:when``: the runtime data of now, or of a moment of the past."""

from __future__ import annotations

from flask import Blueprint, Response

from app.compat.answers import json_answer
from app.compat.runtime_set import runtime_set
from app.compat.services import present, present_at
from app.compat.wire import on_wire
from app.errors import BadQuery
from app.identity.door import requires
from app.records.times import MS_2000, read_instant

_LIVE_MS = 5 * 60_000
_LAST_MS = 250_000_000_000_000  # the windows around a later moment would end after the year 9999


def add_routes(v2: Blueprint) -> None:
    """Add the routes of runtime data."""
    v2.add_url_rule("/ddata/at", view_func=show_runtime_data)
    v2.add_url_rule("/ddata/at/<when>", view_func=show_runtime_data)


@requires("api:entries:read", "api:treatments:read")
def show_runtime_data(when: str = "") -> Response:
    """Answer with everything of two days: up to ``when``, or live without it and within five minutes of now."""
    live = present()
    at_ms = _moment(when) if when else live.now_ms
    if abs(at_ms - live.now_ms) <= _LIVE_MS:
        return json_answer(on_wire(runtime_set(live)))
    page = {"page": {"frame": True, "after": at_ms}}
    return json_answer(on_wire(runtime_set(present_at(at_ms)) | page))


def _moment(when: str) -> int:
    # A "+" that nobody escaped arrives as a blank.
    instant = read_instant(when) or read_instant("+".join(when.rsplit(" ", 1)))
    if instant is None or not MS_2000 <= instant.at_ms <= _LAST_MS:
        raise BadQuery(f"Cannot parse {when!r} as a valid ISO-8601 date")
    return instant.at_ms

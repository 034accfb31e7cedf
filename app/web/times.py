"""Moments and spans as templates write them: ``{{ at_ms|moment }}``, ``{{ at_ms|ago }}``, ``{{ at_ms|ahead }}``.

Moments are told in the zone of the person whose data this is: everybody in the house means the same three o'clock.
"""

from __future__ import annotations

from zoneinfo import ZoneInfo

from flask import Flask, g

from app.clock import datetime_of, iso_of
from app.glucose.moments import moment_text
from app.glucose.words import age_text, span_text
from app.identity.door import house
from app.records.person import read_person


def person_zone() -> ZoneInfo:
    """Return the zone of the person, read once for a request."""
    if "person_zone" not in g:
        g.person_zone = ZoneInfo(read_person(house().store, house().settings).zone)
    zone: ZoneInfo = g.person_zone
    return zone


def moment(at_ms: int) -> str:
    """Return a moment (UTC epoch ms) in the person's zone, ``02:31`` or ``Tue 02:31``."""
    return moment_text(at_ms, house().clock.now_ms(), person_zone())


def day(at_ms: int) -> str:
    """Return the day of a moment in the person's zone, ``14 Mar 2026``."""
    local = datetime_of(at_ms).astimezone(person_zone())
    return f"{local.day} {local:%b %Y}"


def ago(at_ms: int | None) -> str:
    """Return how long ago a moment was, ``never`` for None."""
    return "never" if at_ms is None else age_text(house().clock.now_ms() - at_ms)


def ahead(at_ms: int) -> str:
    """Return how far ahead a moment is, ``47 h 59 min``, and "now" for one that has come."""
    left_ms = at_ms - house().clock.now_ms()
    return f"in {span_text(left_ms)}" if left_ms >= 60_000 else "now"


def register(app: Flask) -> None:
    """Give templates the filters."""
    app.jinja_env.filters.update(moment=moment, day=day, ago=ago, ahead=ahead, iso=iso_of)

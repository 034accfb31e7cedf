"""Where the person was: journeys and former homes, by which local times of devices and files are placed."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask import Blueprint, Flask, redirect, render_template, request, url_for
from marshmallow import fields
from werkzeug.wrappers import Response as BaseResponse

from app.clock import datetime_of
from app.errors import NightlightError
from app.glucose.wall_clock import WallClock
from app.identity import audit
from app.identity.door import guard, house, present_actor, requires
from app.records.person import read_person, save_person
from app.records.times import zone_named
from app.records.zones import Stay, read_stays, save_stays, wall_clock, with_stay, without_stay
from app.web.forms import Form, Line, Misfilled, again, read
from app.web.identify import member, peer
from app.web.person import MANAGES_PERSON

blueprint = Blueprint("zones", __name__, url_prefix="/person/zones")
guard(blueprint, member)


class StayForm(Form):
    """A zone, since when, and until when unless for good."""

    zone = Line("Enter a time zone, for instance America/New_York.", most=60)
    since = Line("Enter when it began.", most=30)
    until = fields.String(load_default="")


@blueprint.get("")
@requires(MANAGES_PERSON)
def page() -> str:
    """Show where the person was."""
    return render_template("zones.html", **_shown())


@blueprint.post("")
@requires(MANAGES_PERSON)
def add() -> BaseResponse:
    """Add a journey, or another home."""
    shared = house()
    try:
        stay, until_ms = _stay_entered()
        person = read_person(shared.store, shared.settings)
        stays = with_stay(read_stays(shared.store), person.zone, stay, until_ms)
        _tell()
        save_stays(shared.store, stays, present_actor())
        if until_ms is None:
            save_person(shared.store, replace(person, zone=stay.zone), present_actor())
    except NightlightError as refused:
        return again("zones.html", refused, **_shown())
    return redirect(url_for(".page"), 303)


@blueprint.post("/remove")
@requires(MANAGES_PERSON)
def remove() -> BaseResponse:
    """Take one out again."""
    shared = house()
    _tell()
    typed = request.form.get("from_ms", "")
    from_ms = int(typed) if typed.isdecimal() and len(typed) < 16 else -1
    save_stays(shared.store, without_stay(read_stays(shared.store), from_ms), present_actor())
    return redirect(url_for(".page"), 303)


def _stay_entered() -> tuple[Stay, int | None]:
    shared, entered = house(), read(StayForm)
    zone = zone_named(entered["zone"])
    if zone is None:
        raise Misfilled({"zone": "There is no such time zone. For instance: America/New_York."})
    # Somebody notes when he left by the clock of where he left.
    from_ms = wall_clock(shared.store, shared.settings).place(_time(entered["since"], "since")).at_ms
    if not entered["until"]:
        return Stay(from_ms, zone), None
    until_ms = WallClock.in_zone(ZoneInfo(zone)).place(_time(entered["until"], "until")).at_ms
    if until_ms <= from_ms:
        raise Misfilled({"until": "It ends before it begins."})
    return Stay(from_ms, zone), until_ms


def _time(typed: str, field: str) -> datetime:
    try:
        local = datetime.fromisoformat(typed)
        if not 1970 < local.year < 2200:
            raise ValueError
    except ValueError:
        raise Misfilled({field: "Enter a day and a time, for instance 2026-07-10 12:00."}) from None
    return local.replace(tzinfo=None)


def _tell() -> None:
    shared = house()
    audit.record(shared.store, shared.clock, present_actor(), "person changed", peer=peer())


def _shown() -> dict[str, Any]:
    shared = house()
    stays = read_stays(shared.store)
    return {
        "person": read_person(shared.store, shared.settings),
        "stays": [(one, _since_text(one)) for one in stays],
    }


def _since_text(stay: Stay) -> str:
    if stay.from_ms <= 0:
        return "at first"
    local = datetime_of(stay.from_ms).astimezone(ZoneInfo(stay.zone))
    return f"from {local.day} {local:%b %Y, %H:%M}"


def register(app: Flask) -> None:
    """Serve the page."""
    app.register_blueprint(blueprint)

"""Whose data this is: name, zone, unit and limits."""

from __future__ import annotations

from dataclasses import astuple
from typing import Any

from flask import Blueprint, Flask, redirect, render_template, url_for
from marshmallow import ValidationError, fields, validates
from werkzeug.wrappers import Response as BaseResponse

from app.errors import NightlightError
from app.glucose.display import glucose_text
from app.glucose.thresholds import Thresholds, thresholds_in
from app.glucose.units import Unit
from app.identity import audit
from app.identity.door import guard, house, present_actor, requires
from app.records.person import LONGEST_NAME, Person, read_person, save_person
from app.records.times import zone_named
from app.web.forms import Form, Line, Misfilled, OneOf, again, read
from app.web.identify import member, peer

MANAGES_PERSON = "web:person:manage"
UNITS = {"mgdl": Unit.MGDL, "mmol": Unit.MMOLL}
LIMITS = ("very_low", "bottom", "top", "very_high")
_LIMIT_SETTINGS = frozenset({"BG_LOW", "BG_TARGET_BOTTOM", "BG_TARGET_TOP", "BG_HIGH"})
SENSIBLE_MGDL = (40, 400)
"""Limits outside what sensors measure would never be met."""

blueprint = Blueprint("person", __name__, url_prefix="/person")
guard(blueprint, member)


class _Limit(fields.Float):
    """A number, typed with a point or a comma."""

    WANTED = "Enter a number."

    def __init__(self) -> None:
        super().__init__(required=True, error_messages=dict.fromkeys(("required", "invalid", "special"), self.WANTED))

    def _deserialize(self, value: Any, attr: str | None, data: Any, **more: Any) -> float:
        return super()._deserialize(str(value).replace(",", "."), attr, data, **more)


class PersonForm(Form):
    """Who this is about. The limits come once in each unit; those of the chosen unit count."""

    name = Line("Enter a name.", most=LONGEST_NAME)
    zone = Line("Enter a time zone, for instance Europe/Berlin.", most=60)
    unit = OneOf(*UNITS)

    @validates("zone")
    def is_known(self, zone: str, **_: Any) -> None:
        """Refuse what is no zone."""
        if zone_named(zone) is None:
            raise ValidationError("There is no such time zone. For instance: Europe/Berlin.")


class LimitsForm(Form):
    """Four limits in the chosen unit."""

    very_low = _Limit()
    bottom = _Limit()
    top = _Limit()
    very_high = _Limit()


@blueprint.get("")
@requires(MANAGES_PERSON)
def page() -> str:
    """Show what is known of the person."""
    return render_template("person.html", **_shown())


@blueprint.post("")
@requires(MANAGES_PERSON)
def save() -> BaseResponse:
    """Keep it."""
    shared = house()
    try:
        person = _person_entered()
        audit.record(shared.store, shared.clock, present_actor(), "person changed", peer=peer())
        save_person(shared.store, person, present_actor())
    except NightlightError as refused:
        return again("person.html", refused, **_shown())
    return redirect(url_for("glance.page"), 303)


def _person_entered() -> Person:
    entered = read(PersonForm)
    unit = UNITS[entered["unit"]]
    limits = read(LimitsForm, suffix=f"_{entered['unit']}")
    try:
        thresholds = thresholds_in(unit, **limits)
    except (ValueError, OverflowError):
        raise Misfilled({"limits": "Each limit must be higher than the one before."}) from None
    lowest, highest = SENSIBLE_MGDL
    if not lowest <= thresholds.very_low <= thresholds.very_high <= highest:
        texts = (glucose_text(limit, unit) for limit in SENSIBLE_MGDL)
        raise Misfilled({"limits": f"Limits lie between {' and '.join(texts)} {unit}."})
    return Person(entered["name"], entered["zone"], unit, thresholds)


def _shown() -> dict[str, Any]:
    """Return the person for the form; where nobody has set any limits yet, with those of the consensus."""
    shared = house()
    person = read_person(shared.store, shared.settings)
    is_new = not person.name
    limits = Thresholds() if is_new and not shared.settings.given & _LIMIT_SETTINGS else person.thresholds
    return {
        "person": person,
        "is_new": is_new,
        "unit": next(value for value, unit in UNITS.items() if unit is person.unit),
        "limits": {
            value: dict(zip(LIMITS, (glucose_text(limit, unit) for limit in astuple(limits)), strict=True))
            for value, unit in UNITS.items()
        },
        "units": UNITS,
    }


def register(app: Flask) -> None:
    """Serve the page."""
    app.register_blueprint(blueprint)

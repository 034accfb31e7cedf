"""``/pebble``: what a watch shows. Every type is as the first Pebble watches read it, for they still do."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, request

from app.compat.answers import json_answer
from app.compat.directions import direction_word, trend_number
from app.compat.kept_answers import OF_THE_PRESENT_MS, PRESENT, kept
from app.compat.parameters import parameters
from app.compat.quirks import quirk
from app.compat.services import present, surface
from app.compat.v2.properties.doses import bwp, cob, iob
from app.compat.wire import on_wire
from app.features import Features
from app.glucose.nightscout_texts import fixed_text, js_text
from app.glucose.numbers import figure
from app.glucose.units import Unit, in_unit
from app.identity.door import house, requires
from app.live.measurements import Measurement
from app.live.present import Present
from app.live.uploader_batteries import last_percent
from app.records.numbers import leading_integer

Row = dict[str, Any]

_RAW_FIELDS = ("filtered", "unfiltered", "noise")
_LINE_FIELDS = ("slope", "intercept", "scale")


def blueprint() -> Blueprint:
    """Return a new blueprint with the route of watches, relative to the root."""
    made = Blueprint("pebble", __name__)
    made.add_url_rule("/pebble/", view_func=show_watch, strict_slashes=False)
    return made


@requires("api:pebble:read", "api:entries:read")
@kept(*PRESENT, longest_ms=OF_THE_PRESENT_MS)
def show_watch() -> Response:
    """Answer with the newest readings, and beside the first what else a watch shows."""
    asked, known = parameters(request), present()
    unit = Unit.MMOLL if asked.get("units") == "mmol" else Unit.MGDL
    body = {"status": [{"now": house().clock.now_ms()}], **watch(known, surface().features, unit, _count(asked))}
    return json_answer(on_wire(body))


@quirk("numbers are text where the first Pebble watches read text", "GlucoDataHandler", "Pebble watches")
def watch(known: Present, features: Features, unit: Unit, count: int) -> dict[str, list[Row]]:
    """Return the newest ``count`` readings of two days in ``unit``, newest first, and the calibration behind them."""
    cals = known.calibrations[-1:] if features.on("rawbg") else ()
    rows = [_row(one, unit, with_raw=bool(cals)) for one in reversed(known.sensor[-count:])]
    if rows:
        rows[0] |= _extras(known, features, unit)
    lines = [{name: figure(one.document.get(name)) for name in _LINE_FIELDS} for one in cals]
    return {"bgs": rows, "cals": lines}


def _count(asked: dict[str, Any]) -> int:
    given = asked.get("count")
    return max(leading_integer(given[0] if isinstance(given, list) and given else given) or 1, 1)


def _row(measured: Measurement, unit: Unit, *, with_raw: bool) -> Row:
    told = measured.reading.direction
    row: Row = {
        "sgv": fixed_text(in_unit(measured.mgdl, unit), unit.digits),
        "trend": trend_number(told),
        **({"direction": direction_word(told)} if told else {}),
        "datetime": measured.at_ms,
    }
    if with_raw:
        row |= {name: measured.document[name] for name in _RAW_FIELDS if name in measured.document}
    return row


def _extras(known: Present, features: Features, unit: Unit) -> Row:
    change = known.delta.scaled(unit) if known.delta else 0
    extras: Row = {"bgdelta": fixed_text(change, 1) if unit is Unit.MMOLL else change}
    battery = last_percent(known.statuses)
    if battery is not None:
        extras["battery"] = js_text(battery)
    if features.on("iob"):
        on_board = iob(known)
        preview = bwp(known, unit, {"iob": on_board})
        extras["iob"] = on_board.get("display", 0)
        if "errors" not in preview:
            extras |= {"bwp": preview["bolusEstimateDisplay"], "bwpo": preview["outcomeDisplay"]}
    if features.on("cob"):
        extras["cob"] = cob(known).get("display", 0)
    return extras

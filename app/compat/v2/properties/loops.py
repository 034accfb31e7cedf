"""``openaps`` and ``loop``: what loops last did."""

from __future__ import annotations

from typing import Any

from app.compat.wire import given, iso
from app.live.loop_status import LoopCode, Said
from app.live.openaps_status import Rig
from app.live.present import Present
from app.live.statuses import device_name

Property = dict[str, Any]

_SYMBOLS = {
    LoopCode.ERROR: ("x", "Error"),
    LoopCode.NOT_ENACTED: ("x", "Not Enacted"),
    LoopCode.ENACTED: ("⌁", "Enacted"),
    LoopCode.RECOMMENDATION: ("⏀", "Recomendation"),
    LoopCode.LOOPING: ("↻", "Looping"),
    LoopCode.WAITING: ("◉", "Waiting"),
    LoopCode.WARNING: ("⚠", "Warning"),
}


def openaps(present: Present) -> Property:
    """Return what rigs and AndroidAPS suggested, enacted, and how that goes."""
    found = present.openaps
    last = found.last_loop
    eventual = last.part.get("eventualBG") if last else None
    return {
        "seenDevices": {rig.uri: _rig(rig) for rig in found.rigs},
        "lastEnacted": _said(found.enacted),
        "lastNotEnacted": _said(found.not_enacted),
        "lastSuggested": _said(found.suggested),
        "lastIOB": _iob(found.iob),
        "lastMMTune": _said(found.mmtune),
        "lastPredBGs": _said(found.predictions),
        **given(lastLoopMoment=iso(last.at_ms) if last else None, lastEventualBG=eventual),
        "status": _display(found.code),
    }


def loop(present: Present) -> Property:
    """Return Loop's last run, what it enacted and expects, and how that goes."""
    found = present.loop
    return {
        "lastLoop": _said(found.run),
        "lastEnacted": _said(found.enacted),
        "lastPredicted": found.predicted,
        "lastOkMoment": iso(found.ok_ms),
        **given(lastOverride=_said(found.override)),
        "display": _display(found.code),
    }


def _said(said: Said | None) -> Property | None:
    return {**said.part, "moment": iso(said.at_ms)} if said else None


def _iob(said: Said | None) -> Property | None:
    property = _said(said)
    if property and property.get("time"):
        property["timestamp"] = property["time"]
    return property


def _rig(rig: Rig) -> Property:
    status = _display(rig.code) | {"when": iso(rig.at_ms)}
    return {"name": device_name(rig.uri), "uri": rig.uri, "status": status} | given(mmtune=_said(rig.mmtune))


def _display(code: LoopCode) -> Property:
    symbol, label = _SYMBOLS[code]
    return {"symbol": symbol, "code": code.value, "label": label}

"""``/summary``: some hours of readings, doses and basal, and the state of now, small enough for a watch."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, request

from app.compat.answers import json_answer
from app.compat.kept_answers import OF_THE_PRESENT_MS, PRESENT, kept
from app.compat.parameters import parameters
from app.compat.services import present, surface
from app.compat.v2.properties.table import properties_of
from app.compat.wire import given, on_wire
from app.features import Features
from app.glucose.numbers import figure
from app.glucose.units import half_up
from app.identity.door import requires
from app.live.basal_course import basal_course
from app.live.enrichment import enriched
from app.live.measurements import Measurement
from app.live.present import Present
from app.live.uploader_batteries import lowest_charge

Part = dict[str, Any]

_HOUR_MS = 3_600_000
_HOURS, _MOST_HOURS = 6, 48
_CLEAN = 1
_NOT_TOLD = frozenset({"timeAsSeconds"})


def add_routes(v2: Blueprint) -> None:
    """Add the route of the summary."""
    v2.add_url_rule("/summary", view_func=show_summary)


@requires("api:*:read")
@kept(*PRESENT, longest_ms=OF_THE_PRESENT_MS)
def show_summary() -> Response:
    """Answer with the last ``hours`` (6, at most the 48 that are at hand) and the state of now."""
    hours = figure(parameters(request).get("hours"))
    wanted = min(hours, _MOST_HOURS) if hours is not None and hours > 0 else _HOURS
    return json_answer(on_wire(summary(present(), surface().features, wanted), hidden=_NOT_TOLD))


def summary(known: Present, features: Features, hours: float) -> Part:
    """Return the summary of a present."""
    from_ms = known.now_ms - int(hours * _HOUR_MS)
    return {
        "sgvs": [_sgv(one) for one in known.sensor if one.at_ms >= from_ms],
        "treatments": {
            "tempBasals": _basals(known, from_ms),
            "treatments": _doses(known, from_ms),
            "targets": _targets(known),
        },
        "profile": _profile(known),
        "state": _state(known, properties_of(known, features)),
    }


def _sgv(measured: Measurement) -> Part:
    noise = measured.document.get("noise")
    reading = {"sgv": half_up(measured.mgdl), "mills": measured.at_ms}
    return reading | (given(noise=noise) if noise != _CLEAN else {})


def _basals(known: Present, from_ms: int) -> list[Part]:
    return [
        {
            "start": stretch.from_ms,
            "duration": (stretch.until_ms - stretch.from_ms) / 1000,
            "absolute": half_up(stretch.u_per_h, 3),
            **({"profile": 1} if stretch.scheduled else {}),
        }
        for stretch in basal_course(known, from_ms)
    ]


def _doses(known: Present, from_ms: int) -> list[Part]:
    return [
        {"mills": treated.at_ms} | given(carbs=treated.carbs_g or None, insulin=treated.insulin_u or None)
        for treated in known.treatments
        if (treated.carbs_g or treated.insulin_u) and from_ms <= treated.at_ms <= known.now_ms
    ]


def _targets(known: Present) -> list[Part]:
    targets = enriched(known.treatments, known.sensor, known.person.unit).temp_targets
    return [
        given(**{name: _whole(target.get(name)) for name in ("targetTop", "targetBottom")})
        | {"duration": target["duration"] * 60, "mills": target["mills"]}
        for target in targets
    ]


def _whole(value: object) -> float | None:
    found = figure(value)
    return None if found is None else half_up(found)


def _profile(known: Present) -> Part:
    """Return the profile in force as it was stored, or as the switch to it brought it along."""
    document, name = known.profiles.document_at(known.now_ms), known.profiles.name_at(known.now_ms)
    if document is None or name is None:
        return {}
    store, switch = document.get("store"), known.profiles.switch_at(known.now_ms)
    if not isinstance(store, Mapping):
        return dict(document)
    found = store.get(name)
    if found is None and switch is not None:
        found = json.loads(switch.profile_json or "{}")
    return dict(found) if isinstance(found, Mapping) else {}


def _state(known: Present, properties: Mapping[str, Any]) -> Part:
    """Return the present in single numbers; what is not known is left out."""
    preview, lowest = properties.get("bwp", {"errors": True}), lowest_charge(known.uploaders)
    sage = properties.get("sage", {})
    return given(
        iob=_rounded(properties.get("iob", {}).get("iob"), 2),
        cob=_rounded(properties.get("cob", {}).get("cob"), 0),
        bwp=None if "errors" in preview else _rounded(preview["bolusEstimate"], 2),
        cage=_age(properties.get("cage", {})),
        sage=_age(sage.get(sage.get("min"), {})),
        iage=_age(properties.get("iage", {})),
        bage=_age(properties.get("bage", {})),
        battery=lowest.percent if lowest and "upbat" in properties else None,
    )


def _age(property: Mapping[str, Any]) -> int | None:
    return property["age"] if property.get("found") else None


def _rounded(value: float | None, digits: int) -> float | None:
    return None if value is None else half_up(value, digits)

"""What the page of now shows, as plain values: the template writes the first of them, the script those that follow."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo

from app.glucose.staleness import Staleness
from app.live.amounts import grams_text, units_text
from app.live.chain import Link, Trouble
from app.live.glance import Glance, glance
from app.live.kinds import TREATMENTS
from app.live.picture import Picture, Treatment
from app.live.shown_facts import ShownFact
from app.web.viewer import Viewer

Values = dict[str, Any]

_LISTED = 6
_DAY_MS = 24 * 3_600_000
_SHORT = {"carb correction": "carbs", "correction bolus": "correction", "none": ""}
_SIGNS = {"ok": "✓", "unknown": "?", "broken": "×"}
_TONES = {"ok": "", "unknown": "", "broken": "now"}


def now_values(picture: Picture, viewer: Viewer, now_ms: int, troubles: Sequence[Trouble] = ()) -> Values:
    """Return everything the page says of ``now_ms`` (UTC epoch ms) to this viewer, as text.

    ``seq`` is the picture's place in the change log, ``at_ms`` the moment of the reading shown.
    """
    zone = ZoneInfo(viewer.person.zone)
    said = glance(picture, now_ms, viewer.person.thresholds, viewer.unit, zone, kinds=viewer.kinds, troubles=troubles)
    # Where nothing has ever come, nothing has broken either, unless an uploader says so.
    broken = "" if said.state is Staleness.NEVER and not troubles else said.broken
    clock = _clock(now_ms, zone)
    return {
        "seq": picture.seq,
        "now_ms": now_ms,
        "clock": clock,
        "at_ms": said.at_ms,
        "current": said.state.current,
        "state": str(said.state),
        "health": "good" if said.state is Staleness.FRESH else "doubt",
        "range": said.range.replace(" ", "-"),
        "words": said.words,
        "number": said.number,
        "wide": said.number.isalpha(),
        "unit": said.unit,
        "grey": said.grey,
        "struck": said.struck,
        "arrow": said.arrow,
        "trend": said.trend,
        "title": _title(said),
        "spoken": _spoken(said),
        "never": said.state is Staleness.NEVER,
        "lines": list(_lines(said)),
        "broken": broken,
        "links": _links(said.chain) if broken else "",
        "facts": [_fact(fact) for fact in said.facts],
        "chain": [
            *({"name": link.name, "text": link.text, "tone": _TONES[link.state]} for link in said.chain),
            {"name": "This page", "text": f"as of {clock}", "tone": "", "page": True},
        ],
        "treatments": list(_treatments(picture, now_ms, zone)) if TREATMENTS in viewer.kinds else [],
    }


def _title(said: Glance) -> str:
    if said.grey or said.at_ms is None:
        return f"{said.words} · Nightlight"
    return " ".join(part for part in (said.number, said.arrow, said.unit, "·", said.words) if part)


def _spoken(said: Glance) -> str:
    """Return what a screen reader says when this is new."""
    if said.grey or said.at_ms is None:
        return f"{said.words}. {said.last_known or said.age}".rstrip(". ") + "."
    return f"{said.words}. {said.number} {said.unit}, {said.age}."


def _lines(said: Glance) -> Iterator[Values]:
    """Yield the lines under the number: change, age and device, what was done; each a strong part and the rest."""
    device = f", {said.device}" if said.device else ""
    if said.delta:
        yield {"strong": said.delta, "rest": f" in {said.delta_min} min", "tone": ""}
    if said.last_known:
        yield {"strong": said.last_known, "rest": f", {said.age}", "tone": ""}
    elif said.age:
        tone = "" if said.state is Staleness.FRESH else "soon"
        yield {"strong": said.age, "rest": device, "tone": tone}
    if said.done:
        yield {"strong": "", "rest": said.done, "tone": ""}


def _links(chain: Sequence[Link]) -> str:
    return " · ".join(f"{link.name}\N{NO-BREAK SPACE}{_SIGNS[link.state]}" for link in chain)


def _fact(fact: ShownFact) -> Values:
    return {"name": fact.name, "text": fact.text, "tone": fact.level or ("old" if fact.grey else "")}


def _treatments(picture: Picture, now_ms: int, zone: ZoneInfo) -> Iterator[Values]:
    """Yield the newest treatments of the last day that a person would call one: not a loop's rates and small doses."""
    shown = (
        treatment
        for treatment in reversed(picture.treatments)
        if now_ms - _DAY_MS < treatment.at_ms and not _is_routine(treatment)
    )
    for treatment in islice(shown, _LISTED):
        yield {"time": _clock(treatment.at_ms, zone), "what": _what(treatment), "who": treatment.entered_by}


def _clock(at_ms: int, zone: ZoneInfo) -> str:
    return f"{datetime.fromtimestamp(at_ms / 1000, UTC).astimezone(zone):%H:%M}"


def _is_routine(treatment: Treatment) -> bool:
    return treatment.automatic or "temp basal" in treatment.event_type.lower()


def _what(treatment: Treatment) -> str:
    """Return what was done: ``18 g, 1.20 U meal bolus``, ``8 g carbs: glucose tabs``, ``Site Change``."""
    amounts = [grams_text(treatment.carbs)] if treatment.carbs else []
    amounts += [units_text(treatment.insulin)] if treatment.insulin else []
    kind = treatment.event_type.strip("<>")
    if amounts:
        kind = _SHORT.get(kind.lower(), kind.lower())
    elif kind.lower() == "none":
        kind = ""
    what = " ".join(part for part in (", ".join(amounts), kind) if part)
    return ": ".join(part for part in (what, treatment.notes) if part) or "Treatment"

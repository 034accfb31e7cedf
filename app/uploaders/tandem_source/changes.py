"""What people do to a pump: fill a cartridge, change the site, send it to sleep or tell it of exercise."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from app.records.sources.acts import event, exercise
from app.records.sources.documents import HOUR_MS, MINUTE_MS, checked_instant, identifier_of
from app.store.interface import Document
from app.uploaders.tandem_source.events import Code, Event
from app.uploaders.tandem_source.readings import DEVICE
from app.uploaders.tandem_source.timeline import Timed

ONE_CHANGE_MS = HOUR_MS
"""Tubing and cannula that are filled this close together are one change of the site."""

_DONE = 3  # completionStatus
NORMAL, SLEEP, EXERCISE, EATING_SOON = 0, 1, 2, 3  # currentUserMode
_MODE_AFTER = {1: SLEEP, 2: NORMAL, 3: EXERCISE, 4: NORMAL, 5: NORMAL, 6: EATING_SOON, 7: NORMAL}  # requestedAction
_NOTES = {SLEEP: "Sleep mode of the pump", EATING_SOON: "Eating soon mode of the pump"}
_TIMED = 1  # exerciseChoice


@dataclass(frozen=True, slots=True)
class Stay:
    """A mode of the pump from its first event to the one that ended it, None while it lasts."""

    mode: int
    since: Timed
    until: Timed | None


def insulin_change(one: Timed, pump: str, now_ms: int) -> Document:
    """Return the treatment for a filled cartridge. Raises ``BadRecord``."""
    units = one.event.number_of("insulinvolume") or one.event.number_of("v2volume")
    notes = f"Cartridge filled with {units:g} U" if units and units > 0 else "Cartridge filled"
    return event("Insulin Change", **_act(one, pump, now_ms, "cartridge", notes))


def site_changes(events: Iterable[Timed]) -> list[list[Timed]]:
    """Return the fills of tubing and cannula that belong to one change each, in the order of the log.

    A fill that was given up before anything came out is none. A set without a cannula to fill (steel) has tubing only.
    """
    found: list[list[Timed]] = []
    for one in events:
        if one.event.code not in (Code.TUBING_FILLED, Code.CANNULA_FILLED) or _given_up(one.event):
            continue
        goes_on = found and found[-1][-1].event.code == Code.TUBING_FILLED
        if goes_on and one.at_ms - found[-1][0].at_ms <= ONE_CHANGE_MS:
            found[-1].append(one)
        else:
            found.append([one])
    return found


def site_change(fills: list[Timed], pump: str, now_ms: int) -> Document:
    """Return the treatment for one change of the site, at its last fill. Raises ``BadRecord``."""
    last = fills[-1]
    what = "Cannula" if last.event.code == Code.CANNULA_FILLED else "Tubing"
    units = last.event.number_of("primesize") or 0
    notes = f"{what} filled with {units:g} U" if units > 0 else f"{what} filled"
    made = _act(last, pump, now_ms, "site", notes)
    # Named after the first fill: a cannula that is filled later changes the record and makes no second one.
    made["identifier"] = identifier_of("tandem_source", pump, "site", fills[0].event.record)
    return event("Site Change", **made)


def modes(events: Iterable[Timed]) -> Iterator[Stay]:
    """Yield the times in which the pump was in a mode other than its normal one."""
    current: Stay | None = None
    for one in events:
        mode = _mode_of(one.event) if one.event.code == Code.MODE_CHANGED else None
        if mode is None or (current is not None and mode == current.mode):
            continue
        if current is not None:
            yield Stay(current.mode, current.since, one)
            current = None
        if mode in (SLEEP, EXERCISE, EATING_SOON) and one.event.whole("previoususermode") != mode:
            current = Stay(mode, one, None)
    if current is not None:
        yield current


def mode_document(stay: Stay, pump: str, now_ms: int) -> Document:
    """Return the treatment for a time in a mode; one that lasts has no duration yet. Raises ``BadRecord``."""
    minutes = round((stay.until.at_ms - stay.since.at_ms) / MINUTE_MS) if stay.until else _planned_min(stay)
    if stay.mode == EXERCISE:
        act = _act(stay.since, pump, now_ms, "mode", "Exercise mode of the pump")
        return exercise(duration_min=minutes, **act)
    act = _act(stay.since, pump, now_ms, "mode", _NOTES[stay.mode])
    return event("Note", more={} if minutes is None else {"duration": minutes}, **act)


def _act(one: Timed, pump: str, now_ms: int, kind: str, notes: str) -> dict[str, Any]:
    return {
        "identifier": identifier_of("tandem_source", pump, kind, one.event.record),
        "at_ms": checked_instant(one.at_ms, now_ms),
        "entered_by": DEVICE,
        "offset_min": one.offset_min,
        "notes": notes,
    }


def _given_up(one: Event) -> bool:
    return one.whole("completionstatus") not in (None, _DONE) and not (one.number_of("primesize") or 0) > 0


def _mode_of(one: Event) -> int | None:
    told = one.whole("currentusermode")
    return _MODE_AFTER.get(one.whole("requestedaction") or 0) if told is None else told


def _planned_min(stay: Stay) -> float | None:
    planned = stay.since.event.number_of("exercisetime")
    timed = stay.mode == EXERCISE and stay.since.event.whole("exercisechoice") == _TIMED
    return planned if timed and planned and planned > 0 else None

"""Boluses: what was asked for, when it began, and what was given in the end, put together by the bolus's number."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from app.records.sources.acts import MOST_CARBS_G, MOST_INSULIN_U, bolus, carb_correction, combo_bolus
from app.records.sources.documents import HOUR_MS, MINUTE_MS, BadRecord, amount_of, checked_instant, identifier_of
from app.store.interface import Document
from app.uploaders.tandem_source.events import Code, Event
from app.uploaders.tandem_source.timeline import Timed

CODES = frozenset(
    {
        Code.BOLUS_DONE,
        Code.EXTENDED_DONE,
        Code.BOLUS_STARTED,
        Code.EXTENDED_STARTED,
        Code.BOLUS_ASKED_1,
        Code.BOLUS_ASKED_2,
        Code.BOLUS_ASKED_3,
        Code.BOLUS_DELIVERED,
    }
)
LONGEST_MS = 12 * HOUR_MS
"""An extended bolus lasts eight hours at most; the same number further apart is another bolus (they begin anew)."""

_DONE = 3  # completionStatus
_STOPPED = {0: "by the user", 1: "by an alarm", 2: "by a malfunction", 6: "by a predicted low"}
_REJECTED = 5
_AUTOMATIC_TYPE = 2  # bolusType: automatic correction
_AUTOMATIC_OPTIONS = frozenset({3, 6})  # options: automatic, eating soon
_AUTOMATIC_SOURCES = frozenset({7, 9})  # bolusSource: the algorithm
_LEAST_U = 0.0005
_LONGEST_MIN = LONGEST_MS // MINUTE_MS


@dataclass(frozen=True, slots=True)
class Parts:
    """Everything the log holds of one bolus, by code; of two events of one code the later one."""

    by_code: dict[int, Timed]

    @property
    def now(self) -> Timed | None:
        """The end of what was given at once."""
        return self.by_code.get(Code.BOLUS_DONE)

    @property
    def extended(self) -> Timed | None:
        """The end of what was given over time."""
        return self.by_code.get(Code.EXTENDED_DONE)

    @property
    def told(self) -> Timed | None:
        """The pump's own summary of the whole, once it is over."""
        found = self.by_code.get(Code.BOLUS_DELIVERED)
        return found if found and found.event.whole("bolusdeliverystatus") == 0 else None

    @property
    def anchor(self) -> Timed | None:
        """The event that says when the bolus was; None while nothing of it is known to have been given."""
        return self.now or self.by_code.get(Code.EXTENDED_STARTED) or self.extended or self.told

    def whole(self, code: Code, name: str) -> int | None:
        """Return a whole number of an event, None where there is none."""
        found = self.by_code.get(code)
        return found.event.whole(name) if found else None


def put_together(events: Iterable[Timed]) -> list[Parts]:
    """Return the boluses of one pump, each with all of its events."""
    open_ones: dict[tuple[int, str], tuple[int, Parts]] = {}
    found: list[Parts] = []
    for one in events:
        if one.event.code not in CODES:
            continue
        number = one.event.whole("bolusid")
        name = (one.event.group, str(number) if number is not None else f"of {one.event.record}")
        since_ms, parts = open_ones.get(name, (one.at_ms, Parts({})))
        if not parts.by_code or one.at_ms - since_ms > LONGEST_MS:
            since_ms, parts = one.at_ms, Parts({})
            found.append(parts)
            open_ones[name] = (since_ms, parts)
        parts.by_code[one.event.code] = one
    return [parts for parts in found if parts.anchor is not None]


def bolus_document(parts: Parts, pump: str, now_ms: int, entered_by: str) -> Document | None:
    """Return the treatment of a bolus, None for one of which nothing was given. Raises ``BadRecord``.

    ``pump`` is the id of the pump the log is of.
    """
    anchor = parts.anchor
    if anchor is None:
        raise BadRecord("a bolus was never given")
    now_u, extended_u, minutes = _amounts(parts)
    carbs_g = _carbs_g(parts)
    act: dict[str, Any] = {
        "identifier": identifier_of("tandem_source", pump, "bolus", _record_of(anchor.event)),
        "at_ms": checked_instant(anchor.at_ms, now_ms),
        "entered_by": entered_by,
        "offset_min": anchor.offset_min,
        "notes": _notes(parts, now_ms),
    }
    if now_u + extended_u < _LEAST_U:
        return carb_correction(carbs_g=carbs_g, **act) if carbs_g else None
    if extended_u >= _LEAST_U and minutes:
        return combo_bolus(
            now_u=now_u,
            extended_u=extended_u,
            duration_min=minutes,
            carbs_g=carbs_g,
            automatic=_is_automatic(parts),
            **act,
        )
    return bolus(insulin_u=now_u + extended_u, carbs_g=carbs_g, automatic=_is_automatic(parts), **act)


def given(parts: Parts) -> Sequence[tuple[int, float]]:
    """Return what a bolus took out of the reservoir: when (UTC epoch ms) and how many units."""
    done = [one for one in (parts.now, parts.extended) if one is not None]
    return [(one.at_ms, _given_u(one)) for one in done] or (
        [(parts.told.at_ms, _told_u(parts.told))] if parts.told else []
    )


def _record_of(event: Event) -> str:
    """Return what names a bolus, whichever of its events are known; its number begins anew after years."""
    number = event.whole("bolusid")
    return f"{event.group}|{number}|{event.local:%Y-%m}" if number is not None else f"of {event.record}"


def _amounts(parts: Parts) -> tuple[float, float, float]:
    """Return the units given at once, those given over time, and over how many minutes."""
    if parts.now is None and parts.extended is None and parts.told is not None:
        return _told_u(parts.told), 0.0, 0.0
    now_u = _given_u(parts.now) if parts.now else 0.0
    started = parts.by_code.get(Code.EXTENDED_STARTED)
    planned_min = _planned_min(parts)
    if parts.extended is None:
        # Still running: what is planned, until it is known.
        planned_u = (
            amount_of(started.event.fields.get("bolexsize"), most=MOST_INSULIN_U, what="insulin") if started else 0
        )
        return now_u, planned_u, planned_min
    begun = started or parts.now
    took_min = round((parts.extended.at_ms - begun.at_ms) / MINUTE_MS) if begun else 0
    return now_u, _given_u(parts.extended), took_min if took_min > 0 else planned_min


def _planned_min(parts: Parts) -> float:
    """Return for how long the extended part was asked for; a number that is no length in minutes is one in seconds."""
    told = parts.by_code.get(Code.BOLUS_ASKED_2)
    asked = (told.event.number_of("duration") if told else None) or 0.0
    if 0 <= asked <= _LONGEST_MIN:
        return asked
    return asked / 60 if 0 < asked <= 60 * _LONGEST_MIN else 0.0


def _carbs_g(parts: Parts) -> float:
    told = parts.by_code.get(Code.BOLUS_ASKED_1)
    # Below zero is the log's word for "not said".
    carbs_g = max(told.event.number_of("carbamount") or 0.0, 0.0) if told else 0.0
    return amount_of(carbs_g, most=MOST_CARBS_G, what="carbohydrate")


def _given_u(one: Timed) -> float:
    units = one.event.fields.get("insulindelivered")
    if units is None:
        raise BadRecord("a bolus does not say how much was given")
    return amount_of(units, most=MOST_INSULIN_U, what="insulin")


def _told_u(one: Timed) -> float:
    # The summary alone counts in milli-units.
    return amount_of(one.event.fields.get("deliveredtotal"), most=1000 * MOST_INSULIN_U, what="insulin") / 1000


def _is_automatic(parts: Parts) -> bool:
    return (
        parts.whole(Code.BOLUS_ASKED_1, "bolustype") == _AUTOMATIC_TYPE
        or parts.whole(Code.BOLUS_ASKED_2, "options") in _AUTOMATIC_OPTIONS
        or parts.whole(Code.BOLUS_DELIVERED, "bolussource") in _AUTOMATIC_SOURCES
    )


def _notes(parts: Parts, now_ms: int) -> str:
    said = []
    for one, what in ((parts.now, "bolus"), (parts.extended, "extended part")):
        status = one.event.whole("completionstatus") if one else None
        if one is None or status in (None, _DONE):
            continue
        asked_u = one.event.number_of("insulinrequested")
        of = f" of {asked_u:g} U" if asked_u else ""
        how = "rejected" if status == _REJECTED else f"stopped {_STOPPED.get(status, 'early')}"
        said.append(f"The {what}{of} was {how}")
    started = parts.by_code.get(Code.EXTENDED_STARTED)
    if parts.extended is None and started and now_ms - started.at_ms < LONGEST_MS:
        said.append("The extended part is still running")
    if parts.whole(Code.BOLUS_ASKED_2, "useroverride") == 1:
        said.append("Changed by the user against the calculator")
    return ". ".join(said)

"""Turns what CareLink shows of one person into a page; pure functions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from app.glucose.wall_clock import Placed, WallClock
from app.records.sources.acts import temp_basal
from app.records.sources.documents import MINUTE_MS, BadRecord
from app.records.sources.kinds import BASALS
from app.store.interface import Document
from app.uploaders.carelink.basal import Delivery, Pause, Told, delivery_of, pause_of
from app.uploaders.carelink.doses import Dose, Meal, dose_of, meal_of, treatments_of
from app.uploaders.carelink.notices import notices_of
from app.uploaders.carelink.payload import Marker, Payload, markers_in, number_of
from app.uploaders.carelink.readings import (
    STICKS,
    Shown,
    Stick,
    entries_of,
    readings_of,
    stick_documents,
    stick_of,
    sticks_apart,
)
from app.uploaders.carelink.reckoning import NEWEST, RUN, Reading, Reckoning, reading_at, reckoned, run_of
from app.uploaders.carelink.scope import Scope, each
from app.uploaders.carelink.status import status_of
from app.uploaders.carelink.window import window_of
from app.uploaders.vendor import Cursors, Page

_TELLS_NO_ACT = ("AUTOMODESTATUS", "TIMECHANGE")


@dataclass(slots=True)
class _Sorted:
    """The markers of a payload by what they are, each with its instant."""

    doses: list[Dose] = field(default_factory=list)
    meals: list[Meal] = field(default_factory=list)
    deliveries: list[Delivery] = field(default_factory=list)
    pauses: list[Pause] = field(default_factory=list)
    sticks: list[Stick] = field(default_factory=list)


def page_of(payload: Payload, account: str, cursors: Cursors, person: WallClock, now_ms: int) -> Page:
    """Return the page for one payload; ``person`` is the clock that counts where the payload does not show its own."""
    unusable: list[str] = []
    shown = readings_of(payload, unusable)
    on_the_clock = [reading_at(one.local, one.mgdl) for one in shown]
    reckoning = reckoned(payload, on_the_clock, cursors, person, now_ms)
    if reckoning.mistaken is not None:
        # Where earlier pages had got to was told by a clock that was wrong.
        cursors = {}
    scope = Scope(account, reckoning.clock, now_ms)
    page = _mapped(payload, shown, scope, cursors, unusable)
    return replace(
        page,
        cursors={**page.cursors, **reckoning.cursors, **_newest(page, on_the_clock, scope, cursors)},
        deleted=_with(page.deleted, _mistaken(payload, shown, page, reckoning, scope)),
    )


def _mapped(payload: Payload, shown: Sequence[Shown], scope: Scope, cursors: Cursors, unusable: list[str]) -> Page:
    entries = entries_of(shown, payload, scope, unusable)
    found = _sorted(payload, scope, unusable)
    treatments, no_longer_alone = treatments_of(found.doses, found.meals, scope)
    for stick in sticks_apart(found.sticks):
        entry, check = stick_documents(stick, scope)
        entries.append(entry)
        treatments.append(check)
    bolus_ms = tuple(dose.at.at_ms for dose in found.doses if dose.delivered_u)
    until_ms = _until_ms(payload, entries, found, scope)
    window = window_of(Told(tuple(found.deliveries), tuple(found.pauses), bolus_ms, until_ms), cursors)
    treatments += [
        temp_basal(
            rate_u_per_h=piece.rate_u_per_h,
            duration_min=piece.duration_min,
            **scope.act("basal", scope.clock.at(piece.at_ms)),
        )
        for piece in window.pieces
    ]
    status = status_of(payload, scope)
    return Page(
        window.cursors,
        {
            "entries": entries,
            "treatments": [*treatments, *notices_of(payload, scope, unusable)],
            "devicestatus": [status] if status else [],
        },
        deleted={"treatments": no_longer_alone} if no_longer_alone else {},
        whole={BASALS: window.whole} if window.whole else {},
        unusable=unusable,
    )


def _sorted(payload: Payload, scope: Scope, unusable: list[str]) -> _Sorted:
    found, place = _Sorted(), scope.newest_first()

    def use(marker: Marker | None) -> None:
        if marker is None or not marker.type:
            raise BadRecord("a marker has no type")
        if marker.type not in _TELLS_NO_ACT:
            _put(found, marker, place(marker.local), payload)

    each(reversed(list(markers_in(payload))), use, unusable)
    return found


def _put(found: _Sorted, marker: Marker, at: Placed, payload: Payload) -> None:
    if marker.type == "INSULIN":
        found.doses.append(dose_of(marker, at))
    elif marker.type == "MEAL":
        found.meals.append(meal_of(marker, at))
    elif marker.type == "AUTOBASALDELIVERY":
        found.deliveries.append(delivery_of(marker, at.at_ms))
    elif marker.type == "LOWGLUCOSESUSPENDED":
        found.pauses.append(pause_of(marker, at.at_ms))
    elif marker.type in STICKS:
        found.sticks.append(stick_of(marker, at, payload.get("bgUnits") or payload.get("bgunits")))
    else:
        raise BadRecord("a marker is of a type we do not know")


def _until_ms(payload: Payload, entries: Sequence[Document], found: _Sorted, scope: Scope) -> int:
    """Return how far a payload reaches: the upload it shows, else its newest record."""
    told = number_of(payload.get("lastConduitUpdateServerDateTime"))
    newest_ms = max((*(one["date"] for one in entries), *(one.at_ms for one in found.deliveries)), default=0)
    return min(int(told) if told else newest_ms, scope.now_ms)


def _newest(page: Page, on_the_clock: Sequence[Reading], scope: Scope, cursors: Cursors) -> dict[str, int]:
    """Return the cursors behind the newest reading of a page, which tell the next payload whether the clock was set."""
    newest_ms = max((one["date"] for one in page.documents["entries"] if one["type"] == "sgv"), default=0)
    if not newest_ms or newest_ms < cursors.get(NEWEST, 0):
        return {}
    local_ms = newest_ms + scope.clock.offset_min(newest_ms) * MINUTE_MS
    places = [place for place, one in enumerate(on_the_clock) if one.local_ms == local_ms]
    return {NEWEST: newest_ms, **({RUN: run_of(on_the_clock, places[-1])} if places else {})}


def _mistaken(
    payload: Payload, shown: Sequence[Shown], page: Page, reckoning: Reckoning, scope: Scope
) -> Mapping[str, Sequence[str]]:
    """Return by collection what earlier pages made of the same records while their clock was only guessed."""
    if reckoning.mistaken is None:
        return {}
    wrong = _mapped(payload, shown, replace(scope, clock=reckoning.mistaken), {}, [])
    return {collection: sorted(_names(wrong, collection) - _names(page, collection)) for collection in page.documents}


def _names(page: Page, collection: str) -> set[str]:
    return {one["identifier"] for one in page.documents[collection]} | set(page.deleted.get(collection, ()))


def _with(deleted: Mapping[str, Sequence[str]], more: Mapping[str, Sequence[str]]) -> dict[str, Sequence[str]]:
    return {name: [*deleted.get(name, ()), *more.get(name, ())] for name in {*deleted, *more}}

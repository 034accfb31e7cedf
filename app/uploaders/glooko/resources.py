"""The resources Glooko keeps records in: where each is, what it becomes, and how it is read.

They are read in this order: what a parent looks at first comes first, and what another resource tells as well comes
after that one. The pump's settings are left alone: nothing certain is known of what they look like.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from app.records.sources.documents import DAY_MS, HOUR_MS
from app.records.sources.kinds import BASALS, BOLUSES, CARBS, EVENTS, GLUCOSE
from app.records.sources.layers import SCHEDULED, SUSPENDED, TEMPORARY
from app.store.interface import Document
from app.uploaders.glooko import basals, mapper
from app.uploaders.glooko.known import SAME_ENTERED_MS, SAME_PUMP_MS, Known
from app.uploaders.glooko.mapper import Origin

Slots = tuple[tuple[str, str], ...]
"""The documents a record may make: the collection, and what its identifier is made for."""

FEW_MS = DAY_MS
"""How far behind its cursor a resource of few records is read: another one's records may belong to them."""

MANY_MS = 3 * HOUR_MS
"""The same for one of many. It is read by time of change, so that nothing late needs more."""


@dataclass(frozen=True, slots=True)
class Resource:
    """One resource; ``name`` names its cursor.

    ``kinds`` are those of its documents (``kinds.py``). ``series`` are the graph's that tell the same. ``learned`` ones
    are held against later resources; those with ``within_ms`` are held against earlier ones. ``layer`` is a basal's.
    """

    name: str
    path: str
    kinds: frozenset[str]
    make: Callable[[Mapping[str, Any], Origin, Known], list[Document]]
    slots: Slots
    overlap_ms: int = FEW_MS
    series: tuple[str, ...] = ()
    is_learned: bool = False
    within_ms: int = 0
    layer: str = ""


def _plain(
    make: Callable[[Mapping[str, Any], Origin], list[Document]],
) -> Callable[[Mapping[str, Any], Origin, Known], list[Document]]:
    def made(record: Mapping[str, Any], origin: Origin, known: Known) -> list[Document]:
        return make(record, origin)

    return made


def _beneath(layer: str, record: Mapping[str, Any], origin: Origin, known: Known) -> list[Document]:
    return basals.basal(layer, record, origin, known.layers)


def _act(*slots: str) -> Slots:
    return tuple(("treatments", slot) for slot in slots)


def _basals(layer: str, name: str, overlap_ms: int, series: str) -> Resource:
    return Resource(
        name,
        f"/api/v2/pumps/{name}",
        frozenset({BASALS}),
        partial(_beneath, layer),
        _act(layer),
        overlap_ms,
        (series,),
        layer=layer,
    )


_DOSES = frozenset({BOLUSES, CARBS})
_EVENTS = frozenset({EVENTS})

RESOURCES: tuple[Resource, ...] = (
    Resource(
        "egvs",
        "/api/v2/cgm/egvs",
        frozenset({GLUCOSE}),
        _plain(mapper.sensor_reading),
        (("entries", "egv"),),
        MANY_MS,
        ("cgmHigh", "cgmNormal", "cgmLow"),
    ),
    Resource(
        "readings",
        "/api/v2/readings",
        frozenset({GLUCOSE, EVENTS}),
        _plain(mapper.meter_reading),
        (("entries", "reading"), ("treatments", "reading_check")),
        series=("bgHigh", "bgNormal", "bgLow"),
    ),
    Resource(
        "extended_boluses",
        "/api/v2/pumps/extended_boluses",
        _DOSES,
        _plain(mapper.extended_bolus),
        _act("extended_bolus"),
        is_learned=True,
    ),
    Resource(
        "normal_boluses",
        "/api/v2/pumps/normal_boluses",
        _DOSES,
        _plain(mapper.normal_bolus),
        _act("normal_bolus"),
        series=("deliveredBolus", "automaticBolus"),
        is_learned=True,
        within_ms=SAME_PUMP_MS,
    ),
    Resource(
        "injection_boluses",
        "/api/v2/injection_boluses",
        _DOSES,
        _plain(mapper.injection),
        _act("injection"),
        is_learned=True,
    ),
    Resource(
        "injection_basals",
        "/api/v2/injection_basals",
        _EVENTS,
        _plain(mapper.long_injection),
        _act("injection"),
    ),
    Resource(
        "insulin_events",
        "/api/v2/cgm/insulin_events",
        _DOSES | _EVENTS,
        _plain(mapper.noted_insulin),
        _act("injection"),
        within_ms=SAME_ENTERED_MS,
    ),
    Resource(
        "foods",
        "/api/v2/foods",
        frozenset({CARBS}),
        _plain(mapper.food),
        _act("food"),
        series=("carbNonManual",),
        within_ms=SAME_ENTERED_MS,
    ),
    Resource(
        "carbs_events",
        "/api/v2/cgm/carbs_events",
        frozenset({CARBS}),
        _plain(mapper.food),
        _act("food"),
        within_ms=SAME_ENTERED_MS,
    ),
    _basals(SUSPENDED, "suspend_basals", FEW_MS, "suspendBasal"),
    _basals(TEMPORARY, "temporary_basals", FEW_MS, "temporaryBasal"),
    _basals(SCHEDULED, "scheduled_basals", MANY_MS, "scheduledBasal"),
    Resource(
        "events",
        "/api/v2/pumps/events",
        _EVENTS,
        _plain(mapper.pump_event),
        _act("site", "insulin"),
        series=("setSiteChange", "reservoirChange"),
    ),
    Resource("alarms", "/api/v2/pumps/alarms", _EVENTS, _plain(mapper.alarm), _act("alarm"), series=("pumpAlarm",)),
    Resource("notes", "/api/v2/notes", _EVENTS, _plain(mapper.note), _act("note")),
    Resource("exercises", "/api/v2/exercises", _EVENTS, _plain(mapper.activity), _act("exercise")),
)


def identifiers_in(
    resource: Resource, account: str, guid: str, *, pieces: int = basals.MOST_PIECES
) -> list[tuple[str, str]]:
    """Return all a record of a resource may have made, by collection and identifier; of a basal so many pieces."""
    if resource.layer:
        return [("treatments", basals.piece_in(account, resource.layer, guid, place)) for place in range(pieces)]
    return [(collection, mapper.identifier_in(account, slot, guid)) for collection, slot in resource.slots]

"""Turns the records of one piece of a walk into a page; pure functions."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from app.records.sources.documents import BadRecord
from app.records.sources.kinds import BASALS, BOLUSES, CARBS, EVENTS
from app.records.sources.sameness import NEAR_MS
from app.records.sources.tidepool.meals import COMPANION_MS
from app.records.sources.tidepool.reading import Made, Reading
from app.records.sources.tidepool.record import moment_of, type_of
from app.store.interface import Document
from app.uploaders.tidepool.walk import AROUND_MS, DEEP, GROUPS, OFFSETS, WALK, Piece, Plan
from app.uploaders.vendor import Page

_TYPES_OF: Mapping[str, tuple[str, ...]] = {
    BOLUSES: ("bolus", "insulin"),
    CARBS: ("wizard", "food"),
    BASALS: ("basal",),
    EVENTS: ("smbg", "bloodKetone", "deviceEvent", "physicalActivity"),
}
"""The types of records each kind of treatments is made of."""


def moments(records: Iterable[Any]) -> dict[str, int]:
    """Return the moment (UTC epoch ms) of the newest record of each type."""
    newest: dict[str, int] = {}
    for record in records:
        try:
            type, (at_ms, _) = type_of(record), moment_of(record)
        except BadRecord:
            continue
        newest[type] = max(newest.get(type, 0), at_ms)
    return newest


def page_of(
    records: Sequence[Any], piece: Piece, plan: Plan, reading: Reading, kinds: Collection[str], *, has_offsets: bool
) -> Page:
    """Return the page for the records of a piece.

    Documents are made of all that was asked for, so that a record becomes the same ones whatever the piece; kept are
    those of the piece. ``kinds`` are those that are taken. ``has_offsets``: times with an offset are known to be among
    the records.
    """
    made, unusable = _made(records, reading)
    kept = [one for one in made if _is_wanted(one.type, one.at_ms, piece, plan)]
    times = moments(records)
    has_offsets = has_offsets or any(map(_has_offset, records))
    return Page(
        _cursors(times, piece, plan) | ({OFFSETS: plan.now_ms} if has_offsets else {}),
        {collection: _documents(kept, collection) for collection in ("entries", "treatments")},
        fillers=_fillers(kept),
        deleted={"treatments": [name for name, at_ms in reading.joined() if _is_wanted("bolus", at_ms, piece, plan)]},
        whole={} if unusable else _whole(times, piece, plan, kinds, has_offsets=has_offsets),
        unusable=unusable,
    )


def _made(records: Sequence[Any], reading: Reading) -> tuple[list[Made], list[str]]:
    for record in records:
        reading.see(record)
    made: list[Made] = []
    unusable: list[str] = []
    for record in records:
        try:
            made += reading.documents(record)
        except BadRecord as problem:
            unusable.append(str(problem))
    return [*made, *reading.rest()], unusable


def _is_wanted(type: str, at_ms: int, piece: Piece, plan: Plan) -> bool:
    from_ms = max(piece.from_ms, plan.floors.get(type, piece.from_ms))
    return from_ms <= at_ms and (piece.end_ms is None or at_ms < piece.end_ms)


def _documents(made: Iterable[Made], collection: str) -> list[Document]:
    wanted = (one.document for one in made if one.collection == collection and not one.fills)
    return list({document["identifier"]: document for document in wanted}.values())


def _fillers(made: Sequence[Made]) -> list[Document]:
    """Return the readings a pump repeats of another maker's sensor, where the page has none of the sensor's own."""
    own = sorted(one.at_ms for one in made if one.type == "cbg" and not one.fills)

    def is_near(at_ms: int) -> bool:
        place = bisect_left(own, at_ms - NEAR_MS + 1)
        return place < len(own) and own[place] < at_ms + NEAR_MS

    return [one.document for one in made if one.fills and not is_near(one.at_ms)]


def _cursors(times: Mapping[str, int], piece: Piece, plan: Plan) -> dict[str, int]:
    """Return where each type has got to; the rest of a walk is gone on with from the end of its last piece."""
    last_ms = plan.now_ms if piece.end_ms is None else piece.end_ms
    moved = {type: min(at_ms, last_ms) for type, at_ms in times.items() if type in piece.types}
    if piece.end_ms is not None:
        return moved | {WALK: piece.end_ms}
    return moved | {WALK: 0} | ({DEEP: plan.now_ms} if plan.is_deep else {})


def _whole(
    times: Mapping[str, int], piece: Piece, plan: Plan, kinds: Collection[str], *, has_offsets: bool
) -> dict[str, tuple[int, int]]:
    """Return of which kinds and times the answer holds everything Tidepool has.

    Apps change a record by deleting it and writing another, so what is missing is gone. An answer without any record
    says nothing, and after the newest one more may be on its way.
    """
    if not times:
        return {}
    end_ms = min(max(times.values()) + 1, plan.now_ms if piece.end_ms is None else piece.end_ms)
    asked_ms = piece.ask_from_ms + AROUND_MS if has_offsets else piece.from_ms
    whole: dict[str, tuple[int, int]] = {}
    for kind, types in _TYPES_OF.items():
        if kind not in kinds or not set(types) <= set(piece.types):
            continue
        floors = [plan.floors[type] for group in GROUPS if types[0] in group for type in group if type in plan.floors]
        from_ms = max(asked_ms, piece.from_ms, *floors) + COMPANION_MS
        if from_ms < end_ms:
            whole[kind] = (from_ms, end_ms)
    return whole


def _has_offset(record: Any) -> bool:
    try:
        return moment_of(record)[1] != 0
    except (BadRecord, AttributeError):
        return False

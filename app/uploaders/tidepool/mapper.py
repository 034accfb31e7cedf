"""Turns the records of one piece of a walk into a page; pure functions."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any
from zlib import crc32

from app.records.sources.documents import BadRecord
from app.records.sources.kinds import BASALS, BOLUSES, CARBS, EVENTS
from app.records.sources.tidepool.meals import COMPANION_MS
from app.records.sources.tidepool.reading import Made, Reading
from app.records.sources.tidepool.record import moment_of, type_of
from app.store.interface import Document
from app.uploaders.tidepool.walk import AROUND_MS, GROUPS, OFFSETS, WALK, Newest, Piece, Plan
from app.uploaders.vendor import Page

_TYPES_OF: Mapping[str, tuple[str, ...]] = {
    BOLUSES: ("bolus", "insulin"),
    CARBS: ("wizard", "food"),
    BASALS: ("basal",),
    EVENTS: ("smbg", "bloodKetone", "deviceEvent", "physicalActivity"),
}
"""The types of records each kind of treatments is made of."""


def newest_in(records: Iterable[Any]) -> dict[str, Newest]:
    """Return the newest record of each type."""
    newest: dict[str, tuple[int, Any]] = {}
    for record in records:
        try:
            type, (at_ms, _) = type_of(record), moment_of(record)
        except BadRecord:
            continue
        if type not in newest or at_ms > newest[type][0]:
            newest[type] = at_ms, record
    return {
        type: Newest(at_ms, crc32(json.dumps(record, sort_keys=True).encode()))
        for type, (at_ms, record) in newest.items()
    }


def page_of(
    records: Sequence[Any], piece: Piece, plan: Plan, reading: Reading, kinds: Collection[str], *, has_offsets: bool
) -> Page:
    """Return the page for the records of a piece.

    Documents are made of all that was asked for, so that a record becomes the same ones whatever the piece; kept are
    those of the piece. ``kinds`` are those that are taken. ``has_offsets``: times with an offset are known to be among
    the records.
    """
    made, bad = _made(records, reading)
    kept = [one for one in made if _is_wanted(one.type, one.at_ms, piece, plan)]
    times = {type: newest.at_ms for type, newest in newest_in(records).items()}
    has_offsets = has_offsets or any(map(_has_offset, records))
    return Page(
        _cursors(times, piece, plan) | ({OFFSETS: plan.now_ms} if has_offsets else {}),
        {collection: _documents(kept, collection) for collection in ("entries", "treatments")},
        fillers=[one.document for one in kept if one.fills],
        deleted={"treatments": [name for name, at_ms in reading.joined() if _is_wanted("bolus", at_ms, piece, plan)]},
        whole=_whole(times, piece, plan, kinds, {type for type, _ in bad}, has_offsets=has_offsets),
        unusable=[why for _, why in bad],
    )


def _made(records: Sequence[Any], reading: Reading) -> tuple[list[Made], list[tuple[str, str]]]:
    """Return the documents of some records; of those that cannot be used the type, if any, and why."""
    for record in records:
        reading.see(record)
    made: list[Made] = []
    bad: list[tuple[str, str]] = []
    for record in records:
        try:
            made += reading.documents(record)
        except BadRecord as problem:
            bad.append((type_of(record) if isinstance(record, Mapping) else "", str(problem)))
    return [*made, *reading.rest()], bad


def _is_wanted(type: str, at_ms: int, piece: Piece, plan: Plan) -> bool:
    from_ms = max(piece.from_ms, plan.floors.get(type, piece.from_ms))
    return from_ms <= at_ms and (piece.end_ms is None or at_ms < piece.end_ms)


def _documents(made: Iterable[Made], collection: str) -> list[Document]:
    wanted = (one.document for one in made if one.collection == collection and not one.fills)
    return list({document["identifier"]: document for document in wanted}.values())


def _cursors(times: Mapping[str, int], piece: Piece, plan: Plan) -> dict[str, int]:
    """Return where each type has got to; the rest of a walk is gone on with from the end of its last piece."""
    last_ms = plan.now_ms if piece.end_ms is None else piece.end_ms
    moved = {type: min(at_ms, last_ms) for type, at_ms in times.items() if type in piece.types}
    if piece.end_ms is not None:
        return moved | {WALK: piece.end_ms}
    return {**moved, **plan.reached, WALK: 0}


def _whole(
    times: Mapping[str, int],
    piece: Piece,
    plan: Plan,
    kinds: Collection[str],
    bad: Collection[str],
    *,
    has_offsets: bool,
) -> dict[str, tuple[int, int]]:
    """Return of which kinds and times the answer holds everything Tidepool has.

    Apps change a record by deleting it and writing another, so what is missing is gone. Not so where a record of these
    types is ``bad``, or where the newest one there is was not in the answer; and after the newest one of all, more may
    be on its way.
    """
    if not times or "" in bad:
        return {}
    end_ms = min(max(times.values()) + 1, plan.now_ms if piece.end_ms is None else piece.end_ms)
    asked_ms = piece.ask_from_ms + AROUND_MS if has_offsets else piece.from_ms
    whole: dict[str, tuple[int, int]] = {}
    for kind, types in _TYPES_OF.items():
        if kind not in kinds or not set(types) <= set(piece.types) or any(type in bad for type in types):
            continue
        group = next(group for group in GROUPS if types[0] in group)
        floors = [plan.floors[type] for type in group if type in plan.floors]
        from_ms = max(asked_ms, piece.from_ms, *floors) + COMPANION_MS
        missed = any(times.get(type, 0) < plan.newest_ms.get(type, 0) < end_ms for type in group)
        if from_ms < end_ms and not missed:
            whole[kind] = (from_ms, end_ms)
    return whole


def _has_offset(record: Any) -> bool:
    try:
        return moment_of(record)[1] != 0
    except (BadRecord, AttributeError):
        return False

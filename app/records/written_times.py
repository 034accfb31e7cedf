"""Looking through documents whose time is kept as it was written, each in its own zone, by moment.

The store compares letters: there ``22:00-05:00`` comes before ``23:00Z``, and in the world four hours after it. So the
store is asked for a day more on either side, and what it brings is looked at again as if all times were written in UTC.
The order is mended too: letters are wrong by an offset at most, so that a short queue will do.
"""

from __future__ import annotations

import heapq
import re
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from typing import Any

from app.clock import iso_of
from app.records.times import Instant, read_instant
from app.store.interface import Document, Filter
from app.store.matching import matcher
from app.store.query import parse

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_YEAR = re.compile(r"\d{4}", re.ASCII)
_DAY_MS = 86_400_000
_FURTHEST_OFFSET_MS = _DAY_MS  # read_instant takes no further one
_LAST_MS = 253_370_764_800_000  # 9999-01-01


def sorts_by_day(written: object) -> bool:
    """Tell whether a time is one and is written so that letters bring it to its day: it begins with ``2026-01-14``."""
    return isinstance(written, str) and _DAY.match(written) is not None and read_instant(written) is not None


def speaks_of(filter: Filter, field: str) -> bool:
    """Tell whether any condition of a filter is about ``field``."""
    return any(
        any(speaks_of(arm, field) for arm in wanted) if name in ("$and", "$or", "$nor") else name == field
        for name, wanted in filter.items()
    )


def roughly(filter: Filter, field: str) -> Document:
    """Return a filter for the store that no document misses which fulfils ``filter`` by moment."""
    rough: Document = {}
    for name, wanted in filter.items():
        if name == field:
            bounds = _rough_bounds(wanted)
            if bounds:
                rough[name] = bounds
        elif name in ("$and", "$or"):
            rough[name] = [roughly(arm, field) for arm in wanted]
        elif name == "$nor":
            arms = [arm for arm in wanted if not speaks_of(arm, field)]
            if arms:
                rough[name] = arms
        else:
            rough[name] = wanted
    return rough


def fulfils(filter: Filter, field: str) -> Callable[[Document], bool]:
    """Return what tells whether a document fulfils ``filter`` with the time in ``field`` understood as UTC ISO text."""
    matches = matcher(parse(filter))

    def by_moment(document: Document) -> bool:
        written = document.get(field)
        instant = _instant(written) if isinstance(written, str) else None
        return matches({**document, field: instant.iso} if instant else document)

    return by_moment


def in_order_of_moment(documents: Iterable[Document], field: str, direction: int) -> Iterator[Document]:
    """Yield documents that come in the order of their letters (``direction`` 1 or -1) in the order of their moments.

    What is no time stays where it came. Only the documents of about three days are held at once.
    """
    waiting: list[tuple[int, int, Document]] = []
    for place, document in enumerate(documents):
        written = document.get(field)
        instant, day = _instant_and_day(written) if isinstance(written, str) else (None, None)
        if instant is None or day is None:
            yield from _emptied(waiting)
            yield document
            continue
        # No document to come can be beyond this moment: its letters are not.
        beyond_ms = day.at_ms + (2 * _DAY_MS if direction < 0 else -_FURTHEST_OFFSET_MS)
        while waiting and waiting[0][0] <= direction * beyond_ms:
            yield heapq.heappop(waiting)[2]
        heapq.heappush(waiting, (direction * instant.at_ms, place, document))
    yield from _emptied(waiting)


def _instant_and_day(written: str) -> tuple[Instant | None, Instant | None]:
    """Return a time and the day its letters begin with, as if that were in UTC; None for what does not sort by day."""
    day = _DAY.match(written)
    return (_instant(written), _instant(day[0])) if day else (None, None)


@lru_cache(maxsize=512)
def _instant(written: str) -> Instant | None:
    """Return what a text says, remembered: a document is looked at twice, and many share a day."""
    return read_instant(written)


def _emptied(waiting: list[tuple[int, int, Document]]) -> Iterator[Document]:
    while waiting:
        yield heapq.heappop(waiting)[2]


def _rough_bounds(wanted: Any) -> Document:
    """Return letters between which the time is, if it fulfils the condition; {} where nothing can be said."""
    conditions = {"$eq": wanted} if isinstance(wanted, str) else wanted if isinstance(wanted, dict) else {}
    bounds: Document = {}
    for operator, operand in conditions.items():
        at_ms = _moment_ms(operand)
        if at_ms is None:
            continue
        if operator in ("$gt", "$gte", "$eq"):
            bounds["$gte"] = _day_of(at_ms - _FURTHEST_OFFSET_MS)
        if operator in ("$lt", "$lte", "$eq"):
            bounds["$lt"] = _day_of(at_ms + _FURTHEST_OFFSET_MS + _DAY_MS)
    return {operator: day for operator, day in bounds.items() if day}


def _moment_ms(operand: Any) -> int | None:
    if not isinstance(operand, str):
        return None
    instant = None
    if _DAY.match(operand):
        instant = read_instant(operand)
    elif _YEAR.fullmatch(operand):  # text without a zone, but its first day is near enough
        instant = read_instant(f"{operand}-01")
    return instant.at_ms if instant else None


def _day_of(at_ms: int) -> str | None:
    return iso_of(at_ms)[:10] if 0 <= at_ms < _LAST_MS else None

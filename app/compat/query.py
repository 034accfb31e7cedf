"""Turning the parameters of a v1 request into a filter, an order and a limit for ``records/``.

Every leaf of a query string is text. Which fields become numbers, which may be patterns and which one is the date is a
table; everything else compares as text, as in Nightscout. What cannot be understood is a ``BadQuery`` (400): an empty
answer would look like "no data".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from app.clock import iso_of
from app.compat.quirks import quirk
from app.errors import BadQuery
from app.records.ids import object_id
from app.records.numbers import leading_integer
from app.records.times import read_instant
from app.store.interface import Document, Sort

WINDOW_MS = 4 * 86_400_000
"""How far back a query looks that says nothing about time."""

MOST = 2**31 - 1

_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII | re.IGNORECASE)
_NUMERIC = re.compile(r"\s*-?\d+(?:\.\d*)?\s*", re.ASCII)
_EPOCH_DIGITS = 11
_LITERAL = re.compile(r"/(.+)/([gimsuxy]*)", re.ASCII | re.DOTALL)
_LOGICAL = ("$and", "$or", "$nor")


@dataclass(frozen=True, slots=True)
class Shape:
    """How the fields of one collection are read: as integers, as patterns, and the date.

    ``in_ms`` tells whether the date is epoch milliseconds or ISO text, ``windowed`` whether a query that says nothing
    about time looks back four days alone, ``remembered`` whether the original answers one without a filter from memory.
    """

    date: str
    in_ms: bool = False
    integers: frozenset[str] = frozenset()
    patterns: frozenset[str] = frozenset()
    windowed: bool = True
    remembered: bool = True


ENTRIES = Shape("date", True, frozenset(["date", "sgv", "filtered", "unfiltered", "rssi", "noise", "mbg"]))
TREATMENTS = Shape(
    "created_at", False, frozenset({"insulin", "carbs", "glucose"}), frozenset({"notes", "eventType", "enteredBy"})
)
DEVICESTATUS = Shape("created_at", False, frozenset({"date", "sgv"}))
ACTIVITY = Shape("created_at", False, frozenset({"date", "sgv"}), remembered=False)
PROFILES = Shape("startDate", remembered=False)
FOOD = Shape("created_at", windowed=False, remembered=False)


@dataclass(frozen=True, slots=True)
class Query:
    """A filter for ``records/``; ``sort`` None is the collection's own order; ``most`` None is all, 0 is nothing."""

    filter: Document
    sort: Sort | None
    most: int | None


def query_of(
    parameters: Mapping[str, Any], shape: Shape, now_ms: int, *, default: int | None, uuid_handling: bool = True
) -> Query:
    """Return what a request asks for; ``default`` is the route's ``count``, None for all. Raises ``BadQuery``."""
    return Query(
        filter_of(parameters.get("find"), shape, now_ms, uuid_handling=uuid_handling),
        sort_of(parameters.get("sort")),
        most_of(parameters, shape, default),
    )


def most_of(parameters: Mapping[str, Any], shape: Shape, default: int | None) -> int | None:
    """Return how many documents are wanted at most: None for all.

    0 and what is no number mean all, and minus counts as plus. Where the original answers from its memory, because
    there is no filter or a type alone, 0 and below mean nothing.
    """
    given = parameters.get("count")
    if isinstance(given, list):
        given = given[0] if given else ""
    if given in (None, ""):
        return default
    number = leading_integer(given)
    if number is None:
        return None
    find = parameters.get("find")
    filtered = bool(find) and not (isinstance(find, dict) and find.keys() <= {"type"})
    if shape.remembered and not filtered:
        return min(max(number, 0), MOST)
    return min(abs(number), MOST) or None


def sort_of(given: Any) -> Sort | None:
    """Return the order asked for, None when it is none. Raises ``BadQuery`` for a direction that is none."""
    if not isinstance(given, dict):
        return None
    directions = {"1": 1, "-1": -1}
    for field, direction in given.items():
        if not isinstance(direction, str) or direction not in directions:
            raise BadQuery(f"sort[{field}] is {direction!r}", hint="Wanted: 1 or -1.")
    return tuple((field, directions[direction]) for field, direction in given.items())


def filter_of(find: Any, shape: Shape, now_ms: int, *, uuid_handling: bool = True) -> Document:
    """Return the filter ``find[…]`` stands for, within the last four days unless it speaks of time or names an id."""
    if find is None or find == "":
        find = {}
    if not isinstance(find, dict):
        raise BadQuery("find is no filter", hint="Wanted: find[field]=value or find[field][$operator]=value.")
    filter = _fields(find, shape)
    if find.get("_id"):
        return _with_ids(filter, uuid_handling=uuid_handling)
    if shape.windowed and shape.date not in filter and "dateString" not in filter:
        since_ms = now_ms - WINDOW_MS
        filter[shape.date] = {"$gte": since_ms if shape.in_ms else iso_of(since_ms)}
    return filter


def _fields(find: Mapping[str, Any], shape: Shape) -> Document:
    filter: Document = {}
    for field, wanted in find.items():
        if field in _LOGICAL:
            filter[field] = [_fields(arm, shape) for arm in _arms(field, wanted)]
        elif field == shape.date and shape.in_ms and isinstance(wanted, str) and leading_integer(wanted) is None:
            continue  # the original takes find[date]=abc for no date at all
        else:
            filter[field] = _condition(field, wanted, _reader(field, shape))
    return filter


def _arms(operator: str, given: Any) -> list[Mapping[str, Any]]:
    arms = list(given.values()) if isinstance(given, dict) else given
    if not isinstance(arms, list) or not all(isinstance(arm, dict) for arm in arms):
        raise BadQuery(f"{operator} wants a list of conditions", hint=f"For instance find[{operator}][0][type]=sgv.")
    return arms


Reader = Callable[[str], Any]


def _reader(field: str, shape: Shape) -> Reader:
    """Return what turns a text leaf of ``field`` into the value to compare with."""
    if field in shape.integers:
        return lambda text: _integer(field, text)
    if field == shape.date:
        return lambda text: _iso(field, text)
    if field in shape.patterns:
        return _pattern_or_text
    return str


def _condition(field: str, wanted: Any, read: Reader) -> Any:
    """Return the condition on one field: a value, or operators over values."""
    if isinstance(wanted, str):
        return read(wanted)
    if isinstance(wanted, list):
        return [_condition(field, one, read) for one in wanted]
    if not all(name.startswith("$") for name in wanted):
        return {name: _condition(field, one, read) for name, one in wanted.items()}
    condition: Document = {}
    for operator, operand in wanted.items():
        condition |= _operation(field, operator, operand, read)
    return condition


@quirk("$ne given more than once excludes each", "iAPS")
def _operation(field: str, operator: str, operand: Any, read: Reader) -> Document:
    if operator == "$exists":
        return {operator: str(operand).lower() not in ("false", "0", "")}
    if operator in ("$regex", "$options"):
        return {operator: operand}
    if operator in ("$in", "$nin"):
        values = list(operand.values()) if isinstance(operand, dict) else operand
        return {operator: [_value(one, read) for one in (values if isinstance(values, list) else [values])]}
    if operator == "$ne" and isinstance(operand, list):
        # iAPS repeats find[enteredBy][$ne] for each author it does not want.
        return {"$nin": [_value(one, read) for one in operand]}
    value = _condition(field, operand, read)
    if isinstance(value, dict) and "$regex" in value and operator in ("$eq", "$ne"):
        return value if operator == "$eq" else {"$not": value}
    return {operator: value}


def _value(text: Any, read: Reader) -> Any:
    """Return a member of a list: a plain value, never a pattern."""
    value = read(text) if isinstance(text, str) else text
    return text if isinstance(value, dict) else value


def _integer(field: str, text: str) -> int:
    number = leading_integer(text)
    if number is None:
        raise BadQuery(f"find[{field}]: {text!r} is not a number")
    return number


@quirk("a bare + in the offset of a date is understood", "oref0")
@quirk("the refusal of a date says: as a valid ISO-8601 date", "tconnectsync")
def _iso(field: str, text: str) -> str:
    """Return a date operand as the UTC text dates are kept in; a bare year or the like stays and compares as text."""
    if _NUMERIC.fullmatch(text) and len(text.strip()) < _EPOCH_DIGITS:
        return text
    # A "+" that nobody escaped arrives as a blank (oref0).
    instant = read_instant(text) or read_instant("+".join(text.rsplit(" ", 1)))
    if instant is None:
        # tconnectsync looks for these words and then writes the date in its other way.
        raise BadQuery(f"Cannot parse find[{field}]={text!r} as a valid ISO-8601 date")
    return instant.iso


@quirk("text between slashes is a pattern", "oref0")
def _pattern_or_text(text: str) -> Any:
    found = _LITERAL.fullmatch(text)
    if not found:
        return text
    options = "".join(flag for flag in "imsx" if flag in found[2])
    return {"$regex": found[1], "$options": options} if options else {"$regex": found[1]}


@quirk("find[_id] takes the UUID an app chose", "Loop")
def _with_ids(filter: Document, *, uuid_handling: bool) -> Document:
    """Let ``_id`` find what the text names: an ObjectId, the same as text (old databases), or a UUID an app chose."""
    wanted = filter.pop("_id")
    if isinstance(wanted, str) and uuid_handling and _UUID.fullmatch(wanted):
        either = {"$or": [{"identifier": wanted}, {"_id": wanted}]}
        return {"$and": [filter, either]} if filter else either
    return {**filter, "_id": _ids(wanted)}


def _ids(wanted: Any) -> Any:
    if isinstance(wanted, str):
        known = object_id(wanted)
        return wanted if known is None else {"$in": [known, wanted]}
    if isinstance(wanted, dict):
        return {operator: _id_operand(operand) for operator, operand in wanted.items()}
    return wanted


def _id_operand(operand: Any) -> Any:
    if isinstance(operand, list):
        return [object_id(one) or one for one in operand]
    return object_id(operand) or operand

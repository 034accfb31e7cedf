"""How a query of API v3 is understood: ``field$op=value``, ``sort``, ``limit``, ``skip``, ``fields``.

A value is text, unless it looks like something else: ``117`` is a number, ``true`` a boolean, ``'117'`` is text again.
Times mean their moment however they are written. Conditions on one field all count.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

from flask import Request

from app.compat.errors import Refusal
from app.errors import BadQuery
from app.records.identifiers import going_by
from app.records.numbers import numeric_text
from app.records.times import MS_2000, Instant, read_instant
from app.store.interface import Document, Filter

OPERATORS = {"eq", "ne", "gt", "gte", "lt", "lte", "in", "nin", "re"}
RESERVED = frozenset({"token", "sort", "sort$desc", "limit", "skip", "fields", "now"})
MOST_CONDITIONS = 200
MOST_SKIPPED = 2**31 - 1

_WITH_OPERATOR = re.compile(r"(.*)\$([a-zA-Z]+)", re.DOTALL)
_NUMERIC_TIMES = ("date", "srvModified", "srvCreated")
_QUOTED = re.compile(r"'(.*)'", re.DOTALL)


class Search(NamedTuple):
    """What to look for, in which order (a field, "" for none), how many, after how many."""

    filter: Filter
    sort: str
    newest_first: bool
    limit: int
    skip: int


def parameters_of(request: Request) -> list[tuple[str, str]]:
    """Return names and values of the query, in order."""
    text = request.query_string.decode("utf-8", "replace")
    try:
        return parse_qsl(text, keep_blank_values=True, max_num_fields=1000, errors="replace")
    except ValueError:
        raise BadQuery("The query has too many parameters") from None


def search_of(asked: list[tuple[str, str]], most: int) -> Search:
    """Return the search a query asks for; ``most`` is what it may ask for at most. Raises ``Refusal``."""
    ascending, descending = _first(asked, "sort"), _first(asked, "sort$desc")
    if ascending and descending:
        raise Refusal(400, "Parameters sort and sort_desc cannot be combined")
    sort = ascending or descending
    return Search(filter_of(asked), sort, bool(descending), limit_of(asked, most), _skip(asked))


def limit_of(asked: list[tuple[str, str]], most: int) -> int:
    """Return how many documents are wanted; ``most`` unless the query says less. Raises ``Refusal``."""
    wanted = _first(asked, "limit")
    limit = _whole(wanted) if wanted else most
    if limit is None or not 1 <= limit <= most:
        raise Refusal(400, "Parameter limit out of tolerance")
    return limit


def fields_of(asked: list[tuple[str, str]]) -> tuple[str, ...]:
    """Return the members that are wanted; () for all of them."""
    fields = tuple(field for field in _first(asked, "fields").split(",") if field)
    return () if "_all" in fields else fields


def filter_of(asked: list[tuple[str, str]]) -> Filter:
    """Return the filter of a query. Raises ``Refusal`` for an operator that is none."""
    conditions = [condition for name, value in asked if name not in RESERVED for condition in _condition(name, value)]
    if len(conditions) > MOST_CONDITIONS:
        raise BadQuery(f"A query has more than {MOST_CONDITIONS} conditions")
    return {"$and": conditions} if conditions else {}


def _condition(name: str, written: str) -> Iterator[Filter]:
    found = _WITH_OPERATOR.fullmatch(name)
    field, operator = (found[1], found[2]) if found else (name, "eq")
    if operator not in OPERATORS:
        raise Refusal(400, f"Unsupported filter operator {operator}")
    if field == "isValid":
        return  # deleted documents are left out whatever is asked for
    if operator in ("in", "nin"):
        yield {field: {f"${operator}": [_unquoted(one) for one in written.split("|")]}}
    elif operator == "re":
        yield {field: {"$regex": written}}
    elif field == "identifier":
        named = {"$or": going_by(_unquoted(written))}
        yield named if operator == "eq" else {field: {f"${operator}": _unquoted(written)}}
    else:
        yield {field: _compared(field, operator, _value(field, written))}


def _compared(field: str, operator: str, value: Any) -> Document:
    """Return a comparison. A date is shown without its fraction, and compared as it is shown."""
    if field == "date" and isinstance(value, int):
        if operator == "eq":
            return {"$gte": value, "$lt": value + 1}
        if operator in ("gt", "lte"):
            return {"$gte" if operator == "gt" else "$lt": value + 1}
    return {f"${operator}": value}


def _value(field: str, written: str) -> Any:
    quoted = _QUOTED.fullmatch(written)
    if quoted:
        return quoted[1]
    number = numeric_text(written)
    if field in _NUMERIC_TIMES:
        instant = _instant(written)
        return instant.at_ms if instant else written if number is None else number
    if field == "created_at":
        instant = _instant(written)
        if instant and (number is None or instant.at_ms >= MS_2000):
            return instant.iso
    if number is not None:
        return number
    return {"true": True, "false": False}.get(written, written)


def _instant(written: str) -> Instant | None:
    """Return the moment of a text; a ``+`` that was not escaped came as a blank."""
    return read_instant(written) or read_instant("+".join(written.rsplit(" ", 1)))


def _unquoted(written: str) -> str:
    quoted = _QUOTED.fullmatch(written)
    return quoted[1] if quoted else written


def _first(asked: list[tuple[str, str]], wanted: str) -> str:
    return next((value for name, value in asked if name == wanted), "")


def _skip(asked: list[tuple[str, str]]) -> int:
    wanted = _first(asked, "skip")
    skip = _whole(wanted) if wanted else 0
    if skip is None or not 0 <= skip <= MOST_SKIPPED:
        raise Refusal(400, "Parameter skip out of tolerance")
    return skip


def _whole(written: str) -> int | None:
    return int(written) if written.isascii() and written.isdigit() and len(written) < 16 else None

"""Entries: readings, finger-sticks, calibrations."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from itertools import chain, islice
from typing import Any

import orjson
from flask import Blueprint, Response, request

from app.compat.answers import JSON, depends_on, json_answer, rows_answer, text_answer
from app.compat.bodies import body_of
from app.compat.client_quirks import (
    date_string_finds_all,
    single_entry_needs_a_date,
    whole_numbers_when_deleting,
)
from app.compat.documents import deleted, something_to_find, uploaded
from app.compat.errors import Refusal
from app.compat.kept_answers import kept
from app.compat.negotiation import chosen
from app.compat.parameters import parameters
from app.compat.query import ENTRIES, Query, filter_of, query_of
from app.compat.quirks import quirk
from app.compat.rows import completed_entry, entry_row, in_its_zone
from app.compat.services import entries
from app.config import Settings
from app.identity.door import house, requires
from app.records.ids import named
from app.records.sanitising import cleaned
from app.records.times import Instant, read_instant
from app.store.interface import Document

DEFAULT_COUNT = 10
TEXT_FIRST = ("text/plain", "text/tab-separated-values", "text/csv", JSON)

_ID = re.compile(r"[0-9a-f]{24}", re.ASCII)


def add_routes(v1: Blueprint) -> None:
    """Add the routes of entries."""
    v1.add_url_rule("/entries", view_func=list_entries)
    v1.add_url_rule("/entries/current", view_func=current_entry)
    v1.add_url_rule("/entries/<spec>", view_func=entries_of)
    v1.add_url_rule("/entries", view_func=add_entries, methods=["POST"])
    v1.add_url_rule("/entries/preview", view_func=preview_entries, methods=["POST"])
    v1.add_url_rule("/entries", view_func=delete_entries, methods=["DELETE"])
    v1.add_url_rule("/entries/<spec>", view_func=delete_entries_of, methods=["DELETE"])


@requires("api:entries:read")
@kept("entries")
def list_entries() -> Response:
    """Answer with the newest entries that match."""
    return answer(_query(parameters(request)))


@requires("api:entries:read")
@kept("entries")
def current_entry() -> Response:
    """Answer with the newest entry of any type."""
    return answer(Query(_query({}).filter, None, 1))


@requires("api:entries:read")
@kept("entries")
def entries_of(spec: str) -> Response:
    """Answer with the entry of this id, or the newest entries of this type."""
    if not _ID.fullmatch(spec):
        return answer(_query(typed(parameters(request), spec)))
    rows = [*entries().search_json(named(spec), limit=1)]
    if not rows:
        raise Refusal(500, "Mongo Error", f"No such id: '{spec}'")
    return rendered(rows)


@requires("api:entries:read", "api:entries:create")
def add_entries() -> Response:
    """Keep uploaded entries and answer with them, in order."""
    if not single_entry_needs_a_date(body_of(request)):
        return json_answer([])
    return json_answer(entries().save(uploaded()))


@requires("api:entries:read", "api:entries:create")
def preview_entries() -> Response:
    """Answer with uploaded entries as they were understood, and keep nothing."""
    if not single_entry_needs_a_date(body_of(request)):
        return json_answer([])
    shown = house().settings["OBSCURE_DEVICE_PROVENANCE"]
    return json_answer([with_device(shown, cleaned(entry)) for entry in uploaded()])


@requires("api:entries:read", "api:entries:delete")
def delete_entries() -> Response:
    """Delete every entry that matches."""
    return _delete(something_to_find())


@requires("api:entries:read", "api:entries:delete")
def delete_entries_of(spec: str) -> Response:
    """Delete the entry of this id, or the matching entries of this type (``*``: of any)."""
    if _ID.fullmatch(spec):
        return json_answer(deleted(entries().delete(named(spec))))
    asked = parameters(request)
    return _delete(asked if spec == "*" else typed(asked, spec))


def typed(asked: dict[str, Any], spec: str) -> dict[str, Any]:
    """Return the parameters narrowed to one type of entry."""
    find = asked.get("find")
    return asked | {"find": (find if isinstance(find, dict) else {}) | {"type": spec}}


def answer(query: Query) -> Response:
    """Answer with the entries of a query in the format the client likes best, the newest first."""
    if query.most == 0:
        return rendered([])
    filter = date_string_finds_all(query.filter)
    rows = entries().search_json(filter, sort=query.sort, limit=query.most or 0)
    return rendered(rows if query.sort is None else sorted(rows, key=_date_of, reverse=True))


@quirk("entries are text for who does not ask for JSON", "menu bars", "watches")
def rendered(rows: Iterable[bytes]) -> Response:
    """Render stored entries, the newest first: JSON, or text where the client did not ask for JSON."""
    complete = _completion(house().settings)
    coming = map(complete, rows)
    first = [*islice(coming, 1)]
    newest = _instant(first[0]) if first else None
    completed = chain(first, coming)
    format = chosen(request.headers.get("Accept", ""), TEXT_FIRST) or JSON
    response = rows_answer(completed, newest) if format == JSON else text_answer(completed, format, newest)
    depends_on(response, "Accept")
    return response


def _query(asked: dict[str, Any]) -> Query:
    shared = house()
    now_ms, uuid_handling = shared.clock.now_ms(), shared.settings["UUID_HANDLING"]
    return query_of(asked, ENTRIES, now_ms, default=DEFAULT_COUNT, uuid_handling=uuid_handling)


def _delete(asked: dict[str, Any]) -> Response:
    shared = house()
    whole_numbers_when_deleting(asked.get("find"))
    filter = filter_of(
        asked.get("find"), ENTRIES, shared.clock.now_ms(), uuid_handling=shared.settings["UUID_HANDLING"]
    )
    return json_answer(deleted(entries().delete(date_string_finds_all(filter))))


def _completion(settings: Settings) -> Callable[[bytes], bytes]:
    """Return how a row is completed; the quick way unless a setting changes what is shown."""
    device, in_zone = settings["OBSCURE_DEVICE_PROVENANCE"], settings["DE_NORMALIZE_DATES"]
    if not device and not in_zone:
        return entry_row

    def complete(row: bytes) -> bytes:
        entry = with_device(device, completed_entry(orjson.loads(row)))
        return orjson.dumps(in_its_zone(entry) if in_zone else entry)

    return complete


def with_device(shown: str, document: Document) -> Document:
    """Return a document with ``shown`` in place of its device; "" leaves it as it is."""
    return document | {"device": shown} if shown and "device" in document else document


def _date_of(row: bytes) -> float:
    date = orjson.loads(row).get("date")
    return date if isinstance(date, int | float) else 0


def _instant(row: bytes) -> Instant | None:
    entry = orjson.loads(row)
    return read_instant(entry.get("mills") or entry.get("date"))

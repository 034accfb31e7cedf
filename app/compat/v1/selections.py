"""Looking at a collection in other ways: ``echo``, ``times``, ``slice``, ``count``.

Beside ``api:entries:read``, which Nightscout asks for, each needs the right to read the collection it looks at.
"""

from __future__ import annotations

from typing import Any

import orjson
from flask import Blueprint, Response, request

from app.compat.answers import json_answer, json_bytes, rows_answer
from app.compat.bodies import CREDENTIALS
from app.compat.braces import expanded
from app.compat.client_quirks import date_string_finds_all
from app.compat.parameters import parameters
from app.compat.query import Query, query_of
from app.compat.services import STORAGES, Storage, storage_named
from app.compat.v1.entries import DEFAULT_COUNT, rendered, typed, with_device
from app.identity.door import check, house, requires
from app.store.interface import Document


def add_routes(v1: Blueprint) -> None:
    """Add the routes that look at a collection."""
    for rest in ("", "/<model>", "/<model>/<spec>"):
        v1.add_url_rule(f"/echo/<storage>{rest}", view_func=echo)
    for rest in ("", "/<prefix>", "/<prefix>/<regex>"):
        v1.add_url_rule(f"/times{rest}", view_func=times)
        v1.add_url_rule(f"/times/echo{rest}", view_func=times_echo)
    for rest in ("", "/<type>", "/<type>/<prefix>", "/<type>/<prefix>/<regex>"):
        v1.add_url_rule(f"/slice/<storage>/<field>{rest}", view_func=slice_of)
    v1.add_url_rule("/count/<storage>/where", view_func=count)


@requires("api:entries:read")
def echo(storage: str, model: str = "", spec: str = "") -> Response:
    """Answer with how a query is understood."""
    chosen = _readable(storage)
    asked = typed(parameters(request), model) if model else parameters(request)
    params = {"echo": storage} | ({"model": model} if model else {}) | ({"spec": spec} if spec else {})
    query = _query(asked, chosen)
    return json_answer({"query": query.filter, "input": _told(asked), "params": params, "storage": chosen.name})


@requires("api:entries:read")
def times(prefix: str = "", regex: str = "") -> Response:
    """Answer with entries whose ``dateString`` matches."""
    return _selected(_readable("entries"), "dateString", "", prefix, regex)


@requires("api:entries:read")
def times_echo(prefix: str = "", regex: str = "") -> Response:
    """Answer with the patterns ``times`` would use."""
    params = {name: value for name, value in (("prefix", prefix), ("regex", regex)) if value}
    query = {"find": _matching("dateString", prefix, regex)} | _told(parameters(request))
    return json_answer({"req": {"params": params, "query": query}, "pattern": _patterns(prefix, regex)})


@requires("api:entries:read")
def slice_of(storage: str, field: str, type: str = "", prefix: str = "", regex: str = "") -> Response:
    """Answer with documents of which one field matches."""
    return _selected(_readable(storage), field, type, prefix, regex)


@requires("api:entries:read")
def count(storage: str) -> Response:
    """Answer with how many documents match."""
    chosen = _readable(storage)
    found = chosen.open().count(date_string_finds_all(_query(parameters(request), chosen).filter))
    return json_answer([{"_id": None, "count": found}] if found else [])


def _told(asked: dict[str, Any]) -> dict[str, Any]:
    """Return the parameters without credentials: an answer may end up in a log or on a screen."""
    return {name: value for name, value in asked.items() if name not in CREDENTIALS}


def _readable(name: str) -> Storage:
    storage = storage_named(name)
    check(f"api:{storage.name}:read")
    return storage


def _query(asked: dict[str, Any], storage: Storage) -> Query:
    shared = house()
    uuid_handling = shared.settings["UUID_HANDLING"]
    return query_of(asked, storage.shape, shared.clock.now_ms(), default=DEFAULT_COUNT, uuid_handling=uuid_handling)


def _selected(storage: Storage, field: str, type: str, prefix: str, regex: str) -> Response:
    asked = typed(parameters(request), type) if type else parameters(request)
    matching = _matching(field, prefix, regex)
    given = asked.get("find")
    find = given if isinstance(given, dict) else {}
    if matching:
        # The field counts as spoken of: a pattern on the date is not narrowed to the last four days.
        asked = asked | {"find": {field: {"$regex": ""}, **find}}
    query = _query(asked, storage)
    filter = {name: wanted for name, wanted in query.filter.items() if not matching or name != field or name in find}
    filter = {"$and": [filter, matching]} if matching else filter
    rows = [*storage.open().search_json(filter, sort=query.sort, limit=query.most or 0)] if query.most != 0 else []
    if storage is STORAGES["entries"]:
        return rendered(rows)
    device = house().settings["OBSCURE_DEVICE_PROVENANCE"]
    if device:
        rows = [json_bytes(with_device(device, orjson.loads(row))) for row in rows]
    return rows_answer(rows)


def _matching(field: str, prefix: str, regex: str) -> Document:
    """Return the condition that ``field`` begins with the prefix and matches one of the patterns; {} for none."""
    conditions: list[Document] = []
    patterns = _patterns(prefix, regex)
    if patterns:
        conditions.append({"$or": [{field: {"$regex": pattern}} for pattern in patterns]})
    if prefix and len(expanded(prefix)) == 1:
        conditions.append({field: {"$regex": f"^{expanded(prefix)[0]}"}})
    return {"$and": conditions} if conditions else {}


def _patterns(prefix: str, regex: str) -> list[str]:
    begins = f"^{prefix}" if prefix and len(expanded(prefix)) > 1 else ""
    pattern = begins + (f".*{regex}" if regex else "")
    return expanded(pattern) if pattern else []

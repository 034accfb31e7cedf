"""Treatments. Writing exists only while the feature ``careportal`` is on."""

from __future__ import annotations

from itertools import chain, islice
from typing import Any

from flask import Blueprint, Response, request

from app.compat.answers import json_answer, rows_answer
from app.compat.documents import deleted, something_to_find, uploaded, uploaded_one
from app.compat.kept_answers import kept
from app.compat.parameters import parameters
from app.compat.query import TREATMENTS, filter_of, query_of
from app.compat.quirks import quirk
from app.compat.rows import treatment_row
from app.compat.services import treatments
from app.compat.v1.careportal import only_with_careportal
from app.compat.v1.newest import newest_of
from app.identity.door import house, requires
from app.records.ids import named

DEFAULT_COUNT = 100
FILTERED_COUNT = 1000
"""xDrip4iOS deletes what a filtered answer lacks, so that it must be generous."""


def add_routes(v1: Blueprint) -> None:
    """Add the routes of treatments."""
    v1.add_url_rule("/treatments", view_func=list_treatments)
    v1.add_url_rule("/treatments", view_func=add_treatments, methods=["POST"])
    v1.add_url_rule("/treatments", view_func=put_treatment, methods=["PUT"])
    v1.add_url_rule("/treatments", view_func=delete_treatments, methods=["DELETE"])
    v1.add_url_rule("/treatments/<name>", view_func=delete_treatment, methods=["DELETE"])


@requires("api:treatments:read")
@kept("treatments")
@quirk("1,000 treatments with a filter", "xDrip4iOS")
def list_treatments() -> Response:
    """Answer with the newest treatments that match."""
    asked, shared = parameters(request), house()
    default = FILTERED_COUNT if asked.get("find") else DEFAULT_COUNT
    uuid_handling = shared.settings["UUID_HANDLING"]
    query = query_of(asked, TREATMENTS, shared.clock.now_ms(), default=default, uuid_handling=uuid_handling)
    found = treatments().search_json(query.filter, sort=query.sort, limit=query.most or 0) if query.most != 0 else ()
    coming = map(treatment_row, found)
    looked_at = [*coming] if query.sort else [*islice(coming, 1)]
    return rows_answer(chain(looked_at, coming), newest_of(looked_at))


@requires("api:treatments:read", "api:treatments:create")
def add_treatments() -> Response:
    """Keep uploaded treatments and answer with them, in order."""
    only_with_careportal()
    return json_answer(treatments().save(uploaded()))


@requires("api:treatments:read", "api:treatments:update")
def put_treatment() -> Response:
    """Replace one treatment, or keep a new one, and answer with it."""
    only_with_careportal()
    return json_answer(treatments().replace(uploaded_one()))


@requires("api:treatments:read", "api:treatments:delete")
def delete_treatments() -> Response:
    """Delete every treatment that matches."""
    only_with_careportal()
    return _delete(something_to_find())


@requires("api:treatments:read", "api:treatments:delete")
@quirk("a UUID names a treatment in a path", "Loop")
def delete_treatment(name: str) -> Response:
    """Delete the treatment of this id or UUID (``*``: every one that matches)."""
    only_with_careportal()
    if name == "*":
        return _delete(parameters(request))
    if house().settings["UUID_HANDLING"]:
        return json_answer(deleted(treatments().delete(named(name))))
    return _delete({"find": {"_id": name}})


def _delete(asked: dict[str, Any]) -> Response:
    shared = house()
    uuid_handling = shared.settings["UUID_HANDLING"]
    filter = filter_of(asked.get("find"), TREATMENTS, shared.clock.now_ms(), uuid_handling=uuid_handling)
    return json_answer(deleted(treatments().delete(filter)))

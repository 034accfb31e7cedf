"""Device status."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, request

from app.compat.answers import json_answer, rows_answer
from app.compat.documents import deleted, something_to_find
from app.compat.kept_answers import kept
from app.compat.parameters import parameters
from app.compat.query import DEVICESTATUS, filter_of, query_of
from app.compat.rows import device_status_row
from app.compat.services import device_status
from app.compat.v1.hex_ids import named_by_hex, uploaded_with_hex_ids
from app.identity.door import house, requires

DEFAULT_COUNT = 10


def add_routes(v1: Blueprint) -> None:
    """Add the routes of device status."""
    v1.add_url_rule("/devicestatus", view_func=list_device_status)
    v1.add_url_rule("/devicestatus", view_func=add_device_status, methods=["POST"])
    v1.add_url_rule("/devicestatus", view_func=delete_device_statuses, methods=["DELETE"])
    v1.add_url_rule("/devicestatus/<id>", view_func=delete_device_status, methods=["DELETE"])


@requires("api:devicestatus:read")
@kept("devicestatus")
def list_device_status() -> Response:
    """Answer with the newest device status that match."""
    query = query_of(parameters(request), DEVICESTATUS, house().clock.now_ms(), default=DEFAULT_COUNT)
    if query.most == 0:
        return rows_answer([])
    found = device_status().search_json(query.filter, sort=query.sort, limit=query.most or 0)
    return rows_answer(map(device_status_row, found))


@requires("api:devicestatus:read", "api:devicestatus:create")
def add_device_status() -> Response:
    """Keep uploaded device status and answer with them, in order."""
    return json_answer(device_status().save(uploaded_with_hex_ids()))


@requires("api:devicestatus:read", "api:devicestatus:delete")
def delete_device_statuses() -> Response:
    """Delete every device status that matches."""
    return _delete(something_to_find())


@requires("api:devicestatus:read", "api:devicestatus:delete")
def delete_device_status(id: str) -> Response:
    """Delete the device status of this id (``*``: every one that matches)."""
    if id == "*":
        return _delete(parameters(request))
    return json_answer(deleted(device_status().delete(named_by_hex(id))))


def _delete(asked: dict[str, Any]) -> Response:
    filter = filter_of(asked.get("find"), DEVICESTATUS, house().clock.now_ms())
    return json_answer(deleted(device_status().delete(filter)))

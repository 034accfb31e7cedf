"""Activity. Writing exists only while the feature ``careportal`` is on."""

from __future__ import annotations

from itertools import chain, islice

from flask import Blueprint, Response, request

from app.compat.answers import json_answer, rows_answer
from app.compat.parameters import parameters
from app.compat.query import ACTIVITY, query_of
from app.compat.quirks import quirk
from app.compat.services import activity
from app.compat.v1.careportal import only_with_careportal
from app.compat.v1.hex_ids import named_by_hex, uploaded_one_with_hex_id, uploaded_with_hex_ids
from app.compat.v1.newest import newest_of
from app.identity.door import house, requires


def add_routes(v1: Blueprint) -> None:
    """Add the routes of activity."""
    v1.add_url_rule("/activity", view_func=list_activity)
    v1.add_url_rule("/activity", view_func=add_activity, methods=["POST"])
    v1.add_url_rule("/activity", view_func=put_activity, methods=["PUT"])
    v1.add_url_rule("/activity/<id>", view_func=delete_activity, methods=["DELETE"])


@requires("api:activity:read")
@quirk("activity has no default count", "tconnectsync", "Nightscout Reporter")
def list_activity() -> Response:
    """Answer with all activity that matches, the newest first."""
    shared = house()
    uuid_handling = shared.settings["UUID_HANDLING"]
    query = query_of(parameters(request), ACTIVITY, shared.clock.now_ms(), default=None, uuid_handling=uuid_handling)
    coming = activity().search_json(query.filter, sort=query.sort, limit=query.most or 0)
    looked_at = [*coming] if query.sort else [*islice(coming, 1)]
    return rows_answer(chain(looked_at, coming), newest_of(looked_at))


@requires("api:activity:read", "api:activity:create")
def add_activity() -> Response:
    """Keep uploaded activity and answer with it, in order."""
    only_with_careportal()
    return json_answer(activity().save(uploaded_with_hex_ids()))


@requires("api:activity:read", "api:activity:update")
def put_activity() -> Response:
    """Replace one document of activity, or keep a new one, and answer with it."""
    only_with_careportal()
    return json_answer(activity().replace(uploaded_one_with_hex_id()))


@requires("api:activity:read", "api:activity:delete")
def delete_activity(id: str) -> Response:
    """Delete the activity of this id."""
    only_with_careportal()
    activity().delete(named_by_hex(id))
    return json_answer({})

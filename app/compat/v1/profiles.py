"""Profiles: ``/profile`` for the newest, ``/profiles`` for a search."""

from __future__ import annotations

from flask import Blueprint, Response, request

from app.compat.answers import json_answer, rows_answer
from app.compat.client_quirks import only_hex_ids
from app.compat.documents import uploaded, uploaded_one
from app.compat.errors import Refusal
from app.compat.parameters import parameters
from app.compat.query import PROFILES, most_of, query_of
from app.compat.services import profiles
from app.identity.door import house, requires
from app.records.ids import named, object_id

DEFAULT_COUNT = 10

_ADVICE = "Must be 24-character hex string or omit for auto-generation"


def add_routes(v1: Blueprint) -> None:
    """Add the routes of profiles."""
    v1.add_url_rule("/profile", view_func=list_profiles)
    v1.add_url_rule("/profiles", view_func=search_profiles)
    v1.add_url_rule("/profile/current", view_func=current_profile)
    v1.add_url_rule("/profile", view_func=add_profiles, methods=["POST"])
    v1.add_url_rule("/profile", view_func=put_profile, methods=["PUT"])
    v1.add_url_rule("/profile/<id>", view_func=delete_profile, methods=["DELETE"])


@requires("api:profile:read")
def list_profiles() -> Response:
    """Answer with the newest profiles; ``find`` plays no part."""
    most = most_of({"count": parameters(request).get("count")}, DEFAULT_COUNT)
    return rows_answer(profiles().search_json(limit=most or 0) if most != 0 else ())


@requires("api:profile:read")
def search_profiles() -> Response:
    """Answer with the newest profiles that match."""
    query = query_of(parameters(request), PROFILES, house().clock.now_ms(), default=DEFAULT_COUNT)
    if query.most == 0:
        return rows_answer([])
    return rows_answer(profiles().search_json(query.filter, sort=query.sort, limit=query.most or 0))


@requires("api:profile:read")
def current_profile() -> Response:
    """Answer with the profile that started last, or null."""
    return json_answer(profiles().current())


@requires("api:profile:read", "api:profile:create")
def add_profiles() -> Response:
    """Keep uploaded profiles and answer with them, in order."""
    documents = uploaded()
    only_hex_ids(documents, _ADVICE)
    return json_answer(profiles().save(documents))


@requires("api:profile:read", "api:profile:update")
def put_profile() -> Response:
    """Replace one profile, or keep a new one, and answer with it."""
    document = uploaded_one()
    only_hex_ids([document], _ADVICE)
    return json_answer(profiles().replace(document))


@requires("api:profile:read", "api:profile:delete")
def delete_profile(id: str) -> Response:
    """Delete the profile of this id."""
    if object_id(id) is None:
        raise Refusal(400, "Invalid _id format", f"Must be 24-character hex string. Got: {id}")
    profiles().delete(named(id))
    return json_answer({})

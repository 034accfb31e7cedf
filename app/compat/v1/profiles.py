"""Profiles: ``/profile`` for the newest, ``/profiles`` for a search."""

from __future__ import annotations

from flask import Blueprint, Response, request

from app.compat.answers import json_answer, rows_answer
from app.compat.kept_answers import kept
from app.compat.parameters import parameters
from app.compat.query import PROFILES, most_of, query_of
from app.compat.services import profiles
from app.compat.v1.hex_ids import named_by_hex, uploaded_one_with_hex_id, uploaded_with_hex_ids
from app.identity.door import house, requires

DEFAULT_COUNT = 10


def add_routes(v1: Blueprint) -> None:
    """Add the routes of profiles."""
    v1.add_url_rule("/profile", view_func=list_profiles)
    v1.add_url_rule("/profiles", view_func=search_profiles)
    v1.add_url_rule("/profile/current", view_func=current_profile)
    v1.add_url_rule("/profile", view_func=add_profiles, methods=["POST"])
    v1.add_url_rule("/profile", view_func=put_profile, methods=["PUT"])
    v1.add_url_rule("/profile/<id>", view_func=delete_profile, methods=["DELETE"])


@requires("api:profile:read")
@kept("profile")
def list_profiles() -> Response:
    """Answer with the newest profiles; ``find`` plays no part."""
    most = most_of({"count": parameters(request).get("count")}, PROFILES, DEFAULT_COUNT)
    return rows_answer(profiles().search_json(limit=most or 0))


@requires("api:profile:read")
@kept("profile")
def search_profiles() -> Response:
    """Answer with the newest profiles that match."""
    query = query_of(parameters(request), PROFILES, house().clock.now_ms(), default=DEFAULT_COUNT)
    return rows_answer(profiles().search_json(query.filter, sort=query.sort, limit=query.most or 0))


@requires("api:profile:read")
@kept("profile")
def current_profile() -> Response:
    """Answer with the profile that started last, or null."""
    return json_answer(profiles().current())


@requires("api:profile:read", "api:profile:create")
def add_profiles() -> Response:
    """Keep uploaded profiles and answer with them, in order."""
    return json_answer(profiles().save(uploaded_with_hex_ids()))


@requires("api:profile:read", "api:profile:update")
def put_profile() -> Response:
    """Replace one profile, or keep a new one, and answer with it."""
    return json_answer(profiles().replace(uploaded_one_with_hex_id()))


@requires("api:profile:read", "api:profile:delete")
def delete_profile(id: str) -> Response:
    """Delete the profile of this id."""
    profiles().delete(named_by_hex(id))
    return json_answer({})

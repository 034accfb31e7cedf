"""``/authorization``: web tokens for access tokens, and the administration of subjects and roles."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, request

from app.compat.answers import json_answer
from app.compat.credentials import ignores_credentials
from app.compat.documents import uploaded_one
from app.compat.errors import Refusal
from app.compat.services import surface
from app.errors import BadRequest
from app.identity.door import check, present_actor, public, requires
from app.identity.permissions import KNOWN, trie_of
from app.identity.stored_documents import StoredDocuments


def blueprint() -> Blueprint:
    """Return a new blueprint with the routes of authorisation, relative to the version's prefix."""
    v2, at = Blueprint("v2", __name__), "/authorization"
    v2.add_url_rule(f"{at}/request/<token>", view_func=request_token)
    v2.add_url_rule(f"{at}/permissions", view_func=list_permissions)
    v2.add_url_rule(f"{at}/permissions/trie", view_func=permissions_trie)
    v2.add_url_rule(f"{at}/debug/check/<permission>", view_func=check_permission)
    v2.add_url_rule(f"{at}/subjects", view_func=list_subjects)
    v2.add_url_rule(f"{at}/subjects", view_func=add_subject, methods=["POST"])
    v2.add_url_rule(f"{at}/subjects", view_func=put_subject, methods=["PUT"])
    v2.add_url_rule(f"{at}/subjects/<id>", view_func=delete_subject, methods=["DELETE"])
    v2.add_url_rule(f"{at}/roles", view_func=list_roles)
    v2.add_url_rule(f"{at}/roles", view_func=add_role, methods=["POST"])
    v2.add_url_rule(f"{at}/roles", view_func=put_role, methods=["PUT"])
    v2.add_url_rule(f"{at}/roles/<id>", view_func=delete_role, methods=["DELETE"])
    return v2


@ignores_credentials
@public("the access token in the path is the credential")
def request_token(token: str) -> Response:
    """Answer with a web token for an access token, or for a web token that is still good."""
    shared = surface()
    return json_answer(shared.access.exchange(token, shared.gate.peer_of(request)).body)


@requires("admin:api:permissions:read")
def list_permissions() -> Response:
    """Answer with every permission the routes ask for."""
    return json_answer(KNOWN)


@requires("admin:api:permissions:read")
def permissions_trie() -> Response:
    """Answer with the same permissions, nested by part."""
    return json_answer({"data": trie_of(KNOWN)})


@public("asks for the permission that is checked")
def check_permission(permission: str) -> Response:
    """Answer whether who asks holds a permission."""
    check(permission)
    return json_answer({"check": True})


@requires("admin:api:subjects:read")
def list_subjects() -> Response:
    """Answer with the subjects and their access tokens."""
    return json_answer(surface().access.subjects.in_order())


@requires("admin:api:subjects:create")
def add_subject() -> Response:
    """Keep a new subject and answer with it."""
    return _added(surface().access.subjects.documents)


@requires("admin:api:subjects:update")
def put_subject() -> Response:
    """Replace a subject and answer with it."""
    return _put(surface().access.subjects.documents)


@requires("admin:api:subjects:delete")
def delete_subject(id: str) -> Response:
    """Delete a subject, and with it its access token."""
    return _deleted(surface().access.subjects.documents, id)


@requires("admin:api:roles:list")
def list_roles() -> Response:
    """Answer with built-in and stored roles."""
    return json_answer(surface().access.roles.in_order())


@requires("admin:api:roles:create")
def add_role() -> Response:
    """Keep a new role and answer with it."""
    return _added(surface().access.roles.documents)


@requires("admin:api:roles:update")
def put_role() -> Response:
    """Replace a role and answer with it."""
    return _put(surface().access.roles.documents)


@requires("admin:api:roles:delete")
def delete_role(id: str) -> Response:
    """Delete a stored role."""
    return _deleted(surface().access.roles.documents, id)


def _added(documents: StoredDocuments) -> Response:
    peer = surface().gate.peer_of(request)
    return json_answer(documents.create(uploaded_one(), present_actor(), peer))


def _put(documents: StoredDocuments) -> Response:
    sent: Mapping[str, Any] = uploaded_one()
    try:
        return json_answer(documents.save(sent, present_actor(), surface().gate.peer_of(request)))
    except BadRequest as refused:
        raise Refusal(500, "Mongo Error", refused.message) from None


def _deleted(documents: StoredDocuments, id: str) -> Response:
    try:
        documents.delete(id, present_actor(), surface().gate.peer_of(request))
    except BadRequest:
        raise Refusal(500, "Mongo Error", {}) from None
    return json_answer({})

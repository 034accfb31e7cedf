"""One document, by its identifier: create, read, replace, patch, delete."""

from __future__ import annotations

from urllib.parse import quote

from flask import Blueprint, Response, request

from app.compat.quirks import quirk
from app.compat.v3.access import allowed_in, demand, signed_in
from app.compat.v3.answers import accepted_format, dated, document_answer, json_answer, projected
from app.compat.v3.asking import fields_of, parameters_of
from app.compat.v3.services import documents_in, moment_in, uploaded
from app.compat.v3.walking import COLLECTION
from app.records.identified_documents import Written
from app.records.stamps import CHANGED


def add_routes(v3: Blueprint) -> None:
    """Add the routes of single documents."""
    v3.add_url_rule(f"/{COLLECTION}", view_func=create_document, methods=["POST"])
    one = f"/{COLLECTION}/<identifier>"
    v3.add_url_rule(one, view_func=read_document)
    v3.add_url_rule(one, view_func=replace_document, methods=["PUT"])
    v3.add_url_rule(one, view_func=patch_document, methods=["PATCH"])
    v3.add_url_rule(one, view_func=delete_document, methods=["DELETE"])


@signed_in("api:{collection}:create for a new document, api:{collection}:update for one that is there")
def create_document(collection: str) -> Response:
    """Keep a document, as a new one or in place of the one it is."""
    written = documents_in(collection).create(uploaded(), allowed_in(collection))
    if written.created:
        return _created(collection, written)
    told = {"lastModified": written.changed_ms, "identifier": written.identifier, "isDeduplication": True}
    if written.formerly != written.identifier:
        told["deduplicatedIdentifier"] = written.formerly
    return dated(json_answer(200, **told), written.changed_ms)


@signed_in("api:{collection}:read")
def read_document(collection: str, identifier: str) -> Response:
    """Answer with a document."""
    demand(f"api:{collection}:read")
    media, fields = accepted_format(), fields_of(parameters_of(request))
    document = documents_in(collection).read(identifier)
    changed_ms, known_ms = document.get(CHANGED), moment_in("If-Modified-Since")
    if changed_ms is not None and known_ms is not None and changed_ms // 1000 <= known_ms // 1000:
        return dated(Response(status=304), changed_ms)
    return dated(document_answer(projected(document, fields), media), changed_ms)


@signed_in("api:{collection}:update, or api:{collection}:create where there is no such document yet")
def replace_document(collection: str, identifier: str) -> Response:
    """Keep a document in place of the one of this name, or as a new one."""
    since_ms = moment_in("If-Unmodified-Since")
    written = documents_in(collection).replace(
        identifier, uploaded(), allowed_in(collection), unmodified_since_ms=since_ms
    )
    if written.created:
        return _created(collection, written)
    return dated(json_answer(200, lastModified=written.changed_ms), written.changed_ms)


@quirk("PATCH of v3 is 200 with a body", "AndroidAPS")
@signed_in("api:{collection}:update")
def patch_document(collection: str, identifier: str) -> Response:
    """Change single members of a document."""
    changes = uploaded()
    demand(f"api:{collection}:update")
    since_ms = moment_in("If-Unmodified-Since")
    changed_ms = documents_in(collection).patch(identifier, changes, unmodified_since_ms=since_ms)
    return dated(json_answer(200), changed_ms)


@quirk("DELETE of v3 is 200 with a body, as often as it is asked", "AndroidAPS")
@signed_in("api:{collection}:delete")
def delete_document(collection: str, identifier: str) -> Response:
    """Delete a document; with ``permanent=true`` without a trace."""
    demand(f"api:{collection}:delete")
    for_good = ("permanent", "true") in parameters_of(request)
    documents_in(collection).delete(identifier, for_good=for_good)
    return json_answer(200)


def _created(collection: str, written: Written) -> Response:
    answer = json_answer(201, identifier=written.identifier, lastModified=written.changed_ms)
    answer.headers["Location"] = f"/api/v3/{collection}/{quote(written.identifier, safe='')}"
    return dated(answer, written.changed_ms)

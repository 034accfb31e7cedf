"""The services behind the routes of API v3, made for one request on behalf of who asks."""

from __future__ import annotations

from flask import request

from app.compat.bodies import json_of
from app.compat.errors import Refusal
from app.identity.door import house, present_actor
from app.records.identified_documents import IdentifiedDocuments
from app.records.times import read_instant
from app.store.interface import Document


def documents_in(collection: str) -> IdentifiedDocuments:
    """Return the documents of a collection, for the present actor."""
    shared = house()
    return IdentifiedDocuments(
        shared.store,
        shared.clock,
        present_actor(),
        collection,
        knows_v1=shared.settings["API3_DEDUP_FALLBACK_ENABLED"],
        created_at_counts=shared.settings["API3_CREATED_AT_FALLBACK_ENABLED"],
    )


def uploaded() -> Document:
    """Return the document of the body. Raises ``Refusal`` when there is none, or a list."""
    body = json_of(request)
    if not body:
        raise Refusal(400, "Bad or missing request body")
    if not isinstance(body, dict):
        raise Refusal(400, "Bad or missing date field")
    return body


def moment_in(header: str) -> int | None:
    """Return the moment a header of the request names (UTC epoch ms), None where it names none."""
    instant = read_instant(request.headers.get(header, ""))
    return instant.at_ms if instant else None

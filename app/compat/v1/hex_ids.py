"""The collections whose ``_id`` is 24 hex characters or not given at all: device status, profiles, food, activity."""

from __future__ import annotations

from app.compat.client_quirks import only_hex_ids
from app.compat.documents import uploaded, uploaded_one
from app.compat.errors import Refusal
from app.records.ids import named, object_id
from app.store.interface import Document, Filter

_WANTED = "Must be 24-character hex string"
_WHEN_UPLOADING = f"{_WANTED} or omit for auto-generation"


def uploaded_with_hex_ids() -> list[Document]:
    """Return the documents of the body. Raises ``MalformedBody``, and ``Refusal`` for an ``_id`` that is none."""
    documents = uploaded()
    only_hex_ids(documents, _WHEN_UPLOADING)
    return documents


def uploaded_one_with_hex_id() -> Document:
    """Return the single document of the body. Raises as ``uploaded_with_hex_ids`` does."""
    document = uploaded_one()
    only_hex_ids([document], _WHEN_UPLOADING)
    return document


def named_by_hex(id: str) -> Filter:
    """Return the filter for the document a path names. Raises ``Refusal`` for what is no ``_id``."""
    if object_id(id) is None:
        raise Refusal(400, "Invalid _id format", f"{_WANTED}. Got: {id}")
    return named(id)

"""The documents a request brings, and what every writing route checks first."""

from __future__ import annotations

from typing import Any

from flask import request

from app.compat.bodies import MalformedBody, body_of
from app.compat.errors import Refusal
from app.compat.parameters import parameters
from app.compat.quirks import quirk
from app.store.interface import Document


@quirk("answers to uploads have the length and order of the request", "Loop", "xDrip4iOS")
def uploaded() -> list[Document]:
    """Return the documents of the body, a bare one as a list of one. Raises ``MalformedBody``."""
    body = body_of(request)
    documents = body if isinstance(body, list) else [body]
    if not all(isinstance(document, dict) for document in documents):
        raise MalformedBody("The body holds something that is no document")
    return documents


def uploaded_one() -> Document:
    """Return the single document of the body. Raises ``MalformedBody``."""
    body = body_of(request)
    if not isinstance(body, dict):
        raise MalformedBody("The body is not one document")
    return body


def something_to_find() -> dict[str, Any]:
    """Return the parameters of a DELETE. Raises ``Refusal`` when they name nothing: that would delete four days."""
    asked = parameters(request)
    if not asked.get("find"):
        raise Refusal(400, "Bad Request", "A DELETE without find[…] deletes nothing")
    return asked


def deleted(count: int) -> dict[str, Any]:
    """Return v1's answer to a DELETE."""
    return {"acknowledged": True, "deletedCount": count}

"""How documents are named: MongoDB's ``_id``, and the ``identifier`` a client chose.

We hand out 24 lower-case hex characters and nothing else: one app cuts ids at the first dash.
"""

from __future__ import annotations

import re
from typing import Any

from app.store import ObjectId
from app.store.interface import Document

_HEX_24 = re.compile(r"[0-9a-f]{24}", re.ASCII | re.IGNORECASE)


def object_id(text: object) -> ObjectId | None:
    """Return the ObjectId 24 hex characters (of any case) stand for, or None."""
    if isinstance(text, ObjectId):
        return text
    return ObjectId(text) if isinstance(text, str) and _HEX_24.fullmatch(text) else None


def settle_ids(document: Document, *, keep_foreign: bool = True) -> None:
    """Make the ids of an uploaded document what the store keeps, in place.

    24 hex characters become an ObjectId. Any other text (a UUID, random letters) becomes the ``identifier`` when there
    is none and ``keep_foreign`` holds, and is dropped from ``_id``. What is no text at all is dropped: as a match
    filter it would be an operator, and as an ``_id`` it would break every later search.
    """
    given = document.pop("_id", None)
    if not isinstance(document.get("identifier", ""), str):
        del document["identifier"]
    chosen = object_id(given)
    if chosen is not None:
        document["_id"] = chosen
    elif isinstance(given, str) and given and keep_foreign and not document.get("identifier"):
        document["identifier"] = given


def named(text: str) -> dict[str, Any]:
    """Return the filter for the document of this name: an ``_id``, or the ``identifier`` a client chose.

    Databases of the original hold 24 hex characters and UUIDs as plain text in ``_id`` too; both are found.
    """
    known = object_id(text)
    if known is not None:
        return {"_id": {"$in": [known, text]}}
    return {"$or": [{"identifier": text}, {"_id": text}]}

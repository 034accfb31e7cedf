"""The one truth about deleted documents: ``isValid: false`` means deleted, anything else means there.

API v3 deletes this way, so that others can learn of it; so does v1 where programs follow documents one by one. Nothing
but API v3's history ever shows such a document, and uploading it again brings it back.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.store.interface import Filter

DELETED: Filter = {"isValid": False}
THERE: Filter = {"isValid": {"$ne": False}}


def is_deleted(document: Mapping[str, Any]) -> bool:
    """Tell whether a stored document is deleted."""
    return document.get("isValid") is False


def there(filter: Filter | None) -> Filter:
    """Narrow a filter to documents that are not deleted."""
    if not filter:
        return THERE
    if "isValid" in filter:
        return {"$and": [filter, THERE]}
    return {**filter, **THERE}

"""``/storage``: the change feed of API v3."""

from __future__ import annotations

from typing import Any

from app.compat.quirks import quirk
from app.compat.sockets.admission import Admission
from app.compat.sockets.viewers import Viewer
from app.records.identified import COLLECTIONS

BAD_TOKEN = {"success": False, "message": "Missing or bad accessToken"}
_NOTHING_GRANTED = {"success": False, "message": "Unauthorized to receive any collection"}


class Storage:
    """What clients of the feed ask for."""

    def __init__(self, admission: Admission) -> None:
        self._admission = admission

    @quirk("names of collections that nobody knows are passed over", "AndroidAPS")
    def subscribe(self, viewer: Viewer, message: dict[str, Any]) -> Any:
        """Let a client hear of the collections it names and may read; names nobody knows are passed over.

        AndroidAPS asks for ``foods``, which there is not.
        """
        token = message.get("accessToken")
        actor = self._admission.admit(viewer, secret=token) if token and isinstance(token, str) else None
        if actor is None:
            viewer.listens = False
            return BAD_TOKEN
        named = message.get("collections")
        wanted = [name for name in named if name in COLLECTIONS] if isinstance(named, list) else COLLECTIONS
        granted = [name for name in dict.fromkeys(wanted) if actor.may(permission_to_read(name))]
        viewer.collections = frozenset(granted)
        viewer.listens = bool(granted)
        return {"success": True, "collections": granted} if granted else _NOTHING_GRANTED


def permission_to_read(collection: str) -> str:
    """Return the permission a collection's documents are shown for."""
    return "api:settings:admin" if collection == "settings" else f"api:{collection}:read"

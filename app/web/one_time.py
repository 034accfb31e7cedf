"""What is shown once: recovery codes, a share link, a device token.

They wait, sealed and bound to the session they were made in, in the browser's own cookie: a phone that drops the page
while its owner switches to another app finds them again, and nothing of them lies in the store.
"""

from __future__ import annotations

from typing import Any

from flask import session

from app.identity.door import house
from app.keyring import SealBroken
from app.web.identify import signed_in

KEPT_MS = 15 * 60_000


def keep(kind: str, content: dict[str, Any]) -> None:
    """Keep something for showing it on the next page; after a quarter of an hour it is gone."""
    shared = house()
    until_ms = shared.clock.now_ms() + KEPT_MS
    session[_name(kind)] = shared.keyring.seal(_place(kind), {"content": content, "until_ms": until_ms})


def look(kind: str) -> dict[str, Any] | None:
    """Return what was kept, and keep it still."""
    shared, sealed = house(), session.get(_name(kind), "")
    try:
        kept = shared.keyring.open(_place(kind), sealed)
    except SealBroken:
        return None
    content: dict[str, Any] = kept["content"]
    return content if kept["until_ms"] > shared.clock.now_ms() else None


def take(kind: str) -> dict[str, Any] | None:
    """Return what was kept, and forget it."""
    content = look(kind)
    session.pop(_name(kind), None)
    return content


def _name(kind: str) -> str:
    return f"once {kind}"


def _place(kind: str) -> str:
    return f"once:{kind}:{signed_in().session.id}"

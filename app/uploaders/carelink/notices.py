"""What the pump said with a beep: its alarms, alerts and messages as notes, each once, however often it is listed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from app.glucose.wall_clock import Placed
from app.records.sources.acts import event
from app.records.sources.documents import BadRecord
from app.store.interface import Document
from app.uploaders.carelink.payload import Payload, number_of, time_in, word_of
from app.uploaders.carelink.scope import Scope, each

_PREFIX = re.compile(r"^(?:BC|SID|MSG|MESSAGE|ALERT|ALARM)_", re.ASCII)
_MOST_WORDS = 200
_IDS = ("referenceGUID", "GUID", "guid")  # what is over refers to what it was by the first


def notices_of(payload: Payload, scope: Scope, unusable: list[str]) -> list[Document]:
    """Return a treatment for each thing the pump announced: an Announcement for an alarm, a Note for the rest."""
    found: dict[str, Document] = {}

    def use(one: Any) -> None:
        made = _notice(one, scope)
        known = found.get(made["identifier"])
        if known is None or made["created_at"] < known["created_at"]:
            found[made["identifier"]] = made

    each(_listed(payload), use, unusable)
    return sorted(found.values(), key=lambda one: one["created_at"])


def _listed(payload: Payload) -> Iterator[Any]:
    """Yield what was announced: what is over, what is not, and the last of all, which is one of them."""
    history = payload.get("notificationHistory")
    for name in ("clearedNotifications", "activeNotifications"):
        listed = history.get(name) if isinstance(history, Mapping) else None
        yield from listed if isinstance(listed, list) else ()
    if payload.get("lastAlarm"):
        yield payload["lastAlarm"]


def _notice(one: Any, scope: Scope) -> Document:
    if not isinstance(one, Mapping):
        raise BadRecord("a notice of the pump is not an object")
    at = scope.place(time_in(one, "triggeredDateTime"))
    fault = int(number_of(one.get("faultId")) or number_of(one.get("code")) or 0)
    kind = word_of(one.get("type")).lower()
    kind = kind if kind in ("alarm", "alert", "message") else "notice"
    number = f" {fault}" if fault else ""
    text = _words(one.get("messageId") or one.get("messageID"))
    notes = f"Pump {kind}{number}: {text}" if text else f"Pump {kind}{number}"
    act = scope.act("notice", at, notes) | {"identifier": scope.name("notice", _key(one, at, fault))}
    return event("Announcement" if kind == "alarm" else "Note", more={"faultId": fault} if fault else None, **act)


def _key(one: Mapping[str, Any], at: Placed, fault: int) -> str:
    """Return what a notice goes by: the id it has while it is shown and keeps when it is over, else time and number."""
    known = next((str(id) for name in _IDS if isinstance(id := one.get(name), str) and id), "")
    return known or f"{one.get('instanceId') or at.at_ms}|{fault}"


def _words(told: Any) -> str:
    """Return an id of the vendor as words: ``BC_SID_LOW_SG_TREAT`` is "low sg treat"."""
    if not isinstance(told, str):
        return ""
    text = told.strip()[:_MOST_WORDS]
    while (shorter := _PREFIX.sub("", text)) != text:
        text = shorter
    return text.replace("_", " ").lower() if "_" in told else text

"""The push message Loop reads: what Apple shows on the phone, and the command itself under Loop's names.

``sent-at`` is the moment the command was stored, so that whatever repeats it names just this command.
"""

from __future__ import annotations

from typing import Any

import orjson

from app.clock import iso_of
from app.commands.command import BOLUS, CANCEL, CARBS, OVERRIDE, Command, CommandFailed

LIFETIME_MS = 5 * 60_000
MOST_BYTES = 4096
"""Apple refuses more."""


def payload_of(command: Command, *, remote_address: str, sent_ms: int) -> dict[str, Any]:
    """Return the message for a command, given from ``remote_address`` at ``sent_ms`` (UTC epoch ms)."""
    told = {"notes": command.notes, "entered-by": command.entered_by}
    return {
        "aps": {"alert": _alert(command), "content-available": 1, "interruption-level": "time-sensitive"},
        "remote-address": remote_address,
        **{name: text for name, text in told.items() if text is not None},
        **_asked(command),
        "sent-at": iso_of(sent_ms),
        "expiration": iso_of(sent_ms + LIFETIME_MS),
    }


def payload_bytes(payload: dict[str, Any]) -> bytes:
    """Return a message as it is pushed. Raises ``CommandFailed`` when it is too long for Apple."""
    encoded = orjson.dumps(payload)
    if len(encoded) > MOST_BYTES:
        raise CommandFailed("APNs delivery failed: PayloadTooLarge")
    return encoded


def _asked(command: Command) -> dict[str, Any]:
    otp = {"otp": command.otp} if command.otp else {}
    if command.event_type == CANCEL:
        return {"cancel-temporary-override": "true"}
    if command.event_type == OVERRIDE:
        lasting = {"override-duration-minutes": command.duration_min} if command.duration_min else {}
        return {"override-name": command.override, **lasting}
    if command.event_type == BOLUS:
        return {"bolus-entry": command.amount, **otp}
    start = {"start-time": command.start} if command.start else {}
    return {"carbs-entry": command.amount, "absorption-time": command.absorption_h, **otp, **start}


def _alert(command: Command) -> str:
    """Return what the phone shows: the command, the notes and who gave it; never the one-time password."""
    what = command.words
    if command.event_type == CARBS:
        what += f", absorbed in {command.absorption_h:g} h"
    return " - ".join([f"Remote command: {what}", *filter(None, (command.notes, command.entered_by))])

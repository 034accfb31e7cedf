"""Giving a command: checked, stored, told in the audit list, pushed once, and its outcome stored.

In this order, so that whatever process dies when: what was pushed is stored, and what is stored is never pushed again.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from app.actor import Actor
from app.clock import Clock
from app.commands import keeping
from app.commands.apns import Apns, Push, Verdict
from app.commands.command import Command, CommandFailed, read_command
from app.commands.device import Device, device_in
from app.commands.keeping import Kept
from app.commands.payload import payload_bytes, payload_of
from app.identity import audit
from app.identity.peer import Peer
from app.keyring import KeyRing
from app.logs import told
from app.records.profiles import Profiles
from app.store.interface import Store

log = logging.getLogger(__name__)


def give(
    store: Store, clock: Clock, keyring: KeyRing, actor: Actor, sent: Mapping[str, Any], *, apns: Apns, peer: Peer
) -> None:
    """Give the command an app sent, and return when Apple took it. The same one again within minutes is not pushed.

    Raises ``CommandFailed``, in Nightscout's words and order, for what cannot be given, and when Apple refuses it or
    does not answer.
    """
    apns.sign()
    device = device_in(Profiles(store, clock, actor).current())
    command = read_command(sent)
    _message(command, peer, clock.now_ms())
    kept, is_new = keeping.keep(store, clock, keyring, actor, command)
    if not is_new:
        _answer_again(kept)
        return
    details = {"what": command.words, "entered_by": command.entered_by or ""}
    audit.record(store, clock, actor, "remote command given", about=kept.id, peer=peer, details=details)
    verdict = apns.push(_push(kept, command, device, peer))
    log.info("a remote command was pushed", extra=told(command=kept.id, outcome=verdict.outcome, why=verdict.reason))
    _store_outcome(store, clock, kept, verdict)
    if verdict.outcome != "accepted":
        raise CommandFailed(f"APNs delivery failed: {verdict.reason}")


def _message(command: Command, peer: Peer, sent_ms: int) -> bytes:
    return payload_bytes(payload_of(command, remote_address=peer.address, sent_ms=sent_ms))


def _push(kept: Kept, command: Command, device: Device, peer: Peer) -> Push:
    return Push(kept.id, device.token, device.bundle_id, _message(command, peer, kept.at_ms), kept.expires_ms)


def _store_outcome(store: Store, clock: Clock, kept: Kept, verdict: Verdict) -> None:
    now_ms, reason = clock.now_ms(), verdict.reason
    if verdict.outcome == "accepted":
        keeping.move(store, kept, "sent", now_ms, detail="Apple took it for the phone.", delivered=True)
    elif verdict.outcome == "refused":
        detail = f"It never reached the phone: {reason}."
        keeping.move(store, kept, "refused", now_ms, detail=detail, reason=reason, delivered=False)
    else:
        keeping.leave_unknown(store, kept.id, reason)


def _answer_again(kept: Kept) -> None:
    """Answer a repeated submission with what became of the first one."""
    if kept.state == "refused":
        raise CommandFailed(f"Loop refused it: {kept.reason}")
    if kept.state == "queued":
        why = kept.reason or "the same command is being sent already, see what becomes of it"
        raise CommandFailed(f"APNs delivery failed: {why}")

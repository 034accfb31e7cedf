"""What the phone's uploads prove about a command. Pure: documents in, signs out.

Only what Loop itself wrote counts, dated within the command's own minutes and received after it was given; an amount
proves only a command of that amount. A sign may be wrong in one direction alone: towards knowing less.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Literal

from app.clock import iso_of
from app.commands.command import BOLUS, CANCEL, CARBS, OVERRIDE
from app.commands.keeping import Kept
from app.logs import STRUCK, without_secrets
from app.records.numbers import js_number
from app.records.stamps import CHANGED, RECEIVED
from app.records.times import read_instant

CLOCKS_DIFFER_MS = 60_000
"""How far the phone's clock may be from ours."""

_ALMOST = 0.01
_PUMPS_ROUND_BY_U = 0.1
_MINUTE_MS = 60_000
_LONGEST_WORDS = 200

# Loop, and neither LoopFollow nor LoopCaregiver.
_LOOP = re.compile(r"loop(?:://.*|\s*\(.*)?", re.IGNORECASE | re.DOTALL)
_ONE_TIME_PASSWORD = re.compile(r"\b\d{6}\b")

Document = Mapping[str, Any]


class Weight(IntEnum):
    """How surely a sign is about just this command, the surest first: where two claim one treatment, it decides."""

    NAMED = 0
    WHOLE = 1
    PARTLY = 2
    ROUNDED = 3


@dataclass(frozen=True, slots=True)
class Sign:
    """What a document says about a command: the state it proves, since when we know (UTC epoch ms), and in words.

    ``evidence`` is the treatment that can prove one command only, "" where several may rest on it. ``reason`` is
    Loop's own word for a refusal.
    """

    state: Literal["seen", "done", "refused"]
    at_ms: int
    words: str
    evidence: str = ""
    weight: Weight = Weight.WHOLE
    reason: str = ""


def span_of(kept: Kept) -> tuple[int, int]:
    """Return between which moments (UTC epoch ms) something Loop did for this command is dated."""
    return kept.at_ms - CLOCKS_DIFFER_MS, kept.expires_ms + CLOCKS_DIFFER_MS


def sign_in_treatment(kept: Kept, treatment: Document) -> Sign | None:
    """Return what a treatment proves about a command, None for nothing."""
    if not _is_by_loop(treatment):
        return None
    if kept.command.event_type == CANCEL:
        return _ended_override(kept, treatment)
    received_ms = _received_ms(treatment)
    if received_ms is None or received_ms < kept.at_ms or not _is_dated_for(kept, treatment):
        return None
    prove = {BOLUS: _bolus, CARBS: _carbs, OVERRIDE: _override}[kept.command.event_type]
    return prove(kept, treatment, received_ms)


def sign_in_status(kept: Kept, status: Document, before: Document | None) -> Sign | None:
    """Return what a device status proves about an override; ``before`` is Loop's last one before the command."""
    received_ms, made_ms = _received_ms(status), _moment(status.get("created_at"))
    if received_ms is None or made_ms is None or min(received_ms, made_ms) < kept.at_ms:
        return None
    override = _override_of(status)
    if override is None:
        return None
    if kept.command.event_type == CANCEL and override.get("active") is False:
        return Sign("done", received_ms, "Loop says that no override is on.")
    was = _override_of(before) if before is not None else None
    if kept.command.event_type == OVERRIDE and was is not None:
        began = _is_on(kept, override) and not _is_on(kept, was)
        return Sign("done", received_ms, f"Loop says that {override.get('name')} is on.") if began else None
    return None


def refusal_naming(kept: Kept, note: Document) -> Sign | None:
    """Return Loop's refusal when a note repeats the message of this very command."""
    received_ms = _received_ms(note)
    if note.get("eventType") != "Note" or received_ms is None or received_ms < kept.at_ms:
        return None
    return _refusal(note, received_ms, Weight.NAMED) if _names(note, kept) else None


def refusal_meant(note: Document, given: list[Kept]) -> tuple[Kept, Sign] | None:
    """Return the command that a note of Loop's refuses without naming it: the only one it can be about, or None.

    Loop writes no other notes; but with two commands on their way nobody could tell which one is meant.
    """
    received_ms, made_ms = _received_ms(note), _moment(note.get("created_at"))
    if note.get("eventType") != "Note" or not _is_by_loop(note) or received_ms is None or made_ms is None:
        return None
    if any(_names(note, kept) for kept in given):
        return None
    possible = [kept for kept in given if _could_mean(kept, received_ms, made_ms)]
    return (possible[0], _refusal(note, received_ms, Weight.WHOLE)) if len(possible) == 1 else None


def _names(note: Document, kept: Kept) -> bool:
    return iso_of(kept.at_ms) in str(note.get("notes"))


def _could_mean(kept: Kept, received_ms: int, made_ms: int) -> bool:
    from_ms, to_ms = span_of(kept)
    over = kept.state == "done" or kept.delivered is False
    return not over and from_ms <= made_ms <= to_ms and received_ms >= kept.at_ms


def _refusal(note: Document, received_ms: int, weight: Weight) -> Sign:
    reason = _said_in(note)
    words = f"Loop refused it: “{reason}”." if reason else "Loop refused it, and did not say why."
    return Sign("refused", received_ms, words, weight=weight, reason=reason)


def _said_in(note: Document) -> str:
    """Return Loop's words without the repeated message, in which the one-time password is."""
    said = " ".join(str(note.get("notes") or "").partition("{")[0].split())[:_LONGEST_WORDS]
    return _ONE_TIME_PASSWORD.sub(STRUCK, without_secrets(said))


def _bolus(kept: Kept, treatment: Document, received_ms: int) -> Sign | None:
    given, asked = _number(treatment.get("insulin")), kept.command.amount or 0
    meant = _number(treatment.get("programmed")) or given
    if given is None or meant is None or treatment.get("automatic") is True:
        return None
    id = str(treatment.get("_id"))
    if abs(meant - asked) > _ALMOST:
        rounded = 0 < asked - meant <= _PUMPS_ROUND_BY_U + _ALMOST
        words = f"Loop recorded a bolus of {meant:g} U; {asked:g} U were asked."
        return Sign("seen", received_ms, words, id, Weight.ROUNDED) if rounded else None
    if given < asked - _ALMOST:
        return Sign("seen", received_ms, f"Loop recorded {given:g} of {asked:g} U so far.", id, Weight.PARTLY)
    return Sign("done", received_ms, f"Loop recorded a bolus of {given:g} U.", id)


def _carbs(kept: Kept, treatment: Document, received_ms: int) -> Sign | None:
    grams, minutes = _number(treatment.get("carbs")), _number(treatment.get("absorptionTime"))
    if grams is None or abs(grams - (kept.command.amount or 0)) > _ALMOST:
        return None
    if minutes is not None and abs(minutes - 60 * kept.command.absorption_h) > 1:
        return None
    return Sign("done", received_ms, f"Loop recorded {grams:g} g of carbs.", str(treatment.get("_id")))


def _override(kept: Kept, treatment: Document, received_ms: int) -> Sign | None:
    reason = treatment.get("reason")
    if treatment.get("eventType") != OVERRIDE or not _is_called(kept, reason):
        return None
    return Sign("done", received_ms, f"Loop began {reason}.", str(treatment.get("_id")))


def _ended_override(kept: Kept, treatment: Document) -> Sign | None:
    """Return the sign in an override that began before the command and was changed after it, to end then."""
    began_ms, minutes = _moment(treatment.get("created_at")), _number(treatment.get("duration"))
    changed_ms = _moment(treatment.get(CHANGED))
    if treatment.get("eventType") != OVERRIDE or began_ms is None or minutes is None or changed_ms is None:
        return None
    from_ms, to_ms = span_of(kept)
    if began_ms < kept.at_ms <= changed_ms and from_ms <= began_ms + minutes * _MINUTE_MS <= to_ms:
        return Sign("done", changed_ms, f"Loop ended {treatment.get('reason')}.", str(treatment.get("_id")))
    return None


def _is_dated_for(kept: Kept, treatment: Document) -> bool:
    at_ms, (from_ms, to_ms) = _moment(treatment.get("created_at")), span_of(kept)
    start_ms = _moment(kept.command.start) if kept.command.start else None
    if start_ms is not None:
        from_ms, to_ms = start_ms - CLOCKS_DIFFER_MS, start_ms + CLOCKS_DIFFER_MS
    return at_ms is not None and from_ms <= at_ms <= to_ms


def _override_of(status: Document) -> Document | None:
    override = status.get("override")
    return override if isinstance(override, Mapping) and _is_loops(status.get("device")) else None


def _is_on(kept: Kept, override: Document) -> bool:
    return override.get("active") is True and _is_called(kept, override.get("name"))


def _is_called(kept: Kept, name: object) -> bool:
    """Tell whether a name is the override's: Loop writes it with its symbol in one place and without in another."""
    if not isinstance(name, str):
        return False
    said = name.strip().casefold()
    asked = {kept.command.override.casefold(), kept.command.override_shown.casefold()} - {""}
    return said in asked or any(said.endswith(f" {one}") for one in asked)


def _is_by_loop(treatment: Document) -> bool:
    return _is_loops(treatment.get("enteredBy"))


def _is_loops(name: object) -> bool:
    return isinstance(name, str) and _LOOP.fullmatch(name.strip()) is not None


def _received_ms(document: Document) -> int | None:
    """Return when we received a document; one that another program stored has only its own date."""
    received_ms = _moment(document.get(RECEIVED))
    return _moment(document.get("created_at")) if received_ms is None else received_ms


def _moment(written: object) -> int | None:
    instant = read_instant(written)
    return instant.at_ms if instant else None


def _number(value: object) -> float | None:
    return None if value is None else js_number(value)

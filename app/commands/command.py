"""What a remote command asks of Loop, read from what an app sends. Every value may be text.

Amounts are taken as written or not at all: a decimal comma or a unit behind the number is no amount, because a bolus
must never be another than the one that was typed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from app.errors import NightlightError
from app.records.numbers import leading_integer, whole

OVERRIDE = "Temporary Override"
CANCEL = "Temporary Override Cancel"
CARBS = "Remote Carbs Entry"
BOLUS = "Remote Bolus Entry"

MAY_GIVE = "notifications:loop:push"
"""The permission to give commands, and to see what became of one's own."""

DEFAULT_ABSORPTION_H = 3

_AMOUNT = re.compile(r"(?:\d{1,4}(?:\.\d{0,6})?|\.\d{1,6})", re.ASCII)


class CommandFailed(NightlightError):
    """A command that was not given or not delivered; the message is fit for the app that shows it."""

    code = "command-failed"


@dataclass(frozen=True, slots=True)
class Command:
    """One command. ``amount`` is grams of carbohydrates or units of insulin, None for overrides.

    ``duration_min`` None is an override without end. ``start`` is the time of a meal as the app wrote it. ``notes``
    and ``entered_by`` are None when the app sent none.
    """

    event_type: str
    amount: float | None = None
    absorption_h: float = DEFAULT_ABSORPTION_H
    override: str = ""
    override_shown: str = ""
    duration_min: int | None = None
    start: str = ""
    notes: str | None = None
    entered_by: str | None = None
    otp: str = field(default="", repr=False)

    @property
    def words(self) -> str:
        """Return what is asked, ``Bolus 1.25 U``."""
        if self.event_type == BOLUS:
            return f"Bolus {self.amount:g} U"
        if self.event_type == CARBS:
            return f"Carbs {self.amount:g} g"
        if self.event_type == CANCEL:
            return "End the override"
        lasting = f" for {self.duration_min} min" if self.duration_min else ""
        return f"Override {self.override_shown or self.override}{lasting}"


def read_command(sent: Mapping[str, Any]) -> Command:
    """Return the command an app sent. Raises ``CommandFailed`` with Nightscout's words."""
    read = _READERS.get(_text(sent.get("eventType")))
    if read is None:
        raise CommandFailed("Loop notification failed: Unhandled event type:")
    notes, entered_by = (_text_or_none(sent.get(name)) for name in ("notes", "enteredBy"))
    return replace(read(sent), notes=notes, entered_by=entered_by)


def _cancel(sent: Mapping[str, Any]) -> Command:
    return Command(CANCEL)


def _override(sent: Mapping[str, Any]) -> Command:
    name = _text(sent.get("reason"))
    if not name:
        raise CommandFailed("Loop notification failed: No override named.")
    minutes = leading_integer(_text(sent.get("duration"))) or 0
    shown = _text(sent.get("reasonDisplay"))
    return Command(OVERRIDE, override=name, override_shown=shown, duration_min=minutes if minutes > 0 else None)


def _carbs(sent: Mapping[str, Any]) -> Command:
    grams = _amount(sent.get("remoteCarbs"))
    if not grams:
        raise CommandFailed("Loop remote carbs failed. Incorrect carbs entry: ")
    absorption_h = _amount(sent.get("remoteAbsorption")) or DEFAULT_ABSORPTION_H
    return Command(CARBS, grams, absorption_h, start=_text(sent.get("created_at")), otp=_text(sent.get("otp")))


def _bolus(sent: Mapping[str, Any]) -> Command:
    units = _amount(sent.get("remoteBolus"))
    if not units:
        raise CommandFailed("Loop remote bolus failed. Incorrect bolus entry: ")
    return Command(BOLUS, units, otp=_text(sent.get("otp")))


_READERS: Mapping[str, Callable[[Mapping[str, Any]], Command]] = {
    CANCEL: _cancel,
    OVERRIDE: _override,
    CARBS: _carbs,
    BOLUS: _bolus,
}


def _amount(sent: Any) -> float | None:
    """Return a plain decimal number, None for anything else."""
    written = _text(sent)
    return whole(float(written)) if _AMOUNT.fullmatch(written) else None


def _text(sent: Any) -> str:
    return _text_or_none(sent) or ""


def _text_or_none(sent: Any) -> str | None:
    if isinstance(sent, str):
        return sent.strip()
    if isinstance(sent, int | float) and not isinstance(sent, bool):
        return str(whole(sent))
    return None

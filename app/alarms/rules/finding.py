"""What one rule found."""

from __future__ import annotations

from dataclasses import dataclass

from app.alarms.notice import Notice, Snooze


@dataclass(frozen=True, slots=True)
class Finding:
    """The notices and snoozes a rule wants. ``blind``: it sees nothing to judge by, so that what it raised stands."""

    notices: tuple[Notice, ...] = ()
    snoozes: tuple[Snooze, ...] = ()
    blind: bool = False


NOTHING = Finding()
"""All is well."""

BLIND = Finding(blind=True)
"""Nobody can tell."""

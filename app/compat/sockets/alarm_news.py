"""What ``/alarm`` tells of silences: that an alarm was acknowledged, here or anywhere else."""

from __future__ import annotations

from collections.abc import Sequence

from app.alarms.silences import COLLECTION, Silence, Silences
from app.compat.sockets.viewers import ALARM, Viewers, event, tell_all
from app.store.interface import Change


class AlarmNews:
    """Tells each silence once. For one thread."""

    def __init__(self, silences: Silences, viewers: Viewers) -> None:
        self._silences = silences
        self._viewers = viewers
        self._told: set[tuple[str, int]] = set()

    def start(self) -> None:
        """Know what keeps quiet already. Errors of the store pass through."""
        self._told = {_known_as(silence) for silence in self._silences.running()}

    def tell(self, changes: Sequence[Change]) -> None:
        """Tell what was silenced. Who heard an urgent alarm has heard its warning too: that is one silence."""
        if not any(change.collection == COLLECTION or change.op == "resync" for change in changes):
            return
        running = self._silences.running()
        for silence in running:
            if _known_as(silence) not in self._told:
                self._told.add(_known_as(silence))
                tell_all(self._viewers.listeners(ALARM), event(ALARM, "clear_alarm", _cleared(silence)))
        self._told &= {_known_as(silence) for silence in running}


def _known_as(silence: Silence) -> tuple[str, int]:
    return silence.group, silence.since_ms


def _cleared(silence: Silence) -> dict[str, object]:
    message = f"{silence.group} - {silence.level.display} was ack'd"
    return {"clear": True, "title": "All Clear", "message": message, "group": silence.group}

"""What sockets are told of alarms: that there is one, that it is over or was silenced, and what is said once.

All of it is read from the state of the alarms when the change log tells that it moved, so that every process tells the
same, whichever process judged, silenced, or was killed meanwhile.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence

from app.alarms.silences import COLLECTION as SILENCES
from app.alarms.silences import Silence, Silences
from app.alarms.standing import Word
from app.alarms.state import COLLECTION as ALARMS
from app.alarms.state import AlarmState, Saying
from app.clock import Clock
from app.compat.quirks import quirk
from app.compat.sockets.alarm_words import Body, alarm_body, ended_body, event_name, silenced_body
from app.compat.sockets.viewers import ALARM, ROOT, Viewer, Viewers, event, tell_all
from app.store.interface import Change

RECENT_MS = 10 * 60_000
"""So long somebody who comes is told an announcement: as long as Nightscout repeats it."""

Told = tuple[str, Body]


class AlarmNews:
    """Tells each thing once to everybody who is there, and to who comes what there is. Safe for many threads."""

    def __init__(self, state: AlarmState, silences: Silences, viewers: Viewers, clock: Clock) -> None:
        self._state = state
        self._silences = silences
        self._viewers = viewers
        self._clock = clock
        self._lock = threading.Lock()
        self._said: dict[str, Saying] = {}
        self._running: tuple[Silence, ...] = ()

    def start(self) -> None:
        """Know what was said already. Errors of the store pass through."""
        with self._lock:
            self._take(self._state.said(), self._silences.running())

    def concerns(self, changes: Iterable[Change]) -> bool:
        """Tell whether there may be something new."""
        return any(change.collection in (ALARMS, SILENCES) or change.op == "resync" for change in changes)

    @quirk("alarms are told on the root namespace too", "clients of Nightscout before 15")
    def tell(self) -> None:
        """Tell everybody what was silenced and said since. Errors of the store pass through; telling again helps.

        Nightscout 15 tells alarms on ``/alarm`` alone; what was written for older ones hears them on the root.
        """
        with self._lock:
            said, running = self._state.said(), self._silences.running()
            new = [*self._newly_quiet(running), *self._newly_said(said, running)]
            self._take(said, running)
            for name, body in new:
                for namespace in (ALARM, ROOT):
                    hearing = self._viewers.within(namespace, lambda viewer: viewer.hears_alarms)
                    tell_all(hearing, event(namespace, name, body))

    def welcome(self, viewer: Viewer) -> None:
        """Tell somebody who may read which alarms there are and which are over, and from then on what is new."""
        with self._lock:
            viewer.alarmed = True
            for name, body in self._known_now():
                viewer.tell(event(viewer.namespace, name, body))

    def _newly_quiet(self, running: Sequence[Silence]) -> list[Told]:
        """Return what was silenced. Who heard an urgent alarm has heard its warning too: that is one silence."""
        new: dict[tuple[str, int], Silence] = {}
        known = set(map(_known_as, self._running))
        for silence in running:
            if _known_as(silence) not in known:
                new.setdefault(_known_as(silence), silence)
        return [("clear_alarm", silenced_body(silence)) for silence in new.values()]

    def _newly_said(self, said: Sequence[Saying], running: Sequence[Silence]) -> list[Told]:
        known = {id: saying.emission for id, saying in self._said.items()}
        new = [saying for saying in said if known.get(saying.id) != saying.emission]
        return [_told(saying) for saying in new if not (_is_alarm(saying) and saying.is_kept_quiet_by(running))]

    def _known_now(self) -> list[Told]:
        """Return the last word on every group, and the announcements of the last minutes."""
        now_ms, found = self._clock.now_ms(), []
        running = [silence for silence in self._running if silence.until_ms > now_ms]
        for saying in self._said.values():
            lately = saying.notice.is_announcement and saying.said_ms > now_ms - RECENT_MS
            if not (saying.notice.is_alarm or lately):
                continue
            quiet = [one for one in running if saying.is_kept_quiet_by([one])] if _is_alarm(saying) else []
            found.append(("clear_alarm", silenced_body(quiet[0])) if quiet else _told(saying))
        return found

    def _take(self, said: Iterable[Saying], running: Iterable[Silence]) -> None:
        self._said = {saying.id: saying for saying in said}
        self._running = tuple(running)


def _told(saying: Saying) -> Told:
    if saying.word is Word.CLEAR:
        return "clear_alarm", ended_body(saying.notice)
    return event_name(saying.notice), alarm_body(saying.notice)


def _is_alarm(saying: Saying) -> bool:
    return saying.word is Word.ALARM


def _known_as(silence: Silence) -> tuple[str, int]:
    return silence.group, silence.since_ms

"""What the root namespace tells: everything of the present to who comes, and what is new in it to all who are there."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from app.compat.answers import json_bytes
from app.compat.quirks import quirk
from app.compat.sockets.full_set import FullSet, delta_between
from app.compat.sockets.viewers import ROOT, Viewer, Viewers, event, event_of_json, tell_all
from app.compat.wire import on_wire
from app.live.present import Present

Status = Callable[[FullSet], dict[str, Any]]


class RootNews:
    """Keeps what everybody was told last, so that all hear one and the same delta. Safe for many threads.

    ``present`` returns what is known now, ``gone`` which of some treatments no longer exist, ``status`` what ``status``
    is to say; ``catch_up`` waits until what is stored at this moment is known. What these raise passes through and
    changes nothing.
    """

    def __init__(
        self,
        viewers: Viewers,
        present: Callable[[], Present],
        gone: Callable[[Sequence[str]], Iterable[str]],
        status: Status,
        catch_up: Callable[[], None],
    ) -> None:
        self._viewers = viewers
        self._present = present
        self._gone = gone
        self._status = status
        self._catch_up = catch_up
        self._lock = threading.RLock()
        self._told: FullSet | None = None
        self._body = ""

    @quirk("the status on the socket has versionNum", "AndroidAPS")
    def welcome(self, viewer: Viewer, *, with_status: bool) -> None:
        """Tell somebody everything, and from then on what is new."""
        with self._lock:
            told = self._told_now()
            self._body = body = self._body or json_bytes(told.body()).decode()
            if with_status:
                body = f'{body[:-1]},"status":{json_bytes(self._status(told)).decode()}}}'
            viewer.listens = True
            viewer.tell(event_of_json(ROOT, "dataUpdate", body))

    def look_back(self, viewer: Viewer) -> None:
        """Tell somebody all device status there is."""
        with self._lock:
            statuses = self._told_now().lists["devicestatus"]
        viewer.tell(event(ROOT, "retroUpdate", {"devicestatus": on_wire(statuses)}))

    def advance(self) -> None:
        """Tell everybody what is new; nothing when nothing is."""
        with self._lock:
            listeners, before = self._viewers.listeners(ROOT), self._told
            if before is None or not listeners:
                self._take(None)
                return
            present = self._present()
            if present is before.present:
                return
            after = FullSet(present)
            delta = delta_between(before, after, self._gone)
            if delta is not None:
                if before.active_profile != after.active_profile:
                    delta["status"] = self._status(after)
                tell_all(listeners, event(ROOT, "dataUpdate", delta))
            self._take(after)

    def _told_now(self) -> FullSet:
        """Return what everybody knows; with nobody there that is what is known now."""
        told = self._told
        if told is None or not self._viewers.listeners(ROOT):
            self._catch_up()
            told = FullSet(self._present())
            self._take(told)
        return told

    def _take(self, told: FullSet | None) -> None:
        self._told, self._body = told, ""

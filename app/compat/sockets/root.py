"""The root namespace: who a client is, everything at first, changes by its hand."""

from __future__ import annotations

from typing import Any

from app.compat.quirks import quirk
from app.compat.sockets.admission import ACKNOWLEDGES, READS, WRITES, WRITES_TREATMENTS, Admission
from app.compat.sockets.alarm_news import AlarmNews
from app.compat.sockets.engine import Exchange
from app.compat.sockets.root_news import RootNews
from app.compat.sockets.viewers import ROOT, Viewer, event
from app.compat.sockets.writing import Writing

Message = dict[str, Any]


class Root:
    """What clients of the root namespace ask for, one method an event; what a method returns is the answer."""

    def __init__(
        self, exchange: Exchange, admission: Admission, news: RootNews, alarms: AlarmNews, writing: Writing
    ) -> None:
        self._exchange = exchange
        self._admission = admission
        self._news = news
        self._alarms = alarms
        self._writing = writing

    @quirk("whatever history is asked for, two days are sent", "AndroidAPS", "LoopFollow")
    def authorize(self, viewer: Viewer, message: Message) -> Any:
        """Make a client known: it hears of everything if it may read. A bad credential is put out without an answer.

        AndroidAPS asks for ``history`` and ``from``, LoopFollow for one hour of it; everybody is sent everything, as
        the original does.
        """
        actor = self._admission.admit(viewer, secret=message.get("secret"), bearer=message.get("token"))
        if actor is None:
            viewer.listens = viewer.alarmed = viewer.acknowledges = False
            self._exchange.disconnect(viewer.sid, namespace=ROOT)
            viewer.connection.see_out()
            return self._exchange.not_handled
        viewer.tell(event(ROOT, "connected"))
        reads = actor.may(READS)
        if reads:
            self._news.welcome(viewer, with_status=bool(message.get("status")))
        viewer.listens = reads
        viewer.acknowledges = actor.may(ACKNOWLEDGES)
        if reads:
            self._alarms.welcome(viewer)
        return {"read": reads, "write": actor.may(WRITES), "write_treatment": actor.may(WRITES_TREATMENTS)}

    def load_retro(self, viewer: Viewer, message: Message) -> Any:
        """Send all device status there is to who may read it."""
        if viewer.listens:
            self._exchange.afterwards(lambda: self._news.look_back(viewer))
        return {"result": "success"}

    def add(self, viewer: Viewer, message: Message) -> Any:
        """Add documents."""
        return self._writing.add(viewer.actor, message)

    def update(self, viewer: Viewer, message: Message) -> Any:
        """Set fields of a document."""
        return self._writing.change("dbUpdate", viewer.actor, message)

    def update_unset(self, viewer: Viewer, message: Message) -> Any:
        """Remove fields of a document."""
        return self._writing.change("dbUpdateUnset", viewer.actor, message)

    def remove(self, viewer: Viewer, message: Message) -> Any:
        """Remove a document."""
        return self._writing.change("dbRemove", viewer.actor, message)

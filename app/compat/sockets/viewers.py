"""The clients of one process: where each is, who it is, what it hears, and how something is said to it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from engineio import packet

from app.actor import Actor
from app.compat.answers import json_bytes
from app.compat.sockets.connection import Connection
from app.identity.peer import Peer

ROOT, ALARM, STORAGE = "/", "/alarm", "/storage"


@dataclass(eq=False)
class Viewer:
    """A client in one namespace; ``actor`` is None until it has shown who it is.

    ``listens`` is true when it hears what this namespace tells (on ``/storage`` of ``collections``), ``alarmed`` when
    it was told which alarms there are and is to hear of others, ``acknowledges`` when it may silence them.
    """

    namespace: str
    sid: str
    connection: Connection
    peer: Peer
    actor: Actor | None = None
    listens: bool = False
    alarmed: bool = False
    acknowledges: bool = False
    collections: frozenset[str] = field(default_factory=frozenset)

    @property
    def hears_alarms(self) -> bool:
        """Tell whether it is to hear of alarms."""
        return self.listens and self.alarmed

    def be(self, actor: Actor) -> None:
        """Be known as this actor from now on; one with any right at all may stay."""
        self.actor = actor
        if actor.grants:
            self.connection.invited = True

    def tell(self, message: packet.Packet) -> None:
        """Say something, without waiting and whatever became of the client."""
        self.connection.give(message)


class Viewers:
    """Who is there. Safe for many threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._by_sid: dict[tuple[str, str], Viewer] = {}

    def add(self, viewer: Viewer) -> None:
        """Let somebody in, and forget whoever left while coming in."""
        with self._lock:
            self._by_sid = {key: known for key, known in self._by_sid.items() if not known.connection.closed}
            self._by_sid[viewer.namespace, viewer.sid] = viewer

    def remove(self, namespace: str, sid: str) -> None:
        """Forget somebody who left."""
        with self._lock:
            self._by_sid.pop((namespace, sid), None)

    def get(self, namespace: str, sid: str) -> Viewer | None:
        """Return who has this id there."""
        return self._by_sid.get((namespace, sid))

    def everybody(self) -> list[Viewer]:
        """Return everybody."""
        with self._lock:
            return [viewer for viewer in self._by_sid.values() if not viewer.connection.closed]

    def within(self, namespace: str, chosen: Callable[[Viewer], bool] = lambda viewer: True) -> list[Viewer]:
        """Return the chosen ones of a namespace."""
        return [viewer for viewer in self.everybody() if viewer.namespace == namespace and chosen(viewer)]

    def listeners(self, namespace: str) -> list[Viewer]:
        """Return who hears what a namespace tells."""
        return self.within(namespace, lambda viewer: viewer.listens)


def event(namespace: str, name: str, body: Any = None) -> packet.Packet:
    """Return an event to send; made once, it goes to any number of clients. No ``body``: it carries nothing."""
    return event_of_json(namespace, name, "" if body is None else json_bytes(body).decode())


def event_of_json(namespace: str, name: str, body: str) -> packet.Packet:
    """Return an event whose body is JSON already."""
    return packet.Packet(packet.MESSAGE, f"2{_within(namespace)}[{_named(name)}{',' if body else ''}{body}]")


def tell_all(viewers: Iterable[Viewer], message: packet.Packet) -> None:
    """Say the same to many."""
    for viewer in viewers:
        viewer.tell(message)


def _within(namespace: str) -> str:
    return "" if namespace == ROOT else f"{namespace},"


@lru_cache(maxsize=32)
def _named(name: str) -> str:
    return json_bytes(name).decode()

"""The sockets of one process: the namespaces on their server, opened by the first client that comes."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from werkzeug.datastructures import EnvironHeaders

from app.actor import system_actor
from app.alarms.silences import Silences
from app.alarms.state import AlarmState
from app.compat.services import Surface
from app.compat.sockets.admission import Admission
from app.compat.sockets.alarm import Alarm
from app.compat.sockets.alarm_news import AlarmNews
from app.compat.sockets.delivery import Delivery
from app.compat.sockets.engine import Exchange, refused_for_now
from app.compat.sockets.full_set import FullSet
from app.compat.sockets.root import Root
from app.compat.sockets.root_news import RootNews
from app.compat.sockets.storage import Storage
from app.compat.sockets.storage_news import StorageNews
from app.compat.sockets.viewers import ALARM, ROOT, STORAGE, Viewer, Viewers
from app.compat.sockets.writing import Writing
from app.compat.v1.status import public_status
from app.compat.wire import on_wire
from app.config import Settings
from app.errors import NightlightError, Unavailable
from app.features import Features
from app.house import House
from app.live.live_picture import LivePicture
from app.live.present import Present
from app.logs import told
from app.records.ids import object_id
from app.records.treatments import Treatments

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

log = logging.getLogger(__name__)

Handle = Callable[..., Any]

CATCH_UP_S = 0.5
"""How long a new client is kept waiting at most; what comes later it is told as news."""


class Sockets:
    """Everything behind ``/socket.io/``. Making one does nothing yet; ``close`` ends every session."""

    def __init__(self, house: House, live: LivePicture, surface: Surface, places: threading.BoundedSemaphore) -> None:
        self._house, self._live, self._surface = house, live, surface
        self._viewers = Viewers()
        strangers = max(1, house.settings["THREADS"] // 3)
        origins = _origins(house.settings, surface.features)
        self._exchange = Exchange(places, strangers=strangers, allowed_origins=origins)
        self._admission = Admission(surface.gate, surface.access, self._viewers)
        self._opening = threading.Lock()
        self._closed = False
        self._delivery: Delivery | None = None

    def serve(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a request to the sockets' path."""
        try:
            self._open()
        except NightlightError as problem:
            log.warning("the sockets could not be opened", extra=told(problem=problem.code))
            refused = refused_for_now("The server cannot read its store")
            start_response(refused["status"], refused["headers"])
            return [refused["response"]]
        answered: Iterable[bytes] = self._exchange.handle_request(environ, start_response)
        return answered

    def close(self) -> None:
        """End every session, and listen no more. Idempotent."""
        with self._opening:
            self._closed = True
        self._exchange.engine.close()
        if self._delivery is not None:
            self._delivery.close()

    def _open(self) -> None:
        if self._delivery is not None:
            return
        with self._opening:
            if self._delivery is None and not self._closed:
                house, viewers = self._house, self._viewers
                root = RootNews(viewers, self._present, self._gone, self._status, self._catch_up)
                silences = Silences(house.store, house.clock)
                alarms = AlarmNews(AlarmState(house.store, house.clock), silences, viewers, house.clock)
                news = root, StorageNews(house.store, viewers), alarms
                delivery = Delivery(house.store, self._live, viewers, news, self._admission)
                delivery.start()
                self._wire(root, alarms, silences)
                self._delivery = delivery

    def _wire(self, news: RootNews, alarms: AlarmNews, silences: Silences) -> None:
        root = Root(self._exchange, self._admission, news, alarms, Writing(self._house))
        storage = Storage(self._admission)
        prompts = self._house.settings["AUTHENTICATION_PROMPT_ON_LOAD"]
        alarm = Alarm(self._admission, silences, alarms, prompts=prompts)
        for namespace in (ROOT, STORAGE, ALARM):
            self._exchange.on("connect", self._arriving(namespace), namespace=namespace)
            self._exchange.on("disconnect", self._leaving(namespace), namespace=namespace)
        for name, handle in (
            ("authorize", root.authorize),
            ("loadRetro", root.load_retro),
            ("dbAdd", root.add),
            ("dbUpdate", root.update),
            ("dbUpdateUnset", root.update_unset),
            ("dbRemove", root.remove),
        ):
            self._exchange.on(name, self._asked(ROOT, _with_message(handle)), namespace=ROOT)
        self._exchange.on("subscribe", self._asked(STORAGE, _with_message(storage.subscribe)), namespace=STORAGE)
        self._exchange.on("subscribe", self._asked(ALARM, _with_message(alarm.subscribe)), namespace=ALARM)
        for namespace in (ALARM, ROOT):
            self._exchange.on("ack", self._asked(namespace, alarm.acknowledge), namespace=namespace)

    def _arriving(self, namespace: str) -> Handle:
        def arrive(sid: str, environ: dict[str, Any], credentials: Any = None) -> None:
            connection = self._exchange.engine.connection(self._exchange.manager.eio_sid_from_sid(sid, namespace))
            if connection is None:
                return
            headers = EnvironHeaders(environ)
            peer = self._surface.gate.peer_behind(headers, environ.get("REMOTE_ADDR", ""))
            self._viewers.add(Viewer(namespace, sid, connection, peer))
            self._count(namespace)

        return arrive

    def _leaving(self, namespace: str) -> Handle:
        def leave(sid: str, reason: Any = None) -> None:
            self._viewers.remove(namespace, sid)
            self._count(namespace)

        return leave

    def _count(self, namespace: str) -> None:
        if namespace == ROOT and self._delivery is not None:
            self._delivery.count_clients()

    def _asked(self, namespace: str, handle: Handle) -> Handle:
        """Return the handler of an event. When the store fails there is no answer, and the client comes back."""

        def asked(sid: str, *given: Any) -> Any:
            viewer = self._viewers.get(namespace, sid)
            if viewer is None:
                return self._exchange.not_handled
            try:
                return on_answer(handle(viewer, *given))
            except NightlightError as problem:
                log.warning("a socket's wish could not be met", extra=told(problem=problem.code))
            except Exception:
                log.exception("a socket's wish failed")
            viewer.connection.drop()
            return self._exchange.not_handled

        return asked

    def _present(self) -> Present:
        picture = self._live.now()
        if picture.behind:
            raise Unavailable("The store cannot be read")
        return self._surface.presents.at(picture, self._house.clock.now_ms())

    def _catch_up(self) -> None:
        """Wait until the picture holds what is stored at this moment: who wrote just now finds it."""
        seq, until_s = self._house.store.last_seq(), time.monotonic() + CATCH_UP_S
        while self._live.now().seq < seq and time.monotonic() < until_s:
            time.sleep(0.002)

    def _gone(self, ids: Sequence[str]) -> Iterable[str]:
        treatments = Treatments(self._house.store, self._house.clock, system_actor("sockets"))
        wanted = [*ids, *(known for id in ids if (known := object_id(id)))]
        there = {str(one["_id"]) for one in treatments.search({"_id": {"$in": wanted}})}
        return [id for id in ids if id not in there]

    def _status(self, told: FullSet) -> dict[str, Any]:
        shared, person = self._house, told.present.person
        status = public_status(shared.settings, self._surface.features, person, shared.clock.now_ms())
        return status | ({"activeProfile": told.active_profile} if told.active_profile else {})


def on_answer(answer: Any) -> Any:
    """Return an answer as it goes out; what is no value of ours passes untouched."""
    return on_wire(answer) if isinstance(answer, dict | list) else answer


def _with_message(handle: Handle) -> Handle:
    """Let an event's method have a message of any client: the first thing it sent when that is an object."""

    def with_message(viewer: Viewer, *given: Any) -> Any:
        return handle(viewer, given[0] if given and isinstance(given[0], dict) else {})

    return with_message


def _origins(settings: Settings, features: Features) -> str | list[str]:
    """Return which pages elsewhere may read polled answers. No cookie counts on a socket, so that any page may ask."""
    allowed: str = settings["CORS_ALLOW_ORIGIN"]
    return allowed if features.on("cors") else []

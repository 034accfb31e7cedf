"""The whole application on a free port, and clients of every kind that talk to its sockets."""

from __future__ import annotations

import json
import queue
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
import socketio
from flask import Flask
from werkzeug.serving import WSGIRequestHandler, make_server

from app import create_app
from app.actor import system_actor
from app.clock import iso_of
from app.compat import sockets
from app.config import load_settings
from app.house import House
from app.keyring import KeyRing
from app.records.devicestatus import DeviceStatus
from app.records.entries import Entries
from app.records.treatments import Treatments
from app.store.interface import Store
from tests.clocks import SettableClock
from tests.compat.conftest import SECRET_DIGEST
from tests.conftest import API_SECRET
from tests.waiting import wait_until

PATIENCE_S = 10.0


class _Quiet(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"

    def log(self, type: str, message: str, *args: Any) -> None:
        """Say nothing."""


@dataclass
class Client:
    """A client of python-socketio, and everything it has heard, in order."""

    io: socketio.Client
    heard: queue.Queue[tuple[str, Any]] = field(default_factory=queue.Queue)
    gone: threading.Event = field(default_factory=threading.Event)

    def ask(self, event: str, *message: Any, namespace: str = "/") -> Any:
        """Emit an event and return what it is answered."""
        return self.io.call(event, message or None, namespace=namespace, timeout=PATIENCE_S)

    def next(self, name: str | None = None) -> Any:
        """Return the body of the next event of this name, or of the next event at all with its name."""
        while True:
            event, body = self.heard.get(timeout=PATIENCE_S)
            if name is None:
                return event, body
            if event == name:
                return body

    def heard_nothing_but(self, *names: str) -> bool:
        return all(event in names for event, _ in list(self.heard.queue))

    def authorize(self, **message: Any) -> Any:
        """Authorize with the API secret unless told otherwise, and return the answer."""
        return self.ask("authorize", {"client": "test", "secret": SECRET_DIGEST, "history": 48, **message})

    def all_told(self) -> Any:
        """Authorize and return the full set."""
        self.authorize()
        return self.next("dataUpdate")


@dataclass
class Site:
    """A running server."""

    url: str
    house: House
    app: Flask
    clock: SettableClock
    _open: ExitStack = field(default_factory=ExitStack)

    def connect(self, *namespaces: str, transports: list[str] | None = None, query: str = "") -> Client:
        """Return a connected client of Engine.IO 4."""
        io = socketio.Client(reconnection=False)
        client = Client(io)
        wanted = list(namespaces or ("/",))
        for namespace in wanted:
            io.on("*", lambda event, *body: client.heard.put((event, body[0] if body else None)), namespace=namespace)
            io.on("disconnect", lambda *reason: client.gone.set(), namespace=namespace)
        io.connect(
            f"{self.url}{query}", namespaces=wanted, transports=transports or ["websocket"], wait_timeout=PATIENCE_S
        )
        self._open.callback(io.disconnect)
        return client

    @property
    def owner(self) -> httpx.Client:
        """Return an HTTP client that presents the API secret."""
        headers = {"api-secret": SECRET_DIGEST}
        return self._open.enter_context(httpx.Client(base_url=self.url, headers=headers, timeout=30, verify=False))

    def token(self, *permissions: str, name: str = "app") -> str:
        """Make a subject with a role of its own and return its access token."""
        access = self.app.extensions["nightscout access"]
        by = system_actor("test")
        access.roles.documents.create({"name": f"{name} role", "permissions": list(permissions)}, by)
        access.subjects.documents.create({"name": name, "roles": [f"{name} role"]}, by)
        return str(next(one["accessToken"] for one in access.subjects.in_order() if one["name"] == name))

    def ms(self, minutes_ago: float = 0) -> int:
        return self.clock.now_ms() - round(minutes_ago * 60_000)

    def iso(self, minutes_ago: float = 0) -> str:
        return iso_of(self.ms(minutes_ago))

    def glucose(self, mgdl: int, minutes_ago: float = 0, **fields: Any) -> dict[str, Any]:
        reading = {"type": "sgv", "sgv": mgdl, "date": self.ms(minutes_ago), "device": "Libre3", "direction": "Flat"}
        return self._save(Entries, {**reading, **fields})

    def treatment(self, event_type: str, minutes_ago: float = 0, **fields: Any) -> dict[str, Any]:
        return self._save(Treatments, {"eventType": event_type, "created_at": self.iso(minutes_ago), **fields})

    def status(self, minutes_ago: float = 0, **fields: Any) -> dict[str, Any]:
        return self._save(DeviceStatus, {"device": "openaps://phone", "created_at": self.iso(minutes_ago), **fields})

    def sessions(self) -> int:
        """Return how many sessions the server has."""
        return len(self.app.extensions["sockets"]._exchange.engine.connections())

    def _save(self, records: Any, document: dict[str, Any]) -> dict[str, Any]:
        saved: dict[str, Any] = records(self.house.store, self.clock, system_actor("test")).save([document])[0]
        return saved


Serve = Callable[..., Site]


@pytest.fixture
def serve(
    tmp_path: Path, store: Store, clock: SettableClock, keyring: KeyRing, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Serve]:
    """Serve the whole application with these settings, until the test ends."""
    monkeypatch.setattr("app.compat.sockets.delivery.APART_S", 0.0)
    monkeypatch.setattr("app.compat.sockets.engine.PULSE_S", 0.02)
    with ExitStack() as running:

        def start(**environment: str) -> Site:
            given = {"DATA_DIR": str(tmp_path), "API_SECRET": API_SECRET, "AUTH_FAIL_DELAY": "0", **environment}
            house = House(load_settings(given), store, clock, keyring)
            app = create_app(house)
            server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=_Quiet)
            server.daemon_threads = True
            thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
            thread.start()
            site = Site(f"http://127.0.0.1:{server.port}", house, app, clock)

            def stop() -> None:
                site._open.close()
                sockets.close(app)
                app.extensions["live"].close()
                server.shutdown()
                thread.join()
                server.server_close()

            running.callback(stop)
            return site

        yield start


@pytest.fixture
def site(serve: Serve) -> Site:
    return serve()


class OldPolling:
    """A client of Engine.IO 3 and Socket.IO 2 that polls, as LoopFollow's does: ``EIO=3&b64=1``."""

    def __init__(self, url: str) -> None:
        self._http = httpx.Client(base_url=url, timeout=PATIENCE_S)
        self._asked = {"EIO": "3", "transport": "polling", "b64": "1"}
        self.packets: list[str] = []
        self.poll()
        self.opening = json.loads(self.next("0"))
        self._asked["sid"] = self.sid = self.opening["sid"]

    def poll(self) -> None:
        answer = self._http.get("/socket.io/", params=self._asked)
        assert answer.status_code == 200, answer.text
        self.packets += unpacked(answer.text)

    def post(self, *packets: str) -> httpx.Response:
        body = "".join(f"{len(one.encode('utf-16-le')) // 2}:{one}" for one in packets)
        return self._http.post("/socket.io/", params=self._asked, content=body.encode())

    def next(self, start: str) -> str:
        """Return the rest of the next packet that begins like this, polling until it comes."""
        while True:
            for packet in self.packets:
                if packet.startswith(start):
                    self.packets.remove(packet)
                    return packet[len(start) :]
            self.poll()

    def event(self, name: str) -> Any:
        return json.loads(self.next(f'42["{name}"')[1:-1] or "null")

    def close(self) -> None:
        self._http.close()


def unpacked(payload: str) -> list[str]:
    """Return the packets of a payload whose lengths are UTF-16 units."""
    found, units = [], payload.encode("utf-16-le")
    while units:
        length = re.match(r"(\d+):", units.decode("utf-16-le"))
        assert length, payload
        start = 2 * length.end()
        found.append(units[start : start + 2 * int(length[1])].decode("utf-16-le"))
        units = units[start + 2 * int(length[1]) :]
    return found


@pytest.fixture
def old_polling(site: Site) -> Iterator[OldPolling]:
    client = OldPolling(site.url)
    yield client
    client.close()


__all__ = ["wait_until"]

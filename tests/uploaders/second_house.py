"""A second Nightlight, served over real HTTP: another home of the same records."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha1
from pathlib import Path
from typing import Any

import httpx
from flask import Flask
from werkzeug.serving import WSGIRequestHandler, make_server

from app import create_app
from app.actor import NOBODY
from app.clock import Clock
from app.config import load_settings
from app.house import House
from app.keyring import KeyRing, new_key
from app.records.activity import Activity
from app.records.collection import Records
from app.records.devicestatus import DeviceStatus
from app.records.entries import Entries
from app.records.food import Food
from app.records.profiles import Profiles
from app.records.treatments import Treatments
from app.store import open_store
from app.store.indexes import create_all
from app.store.interface import Document

SECRET = "the pass phrase of the second house"
SERVICES: dict[str, type[Records]] = {
    "entries": Entries,
    "treatments": Treatments,
    "devicestatus": DeviceStatus,
    "profile": Profiles,
    "food": Food,
    "activity": Activity,
}


class _Quiet(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"

    def log(self, type: str, message: str, *args: Any) -> None:
        """Say nothing."""


@dataclass
class Home:
    """A running Nightlight; ``asked`` are the requests it got, as method and path.

    ``written`` is called after each write was done, before it is answered.
    """

    url: str
    house: House
    key: str
    asked: list[tuple[str, str]] = field(default_factory=list)
    written: Callable[[], None] = lambda: None

    def service(self, collection: str) -> Records:
        return SERVICES[collection](self.house.store, self.house.clock, NOBODY)

    def kept(self, collection: str) -> list[Document]:
        """What is there, less what is deleted."""
        return list(self.service(collection).search(sort=(("_id", 1),)))

    def everything(self) -> dict[str, list[Document]]:
        return {name: self.kept(name) for name in SERVICES}

    def token(self, *roles: str) -> str:
        """Make a subject with these roles and return its access token."""
        name = f"{'-'.join(roles)}-subject"
        headers = {"api-secret": sha1(SECRET.encode()).hexdigest()}
        with httpx.Client(base_url=self.url, headers=headers) as owner:
            owner.post("/api/v2/authorization/subjects", json={"name": name, "roles": list(roles)}).raise_for_status()
            subjects = owner.get("/api/v2/authorization/subjects").json()
        self.asked.clear()
        return next(str(one["accessToken"]) for one in subjects if one["name"] == name)

    def writes(self) -> list[tuple[str, str]]:
        return [one for one in self.asked if one[0] != "GET"]


def _watched(app: Flask, home: Home) -> Any:
    inner = app.wsgi_app

    def watch(environ: Any, start: Any) -> Any:
        home.asked.append((environ["REQUEST_METHOD"], environ["PATH_INFO"]))
        answer = inner(environ, start)
        if environ["REQUEST_METHOD"] != "GET":
            home.written()
        return answer

    return watch


@contextmanager
def served(folder: Path, clock: Clock, **environment: str) -> Iterator[Home]:
    """Serve a Nightlight of its own, with a store in this folder."""
    folder.mkdir(parents=True, exist_ok=True)
    given = {"DATA_DIR": str(folder), "API_SECRET": SECRET, "AUTH_FAIL_DELAY": "0", **environment}
    store = open_store(f"sqlite:///{folder}/nightlight.db", clock=clock)
    create_all(store)
    key = new_key()
    house = House(load_settings(given), store, clock, KeyRing([key]))
    app = create_app(house)
    app.testing = True
    home = Home("", house, key)
    app.wsgi_app = _watched(app, home)  # type: ignore[method-assign]
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=_Quiet)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        home.url = f"http://127.0.0.1:{server.port}"
        yield home
    finally:
        app.extensions["live"].close()
        server.shutdown()
        thread.join()
        server.server_close()
        store.close()

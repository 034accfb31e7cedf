"""Nightscout's surface over real HTTP: a small application on a free port, and clients that talk to it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from hashlib import sha1
from pathlib import Path
from typing import Any

import httpx
import pytest
from flask import Flask
from werkzeug.serving import WSGIRequestHandler, make_server

from app.actor import system_actor
from app.compat.services import open_surface
from app.config import load_settings
from app.house import House
from app.identity.door import open_door
from app.keyring import KeyRing
from app.live.live_picture import LivePicture
from app.records.devicestatus import DeviceStatus
from app.records.entries import Entries
from app.records.profiles import Profiles
from app.records.treatments import Treatments
from app.store.interface import Store
from tests.clocks import SettableClock
from tests.conftest import API_SECRET
from tests.manifest.application import bare_application
from tests.manifest.asked import (  # noqa: F401  (what every test here asks is compared with what is on record)
    pytest_runtest_setup,
    pytest_runtest_teardown,
    pytest_sessionfinish,
    watched,
)

SECRET_DIGEST = sha1(API_SECRET.encode()).hexdigest()
NOW_ISO = "2026-11-21T10:00:00.000Z"


class _Quiet(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"

    def log(self, type: str, message: str, *args: Any) -> None:
        """Say nothing."""


@dataclass
class Site:
    """A running server. ``waited_s`` are the seconds it held requests back, ``wait`` what it does meanwhile."""

    house: House
    url: str
    waited_s: list[float] = field(default_factory=list)
    wait: Callable[[float], None] = lambda seconds: None
    _clients: ExitStack = field(default_factory=ExitStack)

    def hold(self, seconds: float) -> None:
        """Stand in for sleeping."""
        self.waited_s.append(seconds)
        self.wait(seconds)

    def client(self, **headers: str) -> httpx.Client:
        """Return a client with just these headers (``_`` stands for ``-``)."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self._clients.enter_context(httpx.Client(base_url=self.url, headers=named, timeout=30, verify=False))

    @property
    def owner(self) -> httpx.Client:
        """Return a client that presents the API secret."""
        return self.client(api_secret=SECRET_DIGEST)

    @property
    def entries(self) -> Entries:
        return Entries(self.house.store, self.house.clock, system_actor("test"))

    @property
    def treatments(self) -> Treatments:
        return Treatments(self.house.store, self.house.clock, system_actor("test"))

    @property
    def device_status(self) -> DeviceStatus:
        return DeviceStatus(self.house.store, self.house.clock, system_actor("test"))

    @property
    def profiles(self) -> Profiles:
        return Profiles(self.house.store, self.house.clock, system_actor("test"))


@pytest.fixture(scope="session")
def served() -> Iterator[tuple[Flask, str]]:
    """A running application without a house, for each test to move into, and its address."""
    app = bare_application()
    app.wsgi_app = watched(app)  # type: ignore[method-assign]
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=_Quiet)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield app, f"http://127.0.0.1:{server.port}"
    server.shutdown()
    thread.join()
    server.server_close()


@contextmanager
def serving(served: tuple[Flask, str], house: House) -> Iterator[Site]:
    app, url = served
    site = Site(house, url)
    open_door(app, house)
    app.extensions["live"] = live = LivePicture(house.store, house.clock)
    app.extensions["compat"] = open_surface(house, app.extensions["nightscout access"], site.hold)
    with site._clients, closing(live):
        yield site


@pytest.fixture
def site(served: tuple[Flask, str], house: House) -> Iterator[Site]:
    with serving(served, house) as site:
        yield site


@pytest.fixture
def owner(site: Site) -> httpx.Client:
    return site.owner


@pytest.fixture
def api(owner: httpx.Client) -> httpx.Client:
    """A client with the API secret, at home in v1."""
    owner.base_url = httpx.URL(f"{owner.base_url}/api/v1/")
    return owner


@pytest.fixture
def site_with(
    served: tuple[Flask, str], store: Store, clock: SettableClock, keyring: KeyRing, tmp_path: Path
) -> Iterator[Callable[..., Site]]:
    """Start a site with settings of its own."""
    with ExitStack() as running:

        def start(**environment: str) -> Site:
            given = {"DATA_DIR": str(tmp_path), "API_SECRET": API_SECRET, "AUTH_FAIL_DELAY": "0"} | environment
            return running.enter_context(serving(served, House(load_settings(given), store, clock, keyring)))

        yield start

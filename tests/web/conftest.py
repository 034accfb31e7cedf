"""A real server on a free port, a real browser in front of it, and a family's day in the store."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright
from werkzeug.serving import WSGIRequestHandler, make_server

from app import create_app
from app.actor import system_actor
from app.clock import iso_of
from app.config import load_settings
from app.house import House
from app.keyring import KeyRing
from app.records.devicestatus import DeviceStatus
from app.records.entries import Entries
from app.records.treatments import Treatments
from app.store.interface import Store
from tests.chromium import LAUNCH_ARGUMENTS, chromium_path
from tests.clocks import SettableClock
from tests.conftest import API_SECRET
from tests.web.household import Household, household_at, make_hashes_cheap

PHONE = (390, 844)
DESKTOP = (1280, 800)
MINUTE_MS = 60_000


class _Quiet(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"

    def log(self, type: str, message: str, *args: Any) -> None:
        """Say nothing: the application has its own log."""


@dataclass(frozen=True)
class Site:
    """The running application: where it is, what it stands on, and how data gets into it."""

    url: str
    house: House
    clock: SettableClock
    end_streams: Callable[[], None]

    def glucose(self, mgdl: float, minutes_ago: float = 0, **fields: Any) -> None:
        """Upload one sensor reading."""
        self.entries([{"sgv": mgdl, "minutes_ago": minutes_ago, **fields}])

    def entries(self, readings: list[Mapping[str, Any]]) -> None:
        """Upload readings, each with its ``minutes_ago``."""
        self._save(Entries, [self._entry(dict(reading)) for reading in readings])

    def treatment(self, event_type: str, minutes_ago: float, **fields: Any) -> None:
        """Upload one treatment."""
        self._save(Treatments, [{"eventType": event_type, "created_at": iso_of(self.ms(minutes_ago)), **fields}])

    def status(self, minutes_ago: float, **fields: Any) -> None:
        """Upload one device status."""
        self._save(DeviceStatus, [{"created_at": iso_of(self.ms(minutes_ago)), **fields}])

    def ms(self, minutes_ago: float) -> int:
        """Return the moment so many minutes ago."""
        return self.clock.now_ms() - round(minutes_ago * MINUTE_MS)

    def _entry(self, reading: dict[str, Any]) -> dict[str, Any]:
        at_ms = self.ms(reading.pop("minutes_ago"))
        return {"type": "mbg" if "mbg" in reading else "sgv", "date": at_ms, "device": "xDrip-DexcomG6", **reading}

    def _save(self, records: Any, documents: list[dict[str, Any]]) -> None:
        records(self.house.store, self.clock, system_actor("uploader:test")).save(documents)


Serve = Callable[..., Site]


@pytest.fixture
def serve(tmp_path: Path, store: Store, clock: SettableClock, keyring: KeyRing) -> Iterator[Serve]:
    """Serve the whole application with these settings, until the test ends."""
    running: list[Callable[[], None]] = []

    def start(**environment: str) -> Site:
        given = {"DATA_DIR": str(tmp_path), "API_SECRET": API_SECRET, "AUTH_FAIL_DELAY": "0", **environment}
        house = House(load_settings(given), store, clock, keyring)
        app = create_app(house)
        app.testing = True
        server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=_Quiet)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()

        def stop() -> None:
            app.extensions["live"].close()
            server.shutdown()
            thread.join()
            server.daemon_threads = True
            server.socket.close()

        running.append(stop)
        return Site(f"http://127.0.0.1:{server.port}", house, clock, app.extensions["live"].close)

    yield start
    for stop in running:
        stop()


@pytest.fixture
def open_site(serve: Serve) -> Site:
    """The application with its pages readable to everybody."""
    return serve(AUTH_DEFAULT_ROLES="readable")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=list(LAUNCH_ARGUMENTS))
        yield browser
        browser.close()


class Problems:
    """What the browser complained of: errors, refused scripts, answers that failed."""

    def __init__(self) -> None:
        self.found: list[str] = []
        self._expected: tuple[str, ...] = ()

    def expect(self, *words: str) -> None:
        """Let pass whatever contains one of these."""
        self._expected = words

    @property
    def unexpected(self) -> list[str]:
        """Those nobody announced."""
        return [problem for problem in self.found if not any(words in problem for words in self._expected)]


@pytest.fixture
def problems() -> Iterator[Problems]:
    """Fail the test if the browser complained of anything the test did not expect."""
    problems = Problems()
    yield problems
    assert problems.unexpected == []


PageAt = Callable[..., Page]


@pytest.fixture
def page_at(browser: Browser, problems: Problems) -> Iterator[PageAt]:
    """Open a page of a size and colour scheme (``dark`` or ``light``) in a browser of its own."""
    contexts: list[BrowserContext] = []

    def open_page(size: tuple[int, int] = PHONE, scheme: Any = "dark", **options: Any) -> Page:
        context = browser.new_context(
            viewport={"width": size[0], "height": size[1]}, color_scheme=scheme, timezone_id="Asia/Tokyo", **options
        )
        context.set_default_timeout(10_000)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: problems.found.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: problems.found.append(str(error)))
        return page

    yield open_page
    for context in contexts:
        context.close()


def text_of(page: Page, value: str) -> str:
    """Return what the page shows for one of its values."""
    return page.locator(f'[data-value="{value}"]').inner_text()


def falling_low(site: Site) -> None:
    """A family's night: three hours of readings that end low and falling, with what was done and what devices said."""
    readings = [{"sgv": 150, "minutes_ago": minutes} for minutes in range(182, 42, -5)]
    readings += [{"sgv": 62 + 6 * step, "minutes_ago": 2 + 5 * step} for step in range(8)]
    site.entries([*readings, {"mbg": 131, "minutes_ago": 95}])
    site.treatment("Meal Bolus", 144, insulin=1.2, enteredBy="Dad")
    site.treatment("Carb Correction", 11, carbs=8, notes="glucose tabs", enteredBy="Mum")
    site.treatment("Temp Basal", 60, absolute=0.8, duration=30, enteredBy="loop://phone")
    site.status(
        2, device="loop://phone", uploader={"battery": 71, "name": "phone"}, pump={"reservoir": 82.0},
        loop={"name": "Loop", "iob": {"iob": 0.85}, "cob": {"cob": 8}},
    )  # fmt: skip


@pytest.fixture
def fresh_household(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> Iterator[Household]:
    """A household whose server nobody has set up yet."""
    make_hashes_cheap(monkeypatch)
    household = household_at(serve, ALLOW_PRIVATE_SOURCES="on")
    yield household
    household.close()


@pytest.fixture
def household(fresh_household: Household) -> Household:
    """A household with an owner who is enrolled, and a person."""
    fresh_household.set_up()
    return fresh_household

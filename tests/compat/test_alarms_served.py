"""Alarms of ``nightlight serve`` as a family runs it: from an upload to every socket, and back to quiet."""

from __future__ import annotations

import queue
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest
import socketio

from app.clock import SystemClock
from tests.compat.conftest import SECRET_DIGEST
from tests.compat.own_process import served
from tests.conftest import API_SECRET

PATIENCE_S = 20.0
HEADERS = {"api-secret": SECRET_DIGEST}


class Listener:
    """A client subscribed to alarms, and what it hears."""

    def __init__(self, url: str) -> None:
        self.io = socketio.Client(reconnection=False)
        self._heard: queue.Queue[tuple[str, Any]] = queue.Queue()
        self.io.on("*", lambda event, *body: self._heard.put((event, body[0])), namespace="/alarm")
        self.io.connect(url, namespaces=["/alarm"], transports=["websocket"], wait_timeout=PATIENCE_S)
        answer = self.io.call("subscribe", {"secret": SECRET_DIGEST}, namespace="/alarm", timeout=PATIENCE_S)
        assert answer["read"]

    def next(self) -> tuple[str, Any]:
        return self._heard.get(timeout=PATIENCE_S)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[str]:
    with served(tmp_path, API_SECRET=API_SECRET, ALARM_TYPES="simple", INSECURE_USE_HTTP="true") as url:
        yield url


@pytest.fixture
def listen(house: str) -> Iterator[Callable[[], Listener]]:
    with ExitStack() as open_ones:

        def begin() -> Listener:
            listener = Listener(house)
            open_ones.callback(listener.io.disconnect)
            return listener

        yield begin


def post(url: str, mgdl: int, minutes_ago: float) -> None:
    at_ms = SystemClock().now_ms() - round(minutes_ago * 60_000)
    reading = {"type": "sgv", "sgv": mgdl, "date": at_ms, "direction": "Flat", "device": "Libre3"}
    assert httpx.post(f"{url}/api/v1/entries", json=[reading], headers=HEADERS, timeout=30).status_code == 200


def test_a_reading_rings_everywhere_an_acknowledgement_silences_it_and_a_pair_in_range_ends_it(
    house: str, listen: Callable[[], Listener]
) -> None:
    mum, dad = listen(), listen()
    post(house, 50, minutes_ago=8)
    for listener in (mum, dad):
        event, body = listener.next()
        assert (event, body["title"], body["level"], body["group"]) == ("urgent_alarm", "Urgent LOW", 2, "default")
    dad.io.emit("ack", (2, "default", 600_000), namespace="/alarm")
    for listener in (mum, dad):
        event, body = listener.next()
        assert (event, body["message"]) == ("clear_alarm", "default - Urgent was ack'd")
    post(house, 62, minutes_ago=6)
    late = listen()
    assert late.next()[1]["message"] == "default - Urgent was ack'd"
    post(house, 82, minutes_ago=4)
    for listener in (mum, dad, late):
        assert listener.next() == (
            "clear_alarm",
            {"clear": True, "title": "All Clear", "message": "Auto ack'd alarm(s)", "group": "default"},
        )


def test_a_sensor_s_low_rings_at_once_and_not_an_end_of_it(house: str, listen: Callable[[], Listener]) -> None:
    listener = listen()
    post(house, 70, minutes_ago=6)
    assert listener.next()[0] == "alarm"
    post(house, 39, minutes_ago=1)
    event, body = listener.next()
    assert (event, body["message"].splitlines()[0]) == ("urgent_alarm", "BG Now: LOW → mg/dl")

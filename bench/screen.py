"""How long an uploaded reading takes to an open page: POST sent until the page's event stream has it."""

from __future__ import annotations

import json
import threading
import time
from http.client import HTTPConnection

from bench.load import HEADERS
from bench.processes import Server


def write_to_screen_ms(server: Server, now_ms: int, *, times: int = 50) -> list[float]:
    """Upload ``times`` readings one after the other and return the sorted delays in milliseconds."""
    stream = HTTPConnection("127.0.0.1", server.port, timeout=30)
    stream.request("GET", "/events", headers={"Accept": "text/event-stream", "api-secret": HEADERS["api-secret"]})
    answer = stream.getresponse()
    if answer.status != 200:
        raise RuntimeError(f"/events: {answer.status}")
    seen: dict[int, float] = {}
    news = threading.Condition()

    def listen() -> None:
        for line in answer:
            if line.startswith(b"data:") and b"at_ms" in line:
                with news:
                    seen.update({at_ms: time.monotonic() for at_ms in _instants(line) if at_ms not in seen})
                    news.notify_all()
            if now_ms + 1000 * (times - 1) in seen:
                return

    listener = threading.Thread(target=listen, daemon=True)
    listener.start()
    delays = []
    for number in range(times):
        at_ms = now_ms + 1000 * number
        body = json.dumps([{"type": "sgv", "sgv": 100 + number % 50, "date": at_ms, "device": "bench"}])
        uploader = HTTPConnection("127.0.0.1", server.port, timeout=30)
        began = time.monotonic()
        uploader.request("POST", "/api/v1/entries.json", body, HEADERS)
        uploader.getresponse().read()
        with news:
            if not news.wait_for(lambda at_ms=at_ms: at_ms in seen, timeout=10):  # type: ignore[misc]
                raise RuntimeError("an uploaded reading did not come to the page")
            delays.append(1000 * (seen[at_ms] - began))
    listener.join(timeout=10)
    stream.close()
    return sorted(delays)


def _instants(line: bytes) -> list[int]:
    content = json.loads(line.removeprefix(b"data:"))
    found = []
    queue = [content]
    while queue:
        part = queue.pop()
        if isinstance(part, dict):
            if isinstance(part.get("at_ms"), int):
                found.append(part["at_ms"])
            queue += part.values()
        elif isinstance(part, list):
            queue += part
    return found

"""What every emulator is made of: a server in threads, scenes that go before the good path, a log of what was asked."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from tests.clocks import SettableClock

MAINTENANCE = "<html><body><h1>We'll be back soon</h1></body></html>"


@dataclass(frozen=True)
class Asked:
    """One request, as it came; the fields of a form come as a mapping, as JSON does. ``pairs`` is the whole query."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: Any
    pairs: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Reply:
    """What goes back: ``body`` as JSON, or ``raw`` as it is; ``cut`` breaks off half-way, ``after_s`` comes late."""

    body: Any = None
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    raw: str | None = None
    cut: bool = False
    after_s: float = 0


def page(status: int) -> Reply:
    """A page of HTML where data should be."""
    return Reply(status=status, headers={"Content-Type": "text/html"}, raw=MAINTENANCE)


def too_often(retry_after: str | None = None) -> Reply:
    return Reply({"message": "slow down"}, 429, {} if retry_after is None else {"Retry-After": retry_after})


def cut_off(body: Any) -> Reply:
    return Reply(body, cut=True)


def late(body: Any, after_s: float) -> Reply:
    return Reply(body, after_s=after_s)


class Emulator:
    """A vendor's server. A subclass answers in ``reply``; scripted scenes go first."""

    def __init__(self, clock: SettableClock) -> None:
        self.clock = clock
        self.asked: list[Asked] = []
        self._scenes: list[tuple[str, Reply]] = []
        self._lock = threading.RLock()
        self._stopped = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def script(self, path: str, *replies: Reply) -> None:
        """Answer the next requests whose path contains this text with these scenes, in order."""
        with self._lock:
            self._scenes += [(path, reply) for reply in replies]

    def count(self, path: str) -> int:
        """How many requests had a path containing this text."""
        return sum(path in asked.path for asked in self.asked)

    def reply(self, asked: Asked) -> Reply:
        raise NotImplementedError

    @contextmanager
    def running(self) -> Iterator[Any]:
        thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self._stopped.set()
            self._server.shutdown()
            self._server.server_close()
            thread.join()

    def _answer(self, asked: Asked) -> Reply:
        with self._lock:
            self.asked.append(asked)
            for place, (path, reply) in enumerate(self._scenes):
                if path in asked.path:
                    del self._scenes[place]
                    return reply
            return self.reply(asked)

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        emulator = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = -1  # head and body in one packet: else every answer waits for a delayed acknowledgement

            def _serve(self) -> None:
                parts = urlsplit(self.path)
                raw = self.rfile.read(int(self.headers.get("content-length") or 0))
                headers = {name.lower(): value for name, value in self.headers.items()}
                is_form = "x-www-form-urlencoded" in headers.get("content-type", "")
                body = (
                    dict(parse_qsl(raw.decode(), keep_blank_values=True))
                    if is_form
                    else json.loads(raw)
                    if raw
                    else None
                )
                pairs = parse_qsl(parts.query)
                asked = Asked(self.command, unquote(parts.path), dict(pairs), headers, body, tuple(pairs))
                self._send(emulator._answer(asked))

            def _send(self, reply: Reply) -> None:
                if reply.after_s:
                    emulator._stopped.wait(reply.after_s)
                content = json.dumps(reply.body) if reply.raw is None else reply.raw
                encoded = content.encode()
                try:
                    self.send_response(reply.status)
                    headers = {"Content-Type": "application/json", **reply.headers}
                    for name, value in headers.items():
                        self.send_header(name, value)
                    self.send_header("Content-Length", str(len(encoded)))
                    self.end_headers()
                    self.wfile.write(encoded[: len(encoded) // 2] if reply.cut else encoded)
                    self.wfile.flush()
                    self.close_connection = self.close_connection or reply.cut
                except OSError:
                    self.close_connection = True

            do_GET = do_POST = do_PUT = do_DELETE = _serve  # noqa: N815

            def log_message(self, format: str, *args: Any) -> None:
                pass

        return Handler

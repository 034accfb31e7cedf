"""Measure one web process with a thousand live viewers, half on event streams and half on websockets.

The viewers live in processes of their own. A viewer is served when the news of an upload has reached it.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import json
import multiprocessing
import selectors
import socket
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from http.client import HTTPConnection
from multiprocessing.connection import Connection, wait
from pathlib import Path

from bench.processes import API_SECRET, Server, running_server

SECRET = hashlib.sha1(API_SECRET.encode()).hexdigest()
HEADERS = {"api-secret": SECRET, "Content-Type": "application/json", "Accept": "application/json"}
PONG = b"\x81\x81\x00\x00\x00\x003"
PROCESSES = 4
PATIENCE_S = 30.0


@dataclass(frozen=True)
class Row:
    """What a number of viewers cost.

    The usual delay in ms from upload to the last viewer on a websocket and on an event stream, MiB of each viewer, and
    the time of a small request in ms while nobody and while everybody looked.
    """

    viewers: int
    websockets_ms: float
    streams_ms: float
    mib_each: float
    idle_ms: float
    watched_ms: float


def main() -> None:
    """Print a row for each number of viewers, and what becomes of one too many."""
    wanted = argparse.ArgumentParser(prog="python -m bench.sockets", description=__doc__)
    wanted.add_argument("--viewers", type=int, nargs="*", default=[200, 1000])
    wanted.add_argument("--uploads", type=int, default=20, help="uploads measured with each number (20)")
    asked = wanted.parse_args()
    print(
        "| viewers | upload to last websocket ms | to last event stream ms | MiB each | REST p95 ms, none | all there |"
    )
    print("|---|---|---|---|---|---|")
    refusals: list[str] = []
    for viewers in asked.viewers:
        with tempfile.TemporaryDirectory(prefix="nightlight-bench-") as folder:
            uri, threads = f"sqlite:///{folder}/nightlight.db", threads_for(viewers)
            with running_server(Path(folder), uri, settings={"THREADS": str(threads)}) as server:
                row = measured(server, viewers, asked.uploads, refusals)
        print(
            f"| {row.viewers} | {row.websockets_ms:.0f} | {row.streams_ms:.0f} | {row.mib_each:.2f} "
            f"| {row.idle_ms:.1f} | {row.watched_ms:.1f} |",
            flush=True,
        )
    print("\n" + "\n".join(refusals))


def threads_for(viewers: int) -> int:
    """Return the least THREADS that leave just so many places."""
    return next(threads for threads in range(4, 2001) if threads - max(3, threads // 4) >= viewers)


def measured(server: Server, viewers: int, uploads: int, refusals: list[str]) -> Row:
    """Let viewers come, upload, and see how long it takes until the last has heard of it."""
    _upload(server.port, 0)
    idle_ms = _small_requests_ms(server.port)
    before_mib, _ = server.resident_mib()
    with _audience(server.port, viewers) as audience:
        time.sleep(2)
        after_mib, _ = server.resident_mib()
        delays = [_delays_ms(server.port, audience, viewers, number) for number in range(1, uploads + 1)]
        watched_ms = _small_requests_ms(server.port)
        refusals.append(f"viewer {viewers + 1}: {_one_more(server.port)}")
    websockets, streams = (sorted(each)[uploads // 2] for each in zip(*delays, strict=True))
    return Row(viewers, websockets, streams, (after_mib - before_mib) / viewers, idle_ms, watched_ms)


@contextlib.contextmanager
def _audience(port: int, viewers: int) -> Iterator[list[Connection]]:
    """Seat the viewers, in a few processes."""
    shares = [viewers // PROCESSES + (number < viewers % PROCESSES) for number in range(PROCESSES)]
    context = multiprocessing.get_context("fork")
    pipes = [context.Pipe() for _ in shares]
    processes = [
        context.Process(target=_watch, args=(port, share, theirs), daemon=True)
        for share, (_, theirs) in zip(shares, pipes, strict=True)
    ]
    try:
        for process, (ours, _) in zip(processes, pipes, strict=True):
            process.start()
            if not ours.poll(120) or ours.recv() != "seated":
                raise RuntimeError("not all viewers found a place")
        yield [ours for ours, _ in pipes]
    finally:
        for process in processes:
            process.terminate()
            process.join()


def _watch(port: int, viewers: int, results: Connection) -> None:
    """Open half of the viewers on each kind of stream; send the moment each hears of an upload."""
    ready = selectors.DefaultSelector()
    for number in range(viewers):
        viewer = _event_stream(port) if number % 2 else _websocket(port)
        ready.register(viewer, selectors.EVENT_READ, number % 2 == 0)
    results.send("seated")
    heard: dict[int, bytes] = {}
    while True:
        for key, _ in ready.select():
            stream = key.fileobj
            assert isinstance(stream, socket.socket)
            came = heard.get(key.fd, b"") + stream.recv(65536)
            if key.data and b"\x81\x012" in came:
                stream.sendall(PONG)
            if (b'"delta":true' if key.data else b"event: marks") in came:
                results.send((key.data, time.monotonic()))
                came = b""
            heard[key.fd] = came[-32:]


def _event_stream(port: int) -> socket.socket:
    stream = _opened(port, "/events", "")
    _read_until(stream, b"event: glance")
    return stream


def _websocket(port: int) -> socket.socket:
    upgrade = (
        "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
    )
    stream = _opened(port, "/socket.io/?EIO=4&transport=websocket", upgrade)
    _read_until(stream, b'"sid"')
    for text in ("40", f'420["authorize",{{"secret":"{SECRET}"}}]'):
        length = len(text)
        head = bytes([0x81, 0x80 | length]) if length < 126 else b"\x81\xfe" + length.to_bytes(2, "big")
        stream.sendall(head + bytes(4) + text.encode())
    _read_until(stream, b"430[")
    return stream


def _opened(port: int, path: str, headers: str) -> socket.socket:
    stream = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S)
    stream.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n{headers}\r\n".encode())
    return stream


def _read_until(stream: socket.socket, wanted: bytes) -> None:
    came = b""
    while wanted not in came:
        piece = stream.recv(65536)
        if not piece:
            raise RuntimeError(f"refused: {came[:200]!r}")
        came += piece


def _delays_ms(port: int, audience: list[Connection], viewers: int, number: int) -> tuple[float, float]:
    """Upload, and return how long it took to the last viewer on a websocket and on an event stream, in ms."""
    time.sleep(1)  # so that each upload comes after a pause, as a sensor's does
    began = time.monotonic()
    _upload(port, number)
    moments: list[tuple[bool, float]] = []
    while len(moments) < viewers:
        told = wait(audience, timeout=PATIENCE_S)
        if not told:
            raise RuntimeError(f"only {len(moments)} of {viewers} viewers heard of the upload")
        moments += [results.recv() for results in audience if results in told]
    websockets, streams = (max(at for mine, at in moments if mine is kind) for kind in (True, False))
    return 1000 * (websockets - began), 1000 * (streams - began)


def _upload(port: int, number: int) -> None:
    reading = {"type": "sgv", "sgv": 100 + number, "date": int(time.time() * 1000), "direction": "Flat"}
    connection = HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)
    connection.request("POST", "/api/v1/entries.json", json.dumps([reading]), HEADERS)
    if connection.getresponse().status != 200:
        raise RuntimeError("the upload was refused")
    connection.close()


def _small_requests_ms(port: int, requests: int = 400) -> float:
    """Return the 95th percentile of small requests, in ms, each a new question so that none is answered from memory."""
    connection = HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)
    took = []
    for number in range(requests):
        began = time.monotonic()
        connection.request("GET", f"/api/v1/entries.json?count={1 + number % 10}&n={number}", headers=HEADERS)
        connection.getresponse().read()
        took.append(time.monotonic() - began)
    connection.close()
    return 1000 * sorted(took)[requests * 95 // 100]


def _one_more(port: int) -> str:
    """Return what one too many is answered."""
    answers = []
    for path in ("/socket.io/?EIO=4&transport=polling", "/events"):
        connection = HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)
        connection.request("GET", path)
        answer = connection.getresponse()
        answers.append(f"{path.partition('?')[0]} {answer.status}, Retry-After: {answer.headers['Retry-After']}")
        connection.close()
    return "; ".join(answers)


if __name__ == "__main__":
    main()

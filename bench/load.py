"""A load of requests over kept-alive connections, and what it measured."""

from __future__ import annotations

import hashlib
import itertools
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from http.client import HTTPConnection

from bench.processes import API_SECRET, Server

HEADERS = {
    "api-secret": hashlib.sha1(API_SECRET.encode()).hexdigest(),
    "Accept": "application/json",
    "Content-Type": "application/json",
}


@dataclass(frozen=True)
class Case:
    """One kind of request: ``body`` makes the n-th body (None for GET), ``{n}`` in the path is the request's number,
    ``most`` bounds how many are sent.
    """

    name: str
    path: str
    body: Callable[[int], bytes] | None = None
    most: int = 4000


@dataclass(frozen=True)
class Measured:
    """What a case cost: processor ms a request, requests a second, latencies in ms, bytes of an answer."""

    case: Case
    requests: int
    cpu_ms: float
    per_second: float
    p50_ms: float
    p95_ms: float
    answer_bytes: int


def measure(server: Server, case: Case, *, seconds: float, connections: int = 8) -> Measured:
    """Send the case's requests over ``connections`` connections for at most ``seconds``."""
    _send(server.port, case, itertools.count(), stop_at=time.monotonic() + 0.5, most=20)
    numbers = itertools.count(1_000_000)
    latencies: list[list[tuple[float, int]]] = [[] for _ in range(connections)]
    cpu_before, began = server.cpu_s(), time.monotonic()

    def drive(mine: list[tuple[float, int]]) -> None:
        mine += _send(server.port, case, numbers, stop_at=began + seconds, most=case.most // connections)

    threads = [threading.Thread(target=drive, args=(mine,)) for mine in latencies]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    took, cpu = time.monotonic() - began, server.cpu_s() - cpu_before
    flat = sorted(latency for mine in latencies for latency, _ in mine)
    count = len(flat)
    return Measured(
        case,
        count,
        1000 * cpu / count,
        count / took,
        1000 * flat[count // 2],
        1000 * flat[min(count - 1, count * 95 // 100)],
        latencies[0][-1][1],
    )


def _send(
    port: int, case: Case, numbers: itertools.count[int], *, stop_at: float, most: int
) -> list[tuple[float, int]]:
    connection = HTTPConnection("127.0.0.1", port, timeout=60)
    results: list[tuple[float, int]] = []
    for _ in range(most):
        began = time.monotonic()
        if began > stop_at and results:
            break
        number = next(numbers)
        body = case.body(number) if case.body else None
        path = case.path.replace("{n}", str(number))
        began = time.monotonic()
        connection.request("POST" if case.body else "GET", path, body, HEADERS)
        answer = connection.getresponse()
        content = answer.read()
        results.append((time.monotonic() - began, len(content)))
        if answer.status != 200:
            raise RuntimeError(f"{case.name}: {answer.status} {content[:200]!r}")
    connection.close()
    return results

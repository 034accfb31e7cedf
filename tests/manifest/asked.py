"""What the tests of Nightscout's surface ask: noted while they run, and compared with what is on record.

Each test file of ``tests/compat`` has on record which routes it asks and which statuses come. A test that asks
something else than its record says fails, and so does a file that asks less: the record is then made anew with
``make docs``. An answer the published contract does not tell of (status, media type, shape) fails its test, too.
Tests on random data are only held to the contract.
"""

from __future__ import annotations

import json
import os
from collections import defaultdict
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from werkzeug.exceptions import HTTPException

from tests.manifest.contract import Contract

RECORD = Path(__file__).with_name("asked.json")
TESTS = Path(__file__).resolve().parents[1] / "compat"
RECORDING = "RECORD_ASKED"
"""The environment variable with which a run writes the record instead of being compared with it."""

UNFORESEEN = 500
"""What a simulated failure of ours answers; whether it is told of is for the tests of the contract."""

Asked = dict[str, set[int]]
"""Statuses by route: ``GET /api/v1/entries``."""


class Notes:
    """What one process has noted."""

    def __init__(self) -> None:
        self.by_file: dict[str, Asked] = defaultdict(lambda: defaultdict(set))
        self.ran: dict[str, set[str]] = defaultdict(set)
        self.now: Asked = defaultdict(set)
        self.untold: set[str] = set()


notes = Notes()


@cache
def recorded() -> dict[str, Asked]:
    """Return the record by file, ``clients/test_loop.py``."""
    if not RECORD.exists():
        return {}
    found = json.loads(RECORD.read_text())
    return {file: {route: set(statuses) for route, statuses in asked.items()} for file, asked in found.items()}


def watched(app: Flask) -> Callable[..., Iterable[bytes]]:
    """Return an application's WSGI callable that notes each answer's route and status, and what the contract says."""
    inner, contract, adapter = app.wsgi_app, Contract(app), app.url_map.bind("localhost")

    def answer(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        started: list[tuple[int, dict[str, str]]] = []

        def start(status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
            started.append((int(status[:3]), dict(headers)))
            return start_response(status, headers, *rest)

        pieces = inner(environ, start)
        with suppress(HTTPException):
            rule, _ = adapter.match(environ["PATH_INFO"], environ["REQUEST_METHOD"], return_rule=True)
            return _noted(contract, environ["REQUEST_METHOD"], rule.rule, pieces, started)
        return pieces

    return answer


def _noted(
    contract: Contract, method: str, rule: str, pieces: Iterable[bytes], started: list[tuple[int, dict[str, str]]]
) -> Iterable[bytes]:
    """Return an answer's body, whole unless it is streamed, once it is noted."""
    route = contract.route(method, rule)
    if route and started:
        status, headers = started[0]
        body = b"".join(pieces) if "Content-Length" in headers else None
        notes.now[route].add(status)
        if status != UNFORESEEN and (untold := contract.untold(route, status, headers, body)):
            notes.untold.add(f"{route} answered {status}: {untold}")
        return pieces if body is None else [body]
    return pieces


def pytest_runtest_setup(item: pytest.Item) -> None:
    notes.now, notes.untold = defaultdict(set), set()


def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> None:
    if notes.untold:
        pytest.fail(f"the published contract does not tell of this: {sorted(notes.untold)}", pytrace=False)
    file = item.path.relative_to(TESTS).as_posix()
    notes.ran[file].add(item.name.partition("[")[0])
    if not getattr(getattr(item, "obj", None), "is_hypothesis_test", False):
        for route, statuses in notes.now.items():
            notes.by_file[file][route] |= statuses
    if os.environ.get(RECORDING):
        return
    on_record = recorded().get(file, {})
    if more := _beyond(notes.by_file[file], on_record):
        pytest.fail(f"not on record, run `make docs`: {file} asks {more}", pytrace=False)
    ends = nextitem is None or nextitem.path != item.path
    if ends and _is_whole(item, file) and (less := _beyond(on_record, notes.by_file[file])):
        pytest.fail(f"on record, but not so, run `make docs`: {file} asks {less}", pytrace=False)


def pytest_sessionfinish(session: pytest.Session) -> None:
    if os.environ.get(RECORDING) and notes.ran and not session.testsfailed:
        record = {**recorded(), **{file: notes.by_file[file] for file in notes.ran}}
        RECORD.write_text(_as_text({file: asked for file, asked in record.items() if (TESTS / file).exists()}))


def _beyond(these: Asked, those: Asked) -> list[str]:
    return [
        f"{route} {status}"
        for route, statuses in sorted(these.items())
        for status in sorted(statuses - those.get(route, set()))
    ]


def _is_whole(item: pytest.Item, file: str) -> bool:
    option = item.config.option
    if option.keyword or option.markexpr or item.session.testsfailed or any("::" in arg for arg in item.config.args):
        return False
    named = vars(item.getparent(pytest.Module).obj)  # type: ignore[union-attr]
    return {name for name in named if name.startswith("test_")} <= notes.ran[file]


def _as_text(record: dict[str, Asked]) -> str:
    """Return the record as JSON with a line for each route: who adds to it does not get into another's way."""
    files = []
    for file, asked in sorted(record.items()):
        routes = [f"    {json.dumps(route)}: {sorted(statuses)}" for route, statuses in sorted(asked.items())]
        if routes:
            files.append(f"  {json.dumps(file)}: {{\n" + ",\n".join(routes) + "\n  }")
    return "{\n" + ",\n".join(files) + "\n}\n"

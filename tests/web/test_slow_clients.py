"""A client that neither reads nor sends loses its connection, and nobody else notices."""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from gunicorn.workers.gthread import ThreadWorker

from app.processes import PATIENCE_S, _Worker


@pytest.fixture
def connected() -> Iterator[socket.socket]:
    with (
        socket.create_server(("127.0.0.1", 0)) as listening,
        socket.create_connection(listening.getsockname()),
        listening.accept()[0] as served,
    ):
        yield served


@pytest.fixture
def worker(monkeypatch: pytest.MonkeyPatch) -> _Worker:
    monkeypatch.setattr(ThreadWorker, "enqueue_req", lambda self, conn: None)
    return _Worker.__new__(_Worker)


def patience_of(connection: socket.socket, option: int) -> int:
    seconds, _ = struct.unpack("@ll", connection.getsockopt(socket.SOL_SOCKET, option, 16))
    return int(seconds)


def test_a_new_connection_waits_for_its_client_for_a_while_only(worker: _Worker, connected: socket.socket) -> None:
    worker.enqueue_req(SimpleNamespace(sock=connected, initialized=False))
    assert patience_of(connected, socket.SO_SNDTIMEO) == PATIENCE_S
    assert patience_of(connected, socket.SO_RCVTIMEO) == PATIENCE_S
    assert connected.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 1000 * PATIENCE_S


def test_one_that_is_known_is_left_as_it_is(worker: _Worker, connected: socket.socket) -> None:
    worker.enqueue_req(SimpleNamespace(sock=connected, initialized=True))
    assert patience_of(connected, socket.SO_SNDTIMEO) == 0


@pytest.mark.parametrize("error", [BlockingIOError, TimeoutError])
def test_the_connection_is_closed_and_the_thread_free(
    worker: _Worker, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, error: type[OSError]
) -> None:
    def gives_up(self: Any, req: Any, conn: Any) -> bool:
        raise error

    monkeypatch.setattr(ThreadWorker, "handle_request", gives_up)
    caplog.set_level("INFO")
    assert worker.handle_request(None, None) is False
    assert [record.message for record in caplog.records] == ["a client did not read its answer"]
    assert caplog.records[0].exc_info is None


def test_another_failure_is_told_as_before(worker: _Worker, monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks(self: Any, req: Any, conn: Any) -> bool:
        raise ConnectionResetError

    monkeypatch.setattr(ThreadWorker, "handle_request", breaks)
    with pytest.raises(ConnectionResetError):
        worker.handle_request(None, None)

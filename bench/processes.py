"""Starting the server as its user would, and reading what its processes cost from the kernel's own accounts."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path

TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
API_SECRET = "a pass phrase for measuring"


@dataclass
class Server:
    """A running server: where it listens, the processes that count, and how long it took to its first answer."""

    port: int
    pid: int
    database_pid: int | None
    first_answer_s: float

    def cpu_s(self) -> float:
        """Return the processor seconds used so far by the server's process tree and its database."""
        return sum(_cpu_s(pid) for pid in self._pids())

    def resident_mib(self) -> tuple[float, float]:
        """Return MiB resident: the server's process tree (shared pages counted once), and its database."""
        own = sum(_proportional_mib(pid) for pid in _tree(self.pid))
        return own, _proportional_mib(self.database_pid) if self.database_pid else 0.0

    def _pids(self) -> list[int]:
        return _tree(self.pid) + ([self.database_pid] if self.database_pid else [])


@contextmanager
def running_server(
    folder: Path, store_uri: str, database_pid: int | None = None, settings: Mapping[str, str] | None = None
) -> Iterator[Server]:
    """Run ``nightlight serve`` on a free port until the block ends; ``settings`` on top of those that are needed."""
    port = _free_port()
    environment = {
        **{name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG")},
        "STORE_URI": store_uri,
        "DATA_DIR": str(folder),
        "PORT": str(port),
        "HOSTNAME": "127.0.0.1",
        "API_SECRET": API_SECRET,
        "AUTH_DEFAULT_ROLES": "readable",  # so that a browser needs no account
        "LOG_LEVEL": "warning",
        **(settings or {}),
    }
    command = [str(Path(sys.executable).with_name("nightlight")), "serve"]
    began = time.monotonic()
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
    try:
        _wait_for_answer(port, process)
        yield Server(port, process.pid, database_pid, time.monotonic() - began)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=20)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait_for_answer(port: int, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until:
        if process.poll() is not None:
            raise RuntimeError(f"the server ended with {process.returncode}")
        try:
            connection = HTTPConnection("127.0.0.1", port, timeout=5)
            connection.request("GET", "/api/versions")
            if connection.getresponse().status == 200:
                return
        except OSError:
            time.sleep(0.01)
    raise RuntimeError("the server did not answer within a minute")


def _tree(pid: int) -> list[int]:
    children: dict[int, list[int]] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((folder / "stat").read_text().rsplit(")", 1)[1].split()[1])
        except OSError:
            continue
        children.setdefault(parent, []).append(int(folder.name))
    found, queue = [], [pid]
    while queue:
        found.append(queue.pop())
        queue += children.get(found[-1], [])
    return found


def _cpu_s(pid: int) -> float:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / TICKS_A_SECOND


def _proportional_mib(pid: int) -> float:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0.0
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024

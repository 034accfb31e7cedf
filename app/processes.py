"""The processes of an installation: web (gunicorn, threads), worker (jobs), and both in one for a family.

All state is in the store, so that any of them may be killed at any time. What a process shares is put together after
the fork; when it is told to stop, open live streams are ended, jobs finish what they hold, and nothing stays behind.
"""

from __future__ import annotations

import ctypes
import gc
import logging
import resource
import signal
import socket
import struct
import sys
import threading
from collections.abc import Callable
from typing import Any

from flask import Flask
from gunicorn.app.base import BaseApplication
from gunicorn.workers.gthread import ThreadWorker

from app import ROOT, create_app, jobs
from app.clock import SystemClock
from app.config import Settings
from app.house import House
from app.identity.key_check import check_keys
from app.keyring import load_keyring
from app.logs import configure_logs
from app.store import migrate, open_store
from app.store.interface import Store

log = logging.getLogger(__name__)

# gunicorn's own requests end well before; live streams are ended by hand.
GRACE_S = 5
# A phone or a bridge that uploads each minute keeps its connection.
KEEP_ALIVE_S = 75
# So long a piece of an answer waits for a client that does not read, and a body for one that does not send.
PATIENCE_S = 30
FILES_BESIDE = 500  # the store, the log, other programs' connections that wait their turn
_M_ARENA_MAX = -8  # of glibc's malloc.h
_PATIENCE = struct.pack("@ll", PATIENCE_S, 0)

COLLECTION_SETTINGS = {
    "entries": "ENTRIES_COLLECTION",
    "treatments": "MONGO_TREATMENTS_COLLECTION",
    "profile": "MONGO_PROFILE_COLLECTION",
    "devicestatus": "MONGO_DEVICESTATUS_COLLECTION",
    "food": "MONGO_FOOD_COLLECTION",
    "activity": "MONGO_ACTIVITY_COLLECTION",
    "settings": "MONGO_SETTINGS_COLLECTION",
}


def open_the_store(settings: Settings) -> Store:
    """Open the store the settings name: ``STORE_URI``, else the file in ``DATA_DIR``. Raises ``Unavailable``."""
    names = {name: settings[setting] for name, setting in COLLECTION_SETTINGS.items()}
    prefix = settings["MONGO_AUTHENTICATION_COLLECTIONS_PREFIX"]
    names |= {"auth_subjects": f"{prefix}subjects", "auth_roles": f"{prefix}roles"}
    return open_store(
        settings["STORE_URI"] or f"sqlite:///{settings['DATA_DIR']}/nightlight.db",
        clock=SystemClock(),
        names=names,
        pool_size=settings["MONGO_POOL_SIZE"],
        min_pool_size=settings["MONGO_MIN_POOL_SIZE"],
        max_idle_ms=settings["MONGO_MAX_IDLE_TIME_MS"],
    )


def open_house(settings: Settings) -> House:
    """Put together what one process shares. Raises ``Unavailable``, or ``BadSetting`` when the keys do not fit."""
    keyring = load_keyring(settings)
    store = open_the_store(settings)
    clock = SystemClock()
    check_keys(store, keyring, clock)
    return House(settings, store, clock, keyring)


def release(settings: Settings) -> list[str]:
    """Bring the store up to this version and return the names of the migrations that ran."""
    store = open_the_store(settings)
    try:
        return migrate(store, ROOT / "migrations")
    finally:
        store.close()


class _Worker(ThreadWorker):  # type: ignore[misc]
    """gunicorn's threaded worker, which also ends open live streams when it is told to stop.

    A client that neither reads what it asked for nor sends what it announced loses its connection, and the thread that
    waits for it is free again.
    """

    def enqueue_req(self, conn: Any) -> None:
        if not conn.initialized:
            for option in (socket.SO_SNDTIMEO, socket.SO_RCVTIMEO):
                conn.sock.setsockopt(socket.SOL_SOCKET, option, _PATIENCE)
            if hasattr(socket, "TCP_USER_TIMEOUT"):  # what the kernel holds for such a client is free then, too
                conn.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, 1000 * PATIENCE_S)
        super().enqueue_req(conn)

    def handle_request(self, req: Any, conn: Any) -> bool:
        try:
            return bool(super().handle_request(req, conn))
        except (BlockingIOError, TimeoutError):
            log.info("a client did not read its answer")
            return False

    def handle_exit(self, sig: int, frame: Any) -> None:
        self._end_streams()
        super().handle_exit(sig, frame)

    def handle_quit(self, sig: int, frame: Any) -> None:
        self._end_streams()
        super().handle_quit(sig, frame)

    def _end_streams(self) -> None:
        # Not in the signal handler itself: the thread it interrupted may hold the lock of the streams.
        threading.Thread(target=self.app.end_streams, name="end streams").start()


class WebServer(BaseApplication):  # type: ignore[misc]
    """gunicorn over our application; ``with_jobs`` runs the jobs in the same process."""

    def __init__(self, settings: Settings, *, with_jobs: bool, ready: Callable[[], None]) -> None:
        self._settings = settings
        self._with_jobs = with_jobs
        self._ready = ready
        self._flask: Flask | None = None
        self._house: House | None = None
        self._running: jobs.Running | None = None
        super().__init__()

    def load_config(self) -> None:
        """Tell gunicorn how to run; nothing is read from its own files or environment."""
        threads = self._settings["THREADS"]
        chosen = {
            "bind": f"{self._settings['HOSTNAME']}:{self._settings['PORT']}",
            "workers": self._settings["WEB_PROCESSES"],
            "worker_class": f"{__name__}._Worker",
            "threads": threads,
            "worker_connections": max(1000, 4 * threads),
            "keepalive": KEEP_ALIVE_S,
            "graceful_timeout": GRACE_S,
            "timeout": 60,
            "proc_name": "nightlight",
            "loglevel": "warning",
            "worker_tmp_dir": _memory_folder(),
            "forwarded_allow_ips": "",
            "control_socket_disable": True,
            "when_ready": lambda arbiter: self._ready(),
            "post_worker_init": lambda worker: self._start_jobs(),
            "worker_exit": lambda arbiter, worker: self._close(),
        }
        for name, value in chosen.items():
            self.cfg.set(name, value)

    def load(self) -> Flask:
        """Build the application, in the process that will serve it."""
        self._house = open_house(self._settings)
        self._flask = create_app(self._house)
        # What is there now stays: looking through it again and again would cost each big upload a tenth of its time.
        gc.collect()
        gc.freeze()
        return self._flask

    def end_streams(self) -> None:
        """End every open live stream and socket of this process."""
        if self._flask is not None:
            # Not on top: the process that only watches over the others would carry every surface along.
            from app.compat import sockets

            sockets.close(self._flask)
            self._flask.extensions["live"].close()

    def _start_jobs(self) -> None:
        if self._with_jobs and self._house is not None and self._flask is not None:
            self._running = jobs.start(self._house, self._flask.extensions["live"])

    def _close(self) -> None:
        if self._running is not None:
            self._running.stop()
        self.end_streams()
        if self._flask is not None:
            self._flask.extensions["nightscout access"].close()
        if self._house is not None:
            self._house.store.close()


def _memory_folder() -> str | None:
    # gunicorn's heartbeat file must not wait for a slow disk.
    import os

    return "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # noqa: S108


def _share_memory_among_threads() -> None:
    """Have the C library keep two heaps instead of one for each thread, where it can be told so.

    Sixteen threads that once had a big upload in hand would keep the room for it, each in a heap of its own.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_ARENA_MAX, 2)


def _allow_files(wanted: int) -> None:
    """Raise the limit of open files (a connection is one) to what is wanted, as far as the system lets us."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return
    allowed = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, allowed), hard))


def run_web(settings: Settings, *, with_jobs: bool, ready: Callable[[], None]) -> None:
    """Serve until told to stop; ``ready`` is called when the port is open."""
    configure_logs(settings["LOG_LEVEL"], settings["LOG_FORMAT"])
    _share_memory_among_threads()
    _allow_files(4 * settings["THREADS"] + FILES_BESIDE)
    WebServer(settings, with_jobs=with_jobs, ready=ready).run()


def run_worker(settings: Settings) -> None:
    """Run the jobs until told to stop."""
    configure_logs(settings["LOG_LEVEL"], settings["LOG_FORMAT"])
    told_to_stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: told_to_stop.set())
    house = open_house(settings)
    running = jobs.start(house)
    log.info("worker started")
    told_to_stop.wait()
    running.stop()
    house.store.close()
    sys.stdout.flush()

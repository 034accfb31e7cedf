"""The open file: its connections, its write lock, and what is known of its layouts.

One connection writes, a few read. They belong to the process that opened them: after a fork the child opens its own.
"""

from __future__ import annotations

import logging
import os
import queue
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from app.errors import StoreFull, Unavailable, WrongVersion
from app.logs import told
from app.store.sqlite.catalogue import SCHEMA, Layout, read_layout
from app.store.sqlite.errors import translated
from app.store.sqlite.filesystem import is_network
from app.store.sqlite.lock import WriteLock
from app.store.sqlite.snapshot import snapshot

log = logging.getLogger(__name__)

APPLICATION_ID = 0x4E4C6774  # "NLgt": tells our files from others
FILE_VERSION = 1
OLDEST_SQLITE = (3, 38, 0)  # the first whose JSON functions are always there
READERS = 4
_BUSY_S = 10.0
_READER_WAIT_S = 15.0
_READER_CACHE_KIB = 2048
_WRITER_CACHE_KIB = 8192
_STEPS_BETWEEN_LOOKS = 50_000
_WAL_BYTES_TO_CHECKPOINT = 4 * 1024 * 1024

_abandoned: list[object] = []
"""Connections of a parent process:

closing them in a child could remove the parent's locks, so they are kept for ever.
"""


class Engine:
    """The file of one store, safe to use from many threads."""

    def __init__(self, path: Path) -> None:
        """Open the file, making it when there is none. Raises ``Unavailable`` and ``WrongVersion``."""
        if sqlite3.sqlite_version_info < OLDEST_SQLITE:
            raise WrongVersion(
                f"SQLite {sqlite3.sqlite_version} is too old",
                hint=f"Wanted: {'.'.join(map(str, OLDEST_SQLITE))} or newer.",
            )
        self.path = path
        self._closed = False
        self._reopening = threading.Lock()
        self._make_file()
        self._alone = is_network(path)
        if self._alone:
            log.warning(
                "the store's file lies on a network file system: slower, one process only, and at risk when it fails",
                extra=told(path=str(path)),
            )
        self._open()

    @contextmanager
    def reading(self, is_over: Callable[[], bool] | None = None) -> Iterator[sqlite3.Connection]:
        """Lend a connection for reading; a statement is interrupted once ``is_over``."""
        self._be_ours()
        try:
            connection = self._readers.get(timeout=_READER_WAIT_S)
        except queue.Empty:
            raise Unavailable("Too many are reading at once", hint="Try again in a moment.") from None
        if connection is None:
            self._readers.put(None)
            raise Unavailable("The store is closed")
        try:
            if is_over:
                connection.set_progress_handler(is_over, _STEPS_BETWEEN_LOOKS)
            with translated():
                yield connection
        finally:
            if is_over:
                connection.set_progress_handler(None, 0)
            self._readers.put(connection)

    @contextmanager
    def polling(self) -> Iterator[sqlite3.Connection]:
        """Lend the one connection whose ``data_version`` is watched; for one thread only."""
        self._be_ours()
        if self._closed:
            raise Unavailable("The store is closed")
        with translated():
            yield self._watcher

    @contextmanager
    def writing(self, wait_s: float | None = None) -> Iterator[sqlite3.Connection]:
        """Lend the writing connection within a transaction, committed at the end unless something is raised."""
        self._be_ours()
        with self._lock.held(wait_s):
            if self._closed:
                raise Unavailable("The store is closed")
            try:
                with translated(), _transaction(self._writer):
                    yield self._writer
            except StoreFull:
                self._checkpoint()  # what fits into the file makes room in the log for the next try
                raise
            self._checkpoint_when_due()

    def layout(self, name: str, *, afresh: bool = False) -> Layout | None:
        """Return a collection's layout, None when there is no such collection; ``afresh`` reads it again."""
        known = self._layouts.get(name)
        if known is not None and not afresh:
            return known
        with self.reading() as connection, snapshot(connection):
            found = read_layout(connection, name)
        if found is not None:
            self.learn(found)
        return found

    def layout_known(self, name: str) -> Layout | None:
        """Return a collection's layout as last seen; it may be outdated."""
        return self._layouts.get(name)

    def learn(self, layout: Layout) -> None:
        """Remember a layout that is committed."""
        self._layouts[layout.name] = layout

    def connect(self, *, cache_kib: int = _READER_CACHE_KIB) -> sqlite3.Connection:
        """Open one more connection; the caller closes it through ``close_connection``."""
        connection = sqlite3.connect(
            self.path, timeout=_BUSY_S, isolation_level=None, check_same_thread=False, cached_statements=256
        )
        connection.execute("PRAGMA trusted_schema = OFF")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA wal_autocheckpoint = 0")
        connection.execute("PRAGMA journal_size_limit = 0")  # so that the log's size says what is to be checkpointed
        connection.execute("PRAGMA secure_delete = FAST")
        connection.execute("PRAGMA temp_store = MEMORY")
        connection.execute(f"PRAGMA cache_size = -{cache_kib}")
        return connection

    def close_connection(self, connection: sqlite3.Connection) -> None:
        """Close a connection under the lock: the last one to close checkpoints."""
        with self._lock.held():
            connection.close()

    def close(self) -> None:
        """Close every connection of this process. Idempotent."""
        closed, self._closed = self._closed, True
        if closed:
            return
        with self._lock.held():
            for _ in range(READERS):
                reader = self._readers.get()
                if reader is not None:
                    reader.close()
            self._readers.put(None)  # wakes whoever waits for one
            self._watcher.close()
            self._writer.close()
        self._lock.close()

    def _make_file(self) -> None:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            os.close(os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        except OSError as problem:
            raise Unavailable(
                f"The store's file {self.path} cannot be opened: {problem.strerror}", hint="Make its folder writable."
            ) from None

    def _open(self) -> None:
        self._process = os.getpid()
        self._layouts: dict[str, Layout] = {}
        self._lock = WriteLock(self.path.with_name(self.path.name + ".lock"))
        try:
            if self._alone:
                self._lock.claim_alone()
            with self._lock.held(), translated():
                self._writer = self.connect(cache_kib=_WRITER_CACHE_KIB)
                self._prepare(self._writer)
                self._watcher = self.connect()
                readers = [self.connect() for _ in range(READERS)]
        except BaseException:
            self._lock.close()
            raise
        self._readers: queue.LifoQueue[sqlite3.Connection | None] = queue.LifoQueue()
        for reader in readers:
            self._readers.put(reader)

    def _prepare(self, writer: sqlite3.Connection) -> None:
        (version,) = writer.execute("PRAGMA user_version").fetchone()
        (application,) = writer.execute("PRAGMA application_id").fetchone()
        (tables,) = writer.execute("SELECT count(*) FROM sqlite_schema").fetchone()
        if tables and application != APPLICATION_ID:
            raise WrongVersion(f"{self.path} is a database of another program", hint="Name another file in STORE_URI.")
        if version > FILE_VERSION:
            raise WrongVersion(
                f"{self.path} was written by a newer version of this program",
                hint="Start that version, or put a backup in its place.",
            )
        writer.execute(f"PRAGMA journal_mode = {'DELETE' if self._alone else 'WAL'}")
        if not tables:
            writer.executescript(
                f"BEGIN IMMEDIATE; PRAGMA application_id = {APPLICATION_ID}; {SCHEMA}"
                f"PRAGMA user_version = {FILE_VERSION}; COMMIT;"
            )

    def _checkpoint_when_due(self) -> None:
        try:
            log_bytes = self.path.with_name(self.path.name + "-wal").stat().st_size
        except FileNotFoundError:
            return
        if log_bytes > _WAL_BYTES_TO_CHECKPOINT:
            self._checkpoint()

    def _checkpoint(self) -> None:
        """Move the log's pages into the file; nobody waits for readers, and a failure leaves everything in the log."""
        try:
            self._writer.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
        except sqlite3.Error as problem:
            log.warning("checkpoint failed", extra=told(problem=str(problem)))

    def _be_ours(self) -> None:
        """Open anew when this process was forked from the one that opened the file."""
        if self._process == os.getpid():
            return
        with self._reopening:
            if self._process != os.getpid():
                _abandoned.append((self._writer, self._watcher, self._readers))
                self._lock.forget()
                self._open()


@contextmanager
def _transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """Commit what is done inside, or undo it when something is raised."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise

"""Runs the migrations: each ``NNNN_name.py`` of a folder, once, in order, with its ``up(store)``.

What has run is recorded in ``nl_migrations`` with a checksum. A migration must be safe to run twice: one that was cut
short runs again.
"""

from __future__ import annotations

import hashlib
import importlib.util
import logging
import os
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from app.clock import Clock, SystemClock
from app.errors import Unavailable, WrongVersion
from app.logs import told
from app.store.interface import Store

log = logging.getLogger(__name__)

COLLECTION = "nl_migrations"
FOLDER = Path(__file__).parents[2] / "migrations"
_FILE = re.compile(r"\d{4}_[a-z0-9_]+\.py")
_LEASE = "migrations"
_LEASE_TTL_MS = 60 * 60 * 1000


@dataclass(frozen=True, slots=True)
class Migration:
    """One file of the folder."""

    name: str
    path: Path
    checksum: str

    def load(self) -> Callable[[Store], None]:
        """Return the file's ``up``."""
        spec = importlib.util.spec_from_file_location(f"migrations.{self.name}", self.path)
        if spec is None or spec.loader is None:
            raise WrongVersion(f"The migration {self.name} cannot be loaded")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        up: Callable[[Store], None] = module.up
        return up


def migrations_in(folder: Path) -> list[Migration]:
    """Return the migrations of a folder in their order."""
    paths = sorted(path for path in folder.iterdir() if _FILE.fullmatch(path.name))
    return [Migration(path.stem, path, hashlib.sha256(path.read_bytes()).hexdigest()) for path in paths]


def pending(store: Store, folder: Path = FOLDER) -> list[Migration]:
    """Return what has not run yet.

    Raises ``WrongVersion`` when the store has seen another set of migrations than ours.
    """
    known = migrations_in(folder)
    done = {str(row["_id"]): row["checksum"] for row in store.collection(COLLECTION).find()}
    for name in sorted(done.keys() - {migration.name for migration in known}):
        raise WrongVersion(
            f"The store was changed by the migration {name}, which this version does not have",
            hint="Start the newer version, or put a backup in the store's place.",
        )
    for migration in known:
        if done.get(migration.name, migration.checksum) != migration.checksum:
            raise WrongVersion(
                f"The migration {migration.name} is not the one that changed the store",
                hint="Restore the file; a change to the store needs a migration of its own.",
            )
    return [migration for migration in known if migration.name not in done]


def migrate(store: Store, folder: Path = FOLDER, *, clock: Clock | None = None) -> list[str]:
    """Run what has not run yet and return the names.

    Raises ``WrongVersion``, and ``Unavailable`` while another process migrates.
    """
    if not pending(store, folder):
        return []
    owner = f"{os.getpid()}-{secrets.token_hex(4)}"
    if store.take_lease(_LEASE, owner, ttl_ms=_LEASE_TTL_MS) is None:
        raise Unavailable("Another process is migrating the store", hint="Wait until it is done.")
    try:
        return [_run(store, migration, clock or SystemClock()) for migration in pending(store, folder)]
    finally:
        store.drop_lease(_LEASE, owner)


def _run(store: Store, migration: Migration, clock: Clock) -> str:
    log.info("migrating", extra=told(migration=migration.name))
    migration.load()(store)
    record = {"checksum": migration.checksum, "at_ms": clock.now_ms()}
    store.collection(COLLECTION, actor=_LEASE).replace_one({"_id": migration.name}, record, upsert=True)
    return migration.name

"""The file of an import, from the moment somebody brings it until it is imported: in the store, in pieces.

Whichever process takes it, any other can work on it; and it is gone when the import is done, or after a week.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO

from app.actor import Actor
from app.clock import Clock, datetime_of
from app.errors import BadRequest
from app.importers.format import Unreadable
from app.records.sources.documents import DAY_MS
from app.store.interface import Store

COLLECTION = "nl_import_files"
PIECE_BYTES = 1 << 19
KEPT_MS = 7 * DAY_MS


class TooLarge(BadRequest):
    """A file above the limit of the household."""

    code = "too-large"
    status = 413


@dataclass(frozen=True, slots=True)
class Received:
    """A file that is in the store: its size in bytes and its SHA-256."""

    size: int
    sha256: str


class Files:
    """Keeps the files of imports."""

    def __init__(self, store: Store, clock: Clock, actor: Actor) -> None:
        self._rows = store.collection(COLLECTION, actor=actor.label)
        self._clock = clock

    def receive(self, import_id: str, stream: IO[bytes], most_bytes: int) -> Received:
        """Keep a file piece by piece. Raises ``TooLarge``, ``Unreadable`` for an empty one; then none of it stays."""
        digest, size, number = hashlib.sha256(), 0, 0
        ends = datetime_of(self._clock.now_ms() + KEPT_MS)
        try:
            while piece := stream.read(PIECE_BYTES):
                size += len(piece)
                if size > most_bytes:
                    raise TooLarge(
                        f"The file is larger than {most_bytes >> 20} MB",
                        hint="Raise IMPORT_MAX_MB, or bring it in parts.",
                    )
                digest.update(piece)
                self._rows.insert_one(
                    {"_id": f"{import_id}:{number:08}", "import": import_id, "bytes": piece, "expires_at": ends}
                )
                number += 1
            if not size:
                raise Unreadable("The file is empty")
        except BaseException:
            self.forget(import_id)
            raise
        return Received(size, digest.hexdigest())

    @contextmanager
    def on_disk(self, import_id: str, received: Received) -> Iterator[Path]:
        """Lend the file as one on disk. Raises ``Unreadable`` when it is no longer whole."""
        with TemporaryDirectory(prefix="nightlight-import-") as folder:
            path = Path(folder) / "file"
            digest = hashlib.sha256()
            with path.open("wb") as file:
                for row in self._rows.find({"import": import_id}, sort=(("_id", 1),)):
                    digest.update(row["bytes"])
                    file.write(row["bytes"])
            if digest.hexdigest() != received.sha256:
                raise Unreadable("The file is no longer here", hint="Bring it again.")
            yield path

    def forget(self, import_id: str) -> None:
        """Delete the file of an import."""
        self._rows.delete_many({"import": import_id})

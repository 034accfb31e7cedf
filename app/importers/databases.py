"""A SQLite database somebody brought, by itself or in a gzip or a zip: found by a word, lent as a file on disk."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from app.importers.bounded import BROKEN, GZIP, SQLITE, Member, Opened
from app.store.sqlite.foreign import MOST_BYTES, ForeignFile, ForeignFileBroken, open_foreign

_PIECE_BYTES = 1 << 20
_LOOKED_THROUGH_BYTES = 16 << 20
_MOST_LOOKED_INTO = 5
_ENDINGS = (".sqlite", ".sqlite3", ".db", ".db3", "")


@dataclass(frozen=True, slots=True)
class Database:
    """Where a database is: the file itself (``member`` None), or a member of the zip."""

    member: Member | None

    @property
    def words(self) -> str:
        """Return what it is called, in words."""
        return f"the database {self.member.base} in it" if self.member else "it is a SQLite database that"


def database_with(file: Opened, word: bytes) -> Database | None:
    """Return the database in whose beginning a word stands, the name of a table of it. Raises nothing."""
    if not file.is_zip:
        return Database(None) if file.unpacked_head.startswith(SQLITE) and _speaks_of(file, None, word) else None
    likely = [one for one in file.members if Path(one.base).suffix.lower() in _ENDINGS][:_MOST_LOOKED_INTO]
    for member in likely:
        if file.member_head(member).startswith(SQLITE) and _speaks_of(file, member, word):
            return Database(member)
    return None


@contextmanager
def lent(file: Opened, database: Database) -> Iterator[ForeignFile]:
    """Lend a database, open for reading. Raises ``ValueError`` and what unpacking raises for damaged data."""
    if database.member is None and not file.head.startswith(GZIP):
        with open_foreign(file.path) as opened:
            yield opened
        return
    with TemporaryDirectory(prefix="nightlight-database-") as folder:
        path = Path(folder) / "database"
        with file.open(database.member) as packed, path.open("wb") as unpacked:
            size = 0
            while piece := packed.read(_PIECE_BYTES):
                size += len(piece)
                if size > MOST_BYTES:
                    raise ForeignFileBroken(f"a database of more than {MOST_BYTES >> 30} GiB is not read")
                unpacked.write(piece)
        with open_foreign(path) as opened:
            yield opened


def _speaks_of(file: Opened, member: Member | None, word: bytes) -> bool:
    before = b""
    try:
        with file.open(member) as content:
            for _ in range(_LOOKED_THROUGH_BYTES // _PIECE_BYTES):
                piece = content.read(_PIECE_BYTES)
                if word in before + piece:
                    return True
                if not piece:
                    return False
                before = piece[-len(word) :]
    except BROKEN:
        return False
    return False

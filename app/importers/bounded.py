"""A file somebody brought, opened with care: limits on everything, nothing trusted but the bytes themselves."""

from __future__ import annotations

import gzip
import io
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import IO, Any

HEAD_BYTES = 65_536
MOST_BYTES = 4 << 30
"""The most a file may hold when it is unpacked; a whole life of Apple Health is half of it."""

MOST_MEMBERS = 10_000
WORST_RATIO = 400
"""How much larger a packed file may become before it is taken for a bomb; XML of health data packs 30:1."""

RATIO_COUNTS_FROM = 64 << 20

ZIP, GZIP, XLS, SQLITE = b"PK\x03\x04", b"\x1f\x8b", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"SQLite format 3\x00"


class TooMuch(ValueError):
    """More than any honest file holds."""


_BROKEN = (zipfile.BadZipFile, zlib.error, gzip.BadGzipFile, EOFError, NotImplementedError, RuntimeError, OSError)
"""What unpacking raises for damaged, encrypted and unknown packings."""


@dataclass(frozen=True, slots=True)
class Member:
    """One file within a packed one: its name there, as a name and never as a path of ours, and its size unpacked."""

    name: str
    size: int

    @property
    def base(self) -> str:
        """Return the last part of the name."""
        return PurePosixPath(self.name.replace("\\", "/")).name


@dataclass(slots=True)
class Opened:
    """A file on disk. ``name`` is what its owner called it; ``done_bytes`` how far reading has come, for progress."""

    path: Path
    name: str
    size: int = 0
    done_bytes: int = 0
    _head: bytes = field(default=b"", repr=False)
    _members: tuple[Member, ...] | None = None

    @classmethod
    def at(cls, path: Path, name: str = "") -> Opened:
        """Return the file at a path. Raises ``OSError``."""
        with path.open("rb") as file:
            head = file.read(HEAD_BYTES)
        return cls(path, name or path.name, path.stat().st_size, 0, head)

    @property
    def head(self) -> bytes:
        """Return the first 64 KiB, as they are."""
        return self._head

    @property
    def is_zip(self) -> bool:
        """Tell whether this is a zip (an XLSX is one too)."""
        return self._head.startswith(ZIP)

    @property
    def is_gzip(self) -> bool:
        """Tell whether this is one file, packed with gzip."""
        return self._head.startswith(GZIP)

    @property
    def members(self) -> tuple[Member, ...]:
        """Return what a zip holds, without folders and without what a Mac adds; nothing for a file that is no zip."""
        if self._members is None:
            self._members = tuple(self._listed()) if self.is_zip else ()
        return self._members

    @property
    def unpacked_head(self) -> bytes:
        """Return the first 64 KiB, unpacked where they are a gzip's; empty when they cannot be."""
        if not self._head.startswith(GZIP):
            return self._head
        try:
            with self.open() as file:
                return file.read(HEAD_BYTES)
        except (TooMuch, *_BROKEN):
            return b""

    def member_named(self, base: str) -> Member | None:
        """Return the member whose name ends in ``base``, whatever folder it is in."""
        return next((one for one in self.members if one.base.lower() == base.lower()), None)

    def member_head(self, member: Member) -> bytes:
        """Return the first 64 KiB of a member, empty when it cannot be unpacked."""
        try:
            with self.open(member) as file:
                return file.read(HEAD_BYTES)
        except (TooMuch, *_BROKEN):
            return b""

    @contextmanager
    def open(self, member: Member | None = None) -> Iterator[IO[bytes]]:
        """Open the file, or one of its members unpacked; a gzip is unpacked too, also one within a zip.

        Reading raises ``TooMuch`` and whatever unpacking raises for damaged data.
        """
        self.done_bytes = 0
        with self.path.open("rb") as raw:
            if member is not None:
                with zipfile.ZipFile(raw) as packed, _unpacked(packed, member) as unpacked:
                    yield _buffered(_Limited(unpacked, self, raw, self.size))
            elif self.is_gzip:
                with gzip.open(raw) as unpacked_whole:
                    yield _buffered(_Limited(unpacked_whole, self, raw, self.size))
            else:
                yield _buffered(_Limited(raw, self, raw, self.size))

    def _listed(self) -> Iterator[Member]:
        try:
            with zipfile.ZipFile(self.path) as packed:
                infos = packed.infolist()[: MOST_MEMBERS + 1]
        except _BROKEN:
            return
        if len(infos) > MOST_MEMBERS:
            return
        for info in infos:
            hidden = info.filename.startswith("__MACOSX/") or PurePosixPath(info.filename).name.startswith("._")
            if not info.is_dir() and not hidden:
                yield Member(info.filename, info.file_size)


def _unpacked(packed: zipfile.ZipFile, member: Member) -> IO[bytes] | gzip.GzipFile:
    with packed.open(member.name) as file:
        is_packed_twice = file.read(len(GZIP)) == GZIP
    again = packed.open(member.name)
    return gzip.GzipFile(fileobj=again) if is_packed_twice else again


def _buffered(limited: _Limited) -> IO[bytes]:
    return io.BufferedReader(limited, HEAD_BYTES)


class _Limited(io.RawIOBase):
    """Reads on from another file, counts, and stops where no honest file goes on."""

    def __init__(self, inner: IO[bytes] | gzip.GzipFile, opened: Opened, packed: IO[bytes], packed_size: int) -> None:
        self._inner = inner
        self._opened = opened
        self._packed = packed
        self._most = min(MOST_BYTES, max(packed_size * WORST_RATIO, RATIO_COUNTS_FROM))
        self._read = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        piece = self._inner.read(len(buffer))
        buffer[: len(piece)] = piece
        self._read += len(piece)
        self._opened.done_bytes = min(self._packed.tell(), self._opened.size)
        if self._read > self._most:
            raise TooMuch("it unpacks to more than any honest file holds")
        return len(piece)


BROKEN: tuple[type[Exception], ...] = (TooMuch, *_BROKEN, UnicodeError, ValueError)
"""What reading a file may raise because of what is in it; the frame turns it into the end of the file, and says so."""


def in_words(broken: BaseException) -> str:
    """Return why reading a file ended, fit to follow "the file ends early: "."""
    if isinstance(broken, EOFError):
        return "it is cut off"
    text = str(broken).strip().rstrip(".")
    return text if isinstance(broken, ValueError) and text and len(text) < 120 else "it is damaged"

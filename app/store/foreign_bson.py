"""Reading BSON that another program wrote to a file: the dumps and the archives of ``mongodump``.

One document at a time, whatever is in the file. A dump of one collection is its documents, one after another. An
archive begins with a magic number, a header and a document for each collection; then the documents of all collections
follow in blocks, each with a header that names its collection. Each of these parts ends with the length -1.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO

import bson
from bson import Binary, Code, DBRef, MaxKey, MinKey
from bson.codec_options import TypeDecoder
from bson.errors import BSONError

from app.store.interface import Document
from app.store.mongo.codec import DECODERS, options_with
from app.store.values import MAX_DOCUMENT_BYTES

ARCHIVE_MAGIC = struct.pack("<I", 0x8199E26D)
SHORTEST = 5
LONGEST = MAX_DOCUMENT_BYTES + 16 * 1024  # a document may grow that far on its way through MongoDB

_LENGTH = struct.Struct("<i")
_END = -1
_UNREADABLE = (BSONError, ValueError, OverflowError, RecursionError, TypeError)


@dataclass(frozen=True, slots=True)
class Damaged:
    """A document of which only the length can be read; the next one may be whole."""


Read = Document | Damaged


@dataclass(frozen=True, slots=True)
class Namespace:
    """A collection of a database."""

    database: str
    collection: str


class _Binary(TypeDecoder):
    bson_type = Binary

    def transform_bson(self, value: Binary) -> bytes | str:
        return str(value.as_uuid(value.subtype)) if value.subtype in (3, 4) and len(value) == 16 else bytes(value)


class _Code(TypeDecoder):
    bson_type = Code

    def transform_bson(self, value: Code) -> str:
        return str(value)


class _Lowest(TypeDecoder):
    bson_type = MinKey

    def transform_bson(self, value: MinKey) -> None:
        return None


class _Highest(TypeDecoder):
    bson_type = MaxKey

    def transform_bson(self, value: MaxKey) -> None:
        return None


class _Reference(TypeDecoder):
    bson_type = DBRef

    def transform_bson(self, value: DBRef) -> Document:
        return {"collection": value.collection, "id": value.id}


_OPTIONS = options_with([*DECODERS, _Binary(), _Code(), _Lowest(), _Highest(), _Reference()])


def documents_in(stream: IO[bytes]) -> Iterator[Read]:
    """Yield the documents of one collection's dump.

    Raises ``EOFError`` where it is cut off, and ``ValueError`` where it is no BSON any more.
    """
    while (length := _length_unless_over(stream)) is not None:
        yield _document(_bytes(stream, length))


class Archive:
    """An archive of ``mongodump``, read once from its beginning to its end.

    Making one reads what stands before the documents, and raises as ``documents_in`` does.
    """

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        if stream.read(len(ARCHIVE_MAGIC)) != ARCHIVE_MAGIC:
            raise ValueError("it is no archive of mongodump")
        self.server_version = str(self._header(_length(stream)).get("server_version") or "")
        self.namespaces: list[Namespace] = []
        while (length := _length(stream)) != _END:
            self.namespaces.append(_named_in(self._header(length)))

    def documents(self) -> Iterator[tuple[Namespace, Read]]:
        """Yield all documents, each with the collection it is of. Raises as ``documents_in`` does."""
        unfinished: set[Namespace] = set()
        while (length := _length_unless_over(self._stream)) is not None:
            header = self._header(length)
            namespace = _named_in(header)
            (unfinished.discard if header.get("EOF") else unfinished.add)(namespace)
            while (length := _length(self._stream)) != _END:
                yield namespace, _document(_bytes(self._stream, length))
        if unfinished:
            raise EOFError

    def _header(self, length: int) -> Document:
        header = _document(_bytes(self._stream, length))
        if isinstance(header, Damaged):
            raise ValueError("it is damaged")
        return header


def _named_in(header: Document) -> Namespace:
    return Namespace(str(header.get("db") or ""), str(header.get("collection") or ""))


def _document(encoded: bytes) -> Read:
    try:
        return bson.decode(encoded, _OPTIONS)
    except _UNREADABLE:
        return Damaged()


def _bytes(stream: IO[bytes], length: int) -> bytes:
    """Return a whole document, of which the length has been read."""
    if not SHORTEST <= length <= LONGEST:
        raise ValueError("it is damaged: a length in it cannot be")
    rest = length - _LENGTH.size
    content = stream.read(rest)
    if len(content) < rest:
        raise EOFError
    return _LENGTH.pack(length) + content


def _length(stream: IO[bytes]) -> int:
    length = _length_unless_over(stream)
    if length is None:
        raise EOFError
    return length


def _length_unless_over(stream: IO[bytes]) -> int | None:
    """Return the next length, None where the file ends as it should."""
    encoded = stream.read(_LENGTH.size)
    if not encoded:
        return None
    if len(encoded) < _LENGTH.size:
        raise EOFError
    length: int = _LENGTH.unpack(encoded)[0]
    return length

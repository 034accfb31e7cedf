"""Reading BSON: every value in the store's one form, and JSON for clients as fast as Python allows.

Databases written by Node hold whole numbers as doubles; the decoder turns them into ints while it decodes.
"""

from __future__ import annotations

import struct
from datetime import UTC, datetime
from typing import Any

import bson
from bson import Decimal128, ObjectId, Regex, Timestamp
from bson.codec_options import CodecOptions, DatetimeConversion, TypeDecoder, TypeRegistry
from bson.int64 import Int64

from app.store.encoding import json_lines, on_wire
from app.store.interface import Document
from app.store.values import whole_or_same


class _Float(TypeDecoder):
    bson_type = float

    def transform_bson(self, value: float) -> int | float:
        return whole_or_same(value)


class _Long(TypeDecoder):
    bson_type = Int64

    def transform_bson(self, value: Int64) -> int:
        return int(value)


class _Decimal(TypeDecoder):
    bson_type = Decimal128

    def transform_bson(self, value: Decimal128) -> int | float:
        return whole_or_same(float(value.to_decimal()))


class _Stamp(TypeDecoder):
    bson_type = Timestamp

    def transform_bson(self, value: Timestamp) -> datetime:
        return value.as_datetime()


class _Pattern(TypeDecoder):
    bson_type = Regex

    def transform_bson(self, value: Regex[Any]) -> str:
        return str(value.pattern)


class _HexId(TypeDecoder):
    bson_type = ObjectId

    def transform_bson(self, value: ObjectId) -> str:
        return str(value)


REMEMBERED_BYTES = 12 * 1024 * 1024
_OVERHEAD_BYTES = 200  # of Python's for a pair of bytes in a dict
_LENGTH = struct.Struct("<i")
DECODERS: list[TypeDecoder] = [_Float(), _Long(), _Decimal(), _Stamp(), _Pattern()]


def options_with(decoders: list[TypeDecoder]) -> CodecOptions[Document]:
    """Return how BSON is decoded where values of some types are turned into others."""
    return CodecOptions(
        tz_aware=True,
        tzinfo=UTC,
        unicode_decode_error_handler="replace",
        datetime_conversion=DatetimeConversion.DATETIME_CLAMP,
        type_registry=TypeRegistry(decoders),
    )


OPTIONS = options_with(DECODERS)
_WIRE_OPTIONS = options_with([*DECODERS, _HexId()])


class WireLines:
    """Turns BSON into JSON for clients, and remembers what it made of the documents asked for lately.

    A document's own bytes are what it is remembered by, so that nothing remembered can be out of date.
    """

    def __init__(self, most_bytes: int = REMEMBERED_BYTES) -> None:
        self._most_bytes = most_bytes
        self._remembered: dict[bytes, bytes] = {}
        self._bytes = 0

    def of(self, batch: bytes) -> list[bytes]:
        """Return each document of a batch (BSON documents one after another) as JSON."""
        documents = _split(batch)
        lines = [self._remembered.get(document) for document in documents]
        new = [place for place, line in enumerate(lines) if line is None]
        if new:
            decoded = bson.decode_all(b"".join(documents[place] for place in new), _WIRE_OPTIONS)
            for place, line in zip(new, json_lines(decoded, on_wire), strict=True):
                lines[place] = line
                self._remember(documents[place], line)
        return [line for line in lines if line is not None]

    def _remember(self, document: bytes, line: bytes) -> None:
        if self._bytes > self._most_bytes:
            self._remembered, self._bytes = {}, 0
        self._remembered[document] = line
        self._bytes += len(document) + len(line) + _OVERHEAD_BYTES


def _split(batch: bytes) -> list[bytes]:
    documents, start = [], 0
    while start < len(batch):
        (length,) = _LENGTH.unpack_from(batch, start)
        documents.append(batch[start : start + length])
        start += length
    return documents

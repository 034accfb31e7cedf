"""Reading BSON: every value in the store's one form, and JSON for clients as fast as Python allows.

Databases written by Node hold whole numbers as doubles; the decoder turns them into ints while it decodes.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import bson
import orjson
from bson import Decimal128, ObjectId, Regex, Timestamp
from bson.codec_options import CodecOptions, DatetimeConversion, TypeDecoder, TypeRegistry
from bson.int64 import Int64

from app.store.encoding import on_wire
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


_DECODERS: list[TypeDecoder] = [_Float(), _Long(), _Decimal(), _Stamp(), _Pattern()]


def _options(decoders: list[TypeDecoder]) -> CodecOptions[Document]:
    return CodecOptions(
        tz_aware=True,
        tzinfo=UTC,
        unicode_decode_error_handler="replace",
        datetime_conversion=DatetimeConversion.DATETIME_CLAMP,
        type_registry=TypeRegistry(decoders),
    )


OPTIONS = _options(_DECODERS)
_WIRE_OPTIONS = _options([*_DECODERS, _HexId()])


def wire_lines(batch: bytes) -> Iterator[bytes]:
    """Yield each document of a batch (BSON documents one after another) as JSON for clients."""
    for document in bson.decode_all(batch, _WIRE_OPTIONS):
        yield orjson.dumps(document, on_wire, orjson.OPT_PASSTHROUGH_DATETIME)

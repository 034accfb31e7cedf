"""BSON of other programs is read document by document, and damage costs what is damaged."""

from __future__ import annotations

import datetime
import struct
import uuid
from io import BytesIO
from typing import Any

import bson
import pytest
from bson import Binary, Code, DBRef, Decimal128, Int64, MaxKey, MinKey, ObjectId, Regex, Timestamp
from hypothesis import given
from hypothesis import strategies as st

from app.store.foreign_bson import ARCHIVE_MAGIC, LONGEST, Archive, Damaged, Namespace, documents_in

END = struct.pack("<i", -1)
ENTRIES, TREATMENTS = Namespace("ada", "entries"), Namespace("ada", "treatments")


def dump(*documents: dict[str, Any]) -> bytes:
    return b"".join(map(bson.encode, documents))


def block(namespace: Namespace, *documents: dict[str, Any], over: bool = False) -> bytes:
    header = {"db": namespace.database, "collection": namespace.collection, "EOF": over, "CRC": Int64(0)}
    return bson.encode(header) + dump(*documents) + END


def archive(*blocks: bytes) -> bytes:
    named = [{"db": one.database, "collection": one.collection, "metadata": "{}"} for one in (ENTRIES, TREATMENTS)]
    header = {"concurrent_collections": 4, "version": "0.1", "server_version": "6.0.27", "tool_version": "100.9"}
    return ARCHIVE_MAGIC + dump(header, *named) + END + b"".join(blocks)


def test_a_dump_is_its_documents() -> None:
    assert list(documents_in(BytesIO(dump({"a": 1}, {"b": "two"})))) == [{"a": 1}, {"b": "two"}]
    assert list(documents_in(BytesIO(b""))) == []


def test_every_type_becomes_one_the_store_can_keep() -> None:
    at = datetime.datetime(2026, 11, 21, 10, tzinfo=datetime.UTC)
    name = uuid.uuid4()
    written = {
        "_id": ObjectId("5f0c52f46c0e4c0a9d536e1c"),
        "double": 1_795_255_200_000.0,
        "long": Int64(1_795_255_200_000),
        "decimal": Decimal128("5.5"),
        "date": at,
        "stamp": Timestamp(at, 1),
        "uuid": Binary(name.bytes, 4),
        "bytes": Binary(b"ab", 5),
        "pattern": Regex("^a"),
        "code": Code("f()"),
        "lowest": MinKey(),
        "highest": MaxKey(),
        "reference": DBRef("food", 7),
        "nested": [{"long": Int64(1)}],
    }
    [read] = documents_in(BytesIO(dump(written)))
    assert read == {
        **written,
        "double": 1_795_255_200_000,
        "decimal": 5.5,
        "stamp": at,
        "uuid": str(name),
        "bytes": b"ab",
        "pattern": "^a",
        "code": "f()",
        "lowest": None,
        "highest": None,
        "reference": {"collection": "food", "id": 7},
    }
    assert {type(value) for value in read.values()} <= {
        ObjectId,
        int,
        float,
        str,
        bytes,
        type(None),
        dict,
        list,
        type(at),
    }


def test_a_document_that_cannot_be_read_costs_no_other() -> None:
    good = bson.encode({"a": "text"})
    bad = good.replace(b"\x02a", b"\x77a")
    assert list(documents_in(BytesIO(good + bad + good))) == [{"a": "text"}, Damaged(), {"a": "text"}]


def test_text_that_is_no_unicode_is_read_all_the_same() -> None:
    [read] = documents_in(BytesIO(bson.encode({"a": "text"}).replace(b"text", b"t\xffxt")))
    assert read == {"a": "t\N{REPLACEMENT CHARACTER}xt"}


@pytest.mark.parametrize("cut", [1, 3, 6, 12])
def test_a_file_that_is_cut_off_says_so_after_what_is_whole(cut: int) -> None:
    whole = bson.encode({"a": "text"})
    reading = documents_in(BytesIO(whole + whole[:cut]))
    assert next(reading) == {"a": "text"}
    with pytest.raises(EOFError):
        next(reading)


@pytest.mark.parametrize("length", [-1, 0, 4, LONGEST + 1, 2**31 - 1])
def test_a_length_that_cannot_be_is_not_believed(length: int) -> None:
    with pytest.raises(ValueError, match="damaged"):
        list(documents_in(BytesIO(struct.pack("<i", length) + b"x" * 100)))


def test_an_archive_names_its_collections_and_yields_their_documents_from_all_blocks() -> None:
    stream = BytesIO(
        archive(
            block(ENTRIES, {"sgv": 1}, {"sgv": 2}),
            block(TREATMENTS, {"carbs": 3}),
            block(ENTRIES, {"sgv": 4}),
            block(TREATMENTS, over=True),
            block(ENTRIES, over=True),
        )
    )
    read = Archive(stream)
    assert (read.namespaces, read.server_version) == ([ENTRIES, TREATMENTS], "6.0.27")
    assert list(read.documents()) == [
        (ENTRIES, {"sgv": 1}),
        (ENTRIES, {"sgv": 2}),
        (TREATMENTS, {"carbs": 3}),
        (ENTRIES, {"sgv": 4}),
    ]


def test_an_archive_without_its_last_block_is_cut_off() -> None:
    reading = Archive(BytesIO(archive(block(ENTRIES, {"sgv": 1})))).documents()
    assert next(reading) == (ENTRIES, {"sgv": 1})
    with pytest.raises(EOFError):
        next(reading)


def test_what_is_no_archive_is_refused() -> None:
    for content in (b"", b"{}", ARCHIVE_MAGIC[:3], dump({"a": 1})):
        with pytest.raises(ValueError, match="archive"):
            Archive(BytesIO(content))


WHOLE = archive(block(ENTRIES, {"sgv": 1, "device": "x"}), block(ENTRIES, over=True))


@given(st.integers(0, len(WHOLE)), st.binary(max_size=6), st.integers(0, 8))
def test_whatever_is_in_an_archive_ends_in_documents_or_a_plain_refusal(at: int, put: bytes, drop: int) -> None:
    content = WHOLE[:at] + put + WHOLE[at + drop :]
    try:
        for _, read in Archive(BytesIO(content)).documents():
            assert isinstance(read, dict | Damaged)
    except (ValueError, EOFError):
        pass

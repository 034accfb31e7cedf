"""Files are opened with care: packed ones unpacked within limits, damaged ones refused, names never believed."""

from __future__ import annotations

import gzip
from collections import Counter
from collections.abc import Callable
from io import BytesIO
from zipfile import ZIP_DEFLATED, ZipFile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.importers.bounded import BROKEN, TooMuch
from app.importers.doubles import Doubles
from app.importers.format import Rejected
from app.importers.tally import Tally, tally_in
from tests.importers.conftest import MakeFile


def zipped(*contents: tuple[str, bytes]) -> bytes:
    packed = BytesIO()
    with ZipFile(packed, "w", ZIP_DEFLATED) as archive:
        for name, content in contents:
            archive.writestr(name, content)
    return packed.getvalue()


def test_a_plain_file_is_read_as_it_is(file: MakeFile) -> None:
    opened = file(b"hello", "a.csv")
    assert (opened.name, opened.size, opened.head, opened.is_zip, opened.members) == ("a.csv", 5, b"hello", False, ())
    with opened.open() as content:
        assert content.read() == b"hello"
    assert opened.done_bytes == 5


def test_a_gzip_is_unpacked(file: MakeFile) -> None:
    with file(gzip.compress(b"hello")).open() as content:
        assert content.read() == b"hello"


def test_members_are_found_by_name_and_what_a_mac_adds_is_not(file: MakeFile) -> None:
    hidden = ("__MACOSX/x/._Data.csv", b"2"), ("x/._b", b"3")
    opened = file(zipped(("x/Data.csv", b"1"), *hidden, ("../../etc/passwd", b"4")))
    assert [member.base for member in opened.members] == ["Data.csv", "passwd"]
    found = opened.member_named("data.CSV")
    assert found is not None
    assert opened.member_head(found) == b"1"
    assert opened.member_named("etc") is None


def test_a_bomb_is_stopped_before_it_fills_the_memory(file: MakeFile) -> None:
    opened = file(zipped(("bomb", b"0" * (70 << 20))))
    pieces: list[int] = []

    def read_all() -> None:
        with opened.open(opened.members[0]) as content:
            while piece := content.read(1 << 20):
                pieces.append(len(piece))

    with pytest.raises(TooMuch):
        read_all()
    assert sum(pieces) <= 65 << 20


@pytest.mark.parametrize("pack", [gzip.compress, lambda content: zipped(("a", content))], ids=["gzip", "zip"])
def test_a_damaged_packing_is_refused_when_it_is_read(file: MakeFile, pack: Callable[[bytes], bytes]) -> None:
    whole = pack(bytes(range(256)) * 40)
    opened = file(whole[:60] + b"damage" + whole[66:])

    def read_all() -> None:
        with opened.open(opened.members[0] if opened.is_zip else None) as content:
            content.read()

    with pytest.raises(BROKEN):
        read_all()


def entry(at_ms: int, type: str = "sgv") -> dict[str, object]:
    return {"date": at_ms, "type": type, "identifier": f"{type}{at_ms}"}


@given(st.lists(st.integers(0, 500), max_size=300))
def test_each_record_of_a_file_counts_once(times: list[int]) -> None:
    doubles = Doubles()
    fresh = [at_ms for at_ms in times if doubles.is_new("entries", entry(at_ms))]
    assert Counter(fresh) == Counter(set(times))


def test_many_records_are_remembered_and_kinds_are_told_apart() -> None:
    doubles = Doubles()
    assert all(doubles.is_new("entries", entry(at_ms)) for at_ms in range(20_000))
    assert not any(doubles.is_new("entries", entry(at_ms)) for at_ms in range(20_000))
    assert doubles.is_new("entries", entry(5, "mbg"))
    assert doubles.is_new("treatments", {"identifier": "sgv5"})


def test_a_tally_survives_the_store() -> None:
    tally = Tally()
    tally.add("entries", {**entry(1_000), "date": 1_700_000_000_000}, new=True)
    tally.add("treatments", {"created_at": "2026-03-14T07:05:41.000Z", "insulin": 1}, new=False)
    tally.reject("row 7", "it has no time")
    tally.note("An hour came twice.")
    tally.note("An hour came twice.")
    again = tally_in(tally.as_document())
    assert again == tally
    assert again.kinds == [("glucose", 1, 0), ("boluses", 0, 1)]
    assert again.rejections == [Rejected("row 7", "it has no time")]
    assert again.notes == ["An hour came twice."]


def test_more_than_one_in_twenty_rejected_is_doubtful() -> None:
    tally = Tally()
    for number in range(95):
        tally.add("entries", entry(number), new=True)
    for number in range(5):
        tally.reject(f"row {number}", "no time")
    assert not tally.is_doubtful
    tally.reject("row 9", "no time")
    assert tally.is_doubtful

"""Workbooks are opened with care: no bomb, no claim of a billion rows, no damage gets further than a sentence."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable
from io import BytesIO
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl import Workbook

from app.importers import workbook as workbook_module
from app.importers.format import Unreadable
from app.importers.workbook import is_workbook, sheets_of
from tests.importers.conftest import MakeFile


def made(rows: list[list[Any]], state: str = "visible") -> bytes:
    book = Workbook()
    assert book.active is not None
    for row in rows:
        book.active.append(row)
    book.create_sheet("Other").sheet_state = state
    saved = BytesIO()
    book.save(saved)
    return saved.getvalue()


def with_part(content: bytes, name: str, change: Callable[[str], str]) -> bytes:
    """The same workbook with one of its parts changed."""
    saved = BytesIO()
    with zipfile.ZipFile(BytesIO(content)) as old, zipfile.ZipFile(saved, "w", zipfile.ZIP_DEFLATED) as new:
        for info in old.infolist():
            text = old.read(info)
            new.writestr(info.filename, change(text.decode()) if info.filename.endswith(name) else text)
    return saved.getvalue()


def rows_of(file: MakeFile, content: bytes) -> list[tuple[int, tuple[Any, ...]]]:
    with sheets_of(file(content)) as sheets:
        return list(sheets[0].rows())


def test_rows_come_with_their_numbers_and_empty_ones_not_at_all(file: MakeFile) -> None:
    assert rows_of(file, made([["a", 1], [], ["b", 2.5]])) == [(1, ("a", 1)), (3, ("b", 2.5))]


@pytest.mark.parametrize(("state", "visible"), [("visible", True), ("hidden", False), ("veryHidden", False)])
def test_hidden_sheets_are_told_from_visible_ones(file: MakeFile, state: str, visible: bool) -> None:
    with sheets_of(file(made([["a"]], state))) as sheets:
        assert [(sheet.name, sheet.is_visible) for sheet in sheets] == [("Sheet", True), ("Other", visible)]


def test_what_a_sheet_says_of_its_size_is_not_believed(file: MakeFile) -> None:
    content = made([["a", 1], ["b", 2]])
    small = with_part(
        content, "sheet1.xml", lambda text: re.sub(r'<dimension ref="[^"]*"', '<dimension ref="A1"', text)
    )
    assert len(rows_of(file, small)) == 2


def test_formulas_give_what_was_computed_and_never_compute(file: MakeFile) -> None:
    assert rows_of(file, made([["=1+1", "x"]])) == [(1, (None, "x"))]


def test_a_sheet_that_claims_a_billion_rows_ends(file: MakeFile, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workbook_module, "MOST_ROWS", 50)
    far = with_part(made([["a"], ["b"]]), "sheet1.xml", lambda text: text.replace('r="2"', 'r="900000000"'))
    with pytest.raises(Unreadable, match="more rows"):
        rows_of(file, far)


def test_a_bomb_is_not_unpacked(file: MakeFile, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workbook_module, "RATIO_COUNTS_FROM", 1000)
    monkeypatch.setattr(workbook_module, "WORST_RATIO", 2)
    with pytest.raises(Unreadable, match="honest"):
        rows_of(file, with_part(made([["a"]]), "sheet1.xml", lambda text: text + " " * 1_000_000))
    monkeypatch.undo()
    monkeypatch.setattr(workbook_module, "_MOST_AT_ONCE", 10)
    with pytest.raises(Unreadable, match="honest"):
        rows_of(file, made([["a"]]))


@pytest.mark.parametrize("part", ["sheet1.xml", "workbook.xml", "styles.xml", "sharedStrings.xml"])
@pytest.mark.parametrize("content", ["", "<", "<a>", "not xml at all", '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'])
def test_a_damaged_part_is_said_and_raises_nothing_else(file: MakeFile, part: str, content: str) -> None:
    damaged = with_part(made([["a", 1], ["b", 2]]), part, lambda _: content)
    try:
        rows_of(file, damaged)
    except Unreadable as said:
        assert "damaged" in said.message  # noqa: PT017  (some parts can be done without)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.integers(0, 4000), st.binary(min_size=1, max_size=20))
def test_whatever_is_overwritten_nothing_else_is_raised(file: MakeFile, place: int, noise: bytes) -> None:
    content = bytearray(made([["a", 1], ["b", 2]]))
    content[place : place + len(noise)] = noise
    opened = file(bytes(content))
    is_workbook(opened)
    try:
        with sheets_of(opened) as sheets:
            for sheet in sheets:
                list(sheet.rows())
    except Unreadable:
        return

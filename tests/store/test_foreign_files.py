"""SQLite files of other programs are read as they are, and whatever is in them harms nobody."""

from __future__ import annotations

import sqlite3
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.store.sqlite import foreign
from app.store.sqlite.foreign import ForeignFileBroken, open_foreign


def made(path: Path, script: str) -> Path:
    connection = sqlite3.connect(path)
    connection.executescript(script)
    connection.close()
    return path


READINGS = "CREATE TABLE Readings (_id INTEGER PRIMARY KEY, at INTEGER, value REAL, note TEXT);"


def filled(path: Path, rows: int = 500) -> Path:
    made(path, READINGS)
    connection = sqlite3.connect(path)
    connection.executemany(
        "INSERT INTO Readings VALUES (?, ?, ?, ?)", ((n, n * 300_000, 5.5, f"n{n}") for n in range(rows))
    )
    connection.execute("CREATE INDEX by_at ON Readings (at DESC)")
    connection.commit()
    connection.close()
    return path


def test_tables_columns_and_rows_are_there(tmp_path: Path) -> None:
    with open_foreign(filled(tmp_path / "a.sqlite")) as file:
        assert file.tables == {"Readings": ("_id", "at", "value", "note")}
        assert file.is_whole()
        rows = list(file.rows("Readings", ["AT", "value", "missing"]))
    assert len(rows) == 500
    assert rows[7] == {"AT": 7 * 300_000, "value": 5.5, "missing": None}


def test_a_table_without_any_of_the_columns_yields_nothing(tmp_path: Path) -> None:
    with open_foreign(filled(tmp_path / "a.sqlite")) as file:
        assert list(file.rows("Readings", ["other"])) == []
        with pytest.raises(KeyError):
            list(file.rows("Others", ["at"]))


def test_the_file_is_not_touched(tmp_path: Path) -> None:
    path = filled(tmp_path / "a.sqlite")
    before = path.read_bytes()
    with open_foreign(path) as file:
        list(file.rows("Readings", ["at"]))
        with pytest.raises(sqlite3.Error):
            file._connection.execute("DELETE FROM Readings")
    assert path.read_bytes() == before
    assert [one.name for one in tmp_path.iterdir()] == ["a.sqlite"]


def test_a_file_that_was_written_with_a_log_ahead_is_read_without_it(tmp_path: Path) -> None:
    path = tmp_path / "a.sqlite"
    made(path, f"PRAGMA journal_mode = WAL; {READINGS} INSERT INTO Readings VALUES (1, 2, 3, 'x');")
    with open_foreign(path) as file:
        assert [row["at"] for row in file.rows("Readings", ["at"])] == [2]


def test_views_virtual_tables_and_names_that_hurt_are_passed_over(tmp_path: Path) -> None:
    path = made(
        tmp_path / "a.sqlite",
        'CREATE TABLE "a""b; DROP TABLE x" ("c""d" INTEGER); INSERT INTO "a""b; DROP TABLE x" VALUES (7);'
        "CREATE VIEW BgReadings AS WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r) SELECT n FROM r;"
        "CREATE VIRTUAL TABLE words USING fts5(text);"
        "CREATE TABLE t (n INTEGER); CREATE TRIGGER tr AFTER INSERT ON t BEGIN DELETE FROM t; END;",
    )
    with open_foreign(path) as file:
        assert "BgReadings" not in file.tables
        assert "words" not in file.tables
        assert [row['c"d'] for row in file.rows('a"b; DROP TABLE x', ['c"d'])] == [7]


def test_a_column_that_is_computed_is_not_computed(tmp_path: Path) -> None:
    path = made(
        tmp_path / "a.sqlite",
        "CREATE TABLE t (n INTEGER, big TEXT GENERATED ALWAYS AS (hex(zeroblob(n))) VIRTUAL);"
        "INSERT INTO t (n) VALUES (1000);",
    )
    with open_foreign(path) as file:
        assert list(file.rows("t", ["n", "big"])) == [{"n": 1000, "big": None}]


def test_no_other_file_can_be_reached(tmp_path: Path) -> None:
    with open_foreign(filled(tmp_path / "a.sqlite")) as file, pytest.raises(sqlite3.Error):
        file._connection.execute(f"ATTACH '{tmp_path / 'b.sqlite'}' AS b")


def test_what_is_no_database_is_said(tmp_path: Path) -> None:
    for number, content in enumerate((b"", b"nothing", b"SQLite format 3\x00" + b"\xff" * 2000)):
        path = tmp_path / str(number)
        path.write_bytes(content)
        if content:
            with pytest.raises(ForeignFileBroken, match="no database"), open_foreign(path):
                pass
        else:
            with open_foreign(path) as file:
                assert file.tables == {}


def test_text_that_is_not_unicode_is_read_all_the_same(tmp_path: Path) -> None:
    path = made(tmp_path / "a.sqlite", "CREATE TABLE t (n TEXT); INSERT INTO t VALUES (CAST(x'41ff42' AS TEXT));")
    with open_foreign(path) as file:
        assert list(file.rows("t", ["n"])) == [{"n": "A\ufffdB"}]


def test_a_damaged_page_is_noticed_and_costs_only_what_follows(tmp_path: Path) -> None:
    path = filled(tmp_path / "a.sqlite", rows=5000)
    raw = bytearray(path.read_bytes())
    middle = len(raw) // 2 // 4096 * 4096
    raw[middle : middle + 4096] = b"\xff" * 4096
    path.write_bytes(raw)
    with open_foreign(path) as file:
        assert not file.is_whole()
        reading = file.rows("Readings", ["at"])
        assert [next(reading)["at"] for _ in range(500)][-1] == 499 * 300_000
        with pytest.raises(ForeignFileBroken, match="the table Readings is damaged"):
            list(reading)


def test_more_work_than_its_size_explains_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = filled(tmp_path / "a.sqlite", rows=50_000)
    monkeypatch.setattr(foreign, "_STEPS_AT_LEAST", 0)
    monkeypatch.setattr(foreign, "_STEPS_A_BYTE", 0)
    with open_foreign(path) as file, pytest.raises(ForeignFileBroken, match="more work"):
        list(file.rows("Readings", ["at", "value", "note"]))


def test_a_file_that_is_too_large_is_not_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(foreign, "MOST_BYTES", 1000)
    with pytest.raises(ForeignFileBroken, match="not read"), open_foreign(filled(tmp_path / "a.sqlite")):
        pass


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return filled(tmp_path_factory.mktemp("good") / "a.sqlite", rows=300)


def read_garbled(good: Path, path: Path, at: int, garbage: bytes) -> None:
    """Read a file with garbage in it: whatever that is, nothing is raised but one error."""
    whole = good.read_bytes()
    path.write_bytes(whole[:at] + garbage + whole[at + len(garbage) :])
    with suppress(ForeignFileBroken), open_foreign(path) as file:
        file.is_whole()
        for table in file.tables:
            for row in file.rows(table, ["_id", "at", "value", "note"]):
                assert row.keys() == {"_id", "at", "value", "note"}


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(place=st.floats(0, 1), garbage=st.binary(min_size=1, max_size=60))
def test_no_garbage_breaks_out(
    good: Path, tmp_path_factory: pytest.TempPathFactory, place: float, garbage: bytes
) -> None:
    path = tmp_path_factory.mktemp("garbled") / "a.sqlite"
    read_garbled(good, path, int(place * good.stat().st_size), garbage)


@pytest.mark.parametrize("garbage", [b"\xff" * 20, b"\x80" * 40, b"\xab\x79\xac\x47\x54\xcf\xfc"])
def test_names_and_lengths_that_are_none_end_in_the_same_error(good: Path, tmp_path: Path, garbage: bytes) -> None:
    for at in range(3_880, 4_090, 7):
        read_garbled(good, tmp_path / "a.sqlite", at, garbage)
    read_garbled(good, tmp_path / "a.sqlite", 11_492, garbage)

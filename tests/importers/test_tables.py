"""Tables of text as the world writes them: encodings, delimiters, decimal signs, the order of dates."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.importers.tables import DateOrder, columns, delimiter_of, encoding_of, local_time, number_in, rows, text_of

TEXT = "Zeit;Wert\n14.03.2026;5,5 µ\n"


@pytest.mark.parametrize(
    ("encoded", "encoding"),
    [
        (TEXT.encode(), "utf-8"),
        (b"\xef\xbb\xbf" + TEXT.encode(), "utf-8-sig"),
        (TEXT.encode("utf-16"), "utf-16"),
        (TEXT.encode("utf-16-le"), "utf-16-le"),
        (TEXT.encode("utf-16-be"), "utf-16-be"),
        (TEXT.encode("cp1252"), "cp1252"),
    ],
)
def test_the_encoding_is_found_and_the_text_is_the_same(encoded: bytes, encoding: str) -> None:
    assert encoding_of(encoded) == encoding
    assert text_of(encoded).removeprefix("\ufeff") == TEXT
    found = list(rows(BytesIO(encoded), encoded, ";"))
    assert [row.fields for row in found] == [("Zeit", "Wert"), ("14.03.2026", "5,5 µ")]


def test_a_head_that_ends_within_a_letter_is_utf_8_all_the_same() -> None:
    assert encoding_of("µ".encode()[:1].rjust(100, b"a")) == "utf-8"


@given(st.binary(max_size=2000))
def test_whatever_bytes_come_they_are_rows_or_said_to_be_none(content: bytes) -> None:
    with suppress(ValueError):
        assert all(row.number >= 1 for row in rows(BytesIO(content), content, ","))


def test_rows_are_numbered_as_a_spreadsheet_does_also_across_lines_within_a_field() -> None:
    content = b'a,b\r\n"two\r\nlines",2\r\n\r\nx,y\r\n'
    found = list(rows(BytesIO(content), content, ","))
    assert [(row.number, row.fields) for row in found] == [
        (1, ("a", "b")),
        (2, ("two\r\nlines", "2")),
        (4, ()),
        (5, ("x", "y")),
    ]
    assert found[0].place == "row 1"
    assert (found[0].at(1), found[0].at(7), found[0].at(None)) == ("b", "", "")


@pytest.mark.parametrize(
    ("header", "delimiter"),
    [("a;b;c", ";"), ("a,b,c", ","), ("a\tb", "\t"), ('"a;b;c;d",x,y', ","), ("alone", ";")],
)
def test_the_delimiter_is_the_one_outside_of_quotes(header: str, delimiter: str) -> None:
    assert delimiter_of(header) == delimiter


def test_columns_are_known_by_plain_names_and_the_first_of_two_counts() -> None:
    assert columns(["\ufeffTime ", "Glucose  Value (mg/dL)", "time"]) == {"time": 0, "glucose value (mg/dl)": 1}


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("11.548", 11.548),
        ("11,548", 11.548),
        ("1 234,5", 1234.5),
        ("1\u202f234,5", 1234.5),
        ("1,234.5", 1234.5),
        ("1.234,5", 1234.5),
        ("-0.3", -0.3),
        (" 7 ", 7.0),
        (",5", 0.5),
        ("", None),
        ("  ", None),
    ],
)
def test_a_number_is_read_as_people_write_it(written: str, number: float | None) -> None:
    assert number_in(written) == number


@pytest.mark.parametrize("written", ["--", "1e5", "nan", "5 U", "1,2,3", "=1+1"])
def test_what_is_no_number_is_said(written: str) -> None:
    with pytest.raises(ValueError, match="number"):
        number_in(written)


@given(st.floats(-9999, 9999).map(lambda value: round(value, 3)))
def test_a_number_is_the_same_with_point_and_comma(value: float) -> None:
    assert number_in(f"{value:.3f}") == number_in(f"{value:.3f}".replace(".", ",")) == pytest.approx(value)


@pytest.mark.parametrize(
    ("dates", "order"),
    [
        (["03/04/2026", "13/04/2026"], "dmy"),
        (["03/04/2026", "04/13/2026"], "mdy"),
        (["2026-04-03"], "ymd"),
        (["03/04/2026", "04/05/2026"], None),
        (["26/04/03", "26/31/12"], None),
        (["no date"], None),
    ],
)
def test_the_order_is_settled_by_all_dates_of_a_file_or_not_at_all(dates: list[str], order: str | None) -> None:
    evidence = DateOrder()
    for date in dates:
        evidence.see(date)
    assert evidence.settled == order


MOMENT = datetime(2026, 3, 14, 19, 5, 41)  # noqa: DTZ001  (a wall clock has no zone)


@pytest.mark.parametrize(
    ("date", "time", "order"),
    [
        ("2026-03-14T19:05:41", "", "ymd"),
        ("2026-03-14 19:05:41.000", "", "dmy"),
        ("2026/03/14", "19:05:41", "mdy"),
        ("14.03.2026", "19:05:41", "dmy"),
        ("14.3.26", "19:05:41", "dmy"),
        ("3/14/2026 7:05:41 PM", "", "mdy"),
        ("03/14/26", "07:05:41 p.m.", "mdy"),
        ("14-03-2026", "19.05.41", "dmy"),
    ],
)
def test_a_moment_is_the_same_however_it_is_written(date: str, time: str, order: str) -> None:
    assert local_time(date, order, time) == MOMENT


def test_noon_and_midnight_are_told_apart() -> None:
    assert local_time("3/14/2026 12:00 AM", "mdy").hour == 0
    assert local_time("3/14/2026 12:00 PM", "mdy").hour == 12


@pytest.mark.parametrize(
    "written", ["", "yesterday", "31/02/2026", "2026-13-01", "2026-03-14 25:00", "3/14/2026 13:00 PM"]
)
def test_what_is_no_moment_is_said(written: str) -> None:
    with pytest.raises(ValueError, match="date"):
        local_time(written, "dmy")

"""JSON, a table, XML: which of them, and how they look."""

from __future__ import annotations

import csv
import io
from typing import Any
from xml.etree import ElementTree

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.compat.v3.tables import csv_lines, xml_of_one, xml_pieces
from tests.compat.v3.conftest import reading

REFUSED = {"status": 406, "message": "Unsupported output format requested"}
JSON, CSV, XML = ("application/json", "text/csv", "application/xml")

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
DOCUMENTS = st.dictionaries(st.text(), VALUES, max_size=5)


@pytest.fixture
def kept(app: httpx.Client) -> httpx.Client:
    app.put("entries/x", json=reading())
    return app


@pytest.mark.parametrize("path", ["entries/x", "entries", "entries/history/1"])
@pytest.mark.parametrize(
    ("suffix", "accept", "media"),
    [
        ("", None, JSON),
        ("", "*/*", JSON),
        ("", "application/json, text/plain, */*", JSON),
        ("", "text/csv", CSV),
        ("", "application/xml;q=0.9, text/html", XML),
        ("", "text/*", CSV),
        (".json", "text/csv", JSON),
        (".csv", "application/json", CSV),
        (".xml", "text/html", XML),
    ],
)
def test_the_suffix_or_the_header_chooses(
    kept: httpx.Client, path: str, suffix: str, accept: str | None, media: str
) -> None:
    answer = kept.get(path + suffix, headers={"Accept": accept} if accept else None)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == f"{media}; charset=utf-8"
    assert "Accept" in answer.headers["Vary"]


@pytest.mark.parametrize("path", ["entries/x", "entries", "entries/history/1"])
@pytest.mark.parametrize("accept", ["text/html", "image/png", "text/plain"])
def test_what_we_have_not_is_refused(kept: httpx.Client, path: str, accept: str) -> None:
    answer = kept.get(path, headers={"Accept": accept})
    assert (answer.status_code, answer.json()) == (406, REFUSED)


@pytest.mark.parametrize("suffix", [".pdf", ".html", ".txt", ".json.zip"])
def test_an_unknown_suffix_is_refused(kept: httpx.Client, suffix: str) -> None:
    answer = kept.get(f"entries{suffix}?sgv=117")
    assert (answer.status_code, answer.json()) == (406, REFUSED)


def test_a_dot_in_a_name_is_a_dot(app: httpx.Client) -> None:
    app.put("entries/a.b", json=reading())
    assert app.get("entries/a.b").json()["result"]["identifier"] == "a.b"


def test_a_table_has_the_columns_of_its_first_document() -> None:
    first = {"a": 1, "b": True, "c": {"x": [1, 2.0]}, "d": None, "e": 'say "a,b"', "f": 2.5}
    second = {"b": False, "g": 1, "a": "x\ny"}
    text = b"".join(csv_lines([first, second])).decode()
    assert text == 'a,b,c,d,e,f\n1,1,"{""x"":[1,2.0]}",,"say ""a,b""",2.5\n"x\ny",,,,,\n'
    assert b"".join(csv_lines([])) == b""


def test_xml_of_one_document() -> None:
    document = {
        "sgv": 117,
        "flag": True,
        "nul": None,
        "tags": ["a", "b"],
        "foods": [{"x": 1}],
        "dog": ["c"],
        "1 a<": "&<",
    }
    assert xml_of_one(document).decode() == (
        "<?xml version='1.0' encoding='utf-8'?>\n<item>\n  <sgv>117</sgv>\n  <flag>true</flag>\n  <nul />\n"
        "  <tags>\n    <tag>a</tag>\n    <tag>b</tag>\n  </tags>\n  <foods>\n    <food>\n      <x>1</x>\n    </food>\n"
        "  </foods>\n  <dog>\n    <dog>c</dog>\n  </dog>\n  <_1_a_>&amp;&lt;</_1_a_>\n</item>"
    )


def test_xml_of_several_documents() -> None:
    text = b"".join(xml_pieces([{"a": 1}, {"b": {"c": 2}}])).decode()
    assert text == (
        "<?xml version='1.0' encoding='utf-8'?>\n<items>\n  <item>\n    <a>1</a>\n  </item>\n  <item>\n    <b>\n"
        "      <c>2</c>\n    </b>\n  </item>\n</items>"
    )


@given(st.lists(DOCUMENTS, max_size=4))
def test_every_document_can_be_written_and_read_back(documents: list[dict[str, Any]]) -> None:
    items = ElementTree.fromstring(b"".join(xml_pieces(documents)))
    assert [len(item) for item in items] == [len(document) for document in documents]
    rows = [*csv.reader(io.StringIO(b"".join(csv_lines(documents)).decode(), newline=""))]
    assert len(rows) == len(documents) + bool(documents)


def test_what_xml_cannot_say_is_left_out() -> None:
    assert ElementTree.fromstring(xml_of_one({"a": "x\x00\x0b\uffffé😀y"})).findtext("a") == "xé😀y"

"""HTML in uploaded texts is made harmless; texts that are no HTML are not touched."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import BadDocument
from app.records.sanitising import DEEPEST, clean_text, cleaned


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("<IMG SRC=\"javascript:alert('XSS');\">", "<img>"),
        ("<script>alert(1)</script>lunch", "lunch"),
        ("<B>big</B> meal", "<b>big</b> meal"),
        ('<a href="javascript:x">q</a>', "<a>q</a>"),
        ('<a href="https://example.org/">q</a>', '<a href="https://example.org/">q</a>'),
        ("<img src=x onerror=alert(1)>", '<img src="x">'),
        ("<svg onload=alert(1)>", ""),
        ("<!-- x -->a", "a"),
    ],
)
def test_what_could_run_is_taken_out(text: str, clean: str) -> None:
    assert clean_text(text) == clean


@pytest.mark.parametrize("text", ["BG <70", "a < b > c", "<none>", "Käse & Brot 🍎", "", "&lt;script&gt;", "5 <", "<3"])
def test_text_without_a_tag_is_not_touched(text: str) -> None:
    assert clean_text(text) == text


@given(st.text(alphabet=st.characters(exclude_characters="<")))
def test_text_without_an_angle_is_the_very_same(text: str) -> None:
    assert clean_text(text) is text


@given(st.text(alphabet="<>/abs='\"&; onx", max_size=60))
def test_cleaning_what_is_clean_changes_nothing(text: str) -> None:
    once = clean_text(text)
    assert clean_text(once) == once


def test_every_text_of_a_document_is_cleaned_and_other_values_stay() -> None:
    document = {"a": ["<script>x</script>y", {"b": "<i>z</i>"}], "n": 1.5, "t": True, "no": None, "w": 2.0}
    assert cleaned(document) == {"a": ["y", {"b": "<i>z</i>"}], "n": 1.5, "t": True, "no": None, "w": 2}
    assert isinstance(cleaned(document)["w"], int)
    assert document["a"][0].startswith("<script>")


def nested(levels: int) -> dict[str, object]:
    document: dict[str, object] = {}
    for _ in range(levels - 1):
        document = {"in": document}
    return document


def test_a_document_as_deep_as_any_store_takes_is_kept() -> None:
    assert cleaned(nested(DEEPEST)) == nested(DEEPEST)


@pytest.mark.parametrize("levels", [DEEPEST + 1, 5000])
def test_a_document_that_is_too_deep_is_refused(levels: int) -> None:
    with pytest.raises(BadDocument):
        cleaned(nested(levels))

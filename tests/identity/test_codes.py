from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from app.identity.codes import ALPHABET, as_typed, digits_typed, grouped, new_code

spellings = st.text(alphabet=ALPHABET, min_size=1, max_size=16)


def test_a_code_has_groups_of_four_and_no_letter_that_looks_like_another() -> None:
    code = new_code(3)
    assert [len(group) for group in code.split("-")] == [4, 4, 4]
    assert not set(code) & set("ILOU")


def test_a_code_carries_five_bits_a_symbol() -> None:
    assert len(set(ALPHABET)) == 32


def test_codes_differ() -> None:
    assert len({new_code(3) for _ in range(100)}) == 100


@given(spellings)
def test_a_code_is_understood_small_spaced_and_dashed(code: str) -> None:
    assert as_typed(f" {grouped(code.lower(), ' – ')} ") == code


def test_lookalikes_are_understood() -> None:
    assert as_typed("oil0-1lio") == "01101110"


def test_a_code_with_a_foreign_sign_is_none() -> None:
    assert as_typed("7K3M?9QXA") == ""


def test_digits_are_understood_with_gaps_and_in_other_scripts() -> None:
    assert digits_typed(" 123 456 ") == "123456"
    assert digits_typed("١٢٣٤٥٦") == "123456"
    assert digits_typed("１２３４５６") == "123456"


def test_letters_are_no_digits() -> None:
    assert digits_typed("12345a") == ""


@given(st.text(max_size=20))
def test_whatever_is_typed_becomes_digits_or_nothing(text: str) -> None:
    assert digits_typed(text).isascii()
    assert set(digits_typed(text)) <= set("0123456789")
    assert set(as_typed(text)) <= set(ALPHABET)

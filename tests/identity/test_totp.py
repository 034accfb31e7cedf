from __future__ import annotations

import base64
from urllib.parse import parse_qs, unquote, urlsplit
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.identity import totp
from app.identity.totp import Match, code_at, enrolment_of, match
from app.identity.totp import new_secret as genuine_secret
from tests.clocks import START_MS

# RFC 6238, appendix B: the SHA-1 secret and moments, with the last six of the eight digits.
SECRET = base64.b32encode(b"12345678901234567890").decode()
VECTORS = [
    (59, "287082"),
    (1111111109, "081804"),
    (1111111111, "050471"),
    (1234567890, "005924"),
    (2000000000, "279037"),
]


@pytest.mark.parametrize(("at_s", "code"), VECTORS)
def test_codes_are_those_of_the_standard(at_s: int, code: str) -> None:
    assert match(SECRET, code, at_s * 1000) == Match(at_s // 30, 0)


@pytest.mark.parametrize("ahead", [-1, 0, 1])
def test_a_code_counts_one_step_early_or_late(ahead: int) -> None:
    found = match(SECRET, code_at(SECRET, totp.step_at(START_MS) + ahead), START_MS)
    assert found == Match(totp.step_at(START_MS) + ahead, ahead)
    assert found.accepted


@pytest.mark.parametrize("ahead", [-20, -2, 2, 20])
def test_a_code_of_another_minute_tells_how_far_the_clock_is_off_and_does_not_count(ahead: int) -> None:
    found = match(SECRET, code_at(SECRET, totp.step_at(START_MS) + ahead), START_MS)
    assert found
    assert found.ahead == ahead
    assert not found.accepted


@pytest.mark.parametrize("ahead", [-21, 21])
def test_a_code_more_than_ten_minutes_away_is_no_code(ahead: int) -> None:
    assert match(SECRET, code_at(SECRET, totp.step_at(START_MS) + ahead), START_MS) is None


@pytest.mark.parametrize("typed", ["", "12345", "1234567", "abcdef", "12345６7", "\ud800"])
def test_what_is_not_six_digits_is_no_code(typed: str) -> None:
    assert match(SECRET, typed, START_MS) is None


def test_a_code_may_be_typed_with_a_gap() -> None:
    code = code_at(SECRET, totp.step_at(START_MS))
    assert match(SECRET, f"{code[:3]} {code[3:]}", START_MS)


@given(st.integers(min_value=0, max_value=4_000_000_000_000), st.integers(min_value=-1, max_value=1))
def test_at_every_moment_the_present_code_counts(now_ms: int, ahead: int) -> None:
    step = totp.step_at(now_ms) + ahead
    if step >= 0:
        found = match(SECRET, code_at(SECRET, step), now_ms)
        assert found
        assert found.accepted


def test_secrets_have_160_bits_and_differ() -> None:
    secrets = {genuine_secret() for _ in range(50)}
    assert len(secrets) == 50
    assert {len(base64.b32decode(secret)) for secret in secrets} == {20}


def test_an_enrolment_carries_the_secret_and_both_names() -> None:
    shown = enrolment_of(SECRET, account_name="Mum", site_name="Nightlight & Alba")
    address = urlsplit(shown.uri)
    assert (address.scheme, address.netloc) == ("otpauth", "totp")
    assert unquote(address.path) == "/Nightlight & Alba:Mum"
    assert parse_qs(address.query) == {"secret": [SECRET], "issuer": ["Nightlight & Alba"]}


def test_a_colon_in_a_name_does_not_split_it() -> None:
    shown = enrolment_of(SECRET, account_name="Mum: home", site_name="Alba: light")
    assert unquote(urlsplit(shown.uri).path) == "/Alba light:Mum home"


def test_the_secret_can_be_typed_in_groups_of_four() -> None:
    shown = enrolment_of(SECRET, account_name="Mum", site_name="Nightlight")
    assert {len(group) for group in shown.secret_text.split(" ")} == {4}
    assert shown.secret_text.replace(" ", "") == SECRET


def test_the_picture_is_an_element_with_a_light_ground_and_no_script() -> None:
    shown = enrolment_of(SECRET, account_name="Mum", site_name="Nightlight")
    picture = ElementTree.fromstring(shown.qr_svg)
    assert picture.tag == "svg"
    assert {element.tag for element in picture.iter()} == {"svg", "path"}
    assert next(picture.iter("path")).get("fill") == "#fff"
    assert "style" not in shown.qr_svg


def test_an_enrolment_does_not_print_its_secret() -> None:
    assert SECRET not in repr(enrolment_of(SECRET, account_name="Mum", site_name="Nightlight"))

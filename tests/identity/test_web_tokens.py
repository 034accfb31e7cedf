from __future__ import annotations

import base64
import json

import pytest

from app.identity.web_tokens import WebTokens
from app.keyring import KeyRing, new_key
from tests.clocks import START_MS, SettableClock


def decoded(part: str) -> object:
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


@pytest.fixture
def web_tokens(keyring: KeyRing, clock: SettableClock) -> WebTokens:
    return WebTokens(keyring, clock)


def test_a_token_says_exactly_what_nightscouts_does(web_tokens: WebTokens) -> None:
    header, claims, _ = web_tokens.sign("loop-0123").text.split(".")
    assert decoded(header) == {"alg": "HS256", "typ": "JWT"}
    assert decoded(claims) == {"accessToken": "loop-0123", "iat": START_MS // 1000, "exp": START_MS // 1000 + 28_800}


def test_a_token_is_good_for_eight_hours(web_tokens: WebTokens, clock: SettableClock) -> None:
    signed = web_tokens.sign("loop-0123")
    clock.advance(hours=8, s=-1)
    assert web_tokens.check(signed.text) == signed
    clock.advance(s=1)
    assert web_tokens.check(signed.text) is None


def test_a_token_survives_a_restart_and_a_new_key(clock: SettableClock) -> None:
    old, new = new_key(), new_key()
    signed = WebTokens(KeyRing([old]), clock).sign("loop-0123")
    assert WebTokens(KeyRing([old]), clock).check(signed.text)
    assert WebTokens(KeyRing([new, old]), clock).check(signed.text)
    assert WebTokens(KeyRing([new]), clock).check(signed.text) is None


def test_whatever_is_not_ours_is_none(web_tokens: WebTokens) -> None:
    header, claims, signature = web_tokens.sign("loop-0123").text.split(".")
    none = base64.urlsafe_b64encode(b'{"alg":"none","typ":"JWT"}').decode().rstrip("=")
    other = base64.urlsafe_b64encode(b'{"accessToken":"admin","iat":1,"exp":9999999999}').decode().rstrip("=")
    flipped = ("A" if signature[0] != "A" else "B") + signature[1:]
    for forged in (
        *("", ".", "..", "x", "a.b.c", "\ud800.b.c", "é.é.é"),
        *(f"{header}.{claims}", f"{header}.{claims}.", f"{header}.{claims}.{flipped}"),
        *(f"{header}.{other}.{signature}", f"{none}.{other}.", f"{none}.{claims}.{signature}"),
    ):
        assert web_tokens.check(forged) is None


def test_a_token_does_not_print_itself(web_tokens: WebTokens) -> None:
    signed = web_tokens.sign("loop-0123")
    assert "loop-0123" not in repr(signed)
    assert signed.text not in repr(signed)

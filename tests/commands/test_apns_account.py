"""The key for Apple push, in whatever form it came into the settings, and the token it signs."""

from __future__ import annotations

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from joserfc import jwt
from joserfc.jwk import ECKey

from app.commands.apns_account import REFRESH_MS, ProviderToken, account_of, key_in
from app.commands.command import CommandFailed
from app.config import BY_NAME, load_settings
from tests.clocks import SettableClock
from tests.emulators.apns import KEY_ID, TEAM_ID, new_key, pem_of

KEY = new_key()
PEM = pem_of(KEY)
NAMES = ("LOOP_APNS_KEY", "LOOP_APNS_KEY_ID", "LOOP_DEVELOPER_TEAM_ID")
GIVEN = {"LOOP_APNS_KEY": PEM, "LOOP_APNS_KEY_ID": KEY_ID, "LOOP_DEVELOPER_TEAM_ID": TEAM_ID}

FORMS = {
    "as the file": PEM,
    "with other line ends": PEM.replace("\n", "\r\n"),
    "with escaped line ends": PEM.replace("\n", "\\n"),
    "on one line": PEM.replace("\n", " "),
    "without its first and last line": "".join(PEM.splitlines()[1:-1]),
    "in base64": base64.b64encode(PEM.encode()).decode(),
    "in base64 with line ends": base64.encodebytes(PEM.encode()).decode(),
    "in the older form": KEY.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()).decode(),
}


@pytest.mark.parametrize("form", FORMS)
def test_the_key_is_found(form: str) -> None:
    assert key_in(FORMS[form]).private_numbers() == KEY.private_numbers()


def rsa_key() -> str:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


OTHERS = {
    "words": "not a key",
    "half a key": PEM[: len(PEM) // 2],
    "a public key": KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode(),
    "another curve": pem_of(ec.generate_private_key(ec.SECP384R1())),
    "an RSA key": rsa_key(),
    "letters of no alphabet": "ключ\udc80",
}


@pytest.mark.parametrize("form", OTHERS)
def test_what_is_no_key_is_refused_without_being_repeated(form: str) -> None:
    with pytest.raises(CommandFailed) as refused:
        key_in(OTHERS[form])
    assert refused.value.message == "Loop notification failed: LOOP_APNS_KEY cannot be used."


@pytest.mark.parametrize("missing", NAMES)
def test_what_is_missing_is_named(missing: str) -> None:
    settings = load_settings({name: value for name, value in GIVEN.items() if name != missing})
    with pytest.raises(CommandFailed, match=rf"^Loop notification failed: {missing} not set\.$"):
        account_of(settings)


@pytest.mark.parametrize("team", ["TEAM12345", "TEAM1234567"])
def test_a_team_id_has_ten_characters(team: str) -> None:
    with pytest.raises(CommandFailed, match=r"LOOP_DEVELOPER_TEAM_ID not set\."):
        account_of(load_settings({**GIVEN, "LOOP_DEVELOPER_TEAM_ID": team}))


def test_all_three_are_secrets_and_none_is_shown() -> None:
    account = account_of(load_settings(GIVEN))
    assert all(BY_NAME[name].secret for name in NAMES)
    for shown in (repr(account), str(account)):
        assert not any(secret in shown for secret in (KEY_ID, TEAM_ID, PEM[40:80]))


def test_the_token_says_what_apple_wants() -> None:
    clock = SettableClock()
    token = jwt.decode(ProviderToken(account_of(load_settings(GIVEN)), clock).text(), public(), algorithms=["ES256"])
    assert (token.header["alg"], token.header["kid"]) == ("ES256", KEY_ID)
    assert token.claims == {"iss": TEAM_ID, "iat": clock.now_ms() // 1000}


def test_it_is_renewed_neither_before_twenty_minutes_nor_after_sixty() -> None:
    clock = SettableClock()
    provider = ProviderToken(account_of(load_settings(GIVEN)), clock)
    first = provider.text()
    clock.advance(ms=REFRESH_MS - 1)
    assert provider.text() == first
    clock.advance(ms=1)
    second = provider.text()
    assert second != first
    assert 20 * 60_000 < REFRESH_MS < 60 * 60_000
    clock.advance(days=-1)
    assert provider.text() != second


def public() -> ECKey:
    return ECKey.import_key(KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))

"""The real client against a server that speaks HTTP/2 over TLS as Apple's does."""

from __future__ import annotations

import logging
import socket

import httpx
import pytest

from app.commands import apns as client
from app.commands.apns import PRODUCTION, SANDBOX, Apns, Push, Verdict
from app.commands.command import CommandFailed
from app.commands.keeping import LIFETIME_MS
from app.config import Settings, load_settings
from tests.clocks import START_MS, SettableClock
from tests.commands.conftest import OTP
from tests.emulators.apns import BUNDLE_ID, DEVICE_TOKEN, TEAM_ID, Answer, ApnsEmulator

PUSH = Push(
    "3f2504e0-4f89-41d3-9a0c-0305e82c3301", DEVICE_TOKEN, BUNDLE_ID, b'{"otp":"482913"}', START_MS + LIFETIME_MS
)


def test_a_push_is_taken(apns: Apns, apns_server: ApnsEmulator) -> None:
    assert apns.push(PUSH) == Verdict("accepted")
    [pushed] = apns_server.pushed
    assert pushed.path == f"/3/device/{DEVICE_TOKEN}"
    assert pushed.message == {"otp": OTP}
    assert pushed.claims["iss"] == TEAM_ID
    headers = {name: value for name, value in pushed.headers.items() if name.startswith("apns-")}
    assert headers == {
        "apns-id": PUSH.id,
        "apns-topic": BUNDLE_ID,
        "apns-push-type": "alert",
        "apns-priority": "10",
        "apns-expiration": str((START_MS + LIFETIME_MS) // 1000),
    }
    assert apns_server.protocols == ["h2"]


def test_one_token_serves_many_pushes_and_is_renewed_in_time(
    apns: Apns, apns_server: ApnsEmulator, clock: SettableClock
) -> None:
    for _ in range(2):
        assert apns.push(PUSH).outcome == "accepted"
        clock.advance(minutes=19)
    clock.advance(minutes=19)
    assert apns.push(PUSH).outcome == "accepted"
    first, second, third = (pushed.headers["authorization"] for pushed in apns_server.pushed)
    assert first == second != third


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (400, "BadDeviceToken"),
        (400, "DeviceTokenNotForTopic"),
        (403, "InvalidProviderToken"),
        (410, "Unregistered"),
        (413, "PayloadTooLarge"),
        (429, "TooManyRequests"),
        (503, "ServiceUnavailable"),
        (503, "Shutdown"),
    ],
)
def test_apples_refusals_keep_apples_word(apns: Apns, apns_server: ApnsEmulator, status: int, reason: str) -> None:
    apns_server.script(Answer(status, reason))
    assert apns.push(PUSH) == Verdict("refused", reason)
    assert len(apns_server.pushed) == 1


def test_an_unknown_phone_is_refused(apns: Apns, apns_server: ApnsEmulator) -> None:
    apns_server.device_tokens.clear()
    assert apns.push(PUSH) == Verdict("refused", "BadDeviceToken")


def test_a_phones_address_cannot_lead_elsewhere(apns: Apns, apns_server: ApnsEmulator) -> None:
    hostile = Push("1", "../../x?y#z", BUNDLE_ID, b"{}", START_MS)
    assert apns.push(hostile) == Verdict("refused", "BadDeviceToken")
    assert apns_server.pushed[0].path == "/3/device/..%2F..%2Fx%3Fy%23z"


@pytest.mark.parametrize("raw", [b"", b"<html>", b'"text"', b'{"reason":7}', b'{"reason":"two words <b>"}'])
def test_a_refusal_without_a_proper_word_has_its_status(apns: Apns, apns_server: ApnsEmulator, raw: bytes) -> None:
    apns_server.script(Answer(400, raw=raw))
    assert apns.push(PUSH) == Verdict("refused", "status 400")


def test_after_trouble_inside_apple_nobody_knows(apns: Apns, apns_server: ApnsEmulator) -> None:
    apns_server.script(Answer(500, "InternalServerError"))
    assert apns.push(PUSH).outcome == "unknown"


def test_a_push_that_is_not_answered_is_unknown_and_not_repeated(
    apns: Apns, apns_server: ApnsEmulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "TIMEOUT", httpx.Timeout(0.3))
    apns_server.script(Answer(silent=True))
    assert apns.push(PUSH).outcome == "unknown"
    assert (len(apns_server.pushed), apns_server.connections) == (1, 1)


def test_a_server_nobody_reaches_has_nothing(loop_settings: Settings, clock: SettableClock) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # and does not listen
        apns = Apns(loop_settings, clock, server=f"https://127.0.0.1:{taken.getsockname()[1]}")
        assert apns.push(PUSH) == Verdict("refused", "Apple's server could not be reached")


def test_a_server_with_a_strange_certificate_gets_nothing(
    loop_settings: Settings, clock: SettableClock, apns_server: ApnsEmulator
) -> None:
    verdict = Apns(loop_settings, clock, server=apns_server.url).push(PUSH)
    assert verdict == Verdict("refused", "Apple's server could not be reached")
    assert apns_server.pushed == []


@pytest.mark.parametrize(
    ("environment", "server"),
    [("production", PRODUCTION), ("Production", PRODUCTION), ("development", SANDBOX), ("", SANDBOX)],
)
def test_only_production_goes_to_production(environment: str, server: str, clock: SettableClock) -> None:
    given = {"LOOP_PUSH_SERVER_ENVIRONMENT": environment} if environment else {}
    assert Apns(load_settings(given), clock).server == server


def test_without_a_key_nothing_is_pushed(clock: SettableClock, apns_server: ApnsEmulator) -> None:
    with pytest.raises(CommandFailed, match="LOOP_APNS_KEY not set"):
        Apns(load_settings({}), clock, server=apns_server.url).push(PUSH)
    assert apns_server.connections == 0


def test_nothing_secret_is_logged_even_when_everything_is(
    apns: Apns, apns_server: ApnsEmulator, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    apns_server.script(Answer(400, "BadDeviceToken"))
    apns.push(PUSH)
    logged = caplog.text + repr(PUSH)
    bearer = apns_server.pushed[0].headers["authorization"].removeprefix("bearer ")
    assert not any(secret in logged for secret in (DEVICE_TOKEN, bearer, OTP))

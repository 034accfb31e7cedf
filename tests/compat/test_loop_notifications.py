"""``notifications/loop``: every text of the contract, what is pushed, and what became of it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from hashlib import sha1
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.actor import system_actor
from app.clock import iso_of
from app.commands.apns import Apns
from app.compat.v2.notifications import open_push
from app.identity import audit
from app.identity.tokens import PRESETS, make_token
from tests.clocks import START_MS, SettableClock
from tests.compat.conftest import NOW_ISO, SECRET_DIGEST, Site
from tests.emulators.apns import BUNDLE_ID, DEVICE_TOKEN, KEY_ID, TEAM_ID, Answer, ApnsEmulator, new_key, pem_of

PATH = "/api/v2/notifications/loop"
OTP = "482913"
BOLUS = {"eventType": "Remote Bolus Entry", "remoteBolus": "1.25", "otp": OTP, "notes": "", "enteredBy": "Caregiver"}
CARBS = {"eventType": "Remote Carbs Entry", "remoteCarbs": "25", "remoteAbsorption": "3.0", "otp": OTP,
         "created_at": "2026-11-21T09:59:09Z"}  # fmt: skip
OVERRIDE = {"eventType": "Temporary Override", "reason": "Running", "reasonDisplay": "🏃 Running", "duration": "60",
            "notes": ""}  # fmt: skip
CANCEL = {"eventType": "Temporary Override Cancel", "duration": "0"}
LOOP_SETTINGS = {"deviceToken": DEVICE_TOKEN, "bundleIdentifier": BUNDLE_ID, "dosingEnabled": True}


@pytest.fixture
def apns_server(tmp_path: Path, clock: SettableClock) -> Iterator[ApnsEmulator]:
    with ApnsEmulator(tmp_path, clock, new_key()).running() as emulator:
        yield emulator


LoopSite = Callable[..., Site]


@pytest.fixture
def loop_site(site_with: Callable[..., Site], served: Any, apns_server: ApnsEmulator) -> Iterator[LoopSite]:
    """Start a site that pushes to the emulator; None as a setting leaves it out, None for a profile has none."""
    app, _ = served
    before = app.extensions["apns"]

    def start(profile: Mapping[str, Any] | None = LOOP_SETTINGS, **changed: str | None) -> Site:
        given = {
            "LOOP_APNS_KEY": pem_of(apns_server.key),
            "LOOP_APNS_KEY_ID": KEY_ID,
            "LOOP_DEVELOPER_TEAM_ID": TEAM_ID,
        }
        given = {name: value for name, value in {**given, **changed}.items() if value is not None}
        site = site_with(ENABLE="loop", **given)
        open_push(app, Apns(site.house.settings, site.house.clock, server=apns_server.url, trusted=apns_server.trusted))
        if profile is not None:
            site.profiles.save([{"startDate": NOW_ISO, "store": {}, "loopSettings": dict(profile)}])
        return site

    yield start
    open_push(app, before)


@pytest.fixture
def loop(loop_site: LoopSite) -> Site:
    return loop_site()


def text_of(answer: httpx.Response) -> str:
    assert answer.status_code == 500
    assert answer.headers["Content-Type"].startswith("text/plain")
    return answer.text


@pytest.mark.parametrize("command", [BOLUS, CARBS, OVERRIDE, CANCEL])
def test_a_command_apple_takes_is_ok(loop: Site, apns_server: ApnsEmulator, command: dict[str, str]) -> None:
    answer = loop.owner.post(PATH, json=command)
    assert (answer.status_code, answer.text) == (200, "OK")
    assert answer.headers["Content-Type"].startswith("text/plain")
    assert len(apns_server.pushed) == 1


def test_the_phone_gets_the_contracts_message(loop: Site, apns_server: ApnsEmulator) -> None:
    loop.owner.post(PATH, json=CARBS)
    [pushed] = apns_server.pushed
    aps = pushed.message.pop("aps")
    assert pushed.message == {
        "remote-address": "127.0.0.1",
        "carbs-entry": 25,
        "absorption-time": 3,
        "otp": OTP,
        "start-time": "2026-11-21T09:59:09Z",
        "sent-at": NOW_ISO,
        "expiration": "2026-11-21T10:05:00.000Z",
    }
    assert (aps["content-available"], aps["interruption-level"]) == (1, "time-sensitive")
    assert OTP not in aps["alert"]
    assert (pushed.headers["apns-topic"], pushed.path) == (BUNDLE_ID, f"/3/device/{DEVICE_TOKEN}")


def test_a_form_is_understood_and_so_is_a_slash_at_the_end(loop: Site, apns_server: ApnsEmulator) -> None:
    assert loop.owner.post(f"{PATH}/", data=OVERRIDE).text == "OK"
    assert apns_server.pushed[0].message["override-duration-minutes"] == 60


@pytest.mark.parametrize(
    ("changed", "text"),
    [
        ({"LOOP_APNS_KEY": None}, "Loop notification failed: LOOP_APNS_KEY not set."),
        ({"LOOP_APNS_KEY": "no key"}, "Loop notification failed: LOOP_APNS_KEY cannot be used."),
        ({"LOOP_APNS_KEY_ID": None}, "Loop notification failed: LOOP_APNS_KEY_ID not set."),
        ({"LOOP_DEVELOPER_TEAM_ID": None}, "Loop notification failed: LOOP_DEVELOPER_TEAM_ID not set."),
        ({"LOOP_DEVELOPER_TEAM_ID": "short"}, "Loop notification failed: LOOP_DEVELOPER_TEAM_ID not set."),
        ({"profile": None}, "Loop notification failed: Could not find loopSettings in profile."),
        ({"profile": {}}, "Loop notification failed: Could not find deviceToken in loopSettings."),
        (
            {"profile": {"deviceToken": DEVICE_TOKEN}},
            "Loop notification failed: Could not find bundleIdentifier in loopSettings.",
        ),
    ],
)
def test_what_is_missing_is_said(
    loop_site: LoopSite, apns_server: ApnsEmulator, changed: dict[str, Any], text: str
) -> None:
    assert text_of(loop_site(**changed).owner.post(PATH, json=BOLUS)) == text
    assert apns_server.connections == 0


def test_without_any_setting_the_first_one_is_named(site: Site) -> None:
    for body in (BOLUS, {}, []):
        assert text_of(site.owner.post(PATH, json=body)) == "Loop notification failed: LOOP_APNS_KEY not set."
    assert text_of(site.owner.post(PATH)) == "Loop notification failed: LOOP_APNS_KEY not set."


@pytest.mark.parametrize(
    ("command", "text"),
    [
        ({}, "Loop notification failed: Unhandled event type:"),
        ({"eventType": "Note"}, "Loop notification failed: Unhandled event type:"),
        ([BOLUS], "Loop notification failed: Unhandled event type:"),
        ({**CARBS, "remoteCarbs": "0"}, "Loop remote carbs failed. Incorrect carbs entry: "),
        ({**CARBS, "remoteCarbs": None}, "Loop remote carbs failed. Incorrect carbs entry: "),
        ({**BOLUS, "remoteBolus": "1,25"}, "Loop remote bolus failed. Incorrect bolus entry: "),
        ({**BOLUS, "notes": "x" * 5000}, "APNs delivery failed: PayloadTooLarge"),
    ],
)
def test_what_is_no_command_is_said(loop: Site, apns_server: ApnsEmulator, command: Any, text: str) -> None:
    assert text_of(loop.owner.post(PATH, json=command)) == text
    assert apns_server.connections == 0
    assert loop.owner.get(PATH).json() == []


def test_settings_are_checked_before_the_profile_and_that_before_the_command(loop_site: LoopSite) -> None:
    wrong = {"eventType": "Note"}
    assert "LOOP_APNS_KEY not" in text_of(
        loop_site(profile=None, LOOP_APNS_KEY=None, LOOP_APNS_KEY_ID=None).owner.post(PATH, json=wrong)
    )
    assert "LOOP_APNS_KEY_ID not" in text_of(
        loop_site(profile=None, LOOP_APNS_KEY_ID=None, LOOP_DEVELOPER_TEAM_ID=None).owner.post(PATH, json=wrong)
    )
    assert "loopSettings in profile" in text_of(loop_site(profile=None).owner.post(PATH, json=wrong))


@pytest.mark.parametrize("reason", ["BadDeviceToken", "Unregistered", "TooManyRequests"])
def test_apples_refusal_is_said_in_apples_word(loop: Site, apns_server: ApnsEmulator, reason: str) -> None:
    apns_server.script(Answer(400, reason))
    assert text_of(loop.owner.post(PATH, json=BOLUS)) == f"APNs delivery failed: {reason}"
    [shown] = loop.owner.get(PATH).json()
    assert (shown["state"], shown["reason"]) == ("refused", reason)


def token_for(site: Site, *grants: str, name: str = "LoopFollow") -> str:
    return make_token(site.house.store, site.house.clock, system_actor("test"), name=name, grants=grants)[1]


def test_a_web_token_with_the_right_may_push(loop: Site) -> None:
    token = token_for(loop, "*:*:read", "notifications:loop:push")
    bearer = loop.client().get(f"/api/v2/authorization/request/{token}").json()["token"]
    assert loop.client(Authorization=f"Bearer {bearer}").post(PATH, json=BOLUS).text == "OK"


def test_a_caregivers_app_with_a_token_of_its_own_may_push_and_change_nothing(loop: Site) -> None:
    caregiver = loop.client(api_secret=sha1(token_for(loop, *PRESETS["commands"].grants).encode()).hexdigest())
    assert caregiver.get("/api/v1/experiments/test").status_code == 200
    assert caregiver.get("/api/v1/profile.json").status_code == 200
    assert caregiver.post(PATH, json=BOLUS).text == "OK"
    assert caregiver.post("/api/v1/treatments", json=[{"eventType": "Note"}]).status_code == 401


@pytest.mark.parametrize("grants", [("*:*:read",), ("api:treatments:create",), ("notifications:*:ack",)])
def test_without_the_right_nobody_may(loop: Site, apns_server: ApnsEmulator, grants: tuple[str, ...]) -> None:
    for client in (loop.client(), loop.client(api_secret=token_for(loop, *grants)), loop.client(api_secret="wrong")):
        assert client.post(PATH, json=BOLUS).status_code == 401
        assert client.get(PATH).status_code == 401
    assert apns_server.connections == 0
    assert loop.owner.get(PATH).json() == []


def test_the_list_says_what_became_of_it(loop: Site, clock: SettableClock) -> None:
    loop.owner.post(PATH, json=BOLUS)
    clock.advance(s=20)
    bolus = {"eventType": "Correction Bolus", "insulin": 1.25, "programmed": 1.25, "enteredBy": "loop://iPhone"}
    loop.owner.post("/api/v1/treatments", json=[{**bolus, "created_at": iso_of(START_MS + 15_000)}])
    [shown] = loop.owner.get(PATH).json()
    assert len(shown.pop("id")) == 36
    done_at = shown["times"].pop("done")
    assert done_at >= iso_of(START_MS + 20_000)
    assert shown == {
        "eventType": "Remote Bolus Entry",
        "what": "Bolus 1.25 U",
        "amount": 1.25,
        "enteredBy": "Caregiver",
        "notes": "",
        "givenBy": "secret",
        "created_at": NOW_ISO,
        "expiration": "2026-11-21T10:05:00.000Z",
        "state": "done",
        "times": {"queued": NOW_ISO, "sent": NOW_ISO},
        "reason": "",
        "detail": "Loop recorded a bolus of 1.25 U.",
        "afterwards": "",
    }


def test_the_list_shows_an_app_its_own_and_the_owner_all_of_the_last_day(loop: Site, clock: SettableClock) -> None:
    loop.owner.post(PATH, json=CANCEL)
    clock.advance(hours=24, s=1)
    mums, dads = (
        loop.client(api_secret=token_for(loop, "notifications:loop:push", name=name)) for name in ("Mum", "Dad")
    )
    for client, amount in ((mums, "1"), (dads, "2")):
        assert client.post(PATH, json={**BOLUS, "remoteBolus": amount}).text == "OK"
        clock.advance(s=1)
    assert [shown["amount"] for shown in mums.get(PATH).json()] == [1]
    assert [shown["amount"] for shown in dads.get(PATH).json()] == [2]
    assert [shown["amount"] for shown in loop.owner.get(PATH).json()] == [2, 1]


def test_a_repeated_request_is_one_command(loop: Site, apns_server: ApnsEmulator) -> None:
    assert [loop.owner.post(PATH, json=BOLUS).text for _ in range(3)] == ["OK"] * 3
    assert len(apns_server.pushed) == len(loop.owner.get(PATH).json()) == 1


def test_each_command_is_in_the_audit_list(loop: Site) -> None:
    loop.owner.post(PATH, json=BOLUS)
    row = audit.search(loop.house.store)[0]
    assert (row.act, row.actor, row.details["what"]) == ("remote command given", "secret", "Bolus 1.25 U")


def test_nothing_secret_is_stored_shown_or_logged(
    loop: Site, apns_server: ApnsEmulator, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    loop.owner.post(PATH, json=BOLUS)
    apns_server.script(Answer(400, "BadDeviceToken"))
    answer = loop.owner.post(PATH, json=CARBS)
    store = loop.house.store
    stored = str([list(store.collection(name).find({})) for name in ("nl_commands", "nl_audit", "nl_changes")])
    logged = caplog.text + str([record.__dict__ for record in caplog.records if record.name.startswith("app")])
    for place in (stored, logged, answer.text, loop.owner.get(PATH).text):
        assert not any(secret in place for secret in (OTP, DEVICE_TOKEN, SECRET_DIGEST))


def test_none_of_its_settings_is_published(loop_site: LoopSite, apns_server: ApnsEmulator) -> None:
    site = loop_site(LOOP_PUSH_SERVER_ENVIRONMENT="production-like", LOOP_WARN="25")
    shown = site.owner.get("/api/v1/status.json")
    assert shown.json()["extendedSettings"]["loop"] == {"warn": 25}
    pem = pem_of(apns_server.key).splitlines()[1]
    assert not any(secret in shown.text for secret in (pem, KEY_ID, TEAM_ID, "production-like", "apns"))


@pytest.mark.parametrize("body", [b"\x00", b"{", b"[1,", b'{"eventType":' + b"[" * 2000, b"\xff\xfe"])
def test_no_bytes_make_it_fail(loop: Site, body: bytes) -> None:
    answer = loop.owner.post(PATH, content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 400
    assert "Traceback" not in answer.text

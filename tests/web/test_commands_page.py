"""Remote commands as those who give them see them: what, how much, by whom, when, and what became of it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from app.actor import Actor
from app.clock import iso_of
from app.commands.apns import Apns
from app.commands.command import CommandFailed
from app.commands.giving import give
from app.identity.peer import Peer
from app.records.profiles import Profiles
from tests.clocks import START_MS, SettableClock
from tests.commands.conftest import BOLUS, CARBS, LOOP, OTP, OVERRIDE, loop_environment
from tests.emulators.apns import BUNDLE_ID, DEVICE_TOKEN, Answer, ApnsEmulator, new_key
from tests.web.conftest import DESKTOP, PHONE, PageAt, Serve
from tests.web.household import Household, household_at, make_hashes_cheap, words_in
from tests.web.test_pages_fit import faults_of

CAREGIVER = Actor("secret", "secret", ("*",), id="secret")
FOLLOW = Actor("token", "token:LoopFollow", ("notifications:loop:push",), id="1")


@pytest.fixture
def apns_server(tmp_path: Path, clock: SettableClock) -> Iterator[ApnsEmulator]:
    with ApnsEmulator(tmp_path, clock, new_key()).running() as emulator:
        yield emulator


@dataclass
class Remote:
    """A household that gives Loop commands, and the phone with Loop."""

    household: Household
    server: ApnsEmulator

    def give(self, sent: dict[str, Any], actor: Actor = CAREGIVER, *, answer: Answer | None = None) -> None:
        """Give a command; half a minute passes."""
        house = self.household.site.house
        self.server.script(*filter(None, (answer,)))
        apns = Apns(house.settings, house.clock, server=self.server.url, trusted=self.server.trusted)
        try:
            give(house.store, house.clock, house.keyring, actor, sent, apns=apns, peer=Peer("192.0.2.7"))
        except CommandFailed:
            assert answer
        self.household.family.clock.advance(s=30)

    def bolus(self, units: float) -> None:
        self.household.site.treatment("Correction Bolus", 0.25, insulin=units, enteredBy="loop://iPhone")


@pytest.fixture
def remote(serve: Serve, apns_server: ApnsEmulator, monkeypatch: pytest.MonkeyPatch) -> Iterator[Remote]:
    make_hashes_cheap(monkeypatch)
    household = household_at(serve, **loop_environment(apns_server))
    household.set_up()
    house = household.site.house
    loop_settings = {"deviceToken": DEVICE_TOKEN, "bundleIdentifier": BUNDLE_ID}
    profile = {"startDate": iso_of(START_MS), "store": {}, "loopSettings": loop_settings}
    Profiles(house.store, house.clock, LOOP).save([profile])
    yield Remote(household, apns_server)
    household.close()


def all_states(remote: Remote) -> None:
    """Have a command in every state a family meets."""
    remote.give({**BOLUS, "remoteBolus": "0.6"}, FOLLOW)  # expires
    remote.household.family.clock.advance(minutes=6)
    remote.household.site.treatment("Correction Bolus", 5, insulin=0.6, programmed=0.6, enteredBy="loop://iPhone")
    remote.give({**CARBS, "notes": "Half a pizza, the other half went to the dog"}, FOLLOW)
    remote.household.site.treatment("Note", 0.25, notes="Carbs exceed the maximum", enteredBy="loop://iPhone")
    remote.household.family.clock.advance(minutes=7)
    remote.give(OVERRIDE, answer=Answer(400, "BadDeviceToken"))
    remote.give({**BOLUS, "otp": "222222"}, answer=Answer(500, "InternalServerError"))
    remote.give({**BOLUS, "remoteBolus": "2"})
    remote.household.site.treatment("Correction Bolus", 0.25, insulin=0.5, programmed=2, enteredBy="loop://iPhone")
    remote.give({**BOLUS, "remoteBolus": "0.35", "enteredBy": "Granny"})
    remote.bolus(0.35)
    remote.give(CARBS)


def test_a_command_is_told_with_what_became_of_it(remote: Remote) -> None:
    mum = remote.household.mum()
    remote.give({**BOLUS, "notes": "before dinner"})
    page = words_in(mum.get("/commands"))
    # 10 o'clock UTC and what signing in took, in the family's zone.
    assert re.search(
        r"Bolus 1\.25 U 11:0\d · Dad, with the API secret · before dinner Sent 11:0\d\. Apple took it", page
    )
    remote.bolus(1.25)
    assert re.search(r"Done 11:0\d\. Loop recorded a bolus of 1\.25 U\.", words_in(mum.get("/commands")))


def test_the_newest_comes_first_and_says_through_which_app(remote: Remote) -> None:
    remote.give(CARBS, FOLLOW)
    remote.give(BOLUS, FOLLOW)
    page = words_in(remote.household.mum().get("/commands"))
    assert page.index("Bolus 1.25 U") < page.index("Carbs 25 g")
    assert "Dad, through LoopFollow" in page
    assert "LoopFollow · absorbed over 3 h" in page


def test_what_has_no_sure_outcome_says_so_and_what_to_do(remote: Remote) -> None:
    remote.give(BOLUS)
    remote.household.family.clock.advance(minutes=5)
    page = words_in(remote.household.mum().get("/commands"))
    assert "No sign of it within five minutes. Whether Loop did it is unknown." in page
    assert "Look at the phone or the pump before sending it again." in page
    remote.household.site.treatment("Correction Bolus", 5, insulin=1.25, enteredBy="loop://iPhone")
    assert "Later: Loop recorded a bolus of 1.25 U." in words_in(remote.household.mum().get("/commands"))


def test_every_state_is_told_in_words(remote: Remote) -> None:
    all_states(remote)
    page = words_in(remote.household.mum().get("/commands"))
    for words in (
        "Sent 11:",
        "Done 11:",
        "Seen by Loop 11:",
        "Loop recorded 0.5 of 2 U so far.",
        "Expired 11:",
        "Later: Loop recorded a bolus of 0.6 U.",
        "Loop refused it: “Carbs exceed the maximum”.",
        "It never reached the phone: BadDeviceToken.",
        "LOOP_PUSH_SERVER_ENVIRONMENT",
        "Whether Apple has it is unknown",
        "Granny, with the API secret",
    ):
        assert words in page


def test_neither_password_nor_address_of_the_phone_is_shown(remote: Remote) -> None:
    all_states(remote)
    page = remote.household.mum().get("/commands").text
    assert not any(secret in page for secret in (OTP, "222222", DEVICE_TOKEN))


def test_what_apps_send_cannot_break_out(remote: Remote) -> None:
    remote.give({**OVERRIDE, "reason": "<img src=x>", "notes": "<b>", "enteredBy": "<i>"})
    page = remote.household.mum().get("/commands").text
    assert not any(markup in page for markup in ("<img src=x>", "<b>", "<i>"))


def test_the_audit_list_tells_of_it_in_a_sentence(remote: Remote) -> None:
    remote.give(BOLUS, FOLLOW)
    page = words_in(remote.household.mum().get("/audit"))
    assert "The app LoopFollow gave Loop a remote command: Bolus 1.25 U" in page


def test_without_any_it_says_so(remote: Remote) -> None:
    page = words_in(remote.household.mum().get("/commands"))
    assert "None yet." in page
    assert "cannot reach Loop" not in page


def test_a_server_without_a_key_says_so(household: Household) -> None:
    page = words_in(household.mum().get("/commands"))
    assert "This server cannot reach Loop yet" in page


def test_it_is_offered_to_those_who_may_and_nobody_else_gets_in(remote: Remote) -> None:
    assert 'href="/commands"' in remote.household.mum().get("/audit").text
    stranger = remote.household.visitor().get("/commands")
    assert stranger.headers["Location"].startswith("/sign-in")


def test_who_gave_it_is_the_account_where_it_was_one(remote: Remote) -> None:
    remote.give({**CARBS, "enteredBy": "Mum"}, Actor("account", "account:Mum", ("*",), id="owner"))
    assert "· Mum · absorbed" in words_in(remote.household.mum().get("/commands"))


def test_an_open_page_learns_of_it_by_itself(remote: Remote, page_at: PageAt) -> None:
    page = remote.household.mum_at(page_at())
    page.goto(f"{remote.household.site.url}/commands")
    expect(page.get_by_text("None yet.")).to_be_visible()
    with page.expect_response("**/commands"):
        remote.household.site.glucose(120)
    remote.give(BOLUS)
    remote.bolus(1.25)
    expect(page.get_by_text("Loop recorded a bolus of 1.25 U.")).to_be_visible()


def test_without_a_stream_it_looks_now_and_then(remote: Remote, page_at: PageAt, problems: Any) -> None:
    problems.expect("503")
    page = remote.household.mum_at(page_at())
    page.clock.install()
    page.route("**/events", lambda route: route.fulfill(status=503))
    page.goto(f"{remote.household.site.url}/commands")
    remote.give(BOLUS)
    page.clock.fast_forward(16_000)
    expect(page.get_by_text("Bolus 1.25 U")).to_be_visible()


def test_it_works_without_script(remote: Remote, page_at: PageAt) -> None:
    remote.give(BOLUS)
    page = remote.household.mum_at(page_at(java_script_enabled=False))
    page.goto(f"{remote.household.site.url}/commands")
    expect(page.get_by_text("Bolus 1.25 U")).to_be_visible()


@pytest.mark.parametrize("scheme", ["dark", "light"])
@pytest.mark.parametrize("size", [PHONE, DESKTOP])
def test_it_fits_its_screen_with_every_state_on_it(
    remote: Remote, page_at: PageAt, size: tuple[int, int], scheme: str
) -> None:
    all_states(remote)
    page = remote.household.mum_at(page_at(size, scheme))
    page.goto(f"{remote.household.site.url}/commands")
    expect(page.locator(".thing")).to_have_count(7)
    assert faults_of(page) == []

"""Uploaders in the browser: set up, tried out, watched, changed, paused, deleted; over real HTTP to vendors that are
emulated.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from app.actor import system_actor
from app.glucose.units import Unit
from app.identity.audit import search
from app.uploaders.runner import Runner
from app.uploaders.state import Uploader
from app.uploaders.uploaders import Uploaders
from tests.emulators.dexcom import DexcomEmulator
from tests.emulators.linkup import PATIENT_ID, LinkUpEmulator
from tests.uploaders.conftest import around
from tests.web.conftest import DESKTOP, PHONE, PageAt
from tests.web.household import Household, words_in


@pytest.fixture
def dexcom(household: Household) -> Iterator[DexcomEmulator]:
    with DexcomEmulator(household.family.clock).running() as emulator:
        emulator.show(104, 112)
        yield emulator


@pytest.fixture
def linkup(household: Household) -> Iterator[LinkUpEmulator]:
    with LinkUpEmulator(household.family.clock).running() as emulator:
        emulator.show(104, 112)
        yield emulator


def answers(dexcom: DexcomEmulator, **changed: str) -> dict[str, str]:
    entered = {"label": "Dexcom of Ada", "account": dexcom.account, "password": dexcom.password, "region": "us"}
    return {**entered, "glucose": "alone", "server": dexcom.url, **changed}


def uploaders(household: Household) -> Uploaders:
    house = household.site.house
    return Uploaders(house.store, house.clock, system_actor("test"), house.keyring)


def only_one(household: Household) -> Uploader:
    (uploader,) = uploaders(household).all()
    return uploader


def run(household: Household) -> None:
    house = household.site.house
    runner = Runner(house.store, house.clock, house.keyring, around(house), jitter=lambda: 0)
    assert runner.run(only_one(household).id)


def with_dexcom(household: Household, dexcom: DexcomEmulator) -> str:
    """Have one uploader, and return the path of its page."""
    return f"/uploaders/{uploaders(household).create('dexcom_share', answers(dexcom)).id}"


def test_an_uploader_is_added_and_told_of(household: Household, dexcom: DexcomEmulator) -> None:
    mum = household.mum()
    assert mum.fill("/uploaders/add/dexcom_share", **answers(dexcom)).headers["Location"] == "/uploaders"
    page = words_in(mum.get("/uploaders"))
    assert "Dexcom of Ada is added, and fetches the first readings now." in page
    assert "Not run yet" in page
    row = search(household.family.store)[0]
    assert (row.act, row.about, row.actor) == ("uploader made", "Dexcom of Ada", "account:Mum")


def test_what_it_brought_is_shown_in_the_viewers_unit(household: Household, dexcom: DexcomEmulator) -> None:
    with_dexcom(household, dexcom)
    run(household)
    household.family.clock.advance(minutes=2)
    mum = household.mum()
    page = words_in(mum.get("/uploaders"))
    assert "Working" in page
    assert "Last reading 112 mg/dL, 3 min ago" in page
    assert "Last success 2 min ago" in page
    assert "Next try in " in page
    mum.get("/account")
    mum.post("/account/look/unit", {"unit": "mmol"})
    assert f"6.2 {Unit.MMOLL}" in words_in(mum.get("/uploaders"))


def test_a_refused_password_is_explained_with_what_to_do(household: Household, dexcom: DexcomEmulator) -> None:
    path = with_dexcom(household, dexcom)
    dexcom.password = "changed elsewhere"
    run(household)
    mum = household.mum()
    page = words_in(mum.get("/uploaders"))
    assert "Dexcom refused the password since 11:0" in page
    assert "Next try waits for you" in page
    assert "Put it right" in page
    assert "Dexcom refused the password" in words_in(mum.get(path))


def test_a_tried_out_form_keeps_nothing(household: Household, dexcom: DexcomEmulator) -> None:
    mum = household.mum()
    mum.get("/uploaders/add/dexcom_share")
    answer = mum.post("/uploaders/add/dexcom_share/test", answers(dexcom))
    assert "Signed in. Last reading 112 mg/dL, 1 min ago" in words_in(answer)
    assert 'value="Dexcom of Ada"' in answer.text
    assert dexcom.password not in answer.text
    assert uploaders(household).all() == []


def test_a_trial_that_fails_says_why(household: Household, dexcom: DexcomEmulator) -> None:
    mum = household.mum()
    mum.get("/uploaders/add/dexcom_share")
    answer = mum.post("/uploaders/add/dexcom_share/test", answers(dexcom, password="wrong one"))
    assert "Dexcom refused the password." in words_in(answer)
    assert "wrong one" not in answer.text


def test_the_script_gets_the_result_alone(household: Household, dexcom: DexcomEmulator) -> None:
    mum = household.mum()
    mum.get("/uploaders/add/dexcom_share")
    headers = {"X-In-Place": "1"}
    answer = mum.post("/uploaders/add/dexcom_share/test", answers(dexcom), headers=headers)
    assert answer.headers["X-In-Place"] == "1"
    assert "<html" not in answer.text
    assert "Last reading 112 mg/dL" in words_in(answer)
    refused = mum.post("/uploaders/add/dexcom_share/test", answers(dexcom, server="no address"), headers=headers)
    assert refused.status_code == 400
    assert "An address that begins with https://" in words_in(refused)


def test_kept_secrets_are_never_shown_and_stay_when_left_empty(household: Household, dexcom: DexcomEmulator) -> None:
    path, mum = with_dexcom(household, dexcom), household.mum()
    page = mum.get(path)
    assert dexcom.password not in page.text
    assert dexcom.account not in page.text
    assert "Set on 11:00. Leave it empty to keep it." in words_in(page)
    changed = answers(dexcom, label="Ada's Dexcom", account="", password="")
    assert "Signed in." in words_in(mum.post(f"{path}/test", changed))
    assert mum.post(path, changed).headers["Location"] == "/uploaders"
    assert only_one(household).label == "Ada's Dexcom"
    assert uploaders(household).secrets_of(only_one(household).id)["password"] == dexcom.password


def test_pausing_running_and_resuming(household: Household, dexcom: DexcomEmulator) -> None:
    path, mum = with_dexcom(household, dexcom), household.mum()
    mum.get("/uploaders")
    mum.post(f"{path}/pause")
    assert "Next try paused" in words_in(mum.get("/uploaders"))
    assert not only_one(household).enabled
    mum.post(f"{path}/resume")
    assert only_one(household).is_due(household.site.ms(0))
    run(household)
    assert not only_one(household).is_due(household.site.ms(0))
    mum.post(f"{path}/run")
    assert only_one(household).is_due(household.site.ms(0))
    acts = [row.act for row in search(household.family.store, limit=3)]
    assert acts == ["uploader run", "uploader resumed", "uploader paused"]


def test_deleting_asks_first_and_keeps_the_readings(household: Household, dexcom: DexcomEmulator) -> None:
    path, mum = with_dexcom(household, dexcom), household.mum()
    run(household)
    assert "The readings it brought stay." in words_in(mum.get("/uploaders"))
    assert mum.post(f"{path}/delete").status_code == 303
    assert uploaders(household).all() == []
    assert household.family.store.collection("entries").count_documents() == 2
    assert mum.get(path).status_code == 404


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"password": ""}, "Please fill this in."),
        ({"server": "ftp://x"}, "begins with https://"),
        ({"region": "mars"}, "Pick one"),
    ],
)
def test_what_cannot_be_is_marked(
    household: Household, dexcom: DexcomEmulator, wrong: dict[str, str], words: str
) -> None:
    answer = household.mum().fill("/uploaders/add/dexcom_share", **answers(dexcom, **wrong))
    assert answer.status_code == 400
    assert words in words_in(answer)
    assert uploaders(household).all() == []


def test_our_own_address_is_no_source(household: Household) -> None:
    entered = {"address": household.site.url, "token": "x-0123456789abcdef"}
    answer = household.mum().fill("/uploaders/add/nightscout", **entered)
    assert "This is our own address" in words_in(answer)


@pytest.mark.parametrize("path", ["/uploaders/add/medtronic", "/uploaders/000000", "/uploaders/000000/pause"])
def test_what_is_not_there_is_not_found(household: Household, path: str) -> None:
    mum = household.mum()
    answer = mum.post(path) if path.endswith("pause") else mum.get(path)
    assert answer.status_code == 404


def fill_linkup(page: Page, linkup: LinkUpEmulator) -> None:
    page.get_by_label("E-mail address").fill(linkup.email)
    page.get_by_label("Password", exact=True).fill(linkup.password)
    page.get_by_text("More", exact=True).click()
    page.get_by_label("Other server").fill(linkup.server)


@pytest.mark.parametrize("size", [PHONE, DESKTOP])
def test_a_parent_tests_picks_the_child_and_adds(
    household: Household, linkup: LinkUpEmulator, page_at: PageAt, size: tuple[int, int]
) -> None:
    linkup.patients = [("0000-0001", "Bo"), (PATIENT_ID, "Ada")]
    page = household.mum_at(page_at(size))
    page.goto(f"{household.site.url}/uploaders")
    page.get_by_role("link", name="Add an uploader").click()
    page.get_by_role("link", name="LibreLinkUp").click()
    fill_linkup(page, linkup)
    page.get_by_role("button", name="Test this").click()
    expect(page.get_by_text("2 people share with this LibreLinkUp account")).to_be_visible()
    page.get_by_label("Ada Example").check()
    expect(page.locator('[name="patient_id"]')).to_have_count(2)
    page.get_by_role("button", name="Test this").click()
    expect(page.get_by_text("Signed in. Last reading 112 mg/dL")).to_be_visible()
    page.get_by_role("button", name="Add").click()
    expect(page.get_by_text("LibreLinkUp is added")).to_be_visible()
    assert only_one(household).options["patient_id"] == PATIENT_ID
    run(household)
    page.reload()
    expect(page.get_by_text("112 mg/dL, 1 min ago")).to_be_visible()


def test_a_vendors_new_terms_are_accepted_with_a_tick(
    household: Household, linkup: LinkUpEmulator, page_at: PageAt
) -> None:
    linkup.steps = ["tou", "pp"]
    page = household.mum_at(page_at())
    page.goto(f"{household.site.url}/uploaders/add/librelinkup")
    fill_linkup(page, linkup)
    page.get_by_role("button", name="Test this").click()
    expect(page.get_by_text("LibreLinkUp wants you to accept the new terms of use.")).to_be_visible()
    page.get_by_label("I have read the new terms").check()
    page.get_by_role("button", name="Test this").click()
    expect(page.get_by_text("Signed in. Last reading 112 mg/dL")).to_be_visible()
    assert page.get_by_label("Password", exact=True).input_value() == linkup.password

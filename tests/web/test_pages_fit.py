"""Every page of forms and lists: fits its screen, can be used by keyboard and ear, says nothing by accident."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page

from tests.emulators.dexcom import DexcomEmulator
from tests.web.conftest import DESKTOP, PHONE, PageAt
from tests.web.household import Household
from tests.web.test_accessibility import FAULTS
from tests.web.test_uploader_pages import answers, run, uploaders

PAGES = [
    *(
        "/account",
        "/account/password",
        "/account/authenticator",
        "/account/recovery-codes",
        "/audit",
        "/commands",
        "/confirm",
    ),
    *("/devices", "/devices/new", "/person", "/sharing", "/sharing/new", "/uploaders", "/uploaders/add"),
    *("/uploaders/add/dexcom_share", "/uploaders/add/librelinkup", "/uploaders/add/nightscout"),
    *("/uploaders/add/carelink", "/uploaders/add/dexcom_api", "/uploaders/add/eversense", "/imports", "/person/zones"),
]
PRESSED = "button, summary, input:not([type=hidden]), select, :is(.actions, .links) a"
SMALL = """(pressed) => [...document.querySelectorAll(pressed)]
    .filter((element) => element.checkVisibility() && !element.matches(".skip, .tick input"))
    .filter((element) => element.getBoundingClientRect().height < 44)
    .map((element) => element.outerHTML.slice(0, 80))"""
TOO_WIDE = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"


def faults_of(page: Page) -> list[str]:
    wide = page.evaluate(TOO_WIDE)
    return [*page.evaluate(FAULTS), *page.evaluate(SMALL, PRESSED), *([f"{wide} px too wide"] if wide else [])]


@pytest.mark.parametrize(("size", "scheme"), [(PHONE, "dark"), (DESKTOP, "light"), ((320, 640), "light")])
def test_every_page_of_the_family_fits(
    household: Household, page_at: PageAt, size: tuple[int, int], scheme: str
) -> None:
    with DexcomEmulator(household.family.clock).running() as dexcom:
        label = "The Dexcom of Ada-Marie-Theres, with a name as long as may be"[:60]
        uploaders(household).create("dexcom_share", answers(dexcom, label=label))
        dexcom.password = "changed"
        run(household)
    household.link(label="Dr Weber-Lautenschläger of the children's hospital in Münster"[:60])
    page = household.mum_at(page_at(size, scheme))
    household_pages = [*PAGES, f"/uploaders/{uploaders(household).all()[0].id}"]
    faults = {}
    for path in household_pages:
        page.goto(household.site.url + path)
        faults[path] = faults_of(page)
        for fold in page.locator("main details").all():
            fold.evaluate("fold => { fold.open = true }")
        faults[f"{path}, unfolded"] = faults_of(page)
    assert {path: found for path, found in faults.items() if found} == {}


@pytest.mark.parametrize("size", [PHONE, DESKTOP])
def test_every_page_for_outsiders_fits(household: Household, page_at: PageAt, size: tuple[int, int]) -> None:
    page = page_at(size, "light")
    link = household.link(passcode="otter")
    for path in ("/sign-in", link):
        page.goto(household.site.url + path)
        assert faults_of(page) == []
    page.get_by_label("Passcode", exact=True).fill("otter")
    page.get_by_role("button", name="Open").click()
    assert page.evaluate(TOO_WIDE) == 0


def test_recovery_codes_are_dark_on_paper(household: Household, page_at: PageAt) -> None:
    page = household.mum_at(page_at(scheme="dark"))
    page.goto(f"{household.site.url}/account/recovery-codes")
    page.get_by_role("button", name="Make eight new codes").click()
    page.emulate_media(media="print", color_scheme="dark")
    assert page.locator(".codes").evaluate("codes => getComputedStyle(codes).color") == "rgb(0, 0, 0)"
    assert not page.get_by_role("button", name="I have them").is_visible()


def test_pages_work_without_script(household: Household, page_at: PageAt) -> None:
    page = household.mum_at(page_at(java_script_enabled=False))
    page.goto(f"{household.site.url}/sharing/new")
    page.get_by_label("For whom?").fill("Granny")
    page.get_by_role("button", name="Make the link").click()
    assert "/s/nls_" in page.locator("#link").inner_text()
    assert not page.get_by_role("button", name="Copy").is_visible()

"""What a screen reader needs: one heading of the first rank, landmarks, names for whatever can be used, labels, ids."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.web.conftest import DESKTOP, PHONE, PageAt, Problems, Site, falling_low

FAULTS = """() => {
    const faults = [];
    const all = (selector) => [...document.querySelectorAll(selector)];
    const fault = (what, element) => faults.push(`${what}: ${element.outerHTML.slice(0, 80)}`);
    const labelled = (element) => (element.getAttribute("aria-labelledby") ?? "").split(" ")
        .map((id) => document.getElementById(id)?.textContent ?? "").join("");
    const name = (element) => (element.getAttribute("aria-label") || labelled(element)
        || [...(element.labels ?? [])].map((label) => label.textContent).join("") || element.textContent).trim();
    if (!document.documentElement.lang) faults.push("no language");
    if (!document.title) faults.push("no title");
    for (const selector of ["h1", "main", "header"]) if (all(selector).length !== 1) faults.push(`not one ${selector}`);
    const ids = all("[id]").map((element) => element.id);
    for (const id of ids) if (ids.indexOf(id) !== ids.lastIndexOf(id)) faults.push(`id twice: ${id}`);
    const named = "a, button, summary, input:not([type=hidden]), select, textarea, nav, section, form, [role]";
    for (const element of all(named))
        if (!element.matches("[role=status], [role=alert]") && !name(element)) fault("no name", element);
    for (const element of all("svg:not([aria-hidden=true])")) fault("a picture that is read", element);
    for (const element of all("img:not([alt])")) fault("no alternative", element);
    for (const element of all("[aria-describedby], [aria-labelledby]"))
        for (const attribute of ["aria-describedby", "aria-labelledby"])
            for (const id of (element.getAttribute(attribute) ?? "").split(" ").filter(Boolean))
                if (!document.getElementById(id)) fault(`no such id ${id}`, element);
    for (const element of all("[role=slider]"))
        if (!element.hasAttribute("aria-valuenow") || !element.getAttribute("aria-valuetext"))
            fault("no value", element);
    for (const element of all("[tabindex]")) if (element.tabIndex > 0) fault("order of the keyboard", element);
    let rank = 0;
    for (const element of all("h1, h2, h3, h4")) {
        if (Number(element.tagName[1]) > rank + 1) fault("heading skipped", element);
        rank = Number(element.tagName[1]);
    }
    return faults;
}"""


@pytest.mark.parametrize("size", [PHONE, DESKTOP])
def test_the_page_of_now_has_names_headings_and_landmarks(
    open_site: Site, page_at: PageAt, size: tuple[int, int]
) -> None:
    falling_low(open_site)
    page = page_at(size=size)
    page.goto(open_site.url)
    expect(page.locator("[data-line]")).to_have_text("Live")
    page.get_by_text("Table").click()
    if size == PHONE:
        page.locator(".brush").evaluate("element => element.remove()")  # not displayed, so nobody meets it
    assert page.evaluate(FAULTS) == []


def test_the_error_page_has_them_too(open_site: Site, page_at: PageAt, problems: Problems) -> None:
    problems.expect("404")
    page = page_at()
    page.goto(f"{open_site.url}/nowhere")
    assert page.evaluate(FAULTS) == []


def test_it_reads_in_the_order_it_matters(open_site: Site, page_at: PageAt) -> None:
    falling_low(open_site)
    page: Page = page_at()
    page.goto(open_site.url)
    said = page.locator("main").aria_snapshot()
    place = 0
    for text in (
        "Low and falling",
        "62",
        "falling",
        "mg/dL",
        "−6 mg/dL",
        "2 min ago",
        "8 g carbs",
        "IOB",
        "Readings over",
    ):
        place = said.index(text, place)


def test_the_keyboard_can_skip_to_the_content(open_site: Site, page_at: PageAt) -> None:
    page = page_at()
    page.goto(open_site.url)
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"

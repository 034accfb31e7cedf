"""Where things are: nothing overflows, nothing moves, everything can be hit with a thumb, and it weighs little."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page, Response, expect

from tests.waiting import wait_until
from tests.web.conftest import DESKTOP, PHONE, PageAt, Site, falling_low

SMALL = (320, 640)
SHIFTS = """() => {
    window.shifted = 0;
    new PerformanceObserver((list) => {
        for (const entry of list.getEntries()) window.shifted += entry.value;
    }).observe({type: "layout-shift", buffered: true});
}"""


def opened(site: Site, page: Page) -> Page:
    page.goto(site.url)
    expect(page.locator("[data-line]")).to_have_text("Live")
    return page


@pytest.mark.parametrize("size", [PHONE, SMALL, (768, 1024), DESKTOP])
def test_nothing_is_wider_than_the_screen(open_site: Site, page_at: PageAt, size: tuple[int, int]) -> None:
    falling_low(open_site)
    page = page_at(size=size)
    page.context.add_cookies([{"name": "nl_unit", "value": "mmol", "url": open_site.url}])
    opened(open_site, page)
    for minutes_ago, mgdl, number in ((-1, 223, "12.4"), (-2, 39, "LOW"), (-3, 401, "HIGH")):
        open_site.glucose(mgdl, minutes_ago, direction="TripleUp")
        expect(page.locator('[data-value="number"]')).to_have_text(number)
        assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
        unit = page.locator(".unit").bounding_box()
        assert unit is not None
        assert unit["x"] + unit["width"] <= size[0]


def test_text_twice_as_large_still_fits(open_site: Site, page_at: PageAt) -> None:
    falling_low(open_site)
    page = page_at()
    page.add_init_script(
        "document.addEventListener('DOMContentLoaded', () => (document.documentElement.style.fontSize = '200%'))"
    )
    opened(open_site, page)
    assert page.locator(".words").evaluate("element => getComputedStyle(element).fontSize") == "48px"
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE[0]


def test_pinch_zoom_is_not_blocked(open_site: Site, page_at: PageAt) -> None:
    page = opened(open_site, page_at())
    content = page.locator("meta[name=viewport]").get_attribute("content") or ""
    assert "user-scalable" not in content
    assert "maximum-scale" not in content


@pytest.mark.parametrize("size", [PHONE, DESKTOP])
def test_nothing_moves_while_the_page_loads(open_site: Site, page_at: PageAt, size: tuple[int, int]) -> None:
    falling_low(open_site)
    page = page_at(size=size)
    page.add_init_script(f"({SHIFTS})()")
    opened(open_site, page)
    page.locator(".plot .ring").wait_for()
    assert page.evaluate("window.shifted") == 0


@pytest.mark.parametrize("size", [PHONE, DESKTOP])
def test_nothing_goes_up_or_down_when_readings_come(open_site: Site, page_at: PageAt, size: tuple[int, int]) -> None:
    falling_low(open_site)
    page = opened(open_site, page_at(size=size))

    def tops() -> list[int]:
        boxes = [page.locator(part).bounding_box() for part in (".words", ".value", ".lines", ".plot", ".facts")]
        return [round(box["y"]) for box in boxes if box]

    before = tops()
    for minutes_ago, mgdl, number in ((-1, 104, "104"), (-2, 39, "LOW"), (-3, 401, "HIGH")):
        open_site.glucose(mgdl, minutes_ago)
        expect(page.locator('[data-value="number"]')).to_have_text(number)
        assert tops() == before


def test_the_number_is_large_on_a_phone(open_site: Site, page_at: PageAt) -> None:
    falling_low(open_site)
    for width, least in ((360, 96), (390, 120)):
        page = opened(open_site, page_at(size=(width, 800)))
        size = page.locator(".value").evaluate("element => parseFloat(getComputedStyle(element).fontSize)")
        assert size >= least


def test_what_can_be_pressed_is_large_enough(open_site: Site, page_at: PageAt) -> None:
    falling_low(open_site)
    page = opened(open_site, page_at())
    small = page.locator("button:visible, summary:visible, a:visible:not(.skip)").evaluate_all(
        "all => all.filter((one) => one.getBoundingClientRect().height < 44).map((one) => one.outerHTML)"
    )
    assert small == []


def test_motion_is_left_out_for_those_who_want_none(open_site: Site, page_at: PageAt) -> None:
    falling_low(open_site)
    page = opened(open_site, page_at(reduced_motion="reduce"))
    moving = page.locator("*").evaluate_all(
        "all => all.filter((one) => { const style = getComputedStyle(one);"
        " return style.animationName !== 'none' || parseFloat(style.transitionDuration) > 0; }).length"
    )
    assert moving == 0


def test_the_whole_page_weighs_little_and_takes_few_requests(open_site: Site, page_at: PageAt) -> None:
    open_site.entries([{"sgv": 90 + minute % 97, "minutes_ago": minute} for minute in range(0, 1440, 5)])
    falling_low(open_site)
    page = page_at()
    answers: list[Response] = []
    page.on("response", lambda answer: answers.append(answer))
    opened(open_site, page)
    page.locator(".plot .ring").wait_for()
    sizes: list[Any] = [
        answer.headers.get("content-length", 0) for answer in answers if not answer.url.endswith("/events")
    ]
    assert len(answers) <= 10
    assert sum(map(int, sizes)) < 40_000


def test_the_glance_stays_where_it_is_while_a_desktop_scrolls(open_site: Site, page_at: PageAt) -> None:
    falling_low(open_site)
    page = opened(open_site, page_at(size=DESKTOP))
    page.get_by_text("Table").click()
    page.mouse.wheel(0, 250)
    # Asked from outside: a wait inside the page needs the eval that its policy forbids.
    wait_until(lambda: page.evaluate("window.scrollY") > 100)
    box = page.locator(".words").bounding_box()
    assert box is not None
    assert 0 <= box["y"] < 100

"""The chart: shapes, sentinels, gaps, ranges, and reading it by pointer, touch and keyboard."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest
from playwright.sync_api import Page, expect

from app.actor import system_actor
from app.glucose.thresholds import Thresholds
from app.glucose.units import Unit
from app.records.person import Person, save_person
from tests.web.conftest import DESKTOP, PHONE, PageAt, Site, falling_low


def drawn(site: Site, page_at: PageAt, size: tuple[int, int] = PHONE, **options: object) -> Page:
    page = page_at(size=size, **options)
    page.goto(site.url)
    page.locator(".plot .wash").wait_for()
    return page


def outline(page: Page, selector: str) -> str:
    return page.locator(selector).first.get_attribute("d") or ""


def test_shape_alone_tells_the_range(open_site: Site, page_at: PageAt) -> None:
    open_site.entries([{"sgv": mgdl, "minutes_ago": 5 * n} for n, mgdl in enumerate((110, 60, 200))])
    page = drawn(open_site, page_at)
    assert "a" in outline(page, ".at-in-range")
    low, high = outline(page, "path.at-low"), outline(page, "path.at-high")
    assert re.fullmatch(r"M[\d.]+ [\d.]+h[\d.]+l-[\d.]+ [\d.]+z", low)
    assert re.fullmatch(r"M[\d.]+ [\d.]+h([\d.]+)v\1h-\1z", high)


def test_low_and_high_lie_on_the_edges_with_their_word(open_site: Site, page_at: PageAt) -> None:
    open_site.entries(
        [{"sgv": mgdl, "minutes_ago": n} for n, mgdl in ((90, 401), (85, 401), (40, 39), (35, 39), (1, 110))]
    )
    page = drawn(open_site, page_at)
    assert page.locator(".plot text.sentinel").all_text_contents() == ["HIGH", "LOW"]
    height = page.locator(".plot svg").bounding_box()["height"]  # type: ignore[index]
    high, low = (
        page.locator(".sentinel").nth(n).evaluate("element => Number(element.getAttribute('y'))") for n in (0, 1)
    )
    assert high < 20
    assert low > height - 40


def test_the_last_reading_is_ringed(open_site: Site, page_at: PageAt) -> None:
    falling_low(open_site)
    assert drawn(open_site, page_at).locator(".ring.at-low").count() == 1


def test_a_finger_reading_looks_different(open_site: Site, page_at: PageAt) -> None:
    falling_low(open_site)
    assert drawn(open_site, page_at).locator(".finger.at-in-range").count() == 1


def test_doses_have_amounts_and_small_automatic_ones_only_marks(open_site: Site, page_at: PageAt) -> None:
    open_site.glucose(110, 1)
    open_site.treatment("Meal Bolus", 100, insulin=2, carbs=30)
    for minutes in range(10, 60, 5):
        open_site.treatment("SMB", minutes, insulin=0.1, automatic=True)
    page = drawn(open_site, page_at)
    assert page.locator(".plot text.insulin").all_text_contents() == ["2.00 U"]
    assert page.locator(".plot path.insulin").count() == 11


def test_labels_do_not_lie_on_each_other(open_site: Site, page_at: PageAt) -> None:
    open_site.entries([{"sgv": 120, "minutes_ago": minutes} for minutes in range(0, 120, 5)])
    for minutes in range(20, 60, 4):
        open_site.treatment("Carb Correction", minutes, carbs=minutes)
    boxes = (
        drawn(open_site, page_at)
        .locator(".plot text.carbs")
        .evaluate_all(
            "all => all.map((one) => { const b = one.getBBox(); return [b.x, b.y, b.x + b.width, b.y + b.height]; })"
        )
    )
    assert len(boxes) >= 3
    for i, one in enumerate(boxes):
        for other in boxes[:i]:
            assert one[0] >= other[2] or other[0] >= one[2] or one[1] >= other[3] - 3 or other[1] >= one[3] - 3


def test_missing_stretches_are_hatched(open_site: Site, page_at: PageAt) -> None:
    readings = [{"sgv": 120, "minutes_ago": minutes} for minutes in range(0, 400, 5) if not 60 < minutes < 100]
    open_site.entries(readings)
    assert drawn(open_site, page_at).locator("rect[fill='url(#hatch)']").count() == 1


def test_basal_hangs_only_where_a_temp_basal_ran(open_site: Site, page_at: PageAt) -> None:
    open_site.glucose(110, 1)
    page = drawn(open_site, page_at)
    assert page.locator(".plot .basal").count() == 0
    open_site.treatment("Temp Basal", 60, absolute=0.8, duration=30)
    expect(page.locator(".plot .basal")).to_have_count(1)


def test_the_chosen_hours_are_shown_and_remembered(open_site: Site, page_at: PageAt) -> None:
    open_site.entries([{"sgv": 120, "minutes_ago": minutes} for minutes in range(0, 1430, 5)])
    page = drawn(open_site, page_at)
    expect(page.get_by_role("button", name="3 h")).to_have_attribute("aria-pressed", "true")
    expect(page.locator(".inspected")).to_have_text("Last 3 hours")
    page.get_by_role("button", name="12 h").click()
    expect(page.locator(".inspected")).to_have_text("Last 12 hours")
    page.reload()
    expect(page.get_by_role("button", name="12 h")).to_have_attribute("aria-pressed", "true")


def test_the_table_has_the_chosen_hours(open_site: Site, page_at: PageAt) -> None:
    open_site.entries([{"sgv": 120, "minutes_ago": minutes} for minutes in range(1, 1430, 5)])
    page = drawn(open_site, page_at)
    page.get_by_text("Table").click()
    expect(page.get_by_role("table", name="Last 3 hours").locator("tbody tr")).to_have_count(36)
    page.get_by_role("button", name="24 h").click()
    expect(page.get_by_role("table", name="Last 24 hours").locator("tbody tr")).to_have_count(286)


def test_pointing_shows_time_and_value_without_moving_anything(open_site: Site, page_at: PageAt) -> None:
    falling_low(open_site)
    page = drawn(open_site, page_at, DESKTOP)
    before = page.locator(".plot").bounding_box()
    page.locator(".plot").hover(position={"x": 700, "y": 100})
    expect(page.locator(".inspected")).to_have_text(re.compile(r"^09:\d\d\s+\d+ mg/dL · (in range|low)"))
    assert page.locator(".cursor-ring").count() == 1
    assert page.locator(".plot").bounding_box() == before
    page.mouse.move(10, 10)
    expect(page.locator(".inspected")).to_have_text("Last 6 hours")


def test_touching_shows_a_reading_too(open_site: Site, page_at: PageAt) -> None:
    falling_low(open_site)
    page = drawn(open_site, page_at, has_touch=True, is_mobile=True)
    page.locator(".plot").tap(position={"x": 200, "y": 100})
    expect(page.locator(".inspected")).to_have_text(re.compile(r"^0\d:\d\d\s+\d+ mg/dL · "))


def test_arrow_keys_go_from_reading_to_reading_and_say_so(open_site: Site, page_at: PageAt) -> None:
    falling_low(open_site)
    page = drawn(open_site, page_at)
    chart = page.get_by_role("slider", name=re.compile("^Readings over time"))
    chart.focus()
    chart.press("ArrowLeft")
    expect(chart).to_have_attribute("aria-valuetext", "09:58, 62 mg/dL, low")
    chart.press("ArrowLeft")
    expect(chart).to_have_attribute("aria-valuetext", "09:53, 68 mg/dL, low")
    chart.press("ArrowLeft")
    expect(chart).to_have_attribute("aria-valuetext", "09:48, 74 mg/dL, low, 8 g carbs")
    chart.press("End")
    expect(chart).to_have_attribute("aria-valuetext", "09:58, 62 mg/dL, low")
    chart.press("Escape")
    expect(page.locator(".inspected")).to_have_text("Last 3 hours")


def test_the_brush_moves_the_chart_through_the_day_and_back(open_site: Site, page_at: PageAt) -> None:
    open_site.entries([{"sgv": 120, "minutes_ago": minutes} for minutes in range(0, 1430, 5)])
    page = drawn(open_site, page_at, DESKTOP)
    brush = page.get_by_role("slider", name="Hours shown, of the last day")
    brush.click(position={"x": 380, "y": 20})
    expect(page.locator(".inspected")).to_have_text(re.compile(r"^(18|19):\d\d to (00|01):\d\d$"))
    assert page.locator(".ring").count() == 0
    brush.press("ArrowLeft")
    expect(brush).to_have_attribute("aria-valuetext", re.compile(r"^18:\d\d to 00:\d\d$"))
    page.get_by_role("button", name="Back to now").click()
    expect(page.locator(".inspected")).to_have_text("Last 6 hours")
    assert page.locator(".ring").count() == 1


def test_a_phone_has_no_brush(open_site: Site, page_at: PageAt) -> None:
    falling_low(open_site)
    assert drawn(open_site, page_at).locator(".brush").is_hidden()


@pytest.mark.parametrize(
    ("morning", "twice", "missing"),
    [
        (datetime(2026, 10, 25, 4, 30, tzinfo=UTC), ["02:00"], []),
        (datetime(2026, 3, 29, 4, 30, tzinfo=UTC), [], ["02:00"]),
    ],
)
def test_the_hours_are_the_persons_own_on_the_night_the_clocks_change(
    open_site: Site, page_at: PageAt, morning: datetime, twice: list[str], missing: list[str]
) -> None:
    person = Person("Mia", "Europe/Berlin", Unit.MGDL, Thresholds())
    save_person(open_site.house.store, person, system_actor("test"))
    open_site.clock.set(int(morning.timestamp() * 1000))
    open_site.glucose(110)
    page = drawn(open_site, page_at, DESKTOP)
    labels = page.locator(".plot text").filter(has_text=re.compile(r"^\d\d:00$")).all_text_contents()
    assert [text for text in ("01:00", "02:00", "03:00") if labels.count(text) == 2] == twice
    assert [text for text in ("01:00", "02:00", "03:00") if text not in labels] == missing

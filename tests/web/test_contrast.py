"""Every theme can be read: the contrast of each text token, as the browser computes it."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.web.conftest import PageAt, Site, falling_low

TEXTS = ("text", "muted", "in-range", "high", "very-high", "low", "very-low", "insulin", "carbs", "accent")
COLOUR_OF = """(name) => {
    const probe = document.createElement("i");
    probe.style.color = `var(--${name})`;
    document.body.append(probe);
    const [r, g, b] = getComputedStyle(probe).color.match(/\\d+/g).map(Number);
    probe.remove();
    return [r, g, b];
}"""


def luminance(rgb: list[int]) -> float:
    parts = [value / 255 for value in rgb]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(page: Page, text: str, ground: str) -> float:
    one, other = (luminance(page.evaluate(COLOUR_OF, name)) for name in (text, ground))
    return (max(one, other) + 0.05) / (min(one, other) + 0.05)


@pytest.mark.parametrize(
    ("theme", "scheme", "least", "least_text"),
    [
        ("", "dark", 4.5, 7),
        ("", "light", 4.5, 7),
        ("dark", "light", 4.5, 7),
        ("light", "dark", 4.5, 7),
        ("contrast", "light", 7, 7),
    ],
)
def test_every_text_can_be_read_on_page_and_surface(
    open_site: Site, page_at: PageAt, theme: str, scheme: str, least: float, least_text: float
) -> None:
    page = page_at(scheme=scheme)
    page.context.add_cookies([{"name": "nl_theme", "value": theme, "url": open_site.url}])
    page.goto(open_site.url)
    for ground in ("page", "surface"):
        found = {name: contrast(page, name, ground) for name in TEXTS}
        assert {name: ratio for name, ratio in found.items() if ratio < least} == {}
        assert found["text"] >= least_text


@pytest.mark.parametrize(
    ("theme", "scheme", "page_colour"), [("dark", "light", [13, 16, 20]), ("light", "dark", [247, 246, 243])]
)
def test_a_chosen_theme_is_the_one_the_system_would_have_chosen(
    open_site: Site, page_at: PageAt, theme: str, scheme: str, page_colour: list[int]
) -> None:
    chosen, followed = page_at(scheme=scheme), page_at(scheme=theme)
    chosen.context.add_cookies([{"name": "nl_theme", "value": theme, "url": open_site.url}])
    for page in (chosen, followed):
        page.goto(open_site.url)
    tokens = ("page", "surface", "line", *TEXTS)
    assert [chosen.evaluate(COLOUR_OF, name) for name in tokens] == [
        followed.evaluate(COLOUR_OF, name) for name in tokens
    ]
    assert chosen.evaluate(COLOUR_OF, "page") == page_colour


def test_what_has_the_focus_shows_it(open_site: Site, page_at: PageAt) -> None:
    falling_low(open_site)
    page = page_at()
    page.goto(open_site.url)
    expect(page.locator("[data-line]")).to_have_text("Live")
    for _ in range(8):
        page.keyboard.press("Tab")
        outline = page.evaluate("getComputedStyle(document.activeElement).outlineWidth")
        assert outline == "3px"

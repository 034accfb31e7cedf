"""What the page of now costs a browser: time until the chart is drawn, bytes and requests of a first visit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from playwright.sync_api import Browser, CDPSession, Page, sync_playwright

from bench.processes import Server
from tests.chromium import LAUNCH_ARGUMENTS, chromium_path

_VISITS = 5
_WATCH = """new MutationObserver(() => {
    if (!window.drawn && document.querySelector(".plot [class*='at-']")) window.drawn = performance.now();
}).observe(document, {subtree: true, childList: true})"""


@dataclass(frozen=True)
class Visit:
    """A kind of visitor: the screen, and by how much the processor is slowed."""

    name: str
    width: int
    height: int
    slower: int


VISITS = (Visit("desktop", 1280, 800, 1), Visit("phone, processor x4", 390, 844, 4))


@dataclass(frozen=True)
class Cost:
    """Median ms until the chart was drawn, on first and second visits; bytes and requests of a first one."""

    visit: Visit
    first_ms: float
    second_ms: float
    transferred_bytes: int
    requests: int


def page_costs(server: Server) -> list[Cost]:
    """Open the page as each kind of visitor, with an empty cache and again with a full one."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=list(LAUNCH_ARGUMENTS))
        try:
            return [_cost(browser, f"http://127.0.0.1:{server.port}/", visit) for visit in VISITS]
        finally:
            browser.close()


def _cost(browser: Browser, url: str, visit: Visit) -> Cost:
    firsts, seconds, sizes = [], [], []
    for _ in range(_VISITS):
        context = browser.new_context(viewport={"width": visit.width, "height": visit.height})
        page = context.new_page()
        page.add_init_script(_WATCH)
        devtools = context.new_cdp_session(page)
        loaded = _loaded(devtools)
        devtools.send("Emulation.setCPUThrottlingRate", {"rate": visit.slower})
        firsts.append(_drawn_ms(page, url))
        page.wait_for_load_state("load")
        sizes.append((sum(loaded), len(loaded)))
        seconds.append(_drawn_ms(page, url))
        context.close()
    return Cost(visit, sorted(firsts)[_VISITS // 2], sorted(seconds)[_VISITS // 2], *sorted(sizes)[_VISITS // 2])


def _loaded(devtools: CDPSession) -> list[int]:
    loaded: list[int] = []

    def note(event: dict[str, Any]) -> None:
        loaded.append(int(event["encodedDataLength"]))

    devtools.send("Network.enable")
    devtools.on("Network.loadingFinished", note)
    return loaded


def _drawn_ms(page: Page, url: str) -> float:
    page.goto(url)
    page.locator(".plot [class*='at-']").first.wait_for()
    drawn: float = page.evaluate("window.drawn")
    return drawn

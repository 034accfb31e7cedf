"""A CareLink account for tests: signed in through the page, with sources that share what is kept of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from app.uploaders.carelink.sign_in import CareLinkSignIn
from app.uploaders.carelink.source import CareLinkSource
from app.uploaders.transport import Line
from app.uploaders.vendor import Access, Page
from tests.clocks import SettableClock
from tests.emulators.carelink import CareLinkEmulator, browse
from tests.uploaders.conftest import Kept


class CareLinkAccount:
    """One account: what it kept, and the ways to use it."""

    def __init__(self, carelink: CareLinkEmulator, clock: SettableClock, line: Callable[..., Line], kept: Kept) -> None:
        self.carelink, self.clock, self.kept = carelink, clock, kept
        self._line = line
        self.cursors: dict[str, int] = {}

    def access(self, **options: Any) -> Access:
        answers = {"country": "DE", "server": self.carelink.url, **options}
        return self.kept.access("carelink", self._line("CareLink"), answers, {}, self.clock)

    def sign_in(self, **options: Any) -> None:
        """Sign in as a person does: open the page, sign in there, paste the address it ends at."""
        access, way = self.access(**options), CareLinkSignIn()
        begun = way.begin(access, "https://ours.example/back")
        pasted = browse(begun.url, self.carelink.username, self.carelink.password)
        answer = dict(parse_qsl(urlsplit(pasted).query))
        assert answer["state"] == begun.state
        way.finish(access, begun.pending, answer, "https://ours.example/back")

    def source(self, **options: Any) -> CareLinkSource:
        return CareLinkSource(self.access(**options))

    def page(self, **options: Any) -> Page:
        """Fetch as a run does, from the cursors of the page before."""
        [page] = self.source(**options).pages(self.cursors)
        self.cursors |= page.cursors
        return page

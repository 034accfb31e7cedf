"""A household in front of its pages: mum, who owns the account, in a browser with or without script."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from argon2 import PasswordHasher
from playwright.sync_api import Page

from app.actor import system_actor
from app.glucose.thresholds import Thresholds
from app.glucose.units import Unit
from app.identity import passwords, totp
from app.identity.peer import NO_PEER
from app.records.person import Person, save_person
from app.sharing.shares import Wish, make_share
from tests.identity.family import NAME, PASSWORD, Family

if TYPE_CHECKING:
    from tests.web.conftest import Serve, Site

CHILD = "Ada"
FIREFOX = "Mozilla/5.0 (Android 14; Mobile; rv:133.0) Gecko/133.0 Firefox/133.0"


class Visitor:
    """A browser without script: keeps cookies, sends forms with what protects them, follows nothing by itself."""

    def __init__(self, url: str, **headers: str) -> None:
        self.client = httpx.Client(
            base_url=url, headers={"Accept": "text/html", "User-Agent": FIREFOX, **headers}, timeout=30
        )
        self.token = ""

    def get(self, path: str, **options: Any) -> httpx.Response:
        """Load a page."""
        return self._seen(self.client.get(path, **options))

    def post(self, path: str, entered: Mapping[str, Any] | None = None, **options: Any) -> httpx.Response:
        """Send a form; what protects it is taken from the page seen last."""
        return self._seen(self.client.post(path, data={"csrf_token": self.token, **(entered or {})}, **options))

    def fill(self, path: str, **entered: Any) -> httpx.Response:
        """Load a form's page and send it to its own address."""
        self.get(path)
        return self.post(path, entered)

    def _seen(self, response: httpx.Response) -> httpx.Response:
        found = re.search(r'name="csrf_token" value="([^"]+)"', response.text)
        self.token = found[1] if found else self.token
        return response


@dataclass
class Household:
    """The site, its family, and the ways in."""

    site: Site
    family: Family
    _visitors: list[Visitor] = field(default_factory=list)

    def set_up(self, *, name: str = CHILD, zone: str = "Europe/Berlin", unit: Unit = Unit.MGDL) -> None:
        """Have an owner with an authenticator, and a person."""
        self.family.enrol()
        save_person(self.family.store, Person(name, zone, unit, Thresholds()), system_actor("test"))

    def visitor(self, **headers: str) -> Visitor:
        """Return a browser that holds nothing yet."""
        visitor = Visitor(self.site.url, **headers)
        self._visitors.append(visitor)
        return visitor

    def mum(self, **headers: str) -> Visitor:
        """Return a browser in which mum is signed in, with a fresh code."""
        visitor = self.visitor(**headers)
        assert visitor.fill("/sign-in", name=NAME, password=PASSWORD).headers["Location"] == "/sign-in/code"
        assert visitor.fill("/sign-in/code", code=self.next_code()).status_code == 303
        visitor.get("/account")
        return visitor

    def mum_at(self, page: Page) -> Page:
        """Sign mum in on a real page."""
        page.goto(f"{self.site.url}/sign-in")
        page.get_by_label("Name").fill(NAME)
        page.get_by_label("Password", exact=True).fill(PASSWORD)
        page.get_by_role("button", name="Go on").click()
        page.get_by_label("Code from your authenticator").fill(self.next_code())
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url(f"{self.site.url}/")
        return page

    def next_code(self) -> str:
        """Wait for the authenticator's next code and return it."""
        self.family.clock.advance(s=totp.STEP_S)
        return self.family.code()

    def link(self, **wished: Any) -> str:
        """Make a share link without the pages, and return its path."""
        wish = Wish(**{"label": "Dr Weber", "role": "clinician", "kinds": ["glucose"], **wished})
        session = self.family.sign_in().session
        _, token = make_share(self.family.store, self.family.clock, session, wish, peer=NO_PEER)
        return f"/s/{token}"

    def told(self) -> list[str]:
        """Return the acts of the audit list, oldest first."""
        return self.family.told()

    def close(self) -> None:
        """Close every browser without script."""
        for visitor in self._visitors:
            visitor.client.close()


def words_in(response: httpx.Response) -> str:
    """Return what a page says, without its markup."""
    body = re.sub(r"(?s)<head>.*?</head>|<script.*?</script>|<template>.*?</template>", " ", response.text)
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", body)).split())


def make_hashes_cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let passwords cost little."""
    passwords._hash_of_nothing.cache_clear()
    monkeypatch.setattr(passwords, "hasher", PasswordHasher(time_cost=1, memory_cost=64, parallelism=1))


def household_at(serve: Serve, **environment: str) -> Household:
    """Return a household on a site with these settings, not yet set up."""
    site = serve(**environment)
    return Household(site, Family(site.house.store, site.clock, site.house.keyring))

"""Who looks, and how they like to see it: unit, theme, what they may see, and the pages they can go to."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from flask import Flask, g, has_request_context, redirect, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from app.actor import Actor
from app.errors import NightlightError
from app.glucose.units import Unit
from app.identity.door import house, present_actor
from app.live.kinds import ALL_KINDS
from app.records.person import Person, read_person

UNIT_COOKIE = "nl_unit"
THEME_COOKIE = "nl_theme"
_YEAR_S = 31_536_000

THEMES = {"system": "System", "light": "Light", "dark": "Dark", "contrast": "High contrast"}
_PAGE_COLOURS = {"light": "#f7f6f3", "dark": "#0d1014", "contrast": "#000000"}
_UNITS = {"mgdl": Unit.MGDL, "mmol": Unit.MMOLL}


@dataclass(frozen=True, slots=True)
class Link:
    """A page somebody can go to, and whether they are on it."""

    label: str
    href: str
    here: bool


@dataclass(frozen=True, slots=True)
class PageOffer:
    """A page of the navigation: its words, its endpoint and the permission it needs."""

    label: str
    endpoint: str
    permission: str


@dataclass(frozen=True, slots=True)
class Look:
    """What every page needs to be drawn for this viewer; ``theme`` is empty when it follows the system."""

    person_name: str
    theme: str
    unit: Unit
    nav: tuple[Link, ...]

    @property
    def color_scheme(self) -> str:
        """Return what the browser is told for its own parts (form controls, scroll bars)."""
        return {"": "light dark", "light": "light"}.get(self.theme, "dark")

    @property
    def theme_colours(self) -> tuple[tuple[str, str], ...]:
        """Return the colours of the browser's bar, each with the media query it is for (empty: always)."""
        if self.theme:
            return ((_PAGE_COLOURS[self.theme], ""),)
        return tuple((_PAGE_COLOURS[scheme], f"(prefers-color-scheme: {scheme})") for scheme in ("light", "dark"))

    @property
    def units(self) -> tuple[tuple[str, str], ...]:
        """Return the units to choose from, as (value, words)."""
        return tuple((value, str(unit)) for value, unit in _UNITS.items())

    @property
    def unit_value(self) -> str:
        """Return the chosen unit as a form sends it."""
        return next(value for value, unit in _UNITS.items() if unit is self.unit)

    @property
    def themes(self) -> tuple[tuple[str, str], ...]:
        """Return the themes to choose from, as (value, words)."""
        return tuple(THEMES.items())


@dataclass(frozen=True, slots=True)
class Viewer:
    """Somebody who looks at one person's data: in which unit, and which kinds they may see."""

    person: Person
    unit: Unit
    kinds: frozenset[str]


def viewer_of(actor: Actor) -> Viewer:
    """Return how the maker of this request sees the person, as things stand now. Raises ``Unavailable``."""
    shared = house()
    person = read_person(shared.store, shared.settings)
    kinds = frozenset(kind for kind in ALL_KINDS if actor.may(f"api:{kind}:read"))
    return Viewer(person, chosen_unit(person.unit), kinds)


def chosen_unit(otherwise: Unit) -> Unit:
    """Return the unit this viewer chose."""
    return _UNITS.get(request.cookies.get(UNIT_COOKIE, ""), otherwise)


def chosen_theme() -> str:
    """Return the theme this viewer chose, empty when the system decides."""
    chosen = request.cookies.get(THEME_COOKIE, "")
    return chosen if chosen in _PAGE_COLOURS else ""


def remember_unit(value: str) -> BaseResponse:
    """Keep the viewer's unit in this browser, and send them back to the page they chose it on."""
    return _remember(UNIT_COOKIE, value if value in _UNITS else "")


def remember_theme(value: str) -> BaseResponse:
    """Keep the viewer's theme in this browser, and send them back to the page they chose it on."""
    return _remember(THEME_COOKIE, value if value in _PAGE_COLOURS else "")


def keep_unit(response: BaseResponse, account_unit: str) -> BaseResponse:
    """Have a browser that signs in show the unit its account chose, if it chose one."""
    value = account_unit.replace("/", "")
    return _keep(response, UNIT_COOKIE, value) if value in _UNITS else response


def _remember(cookie: str, value: str) -> BaseResponse:
    return _keep(redirect(url_for(".page"), 303), cookie, value)


def _keep(response: BaseResponse, cookie: str, value: str) -> BaseResponse:
    if value:
        response.set_cookie(cookie, value, max_age=_YEAR_S, httponly=True, samesite="Lax", secure=request.is_secure)
    else:
        response.delete_cookie(cookie, httponly=True, samesite="Lax", secure=request.is_secure)
    return response


def offer(app: Flask, label: str, endpoint: str, permission: str) -> None:
    """Put a page into the navigation of everybody who holds its permission, after those offered before."""
    app.extensions.setdefault("nightlight.pages", []).append(PageOffer(label, endpoint, permission))


def _links(app: Flask) -> Iterator[Link]:
    if "actor" not in g or present_actor().kind == "share":
        return
    offers: list[PageOffer] = app.extensions.get("nightlight.pages", [])
    for page in offers:
        if present_actor().may(page.permission):
            yield Link(page.label, url_for(page.endpoint), request.endpoint == page.endpoint)
    if present_actor().is_nobody and request.blueprint == "glance":
        yield Link("Sign in", url_for("signing_in.page"), False)


def present_look(app: Flask) -> Look:
    """Return how this viewer sees pages. The person's name is told to nobody who may not see the readings.

    Works without the store too: the page that says that it does not answer has to be drawn as well.
    """
    known = None
    if "actor" in g and present_actor().may("api:entries:read"):
        with suppress(NightlightError):
            known = viewer_of(present_actor()).person
    name = known.name if known else ""
    unit = chosen_unit(known.unit if known else Unit.MGDL)
    return Look(name or "Nightlight", chosen_theme(), unit, tuple(_links(app)))


def register(app: Flask) -> None:
    """Give every template ``look``."""

    @app.context_processor
    def give_look() -> dict[str, Any]:
        return {"look": present_look(app)} if has_request_context() else {}

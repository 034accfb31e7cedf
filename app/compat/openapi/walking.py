"""The routes of Nightscout's surface as they run: what the URL map and the views say of themselves."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from flask import Flask
from werkzeug.routing import Rule

from app.compat import versions
from app.compat.credentials import looks_at_credentials, tolerates
from app.compat.openapi.describing import View
from app.compat.v3 import about
from app.compat.v3.access import decided_by
from app.identity.door import needed_by

_SURFACE = "app.compat."
_V3 = f"{_SURFACE}v3."
_VARIABLE = re.compile(r"<(?:[^<>:]+:)?([^<>:]+)>")
_NOWHERE = (versions.unknown, about.unknown)
_UNSEEN = frozenset({"HEAD", "OPTIONS"})


@dataclass(frozen=True, slots=True)
class Route:
    """One method of one path, ``/api/v1/entries/{spec}``, and the view that answers."""

    path: str
    method: str
    endpoint: str
    view: View

    @property
    def variables(self) -> tuple[str, ...]:
        """Return the names of the path's variables, in order."""
        return tuple(re.findall(r"{(\w+)}", self.path))

    @property
    def permissions(self) -> tuple[str, ...]:
        """Return the permissions it needs; () when anybody may ask."""
        return needed_by(self.view) or ()

    @property
    def decided_by(self) -> str:
        """Return what decides which permission it needs; "" where ``permissions`` tells."""
        return decided_by(self.view)

    @property
    def looks_at_credentials(self) -> bool:
        """Tell whether a credential changes the answer."""
        return looks_at_credentials(self.view)

    @property
    def refuses(self) -> bool:
        """Tell whether a bad credential, or none, is refused."""
        return bool(self.permissions or self.decided_by) or (self.looks_at_credentials and not tolerates(self.view))

    @property
    def is_of_v3(self) -> bool:
        """Tell whether it answers in the manner of API v3."""
        return self.view.__module__.startswith(_V3)

    @property
    def summary(self) -> str:
        """Return what the view promises, in one line without its full stop."""
        return _told(self.view)[0].rstrip(".")

    @property
    def description(self) -> str:
        """Return what the view says beyond that line."""
        return " ".join(_told(self.view)[1].split())

    @property
    def subject(self) -> str:
        """Return what the route is about: the name of its module, behind ``v3`` for those of that version."""
        *_, room, name = self.view.__module__.split(".")
        if self.is_of_v3:
            return f"{room} {name}"
        return (room if name == "routes" else name).replace("_", " ")

    @property
    def about_subject(self) -> str:
        """Return what its module says of itself, in one line."""
        return _told(sys.modules[self.view.__module__])[0]


def _told(documented: object) -> tuple[str, str]:
    first, _, rest = (documented.__doc__ or "").replace("``", "`").strip().partition("\n")
    return first, rest


def template_of(rule: str) -> str:
    """Return the path of a rule as documents write it: ``/api/v3/{collection}``."""
    return _VARIABLE.sub(r"{\1}", rule).rstrip("/")


def routes_of(app: Flask) -> list[Route]:
    """Return every route of the surface, in the order in which they were added."""
    return [route for rule in app.url_map.iter_rules() for route in _routes_in(app, rule)]


def _routes_in(app: Flask, rule: Rule) -> Iterator[Route]:
    view: Any = app.view_functions[rule.endpoint]
    path = template_of(rule.rule)
    if not view.__module__.startswith(_SURFACE) or view in _NOWHERE:
        return
    for method in sorted((rule.methods or set()) - _UNSEEN):
        yield Route(path, method, rule.endpoint, view)

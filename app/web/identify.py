"""Who opens a page: for now everybody is a visitor with the default roles.

An open live page is identified again and again: each call looks anew, so that what has ended is noticed.
"""

from __future__ import annotations

from flask import Request

from app.actor import NOBODY, Actor
from app.identity.door import house
from app.identity.roles import Roles


def identify(request: Request) -> Actor:
    """Return the actor of a request to a page."""
    shared = house()
    return Actor("nobody", NOBODY.label, Roles(shared.settings, shared.store, shared.clock).default_grants)


def nobody(request: Request) -> Actor:
    """Return nobody, for what anybody may have: no credential is looked at."""
    return NOBODY

"""The door: the one place where a request becomes an actor, and where every view is let through or not.

Each surface guards its blueprint with its own way to identify a request. A view says what it needs with ``@requires``
or, when anybody may see it, ``@public``; a view that says neither is closed to all.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from flask import Blueprint, Flask, Request, current_app, g, request

from app.actor import Actor
from app.errors import Forbidden, Unauthenticated
from app.house import House
from app.identity.nightscout import NightscoutAccess

View = TypeVar("View", bound=Callable[..., Any])
Identify = Callable[[Request], Actor]

NEEDS = "_needs_permissions"


def requires(*permissions: str) -> Callable[[View], View]:
    """Declare that a view needs all of these permissions, for instance ``api:entries:read``."""

    def mark(view: View) -> View:
        setattr(view, NEEDS, permissions)
        return view

    return mark


def public(reason: str) -> Callable[[View], View]:
    """Declare that anybody may reach a view, and say why."""
    if not reason:
        raise ValueError("a public view says why it is public")
    return requires()


def needed_by(view: Callable[..., Any]) -> tuple[str, ...] | None:
    """Return the permissions a view declared, () for a public one, None when it declared nothing."""
    permissions: tuple[str, ...] | None = getattr(view, NEEDS, None)
    return permissions


def guard(blueprint: Blueprint, identify: Identify) -> None:
    """Let a request into this blueprint's views only as the actor ``identify`` makes of it.

    ``identify`` returns an actor (nobody's, with the default roles, when no credential was presented) or raises
    ``Unauthenticated`` for a bad credential. Raises ``Unauthenticated`` or ``Forbidden`` when the actor may not.
    """

    @blueprint.before_request
    def let_in() -> None:
        view = current_app.view_functions[request.endpoint or ""]
        permissions = needed_by(view)
        if permissions is None:
            raise Forbidden("This page is closed")
        g.actor = identify(request)
        check(*permissions)


def check(*permissions: str) -> None:
    """Raise ``Unauthenticated`` or ``Forbidden`` unless the present actor holds all of these permissions."""
    actor = present_actor()
    if actor.may_all(permissions):
        return
    if actor.is_nobody:
        raise Unauthenticated("Nobody is signed in")
    raise Forbidden("This credential does not allow that")


def present_actor() -> Actor:
    """Return the actor of the present request."""
    actor: Actor = g.actor
    return actor


def open_door(app: Flask, house: House) -> None:
    """Give an application what its process shares, and one memory of who programs are for all its surfaces."""
    app.extensions["house"] = house
    app.extensions["nightscout access"] = NightscoutAccess(house.settings, house.store, house.clock, house.keyring)


def nightscout_access() -> NightscoutAccess:
    """Return how this process knows programs by Nightscout's credentials."""
    access: NightscoutAccess = current_app.extensions["nightscout access"]
    return access


def house() -> House:
    """Return what this process shares: settings, store, clock, keys."""
    shared: House = current_app.extensions["house"]
    return shared

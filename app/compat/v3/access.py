"""Who may do what in API v3: a bearer and nothing else, 401 for who is not known, 403 with the missing permission.

Which permission a view needs depends on the collection, and for a write on what is stored. So views say ``signed_in``,
with what decides, and ask ``demand`` or ``allowed_in`` once they know.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from flask import Request, current_app

from app.actor import Actor
from app.compat.credentials import REFUSED, looks_at_credentials
from app.compat.errors import Refusal
from app.compat.quirks import quirk
from app.compat.services import surface
from app.errors import Forbidden, Unauthenticated
from app.identity.door import check, house, present_actor, requires
from app.identity.refusals import CredentialEnded
from app.records.identified_documents import Allowed

View = TypeVar("View", bound=Callable[..., Any])

MISSING = "Missing or bad access token or JWT"
BAD = "Bad access token or JWT"

EVERYBODY = Actor(kind="nobody", label="nobody", grants=("*",))
"""Who asks while ``API3_SECURITY_ENABLE`` is off."""

_DECIDED_BY = "_permission_decided_by"


def signed_in(decided_by: str) -> Callable[[View], View]:
    """Declare that a view is for those who are signed in, and what decides what else it needs."""

    def mark(view: View) -> View:
        setattr(view, _DECIDED_BY, decided_by)
        return requires()(view)

    return mark


def decided_by(view: Callable[..., Any]) -> str:
    """Return what decides which permission a view needs; "" where it declares that itself."""
    return str(getattr(view, _DECIDED_BY, ""))


@quirk("a bearer with nothing behind it is 401", "AndroidAPS")
def identify_bearer(request: Request) -> Actor:
    """Return who asks. Raises ``Unauthenticated`` for a bad bearer, ``Refusal`` for none and for one that has ended."""
    if not looks_at_credentials(current_app.view_functions[request.endpoint or ""]):
        return REFUSED
    if not house().settings["API3_SECURITY_ENABLE"]:
        return EVERYBODY
    try:
        actor = surface().gate.identify_bearer(request)
    except CredentialEnded:
        raise Refusal(403, BAD) from None
    if actor.is_nobody:
        raise Refusal(401, MISSING)
    return actor


def demand(permission: str) -> None:
    """Raise ``Refusal`` unless the present actor holds this permission."""
    try:
        check(permission)
    except (Forbidden, Unauthenticated):
        raise Refusal(403, f"Missing permission {permission}") from None


def demand_listing(collection: str) -> None:
    """Raise ``Refusal`` unless the present actor may see all there is; settings of apps are for administrators."""
    demand(listing_permission(collection))


def listing_permission(collection: str) -> str:
    """Return the permission to search a collection and to follow it."""
    return f"api:{collection}:{'admin' if collection == 'settings' else 'read'}"


def allowed_in(collection: str) -> Allowed:
    """Return what raises ``Refusal`` unless the present actor may do an act in this collection."""
    return lambda act: demand(f"api:{collection}:{act}")


def granted_acts(collection: str) -> str:
    """Return which acts the present actor may do in a collection, as the letters of create, read, update, delete."""
    actor = present_actor()
    return "".join(act[0] for act in ("create", "read", "update", "delete") if actor.may(f"api:{collection}:{act}"))

"""Nightscout's roles: names for sets of permissions. Seven are built in; a stored role of the same name takes its
place.
"""

from __future__ import annotations

from collections.abc import Iterable

from app.clock import Clock
from app.config import Settings
from app.identity.permissions import listed
from app.identity.stored_documents import StoredDocuments, name_of
from app.store.interface import Document, Store

BUILT_IN: dict[str, tuple[str, ...]] = {
    "admin": ("*",),
    "denied": (),
    "status-only": ("api:status:read",),
    "readable": ("*:*:read",),
    "careportal": ("api:treatments:create",),
    "devicestatus-upload": ("api:devicestatus:create",),
    "activity": ("api:activity:create",),
}


def default_role_names(settings: Settings) -> tuple[str, ...]:
    """Return the roles of a visitor without a credential: ``AUTH_DEFAULT_ROLES`` and what ``TREATMENTS_AUTH`` adds."""
    given = settings["AUTH_DEFAULT_ROLES"].replace(",", " ").replace(":", " ").split()
    return tuple(given) if settings["TREATMENTS_AUTH"] else (*given, "careportal")


class Roles:
    """The roles of this site; ``documents`` writes them."""

    def __init__(self, settings: Settings, store: Store, clock: Clock) -> None:
        collection = settings["MONGO_AUTHENTICATION_COLLECTIONS_PREFIX"] + "roles"
        self.documents = StoredDocuments(store, clock, collection, "role")
        self.default_names = default_role_names(settings)

    def in_order(self) -> list[Document]:
        """Return built-in (without ``_id``) and stored roles, sorted by name."""
        stored = self.documents.all()
        taken = {name_of(role) for role in stored}
        built_in: list[Document] = [
            {"name": name, "permissions": [*permissions]} for name, permissions in BUILT_IN.items() if name not in taken
        ]
        return [dict(role) for role in sorted([*stored, *built_in], key=name_of)]

    def stored_permissions(self, name: str) -> object:
        """Return a role's permissions as they are stored: a list, a plain string, or [] for an unknown role."""
        for role in self.documents.all():
            if name_of(role) == name:
                return role.get("permissions", [])
        return [*BUILT_IN.get(name, ())]

    def grants_of(self, names: Iterable[str]) -> tuple[str, ...]:
        """Return the permissions these roles have together, each once; unknown roles have none."""
        return tuple(dict.fromkeys(grant for name in names for grant in listed(self.stored_permissions(name))))

    @property
    def default_grants(self) -> tuple[str, ...]:
        """Return the permissions of a visitor without a credential, which everybody else has too."""
        return self.grants_of(self.default_names)

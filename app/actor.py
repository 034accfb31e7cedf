"""Who acts, and the one check of what they may do.

An ``Actor`` is made at the door from a credential and handed down to every service. Permission strings are
Nightscout's: parts separated by ``:``, a part may be a comma list, a granted ``*`` covers any part at its level.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Literal

ActorKind = Literal["nobody", "secret", "token", "account", "share", "system"]


def _covers(granted: str, wanted_parts: Sequence[str]) -> bool:
    granted_parts = granted.split(":") if granted else []
    if not granted_parts or len(granted_parts) > len(wanted_parts):
        return False
    for have, want in zip(granted_parts, wanted_parts, strict=False):
        allowed = have.split(",")
        if "*" not in allowed and want not in allowed:
            return False
    return True


def permits(grants: Iterable[str], wanted: str) -> bool:
    """Tell whether these granted permission strings together cover the wanted one.

    A grant shorter than the wish covers everything below it; a longer one does not match. A wanted comma list needs
    all its alternatives, whichever grants bring them; a wanted ``*`` is met only by a granted ``*``.
    """
    held = tuple(grants)
    alternatives = product(*(part.split(",") for part in wanted.split(":")))
    return all(any(_covers(grant, parts) for grant in held) for parts in alternatives)


@dataclass(frozen=True, slots=True)
class Actor:
    """Somebody who asks: what kind, a label fit for logs and audit, and the permissions granted.

    ``label`` never holds a secret ("account:mum", "token:xdrip", "share:Dr Weber", "uploader:dexcom"). ``id`` is the
    document behind the credential, ``expires_at_ms`` the moment the grant ends by itself.
    """

    kind: ActorKind
    label: str
    grants: tuple[str, ...] = ()
    id: str = ""
    expires_at_ms: int | None = None

    def may(self, permission: str) -> bool:
        """Tell whether this actor holds ``permission``, for instance ``api:entries:read``."""
        return permits(self.grants, permission)

    def may_all(self, permissions: Iterable[str]) -> bool:
        """Tell whether this actor holds every one of ``permissions``."""
        return all(self.may(permission) for permission in permissions)

    @property
    def is_nobody(self) -> bool:
        """True when no credential was presented."""
        return self.kind == "nobody"


NOBODY = Actor(kind="nobody", label="nobody")


def system_actor(label: str) -> Actor:
    """Return the actor for work the program does by itself, for instance ``uploader:dexcom``."""
    return Actor(kind="system", label=label, grants=("*",))

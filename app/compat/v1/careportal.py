"""What exists only while the feature ``careportal`` is on: writing treatments and activity."""

from __future__ import annotations

from app.compat.services import surface
from app.errors import NotFound


def only_with_careportal() -> None:
    """Raise ``NotFound`` while the feature is off."""
    if not surface().features.on("careportal"):
        raise NotFound("This can only be read here")

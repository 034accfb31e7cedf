"""Which phone runs Loop: what Loop itself wrote into the newest profile."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from app.commands.command import CommandFailed

_BUNDLE_ID = re.compile(r"[A-Za-z0-9.-]{1,155}")


@dataclass(frozen=True, slots=True)
class Device:
    """A phone as Apple knows it: its address, which is a secret, and the app on it."""

    token: str = field(repr=False)
    bundle_id: str


def device_in(profile: Mapping[str, Any] | None) -> Device:
    """Return the phone named in a profile's ``loopSettings``. Raises ``CommandFailed`` with Nightscout's words."""
    settings = (profile or {}).get("loopSettings")
    if not isinstance(settings, Mapping):
        raise CommandFailed("Loop notification failed: Could not find loopSettings in profile.")
    token, bundle_id = settings.get("deviceToken"), settings.get("bundleIdentifier")
    if not isinstance(token, str) or not token:
        raise CommandFailed("Loop notification failed: Could not find deviceToken in loopSettings.")
    if not isinstance(bundle_id, str) or not _BUNDLE_ID.fullmatch(bundle_id):
        raise CommandFailed("Loop notification failed: Could not find bundleIdentifier in loopSettings.")
    return Device(token, bundle_id)

"""What a property has to say, as a member of it."""

from __future__ import annotations

from typing import Any

from app.alarms.notice import Notice


def notification(notice: Notice | None) -> dict[str, Any]:
    """Return the member ``notification`` of a property, nothing where there is nothing to say."""
    if notice is None:
        return {}
    told = {"title": notice.title, "message": notice.message, "pushoverSound": notice.sound}
    return {"notification": told | {"level": notice.level, "group": notice.group}}

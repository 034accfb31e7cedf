"""Notices for administrators: their number for anybody, their words for who may administer."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response

from app.compat.answers import json_answer
from app.compat.credentials import tolerates_bad_credentials
from app.compat.services import surface
from app.identity.door import present_actor, public
from app.identity.notices import Notice


def add_routes(v1: Blueprint) -> None:
    """Add the route of the notices."""
    v1.add_url_rule("/adminnotifies", view_func=list_notices)


@tolerates_bad_credentials
@public("says how many notices there are, and what they say only to administrators")
def list_notices() -> Response:
    """Answer with the number of notices, and with the notices for who may administer."""
    notices = surface().access.notices.shown()
    told = [_told(notice) for notice in notices] if present_actor().may("*:*:admin") else []
    return json_answer({"status": 200, "message": {"notifies": told, "notifyCount": len(notices)}})


def _told(notice: Notice) -> dict[str, Any]:
    lasting = {"persistent": True} if notice.persistent else {}
    told = {"title": notice.title, "message": notice.message}
    return told | lasting | {"count": notice.count, "lastRecorded": notice.last_recorded_ms}

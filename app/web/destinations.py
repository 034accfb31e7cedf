"""Where somebody may be sent after signing in or showing a code: pages of ours, known by name, and nothing else."""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import current_app, url_for
from werkzeug.exceptions import HTTPException

PAGES = frozenset(
    {
        *("glance.page", "person.page", "audit.page"),
        *("account.page", "account.password", "account.authenticator", "account.recovery_codes"),
        *("devices.page", "devices.new"),
        *("uploaders.page", "uploaders.choose", "uploaders.add", "uploaders.edit"),
        *("sharing.page", "sharing.new"),
    }
)


def page_at(address: str) -> str:
    """Return the address of the page this means, made anew from its name, or "" when it is none of those."""
    try:
        path = urlsplit(address).path
        endpoint, arguments = current_app.url_map.bind("").match(path, method="GET")
    except (ValueError, HTTPException):
        return ""
    return url_for(endpoint, **arguments) if endpoint in PAGES else ""


def page_or_now(address: str) -> str:
    """Return the same, and the page of now where there is none."""
    return page_at(address) or url_for("glance.page")

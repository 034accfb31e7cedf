"""Which site a web address means, so that two addresses of one site are known to be that."""

from __future__ import annotations

from urllib.parse import urlsplit

Site = tuple[str, int]
_USUAL_PORTS = {80, 443}


def site_of(address: object) -> Site | None:
    """Return host and port of an address, None when it is none.

    The usual ports of http and https are one: a site answers on the one by sending its visitors to the other.
    """
    if not isinstance(address, str):
        return None
    try:
        parts = urlsplit(address)
        port = parts.port or 443
    except ValueError:
        return None
    if not parts.hostname:
        return None
    return parts.hostname.rstrip("."), 443 if port in _USUAL_PORTS else port

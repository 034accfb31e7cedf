"""Where a request really comes from, and whether it travelled encrypted: what a proxy says, believed only from a proxy.

``trust`` is the setting ``TRUST_PROXY``: ``on`` believes everybody, ``off`` nobody, ``auto`` a peer whose address is
private or loopback, because a server that is reached through a proxy is reached from nowhere else.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from ipaddress import ip_address, ip_network
from typing import Protocol

_HEADERS = ("x-forwarded-for", "x-real-ip", "forwarded", "z-forwarded-for", "fastly-client-ip")
_FORWARDED_FOR = re.compile(r'for="?([^;,"]+)', re.IGNORECASE)
_FORWARDED_PROTO = re.compile(r'(?:^|[;,\s])proto="?(\w+)', re.IGNORECASE)
_WITH_PORT = re.compile(r"\[([^\]]+)\](?::\d+)?|([\d.]+):\d+")


# Not what ``ipaddress`` calls private: that counts addresses reserved for documentation and tests too.
_PRIVATE = tuple(
    ip_network(network)
    for network in (
        "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "127.0.0.0/8", "169.254.0.0/16", "100.64.0.0/10",
        "::1/128", "fc00::/7", "fe80::/10",
    )
)  # fmt: skip


class Headers(Protocol):
    """The headers of a request, found by name in any case."""

    def get(self, name: str, default: str, /) -> str:
        """Return the value, or ``default``."""
        ...


def address_of(headers: Headers, peer: str, trust: str) -> str:
    """Return the client's address as text: the socket's ``peer``, or what a believed proxy says.

    Of a list the last public address counts: proxies append, so everything before it is what the client claims.
    """
    if not _believed(peer, trust):
        return peer
    for name in _HEADERS:
        told = list(_addresses(name, headers.get(name, "")))
        if told:
            return next((address for address in reversed(told) if not _is_private(address)), told[0])
    return peer


def is_https(headers: Headers, scheme: str, peer: str, trust: str) -> bool:
    """Tell whether the client's own connection is encrypted: ``scheme`` is the socket's."""
    if scheme == "https":
        return True
    if not _believed(peer, trust):
        return False
    told = headers.get("x-forwarded-proto", "").partition(",")[0].strip().lower()
    if not told:
        found = _FORWARDED_PROTO.search(headers.get("forwarded", ""))
        told = found[1].lower() if found else ""
    return told == "https"


def is_loopback_name(host: str) -> bool:
    """Tell whether a ``Host`` header names this very machine: ``localhost``, ``127.0.0.1``, ``[::1]``, any port."""
    bare = _without_port(host.strip().lower())
    name = bare.rsplit(":", 1)[0] if bare.count(":") == 1 else bare
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return False


def _believed(peer: str, trust: str) -> bool:
    return trust == "on" or (trust == "auto" and _is_private(peer))


def _is_private(address: str) -> bool:
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        # A socket in the file system has no address; nobody but a proxy of this machine speaks through it.
        return not address
    mapped = getattr(found, "ipv4_mapped", None) or found
    return any(mapped in network for network in _PRIVATE)


def _addresses(name: str, value: str) -> Iterator[str]:
    listed = _FORWARDED_FOR.findall(value) if name == "forwarded" else value.split(",")
    for entry in listed:
        address = _without_port(entry.strip())
        try:
            ip_address(address.partition("%")[0])
        except ValueError:
            continue
        yield address


def _without_port(text: str) -> str:
    found = _WITH_PORT.fullmatch(text)
    return found[1] or found[2] if found else text

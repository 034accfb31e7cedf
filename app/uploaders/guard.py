"""The network under every call to a vendor: which addresses may be reached, and for how long.

A name is resolved here and the connection goes to the very address that was checked, so that neither a redirect nor a
name that means something else the second time leads into the house's own network. Every wait is cut at the end of the
call, however slowly the other side drips.
"""

from __future__ import annotations

import functools
import ipaddress
import socket
import ssl
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import httpcore
import httpx

from app.clock import Clock
from app.uploaders.errors import ActionRequired, Transient

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address

_NAT64 = ipaddress.ip_network("64:ff9b::/96")


@dataclass(frozen=True, slots=True)
class Limits:
    """How long one call may take in all, how long until the connection stands, the largest answer, the longest rest."""

    total_s: float = 30.0
    connect_s: float = 10.0
    body_bytes: int = 32 * 1024 * 1024
    rest_s: float = 10.0


def meant_by(address: IPAddress) -> IPAddress:
    """Return the IPv4 address that an IPv6 one wraps (mapped, 6to4, NAT64), else the address itself."""
    if isinstance(address, ipaddress.IPv6Address):
        if address in _NAT64:
            return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        return address.ipv4_mapped or address.sixtofour or address
    return address


def is_public(address: IPAddress) -> bool:
    """Tell whether an address is one of the open internet."""
    address = meant_by(address)
    return address.is_global and not address.is_multicast and not address.is_reserved


def is_never_a_source(address: IPAddress) -> bool:
    """Tell whether no uploader ever has business there: link-local (cloud metadata), multicast, unspecified."""
    address = meant_by(address)
    return address.is_link_local or address.is_multicast or address.is_unspecified


def addresses_of(host: str, port: int) -> list[IPAddress]:
    """Return the addresses a host name stands for. Raises ``httpcore.ConnectError`` for an unknown name."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise httpcore.ConnectError("name not found") from None
    return [ipaddress.ip_address(str(row[4][0]).partition("%")[0]) for row in found]


class _CutStream(httpcore.NetworkStream):
    """A connection whose every wait ends with the call."""

    def __init__(self, stream: httpcore.NetworkStream, network: GuardedNetwork) -> None:
        self._stream = stream
        self._network = network

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Read what has come, waiting no longer than the call lasts."""
        return self._stream.read(max_bytes, self._network.left_s())

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Write, waiting no longer than the call lasts."""
        self._stream.write(buffer, self._network.left_s())

    def close(self) -> None:
        """Close the connection."""
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        """Speak TLS from here on. Raises ``Transient`` for a certificate that is not valid for this name."""
        wait_s = min(self._network.limits.connect_s, self._network.left_s())
        try:
            encrypted = self._stream.start_tls(ssl_context, server_hostname, wait_s)
        except httpcore.ConnectError as failed:
            if isinstance(failed.__cause__, ssl.SSLCertVerificationError):
                raise Transient(
                    f"The certificate of {server_hostname} is not valid", hint="Its owner has to renew or replace it."
                ) from None
            raise
        return _CutStream(encrypted, self._network)

    def get_extra_info(self, info: str) -> Any:
        """Return what the connection knows of itself."""
        return self._stream.get_extra_info(info)


class GuardedNetwork(httpcore.NetworkBackend):
    """Connects to allowed addresses only, until ``end_s`` on the clock's monotonic scale."""

    def __init__(self, clock: Clock, limits: Limits, *, private_allowed: bool) -> None:
        self.limits = limits
        self.encrypted = True
        self.end_s = 0.0
        self._clock = clock
        self._private_allowed = private_allowed
        self._plain = httpcore.SyncBackend()

    def left_s(self) -> float:
        """Return the seconds left of the present call. Raises ``httpcore.ReadTimeout`` when there are none."""
        left = self.end_s - self._clock.monotonic_s()
        if left <= 0:
            raise httpcore.ReadTimeout("the call took too long")
        return left

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        """Connect to the first allowed address that answers. Raises ``ActionRequired`` when none is allowed."""
        allowed = [address for address in addresses_of(host, port) if self._may_reach(address)]
        if not allowed:
            raise _refused(host, private_allowed=self._private_allowed)
        problem: Exception = httpcore.ConnectError("no address")
        for address in allowed:
            wait_s = min(self.limits.connect_s, self.left_s())
            try:
                return _CutStream(self._plain.connect_tcp(str(address), port, wait_s), self)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as failed:
                problem = failed
        raise problem

    def _may_reach(self, address: IPAddress) -> bool:
        if is_never_a_source(address):
            return False
        if is_public(address):
            # A password must not cross the open internet in the clear, whatever is allowed at home.
            return self.encrypted
        return self._private_allowed


def _refused(host: str, *, private_allowed: bool) -> ActionRequired:
    if private_allowed:
        return ActionRequired(
            f"The address {host} may not be reached like this",
            kind="address",
            hint="Use https:// for an address on the internet.",
        )
    return ActionRequired(
        f"The address {host} is inside a private network",
        kind="address",
        hint="Use its public https address, or set ALLOW_PRIVATE_SOURCES=on if the source is at home.",
    )


@functools.cache
def _trusted() -> ssl.SSLContext:
    return httpx.create_ssl_context(trust_env=False)


class _Body(httpx.SyncByteStream):
    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def __iter__(self) -> Any:
        yield from self._stream

    def close(self) -> None:
        self._stream.close()


class GuardedTransport(httpx.BaseTransport):
    """What an ``httpx.Client`` sends through: every request, redirected or not, is checked and cut here."""

    def __init__(self, clock: Clock, limits: Limits, *, private_allowed: bool) -> None:
        self._clock = clock
        self._limits = limits
        self._private_allowed = private_allowed
        self._network = GuardedNetwork(clock, limits, private_allowed=private_allowed)
        self._pool = httpcore.ConnectionPool(ssl_context=_trusted(), network_backend=self._network)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request. Raises ``ActionRequired`` for an address we may not reach, else ``httpcore``'s errors."""
        if request.url.scheme != "https" and not (request.url.scheme == "http" and self._private_allowed):
            raise ActionRequired(
                "The address does not begin with https://",
                kind="address",
                hint="Use its https address, or set ALLOW_PRIVATE_SOURCES=on if the source is at home.",
            )
        self._network.encrypted = request.url.scheme == "https"
        longest_s: float = request.extensions.get("longest_s", self._limits.total_s)
        self._network.end_s = self._clock.monotonic_s() + min(longest_s, self._limits.total_s)
        url = request.url
        answer = self._pool.handle_request(
            httpcore.Request(
                request.method,
                httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path),
                headers=request.headers.raw,
                content=request.stream,
            )
        )
        return httpx.Response(answer.status, headers=answer.headers, stream=_Body(answer.stream))

    def close(self) -> None:
        """Close the connections."""
        self._pool.close()

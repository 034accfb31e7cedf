"""Where a request came from, as far as identity cares: an address and what the program calls itself."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address, ip_network

LONGEST_USER_AGENT = 200


@dataclass(frozen=True, slots=True)
class Peer:
    """The other end of a request. ``address`` is an IP address as text, ``user_agent`` whatever the program says.

    Both are kept beside sessions and audit rows; a user agent longer than 200 characters is cut.
    """

    address: str = ""
    user_agent: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "user_agent", self.user_agent[:LONGEST_USER_AGENT])

    @property
    def neighbourhood(self) -> str:
        """Return the name attempts are counted under: the IPv4 address, or the /64 an IPv6 household owns."""
        try:
            address = ip_address(self.address.partition("%")[0])
        except ValueError:
            return self.address[:64]
        if isinstance(address, IPv6Address):
            if address.ipv4_mapped:
                return str(address.ipv4_mapped)
            return str(ip_network((int(address), 64), strict=False))
        return str(address)


NO_PEER = Peer()
"""For acts of the program itself and of the operator at the server."""

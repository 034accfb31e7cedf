"""A session in Engine.IO 3 and Socket.IO 2, as LoopFollow and other older clients speak them.

Everything behind the session is the same as for everybody else; only the framing is translated here. What differs: a
payload is ``<length>:<packet>`` one after the other, with lengths in UTF-16 units; the client pings and the server
answers; the root namespace is joined without asking; and a namespace is confirmed without a body.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterable
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from engineio import packet

from app.compat.sockets.connection import Connection

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

_BEYOND_ASCII = re.compile(r"[^\x00-\x7f]")
_LENGTH = re.compile(r"(\d{1,9}):", re.ASCII)
_CONNECTED = re.compile(r"0(/[^,]*,)?\{.*\}", re.DOTALL)
_REFUSED = re.compile(r'4(/[^,]*,)?(?:\{"message":("(?:[^"\\]|\\.)*").*\}|("(?:[^"\\]|\\.)*"))', re.DOTALL)
_ROOT_CONNECTS = ("0", "0/", "0/,")


class ConnectionV3(Connection):
    """A session whose client speaks Engine.IO 3."""

    def __init__(self, server: Any, sid: str) -> None:
        super().__init__(server, sid)
        self._heard_at_s = time.time()

    def greet(self) -> None:
        """Join the root namespace for the client, who takes that for granted."""
        self.server.trigger_message(self.sid, "0")

    def ping(self) -> None:
        """Ask nothing: the client does."""

    def check_ping_timeout(self) -> bool:
        """Tell whether the client still pings; end the session when it has stopped."""
        # What the other version measures from its own ping is measured from the client's.
        self.last_ping = self._heard_at_s + self.server.ping_interval
        return bool(super().check_ping_timeout())

    def take(self, received: packet.Packet) -> None:
        """Take one packet from the client."""
        self.receive(received)

    def receive(self, pkt: packet.Packet) -> None:
        """Take one packet from the client, and answer its ping."""
        self._heard_at_s = time.time()
        if pkt.packet_type == packet.PING:
            self.send(packet.Packet(packet.PONG, pkt.data or None))
        elif pkt.packet_type != packet.MESSAGE or pkt.data not in _ROOT_CONNECTS:
            super().receive(pkt)

    def send(self, pkt: packet.Packet) -> None:
        """Send a packet, in the client's words."""
        if pkt.packet_type == packet.MESSAGE and isinstance(pkt.data, str):
            pkt = _older(pkt.data)
        super().send(pkt)

    def handle_get_request(self, environ: WSGIEnvironment, start_response: StartResponse) -> Any:
        """Answer a poll in this version's payload, or become a websocket."""
        answered = super().handle_get_request(environ, start_response)
        return self.payload_of(answered) if isinstance(answered, list) else answered

    def payload_of(self, packets: Iterable[packet.Packet]) -> dict[str, Any]:
        """Return the answer that holds these packets."""
        encoded = [each.encode(b64=True) for each in packets]
        body = "".join(f"{_units(each)}:{each}" for each in encoded)
        headers = [("Content-Type", "text/plain; charset=UTF-8")]
        return {"status": "200 OK", "headers": headers, "response": body.encode()}

    def packets_in(self, body: str) -> Iterable[packet.Packet]:
        """Return the packets of a payload. Raises ``ValueError``."""
        units = body.encode("utf-16-le")
        found, at = [], 0
        while at < len(units):
            length = _LENGTH.match(units[at : at + 20].decode("utf-16-le", "ignore"))
            if length is None:
                raise ValueError("a payload is lengths and packets")
            start = at + 2 * length.end()
            at = start + 2 * int(length[1])
            if at > len(units):
                raise ValueError("a packet is shorter than its length")
            found.append(packet.Packet(encoded_packet=units[start:at].decode("utf-16-le")))
        return found


@lru_cache(maxsize=64)
def _older(message: str) -> packet.Packet:
    """Return a Socket.IO packet as version 2 has it, in ASCII: clients do not agree on how long other letters are."""
    if connected := _CONNECTED.fullmatch(message):
        message = "0" + (connected[1] or "")
    elif refused := _REFUSED.fullmatch(message):
        message = "4" + (refused[1] or "") + (refused[2] or refused[3])
    return packet.Packet(packet.MESSAGE, _BEYOND_ASCII.sub(_escaped, message))


def _escaped(found: re.Match[str]) -> str:
    units = found[0].encode("utf-16-be")
    return "".join(f"\\u{units[at]:02x}{units[at + 1]:02x}" for at in range(0, len(units), 2))


def _units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2

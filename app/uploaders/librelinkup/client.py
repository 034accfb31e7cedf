"""Speaks LibreLinkUp's protocol. Knows nothing of Nightscout."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from app.uploaders.errors import SchemaChanged, SessionExpired
from app.uploaders.librelinkup.errors import failure_of, refused
from app.uploaders.transport import Answer, Line

_REGION = re.compile(r"[a-z0-9]{2,4}")
_VERSION = re.compile(r"\d{1,4}(\.\d{1,4}){1,3}")


def host_of(constants: Mapping[str, Any], region: str, server: str = "") -> str:
    """Return the address of a region, "" being the one that knows where accounts live.

    ``constants`` are the vendor's. ``server`` is another address, in which ``{region}`` stands for the region. Raises
    ``SchemaChanged`` for a name that cannot be a region: it becomes part of the host the password is sent to.
    """
    if region and not _REGION.fullmatch(region):
        raise SchemaChanged("LibreLinkUp sent us to a region with an impossible name")
    if server:
        return server.replace("{region}", region or "any").rstrip("/")
    if not region:
        return str(constants["host"])
    return str(constants["other_hosts"].get(region) or constants["region_host"].replace("{region}", region))


def is_newer(version: str, than: str) -> bool:
    """Tell whether an app version is well formed and above another."""
    return bool(_VERSION.fullmatch(version)) and _parts(version) > _parts(than)


def _parts(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".") if part.isdecimal())


@dataclass(frozen=True, slots=True)
class Ticket:
    """What a log-in gave: the token, when it ends (UTC epoch ms), whose account it is."""

    token: str = field(repr=False)
    expires_at_ms: int
    account_id: str


class LinkUpClient:
    """LibreLinkUp on one host, in one app version."""

    def __init__(self, line: Line, host: str, version: str, product: str) -> None:
        self._line = line
        self._host = host
        self._version = version
        self._product = product

    def log_in(self, email: str, password: str) -> Ticket:
        """Log in. Raises ``AuthInvalid``, ``Locked``, ``NextStep``, ``RegionMoved``, ``VersionTooLow``."""
        try:
            found = self._send("POST", "/llu/auth/login", body={"email": email, "password": password})
        except SessionExpired:
            # There is no session yet: this 401 is about the password, and trying it again could lock the account.
            raise refused() from None
        return self._ticket(found)

    def accept(self, step: str, ticket: str) -> Ticket:
        """Accept the terms of use (``tou``) or the privacy policy (``pp``) in the owner's name; as ``log_in``."""
        return self._ticket(self._send("POST", f"/auth/continue/{step}", token=ticket))

    def connections(self, ticket: Ticket) -> list[Any]:
        """Return the patients who share with this account. Raises ``SessionExpired``, ``Transient``."""
        found = self._read("/llu/connections", ticket)
        if not isinstance(found, list):
            raise SchemaChanged("LibreLinkUp's answer holds no list of patients")
        return found

    def graph(self, ticket: Ticket, patient_id: str) -> dict[str, Any]:
        """Return the current reading, the sensor and about twelve hours of readings of one patient."""
        found = self._read(f"/llu/connections/{quote(patient_id, safe='')}/graph", ticket)
        if not isinstance(found, dict):
            raise SchemaChanged("LibreLinkUp's answer holds no readings")
        return found

    def _read(self, path: str, ticket: Ticket) -> Any:
        def ask(longest_s: float) -> Any:
            return self._send("GET", path, token=ticket.token, account_id=ticket.account_id, longest_s=longest_s)

        return self._line.read(ask)

    def _send(
        self,
        method: str,
        path: str,
        *,
        body: Any = None,
        token: str = "",
        account_id: str = "",
        longest_s: float | None = None,
    ) -> Any:
        headers = {
            "product": self._product,
            "version": self._version,
            "content-type": "application/json",
            "accept-encoding": "gzip",
            "cache-control": "no-cache",
        }
        if token:
            headers["authorization"] = f"Bearer {token}"
        if account_id:
            headers["account-id"] = hashlib.sha256(account_id.encode()).hexdigest()
        return self._judged(self._line.ask(method, self._host + path, headers=headers, body=body, longest_s=longest_s))

    def _judged(self, answer: Answer) -> Any:
        failure = failure_of(answer, self._line.clock.now_ms())
        if failure is not None:
            raise failure
        told = answer.json()
        if not isinstance(told, dict) or "data" not in told:
            raise SchemaChanged("LibreLinkUp's answer holds no data")
        return told["data"]

    def _ticket(self, found: Any) -> Ticket:
        try:
            ticket, user = found["authTicket"], found["user"]
            return Ticket(str(ticket["token"]), 1000 * int(ticket["expires"]), str(user["id"]))
        except (TypeError, KeyError, ValueError):
            raise SchemaChanged("LibreLinkUp's answer to the sign-in holds no ticket") from None

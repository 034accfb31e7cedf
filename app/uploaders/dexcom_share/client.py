"""Speaks Dexcom Share's protocol: three calls, all POST. Knows nothing of Nightscout."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from app.uploaders.dexcom_share.errors import failure_of, refused
from app.uploaders.errors import SchemaChanged
from app.uploaders.transport import Answer, Line

SERVICES = "/ShareWebServices/Services"
NO_ID = UUID(int=0)
"""What Dexcom answers, with status 200, in place of an id it does not give."""

LONGEST_MIN = 1440
MOST_READINGS = 288


@dataclass(frozen=True, slots=True)
class Region:
    """One of Dexcom's worlds: its host and the application id its apps send."""

    host: str
    application_id: str


def region_in(constants: Mapping[str, Any], name: str) -> Region:
    """Return a region as the constants of the vendor describe it."""
    told = constants["regions"][name]
    return Region(told["host"], told["application_id"])


class ShareClient:
    """Dexcom Share in one region; ``host`` may be another address than the region's own."""

    def __init__(self, line: Line, region: Region, host: str = "") -> None:
        self._line = line
        self._services = (host or region.host).rstrip("/") + SERVICES
        self._application_id = region.application_id

    def account_id(self, account_name: str, password: str) -> str:
        """Return the UUID of an account. Raises ``AuthInvalid``, ``Locked``, ``Transient``."""
        return self._log_in("AuthenticatePublisherAccount", "accountId", accountName=account_name, password=password)

    def session_id(self, account_id: str, password: str) -> str:
        """Return the UUID of a new session. Raises ``AuthInvalid``, ``Locked``, ``Transient``."""
        return self._log_in("LoginPublisherAccountById", "sessionId", accountId=account_id, password=password)

    def readings(self, session_id: str, minutes: int, most: int = MOST_READINGS) -> list[Any]:
        """Return the records of the last ``minutes`` (1 to 1440), newest first, at most 288.

        Raises ``SessionExpired``, ``RateLimited``, ``Transient``, ``SchemaChanged``.
        """
        params: dict[str, str | int] = {
            "sessionId": session_id,
            "minutes": min(max(minutes, 1), LONGEST_MIN),
            "maxCount": min(max(most, 1), MOST_READINGS),
        }

        def ask(longest_s: float) -> Any:
            url = f"{self._services}/Publisher/ReadPublisherLatestGlucoseValues"
            return self._judged(self._line.ask("POST", url, params=params, body={}, longest_s=longest_s))

        records = self._line.read(ask)
        if not isinstance(records, list):
            raise SchemaChanged("Dexcom's answer holds no list of readings")
        return records

    def _log_in(self, method: str, name: str, **credentials: str) -> str:
        answer = self._line.ask(
            "POST", f"{self._services}/General/{method}", body=credentials | {"applicationId": self._application_id}
        )
        told = self._judged(answer)
        # Some answers wrap the id in an object.
        found = told.get(name) if isinstance(told, dict) else told
        try:
            given = UUID(found)
        except (ValueError, TypeError, AttributeError):
            raise SchemaChanged("Dexcom's answer to the sign-in holds no id") from None
        if given == NO_ID:
            raise refused()
        return str(given)

    def _judged(self, answer: Answer) -> Any:
        failure = failure_of(answer, self._line.clock.now_ms())
        if failure is not None:
            raise failure
        return answer.json()

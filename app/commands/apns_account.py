"""Who we are to Apple: the key, its id and the team, as the settings name them, and the token signed with the key."""

from __future__ import annotations

import base64
import binascii
import re
import threading
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_der_private_key
from joserfc import jwt
from joserfc.jwk import ECKey

from app.clock import Clock
from app.commands.command import CommandFailed
from app.config import Settings

TEAM_ID_LENGTH = 10
REFRESH_MS = 40 * 60_000
"""Apple takes a token for an hour, and wants no new one within twenty minutes."""

_MARKS = re.compile(rb"-----(?:BEGIN|END)[A-Z ]*-----")
_BLANKS = re.compile(rb"\\[nr]|\s")


@dataclass(frozen=True, slots=True)
class ApnsAccount:
    """What signs our pushes."""

    key: ECKey = field(repr=False)
    key_id: str = field(repr=False)
    team_id: str = field(repr=False)


def account_of(settings: Settings) -> ApnsAccount:
    """Return the account the settings name. Raises ``CommandFailed`` with Nightscout's words for what is missing."""
    key, key_id, team_id = (settings[name] for name in ("LOOP_APNS_KEY", "LOOP_APNS_KEY_ID", "LOOP_DEVELOPER_TEAM_ID"))
    if not key:
        raise CommandFailed("Loop notification failed: LOOP_APNS_KEY not set.")
    if not key_id:
        raise CommandFailed("Loop notification failed: LOOP_APNS_KEY_ID not set.")
    if len(team_id) != TEAM_ID_LENGTH:
        raise CommandFailed("Loop notification failed: LOOP_DEVELOPER_TEAM_ID not set.")
    written = key_in(key).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return ApnsAccount(ECKey.import_key(written), key_id, team_id)


def key_in(text: str) -> EllipticCurvePrivateKey:
    """Return the key in a .p8 file's text, however it got into a setting: line ends lost, escaped, or all in base64.

    Raises ``CommandFailed`` when there is none in it.
    """
    raw = text.encode(errors="replace")
    try:
        for _ in range(2):  # base64 of the file, then the base64 in the file
            raw = base64.b64decode(_BLANKS.sub(b"", _MARKS.sub(b"", raw)), validate=True)
            if not _MARKS.search(raw):
                break
        key = load_der_private_key(raw, password=None)
    except (binascii.Error, ValueError, TypeError):
        key = None
    if not isinstance(key, EllipticCurvePrivateKey) or not isinstance(key.curve, SECP256R1):
        raise CommandFailed("Loop notification failed: LOOP_APNS_KEY cannot be used.")
    return key


class ProviderToken:
    """The token every push carries, signed anew every forty minutes. Safe for many threads."""

    def __init__(self, account: ApnsAccount, clock: Clock) -> None:
        self._account = account
        self._clock = clock
        self._lock = threading.Lock()
        self._text = ""
        self._signed_ms = 0

    def text(self) -> str:
        """Return the present token."""
        with self._lock:
            now_ms = self._clock.now_ms()
            if not self._text or not 0 <= now_ms - self._signed_ms < REFRESH_MS:
                header = {"alg": "ES256", "kid": self._account.key_id}
                claims = {"iss": self._account.team_id, "iat": now_ms // 1000}
                self._text = jwt.encode(header, claims, self._account.key, algorithms=["ES256"])
                self._signed_ms = now_ms
            return self._text

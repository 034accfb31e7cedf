"""Nightscout's JSON Web Tokens: a stand-in for an access token that ends by itself after eight hours.

HS256 with a key derived from this installation's keys, so they survive a restart and work in every process, whatever
``API_SECRET`` is.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

from app.clock import Clock
from app.keyring import KeyRing

LIFETIME_S = 8 * 3600
ALGORITHM = "HS256"


@dataclass(frozen=True, slots=True)
class WebToken:
    """A signed token and its claims; ``issued_at_s`` and ``expires_at_s`` are UTC epoch seconds."""

    text: str = field(repr=False)
    access_token: str = field(repr=False)
    issued_at_s: int
    expires_at_s: int


class WebTokens:
    """Signs with the newest key and checks with all of them."""

    def __init__(self, keyring: KeyRing, clock: Clock) -> None:
        self._keys = [OctKey.import_key(key) for key in keyring.derived("jwt")]
        self._clock = clock

    def sign(self, access_token: str) -> WebToken:
        """Return a token that stands for ``access_token`` from now on for eight hours."""
        issued_s = self._clock.now_ms() // 1000
        claims = {"accessToken": access_token, "iat": issued_s, "exp": issued_s + LIFETIME_S}
        text = jwt.encode({"alg": ALGORITHM, "typ": "JWT"}, claims, self._keys[0])
        return WebToken(text, access_token, issued_s, issued_s + LIFETIME_S)

    def check(self, text: str) -> WebToken | None:
        """Return what a token says, or None when it is not one of ours or has ended."""
        for key in self._keys:
            try:
                claims = jwt.decode(text, key, algorithms=[ALGORITHM]).claims
            except (JoseError, ValueError):
                continue
            if claims["exp"] * 1000 <= self._clock.now_ms():
                return None
            return WebToken(text, claims["accessToken"], claims["iat"], claims["exp"])
        return None

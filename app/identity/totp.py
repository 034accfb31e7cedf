"""Six-digit codes of an authenticator app (RFC 6238: SHA-1, 30 seconds), without any memory.

What was used already is remembered in ``second_factor``; here is only which moment a code belongs to.
"""

from __future__ import annotations

import base64
import hmac
import io
import secrets
from dataclasses import dataclass, field

import pyotp
import segno

from app.identity.codes import digits_typed, grouped

STEP_S = 30
DIGITS = 6
ACCEPTED_STEPS = 1
"""A code counts this many steps early or late: typing takes time and clocks differ by seconds (RFC 6238, 5.2)."""
SKEW_STEPS = 20
"""Up to ten minutes away a code still tells that the clock is wrong, and not the secret."""
SECRET_BYTES = 20
"""RFC 4226, 4: 160 bits are recommended."""


@dataclass(frozen=True, slots=True)
class Match:
    """The step (30-second count since 1970) a code belongs to, and how many steps ahead of now that is."""

    step: int
    ahead: int

    @property
    def accepted(self) -> bool:
        """True when the code counts now; else only the clock that made it can be told about."""
        return abs(self.ahead) <= ACCEPTED_STEPS


@dataclass(frozen=True, slots=True)
class Enrolment:
    """What a person needs to add us to an authenticator: shown once, while enrolling, and never again.

    ``uri`` is the ``otpauth:`` address, ``qr_svg`` the same as an SVG element for a page, ``secret_text`` the secret
    in groups of four for typing by hand.
    """

    uri: str = field(repr=False)
    qr_svg: str = field(repr=False)
    secret_text: str = field(repr=False)


def new_secret() -> str:
    """Return a new secret in base 32, as authenticators take it."""
    return base64.b32encode(secrets.token_bytes(SECRET_BYTES)).decode()


def enrolment_of(secret: str, *, account_name: str, site_name: str) -> Enrolment:
    """Return a secret in the forms an authenticator takes, titled with the site's and the account's name."""
    # A colon separates the two names in the address, so neither may hold one.
    account, site = (" ".join(name.replace(":", " ").split()) for name in (account_name, site_name))
    uri = pyotp.TOTP(secret).provisioning_uri(name=account, issuer_name=site)
    return Enrolment(uri=uri, qr_svg=_qr_svg(uri), secret_text=grouped(secret))


def step_at(at_ms: int) -> int:
    """Return the step an instant lies in."""
    return at_ms // (STEP_S * 1000)


def code_at(secret: str, step: int) -> str:
    """Return the code of a step."""
    return pyotp.TOTP(secret).generate_otp(step)


def match(secret: str, typed: str, now_ms: int) -> Match | None:
    """Return the step nearest to now that a typed code belongs to, or None when it is of none within ten minutes."""
    code = digits_typed(typed)
    if len(code) != DIGITS:
        return None
    now = step_at(now_ms)
    found = None
    for ahead in sorted(range(max(-SKEW_STEPS, -now), SKEW_STEPS + 1), key=abs):
        # All are compared, found or not: how long it takes tells nothing.
        if hmac.compare_digest(code_at(secret, now + ahead), code) and found is None:
            found = Match(now + ahead, ahead)
    return found


def _qr_svg(uri: str) -> str:
    written = io.BytesIO()
    # The light ground is drawn too: on a dark page a scanner would otherwise see nothing.
    segno.make(uri, error="m").save(
        written, kind="svg", xmldecl=False, svgns=False, nl=False, omitsize=True, light="#fff"
    )
    return written.getvalue().decode()

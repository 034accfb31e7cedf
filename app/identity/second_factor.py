"""Spending the codes of an authenticator: throttled, and each code good for one use, whichever process it reaches.

A code that counts is written down under its enrolment and step before it is accepted; the store's unique ``_id`` lets
one of any number of parallel uses win. A code from the near future, which tells that a clock is wrong, is written
down too: whoever guessed one would otherwise be told what to come back with in a few minutes.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from app.clock import Clock, datetime_of
from app.errors import DuplicateKey
from app.identity import throttle, totp
from app.identity.peer import Peer
from app.identity.refusals import ClockOutOfStep, UsedCode, WrongCode
from app.identity.throttle import Limit
from app.store.interface import Store

USED_CODES = throttle.COLLECTION
REMEMBERED_MS = 2 * (totp.SKEW_STEPS + totp.ACCEPTED_STEPS) * totp.STEP_S * 1000

CODES = Limit("code", tries=10, window_s=15 * 60)
CODES_A_DAY = Limit("code-day", tries=50, window_s=24 * 3600)
"""Fifty tries at three codes in a million are a chance of 1 in 6,700 a day, and only for who has the password."""
CODES_OF_ADDRESS = Limit("code-address", tries=30, window_s=15 * 60)


@dataclass(frozen=True, slots=True)
class Factor:
    """An authenticator's secret, opened, and the id of the enrolment it was made in."""

    enrolment: str
    secret: str = field(repr=False)


def count_try(store: Store, clock: Clock, account_id: str, peer: Peer) -> None:
    """Count one try at an account's codes, of either kind. Raises ``TooManyAttempts``."""
    throttle.hit(store, clock, CODES_OF_ADDRESS, peer.neighbourhood)
    throttle.hit(store, clock, CODES, account_id)
    throttle.hit(store, clock, CODES_A_DAY, account_id)


def forget_tries(store: Store, account_id: str, peer: Peer) -> None:
    """Forget the tries at an account's codes: a right one was shown."""
    throttle.clear(store, CODES_OF_ADDRESS, peer.neighbourhood)
    throttle.clear(store, CODES, account_id)
    throttle.clear(store, CODES_A_DAY, account_id)


def spend_code(store: Store, clock: Clock, factor: Factor, typed: str, *, account_id: str, peer: Peer) -> None:
    """Return when a typed code is right, and see to it that it never is again.

    Raises ``WrongCode``, ``UsedCode``, ``ClockOutOfStep`` (right for a moment up to ten minutes away) or
    ``TooManyAttempts``.
    """
    count_try(store, clock, account_id, peer)
    found = totp.match(factor.secret, typed, clock.now_ms())
    if found is None:
        raise WrongCode("This code is not right", hint="Enter the six digits your authenticator shows now.")
    is_first_use = _use_up(store, factor, found.step)
    if not found.accepted:
        raise _out_of_step(found.ahead * totp.STEP_S)
    if not is_first_use:
        raise UsedCode("This code was used already", hint="Wait for the next one.")
    forget_tries(store, account_id, peer)


def _use_up(store: Store, factor: Factor, step: int) -> bool:
    until_ms = step * totp.STEP_S * 1000 + REMEMBERED_MS
    row = {"_id": f"used-code:{factor.enrolment}:{step}", "expires_at": datetime_of(until_ms)}
    try:
        store.collection(USED_CODES).insert_one(row)
    except DuplicateKey:
        return False
    return True


def _out_of_step(ahead_s: int) -> ClockOutOfStep:
    away = f"{max(1, round(abs(ahead_s) / 60))} min {'ahead of' if ahead_s > 0 else 'behind'} this server's clock"
    return ClockOutOfStep(
        f"This code is right for a clock about {away}",
        ahead_s=ahead_s,
        hint="Let your phone set its time by itself, then enter a new code. If its time is right, the server's is not.",
    )

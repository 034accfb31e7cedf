"""Passwords and passcodes: hashed with Argon2id, checked in the same time whether or not there is anything to check.

The cost is OWASP's 46 MiB with two passes instead of one (https://cheatsheetseries.owasp.org, Password Storage):
about 75 ms on a small server. One hash runs at a time in a process, so a flood of guesses never takes more than those
46 MiB.
"""

from __future__ import annotations

import re
import threading
import unicodedata
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.low_level import Type

from app.errors import TooManyAttempts
from app.identity.refusals import PasswordTooWeak

LEAST_LENGTH = 10
MOST_LENGTH = 200
LEAST_DIFFERENT = 5
LEAST_RUN = 4
LEAST_LENGTH_WITHOUT_LETTERS = 16
LONGEST_WAIT_S = 5.0

hasher = PasswordHasher(time_cost=2, memory_cost=47_104, parallelism=1, type=Type.ID)
_turn = threading.BoundedSemaphore(1)

_OBVIOUS_WORDS = """
    password passwort motdepasse wachtwoord contrasena senha parola haslo salasana losenord passord qwerty
    qwertz azerty letmein iloveyou welcome willkommen bienvenue admin administrator superuser changeme secret
    master default login football baseball basketball princess sunshine monkey dragon superman batman starwars
    pokemon trustno whatever nightlight nightscout diabetes diabetic typeone insulin glucose bloodsugar sugar
    dexcom freestyle libre libreview medtronic omnipod tandem loop xdrip androidaps correcthorsebatterystaple
"""
_OBVIOUS = frozenset(_OBVIOUS_WORDS.split())
_ROWS = (
    "0123456789",
    "abcdefghijklmnopqrstuvwxyz",
    "qwertyuiop",
    "qwertzuiop",
    "azertyuiop",
    "asdfghjkl",
    "zxcvbnm",
    "yxcvbnm",
)
_UNDISGUISED = str.maketrans("0134578@$!", "oieastbasi")


@dataclass(frozen=True, slots=True)
class Checked:
    """Whether a password was right, and the hash to keep instead when the stored one was made more cheaply."""

    right: bool
    better_hash: str = ""


def hash_password(password: str) -> str:
    """Return the Argon2id hash to keep. Raises ``TooManyAttempts`` when too many others wait for theirs."""
    with _one_at_a_time():
        return hasher.hash(_normal(password))


def check_password(stored: str | None, given: str) -> Checked:
    """Compare a password with a stored hash; without one (an unknown name) take the same time and say no.

    Raises ``TooManyAttempts`` when too many others wait for theirs.
    """
    with _one_at_a_time():
        given, nothing = _normal(given), _hash_of_nothing()
        try:
            hasher.verify(stored or nothing, given)
        except (VerificationError, InvalidHashError):
            return Checked(right=False)
        if stored is None:
            return Checked(right=False)
        return Checked(right=True, better_hash=hasher.hash(given) if hasher.check_needs_rehash(stored) else "")


def refuse_weak(password: str, *, known_words: Iterable[str] = ()) -> None:
    """Raise ``PasswordTooWeak`` unless the password is long enough and not one of the first a stranger would try.

    ``known_words`` are what a stranger knows: the account's name, the child's name, the site's.
    """
    password = _normal(password)
    if len(password) < LEAST_LENGTH:
        raise PasswordTooWeak(
            f"This password is shorter than {LEAST_LENGTH} characters", hint="Three or four random words do well."
        )
    if len(password) > MOST_LENGTH:
        raise PasswordTooWeak(f"This password is longer than {MOST_LENGTH} characters")
    if _is_obvious(password, known_words):
        raise PasswordTooWeak(
            "This password is among the first that are guessed", hint="Three or four random words do well."
        )


def _normal(password: str) -> str:
    # The same word typed on two devices can be two sequences of code points (NIST SP 800-63B, 5.1.1.2).
    # Cut before hashing: no honest password is longer, and hashing a megabyte is work for nothing.
    return unicodedata.normalize("NFKC", password[: 2 * MOST_LENGTH]).encode("utf-8", "replace").decode()


def _is_obvious(password: str, known_words: Iterable[str]) -> bool:
    lowered = password.casefold()
    if len(set(lowered)) < LEAST_DIFFERENT or _is_a_run(lowered):
        return True
    core = re.sub(r"^[\W\d_]+|[\W\d_]+$", "", lowered)
    if not core:
        return len(lowered) < LEAST_LENGTH_WITHOUT_LETTERS
    letters = _letters_of(core)
    if len(letters) >= LEAST_RUN and _is_a_run(letters):
        return True
    words = _OBVIOUS | {known for word in known_words if (known := _letters_of(word.casefold()))}
    return _made_of(words, letters) or _made_of(words, _letters_of(core.translate(_UNDISGUISED)))


def _letters_of(text: str) -> str:
    return re.sub(r"[\W\d_]+", "", text)


def _made_of(words: Iterable[str], letters: str) -> bool:
    """Tell whether these letters are nothing but such words, one after another."""
    reached = {0}
    for start in range(len(letters)):
        if start in reached:
            reached |= {start + len(word) for word in words if letters.startswith(word, start)}
    return len(letters) in reached


def _is_a_run(lowered: str) -> bool:
    """Tell whether this is a walk along the keyboard, the digits or the alphabet, in either direction."""
    return any(lowered in (row * 3) or lowered in (row[::-1] * 3) for row in _ROWS)


@cache
def _hash_of_nothing() -> str:
    return hasher.hash("nobody's password")


@contextmanager
def _one_at_a_time() -> Iterator[None]:
    if not _turn.acquire(timeout=LONGEST_WAIT_S):
        raise TooManyAttempts("Too many people sign in at this moment", retry_after_s=LONGEST_WAIT_S)
    try:
        yield
    finally:
        _turn.release()

"""Codes people read, write down and type: made readable, and understood however they are typed.

The alphabet is Crockford's base 32 (https://www.crockford.com/base32.html): no I, L, O or U, and on the way in O
counts as 0, I and L as 1, small letters as capitals, blanks and dashes as nothing. Each symbol carries five bits.
"""

from __future__ import annotations

import secrets
import unicodedata

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
GROUP = 4

_LOOKALIKES = str.maketrans({"O": "0", "I": "1", "L": "1"})


def new_code(groups: int) -> str:
    """Return a code of so many groups of four symbols (20 bits a group), for instance ``7K3M-9QXA-2BTC``."""
    return grouped("".join(secrets.choice(ALPHABET) for _ in range(groups * GROUP)), "-")


def grouped(text: str, between: str = " ") -> str:
    """Return the text in groups of four, for reading aloud and copying by hand."""
    return between.join(text[start : start + GROUP] for start in range(0, len(text), GROUP))


def as_typed(text: str) -> str:
    """Return a typed code in its one true spelling, or "" when it holds anything that is not of the alphabet."""
    letters = _without_gaps(text).upper().translate(_LOOKALIKES)
    return letters if all(letter in ALPHABET for letter in letters) else ""


def digits_typed(text: str) -> str:
    """Return typed digits (of any script, blanks and dashes dropped) as 0-9, or "" when there is anything else."""
    try:
        return "".join(str(unicodedata.decimal(letter)) for letter in _without_gaps(text))
    except ValueError:
        return ""


def _without_gaps(text: str) -> str:
    return "".join(
        letter for letter in text if not letter.isspace() and unicodedata.category(letter) not in ("Pd", "Cf")
    )

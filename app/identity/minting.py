"""Making credentials, and the only form in which they are kept.

A credential we mint is a prefix that names its kind (``nld_`` device token, ``nlw_`` session, ``nls_`` share link,
``nlv_`` share visit) and 32 random bytes. A plain SHA-256 of it is enough to keep: 256 random bits cannot be
searched, so a slow hash or a salt would add nothing but waiting.
"""

from __future__ import annotations

import hashlib
import secrets

RANDOM_BYTES = 32


def mint(prefix: str) -> str:
    """Return a new credential, for instance ``nlw_`` and 43 URL-safe characters."""
    return prefix + secrets.token_urlsafe(RANDOM_BYTES)


def sha256_of(credential: str) -> str:
    """Return the SHA-256 of a credential as hex: what is stored and looked up."""
    return hashlib.sha256(_bytes_of(credential)).hexdigest()


def sha1_of(text: str) -> str:
    """Return SHA-1 as hex: what Nightscout's apps send in place of what was typed. Never a protection of ours."""
    return hashlib.sha1(_bytes_of(text), usedforsecurity=False).hexdigest()


def sha512_of(text: str) -> str:
    """Return SHA-512 as hex, which Nightscout accepts beside SHA-1."""
    return hashlib.sha512(_bytes_of(text)).hexdigest()


def _bytes_of(text: str) -> bytes:
    # What arrives from the internet may hold lone surrogates; it must be refused as unknown, not break the hash.
    return text.encode("utf-8", "surrogatepass")

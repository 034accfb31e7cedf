"""The keys that never lie in the store: sealing of secrets at rest, and keys derived for cookies and tokens.

Keys are Fernet keys, newest first: the first one seals, any of them opens. They come from ``ENCRYPTION_KEYS`` or from a
file in ``DATA_DIR`` that is made on first start. A copy of the database without them holds no usable secret.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from app.config import Settings
from app.errors import BadSetting, NightlightError

KEY_FILE = "keys"


class SealBroken(NightlightError):
    """A sealed secret that none of our keys opens, or that was sealed for something else."""

    code = "seal-broken"


class KeyRing:
    """Seals secrets and derives keys. ``keys`` are Fernet keys (base64 text), newest first."""

    def __init__(self, keys: Sequence[str]) -> None:
        try:
            self._fernet = MultiFernet([Fernet(key) for key in keys])
        except ValueError:
            raise BadSetting(
                "ENCRYPTION_KEYS: a key cannot be used", hint="Wanted: keys made by `nightlight new-key`."
            ) from None
        self._keys = [base64.urlsafe_b64decode(key) for key in keys]

    @property
    def fingerprints(self) -> list[str]:
        """Return a short public name for each key, newest first."""
        return [hashlib.sha256(b"nightlight key name" + key).hexdigest()[:12] for key in self._keys]

    def seal(self, place: str, secret: dict[str, Any]) -> str:
        """Seal a JSON-able ``secret`` for one ``place`` (``uploader:<id>``), so that it opens only there."""
        return self._fernet.encrypt(json.dumps({"place": place, "secret": secret}).encode()).decode()

    def open(self, place: str, sealed: str) -> dict[str, Any]:
        """Return the secret sealed for ``place``. Raises ``SealBroken``."""
        try:
            content = json.loads(self._fernet.decrypt(sealed))
        except (InvalidToken, ValueError, TypeError):
            raise SealBroken(
                "A stored secret cannot be opened with our keys", hint="Restore the key, or enter the secret again."
            ) from None
        if content["place"] != place:
            raise SealBroken("A stored secret was moved from where it was sealed", hint="Enter the secret again.")
        secret: dict[str, Any] = content["secret"]
        return secret

    def reseal(self, sealed: str) -> str:
        """Return the same secret sealed with the newest key. Raises ``SealBroken``."""
        try:
            return self._fernet.rotate(sealed).decode()
        except InvalidToken:
            raise SealBroken("A stored secret cannot be opened with our keys") from None

    def derived(self, purpose: str) -> list[bytes]:
        """Return a 32-byte key for ``purpose`` from each key, newest first: sign with the first, check all."""
        return [
            HKDF(algorithm=SHA256(), length=32, salt=None, info=f"nightlight {purpose}".encode()).derive(key)
            for key in self._keys
        ]


def new_key() -> str:
    """Make a key for ``ENCRYPTION_KEYS``."""
    return Fernet.generate_key().decode()


def load_keyring(settings: Settings) -> KeyRing:
    """Return the keys of this installation, making the key file on first start. Raises ``BadSetting``."""
    given = settings["ENCRYPTION_KEYS"].replace(",", " ").split()
    if given:
        return KeyRing(given)
    path = Path(settings["DATA_DIR"]) / KEY_FILE
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        return KeyRing(_keys_in(path))
    except OSError as problem:
        raise BadSetting(
            f"DATA_DIR: the key file {path} cannot be used: {problem.strerror}",
            hint="Make the folder writable, or set ENCRYPTION_KEYS.",
        ) from None


def _keys_in(path: Path) -> list[str]:
    if not path.exists():
        # Written aside and linked into place: two processes starting at once must end with one and the same key.
        fresh = path.with_name(f"{path.name}.{os.getpid()}")
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(new_key() + "\n")
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(fresh, path)
        except FileExistsError:
            pass
        finally:
            fresh.unlink()
    keys = path.read_text(encoding="ascii").split()
    if not keys:
        raise BadSetting(f"The key file {path} is empty", hint="Restore it from your copy.")
    return keys

"""A family that has signed up, and passwords that cost little."""

from __future__ import annotations

import base64
from random import Random

import pytest
from argon2 import PasswordHasher

from app.identity import passwords, totp
from app.keyring import KeyRing
from app.store.interface import Store
from tests.clocks import SettableClock
from tests.identity.family import Family


@pytest.fixture(autouse=True)
def cheap_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    passwords._hash_of_nothing.cache_clear()
    monkeypatch.setattr(passwords, "hasher", PasswordHasher(time_cost=1, memory_cost=64, parallelism=1))


@pytest.fixture(autouse=True)
def known_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every run have the same codes, none of which happens to be two moments' at once."""
    random = Random(7)
    monkeypatch.setattr(totp, "new_secret", lambda: base64.b32encode(random.randbytes(20)).decode())


@pytest.fixture
def family(store: Store, clock: SettableClock, keyring: KeyRing) -> Family:
    return Family(store, clock, keyring)

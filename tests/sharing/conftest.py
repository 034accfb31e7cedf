"""The same family as for identity: only who signed in with a code can share."""

from __future__ import annotations

from tests.identity.conftest import cheap_hashes, family, known_secrets

__all__ = ["cheap_hashes", "family", "known_secrets"]

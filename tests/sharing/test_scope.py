from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from app.identity.permissions import KNOWN
from app.sharing.caveats import NotAfter
from app.sharing.shares import KINDS, PERMISSION_OF, ROLES, Kind, Role, Share, share_of
from app.store import ObjectId

kinds = st.lists(st.sampled_from(KINDS), min_size=1, unique=True)
wanted = st.sampled_from([*KNOWN, *PERMISSION_OF.values(), "*", "*:*:read", "web:audit:read"])


def share(**given: Any) -> Share:
    row = {
        "_id": ObjectId(),
        "label": "Dr Weber",
        "role": "viewer",
        "kinds": ["glucose"],
        "caveats": [NotAfter(1000).stored],
        "passcode": None,
        "guesses_left": 20,
        "made_by": "owner",
        "made_by_name": "Mum",
        "made_at_ms": 0,
        "last_used_at_ms": None,
        "opens": 0,
        "revoked_at_ms": None,
    }
    return share_of(row | given)


@given(kinds, st.sampled_from(ROLES), wanted)
def test_a_link_allows_reading_the_kinds_it_names_and_nothing_else(
    granted: list[Kind], role: Role, permission: str
) -> None:
    actor = share(kinds=granted, role=role).actor
    assert actor.may(permission) is (permission in {PERMISSION_OF[kind] for kind in granted})


@given(
    now_ms=st.integers(min_value=0, max_value=2000),
    revoked_at_ms=st.none() | st.integers(min_value=0, max_value=2000),
    passcode=st.none() | st.just("$argon2id$"),
    guesses_left=st.integers(min_value=-1, max_value=20),
)
def test_a_link_opens_only_while_nothing_has_ended_it(
    now_ms: int, revoked_at_ms: int | None, passcode: str | None, guesses_left: int
) -> None:
    made = share(revoked_at_ms=revoked_at_ms, passcode=passcode, guesses_left=guesses_left)
    state = made.state(now_ms)
    assert (state == "revoked") is (revoked_at_ms is not None)
    if state == "open":
        assert now_ms < 1000
        assert passcode is None
    if state == "passcode":
        assert now_ms < 1000
        assert guesses_left > 0
    if now_ms >= 1000 or revoked_at_ms is not None:
        assert state in ("expired", "revoked")


def test_a_link_whose_end_is_not_understood_has_ended() -> None:
    made = share(caveats=[{"kind": "full moon"}])
    assert made.expires_at_ms == 0
    assert made.state(0) == "expired"

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from app.errors import BadRequest, FreshCodeNeeded
from app.identity import audit, sign_in
from app.sharing import shares
from app.sharing.shares import Share, Wish
from tests.identity.family import HOME, Family

DAY_MS = 86_400_000
WISH = Wish("Dr  Weber", "clinician", ["treatments", "glucose"])


def make(family: Family, wish: Wish = WISH) -> tuple[Share, str]:
    signed_in = family.sign_in() if family.recovery_codes else family.enrol()
    return shares.make_share(family.store, family.clock, signed_in.session, wish, peer=HOME)


def test_a_link_is_told_once_and_kept_as_a_hash(family: Family) -> None:
    share, token = make(family)
    assert token.startswith("nls_")
    assert len(token) == 4 + 43
    assert token not in str(list(family.store.collection("nl_shares").find({})))
    assert token not in str(list(family.store.collection("nl_audit").find({})))
    assert shares.look(family.store, family.clock, token) == ("open", share)


def test_a_link_says_for_whom_what_and_until_when(family: Family) -> None:
    share, _ = make(family)
    now_ms = family.clock.now_ms()
    assert (share.label, share.role, share.kinds) == ("Dr Weber", "clinician", ("glucose", "treatments"))
    assert (share.made_by, share.made_by_name, share.made_at_ms) == ("owner", "Mum", now_ms)
    assert share.expires_at_ms == now_ms + 2 * DAY_MS
    assert (share.opens, share.last_used_at_ms, share.revoked_at_ms) == (0, None, None)


def test_a_link_allows_reading_what_was_granted_and_nothing_else(family: Family) -> None:
    share, _ = make(family)
    actor = share.actor
    assert (actor.kind, actor.label, actor.id) == ("share", "share:Dr Weber", share.id)
    assert actor.expires_at_ms == share.expires_at_ms
    assert actor.grants == ("api:entries:read", "api:treatments:read")
    for refused in (
        "api:profile:read",
        "api:devicestatus:read",
        "api:entries:create",
        "*:*:read",
        "admin:api:roles:list",
    ):
        assert not actor.may(refused)


def test_making_a_link_needs_a_fresh_code(family: Family) -> None:
    session = family.enrol().session
    family.clock.advance(minutes=6)
    with pytest.raises(FreshCodeNeeded):
        shares.make_share(family.store, family.clock, session, WISH, peer=HOME)
    assert shares.list_shares(family.store) == []
    fresh = sign_in.confirm_code(family.store, family.clock, family.keyring, session, family.code(), peer=HOME)
    assert shares.make_share(family.store, family.clock, fresh, WISH, peer=HOME)


@pytest.mark.parametrize(
    "change",
    [
        {"label": ""},
        {"label": " "},
        {"label": "x" * 61},
        {"label": "a\x00b"},
        {"role": "owner"},
        {"kinds": []},
        {"kinds": ["glucose", "secrets"]},
        {"lifetime_ms": 0},
        {"lifetime_ms": -1},
        {"lifetime_ms": 30 * DAY_MS + 1},
        {"passcode": "123"},
        {"passcode": "x" * 65},
    ],
)
def test_a_wish_that_does_not_fit_is_refused(family: Family, change: dict[str, Any]) -> None:
    with pytest.raises(BadRequest):
        make(family, replace(WISH, **change))
    assert shares.list_shares(family.store) == []


def test_thirty_days_are_the_longest(family: Family) -> None:
    share, _ = make(family, replace(WISH, lifetime_ms=30 * DAY_MS))
    assert share.expires_at_ms == family.clock.now_ms() + 30 * DAY_MS


def test_a_passcode_is_kept_as_a_slow_hash(family: Family) -> None:
    share, token = make(family, replace(WISH, passcode="2580"))
    assert share.has_passcode
    row = family.store.collection("nl_shares").find_one({})
    assert row
    assert row["passcode"].startswith("$argon2id$")
    assert shares.look(family.store, family.clock, token)[0] == "passcode"


def test_links_are_listed_newest_first_ended_ones_too(family: Family) -> None:
    first, _ = make(family)
    second, _ = make(family, replace(WISH, label="School nurse"))
    shares.revoke_share(family.store, family.clock, family.account().actor, first.id, peer=HOME)
    assert [share.label for share in shares.list_shares(family.store)] == ["School nurse", "Dr Weber"]
    assert shares.list_shares(family.store)[1].revoked_at_ms == family.clock.now_ms()
    assert shares.list_shares(family.store)[0] == second


def test_making_and_revoking_are_in_the_audit_list(family: Family) -> None:
    share, _ = make(family)
    shares.revoke_share(family.store, family.clock, family.account().actor, share.id, peer=HOME)
    rows = audit.search(family.store, about=share.id)
    assert [(row.act, row.actor) for row in rows] == [("share revoked", "account:Mum"), ("share made", "account:Mum")]
    assert rows[1].details == {
        "for": "Dr Weber",
        "role": "clinician",
        "kinds": "glucose treatments",
        "until_ms": share.expires_at_ms,
    }


def test_revoking_twice_or_nothing_does_nothing(family: Family) -> None:
    share, _ = make(family)
    actor = family.account().actor
    assert shares.revoke_share(family.store, family.clock, actor, share.id, peer=HOME)
    assert not shares.revoke_share(family.store, family.clock, actor, share.id, peer=HOME)
    assert not shares.revoke_share(family.store, family.clock, actor, "nonsense", peer=HOME)
    assert not shares.revoke_share(family.store, family.clock, actor, "0" * 24, peer=HOME)

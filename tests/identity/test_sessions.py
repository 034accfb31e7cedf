from __future__ import annotations

import pytest

from app.actor import Actor
from app.errors import FreshCodeNeeded, StoreFull
from app.identity import audit, last_use, sessions
from app.identity.minting import sha256_of
from app.identity.sessions import find_session, list_sessions, open_session
from app.store.interface import Collection, Store
from tests.clocks import SettableClock
from tests.identity.family import ELSEWHERE, HOME, all_at_once

DAY_MS = 86_400_000
MUM, DAD = (Actor("account", f"account:{name}", ("*",), id=name) for name in ("mum", "dad"))


def test_a_session_is_found_by_its_cookie_alone(store: Store, clock: SettableClock) -> None:
    token, session = open_session(store, clock, "mum", peer=HOME)
    assert token.startswith("nlw_")
    assert len(token) == 4 + 43
    assert find_session(store, clock, token, peer=HOME) == session
    for other in ("", "nlw_", token[:-1], token + "x", session.id, token.removeprefix("nlw_")):
        assert find_session(store, clock, other, peer=HOME) is None


def test_only_the_hash_is_kept(store: Store, clock: SettableClock) -> None:
    token, session = open_session(store, clock, "mum", peer=HOME)
    rows = list(store.collection("nl_sessions").find({}))
    assert token not in str(rows)
    assert rows[0]["_id"] == session.id == sha256_of(token)


def test_a_session_ends_ninety_days_after_its_last_use(store: Store, clock: SettableClock) -> None:
    token, _ = open_session(store, clock, "mum", peer=HOME)
    clock.advance(days=89)
    assert find_session(store, clock, token, peer=HOME)
    clock.advance(days=89)
    assert find_session(store, clock, token, peer=HOME)
    clock.advance(days=90)
    assert find_session(store, clock, token, peer=HOME) is None
    assert list_sessions(store, clock, "mum") == []


def test_use_is_written_at_most_once_a_minute(store: Store, clock: SettableClock) -> None:
    token, opened = open_session(store, clock, "mum", peer=HOME)
    before = store.last_seq()
    clock.advance(s=59)
    assert find_session(store, clock, token, peer=ELSEWHERE) == opened
    assert store.last_seq() == before
    clock.advance(s=1)
    found = find_session(store, clock, token, peer=ELSEWHERE)
    assert found
    assert (found.last_seen_at_ms, found.address) == (clock.now_ms(), ELSEWHERE.address)
    assert found.expires_at_ms == clock.now_ms() + 90 * DAY_MS
    assert store.last_seq() == before + 1
    assert find_session(store, clock, token, peer=HOME) == found


def test_many_requests_at_once_write_the_use_once(store: Store, clock: SettableClock) -> None:
    token, _ = open_session(store, clock, "mum", peer=HOME)
    clock.advance(minutes=2)
    before = store.last_seq()
    assert all(all_at_once(lambda _: find_session(store, clock, token, peer=HOME), 8))
    assert store.last_seq() == before + 1


def test_a_full_store_does_not_shut_out_who_is_signed_in(
    store: Store, clock: SettableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    token, _ = open_session(store, clock, "mum", peer=HOME)
    clock.advance(minutes=2)
    rows = store.collection("nl_sessions")

    def full(*_: object, **__: object) -> None:
        raise StoreFull("no room")

    monkeypatch.setattr(type(rows), "update_one", full)
    monkeypatch.setattr(type(rows), "bulk_write", full)
    assert find_session(store, clock, token, peer=HOME)


def test_sessions_are_listed_by_last_use_for_their_account_only(store: Store, clock: SettableClock) -> None:
    first, one = open_session(store, clock, "mum", peer=HOME)
    clock.advance(minutes=2)
    _, two = open_session(store, clock, "mum", peer=ELSEWHERE)
    open_session(store, clock, "dad", peer=HOME)
    assert [session.id for session in list_sessions(store, clock, "mum")] == [two.id, one.id]
    clock.advance(minutes=2)
    find_session(store, clock, first, peer=HOME)
    assert [session.id for session in list_sessions(store, clock, "mum")] == [one.id, two.id]


def test_one_session_is_revoked_at_once(store: Store, clock: SettableClock) -> None:
    token, session = open_session(store, clock, "mum", peer=HOME)
    other, _ = open_session(store, clock, "mum", peer=HOME)
    assert sessions.revoke_session(store, clock, MUM, session.id, peer=HOME)
    assert find_session(store, clock, token, peer=HOME) is None
    assert find_session(store, clock, other, peer=HOME)
    assert not sessions.revoke_session(store, clock, MUM, session.id, peer=HOME)


def test_nobody_revokes_anothers_session(store: Store, clock: SettableClock) -> None:
    token, session = open_session(store, clock, "mum", peer=HOME)
    assert not sessions.revoke_session(store, clock, DAD, session.id, peer=HOME)
    assert find_session(store, clock, token, peer=HOME)


def test_all_others_are_revoked_and_ones_own_stays(store: Store, clock: SettableClock) -> None:
    mine, session = open_session(store, clock, "mum", peer=HOME)
    others = [open_session(store, clock, "mum", peer=HOME)[0] for _ in range(3)]
    dads, _ = open_session(store, clock, "dad", peer=HOME)
    assert sessions.revoke_others(store, clock, MUM, session.id, peer=HOME) == 3
    assert sessions.revoke_others(store, clock, MUM, session.id, peer=HOME) == 0
    assert [(row.act, row.details) for row in audit.search(store)] == [("other sessions ended", {"count": 3})]
    assert find_session(store, clock, mine, peer=HOME)
    assert find_session(store, clock, dads, peer=HOME)
    assert not any(find_session(store, clock, other, peer=HOME) for other in others)


def test_a_session_is_fresh_for_five_minutes_after_a_code(store: Store, clock: SettableClock) -> None:
    _, session = open_session(store, clock, "mum", peer=HOME)
    clock.advance(minutes=4, s=59)
    sessions.require_fresh(session, clock)
    clock.advance(s=1)
    with pytest.raises(FreshCodeNeeded):
        sessions.require_fresh(session, clock)
    again = sessions.refresh(store, clock, session)
    assert again
    sessions.require_fresh(again, clock)


def test_using_a_session_does_not_make_it_fresh(store: Store, clock: SettableClock) -> None:
    token, _ = open_session(store, clock, "mum", peer=HOME)
    clock.advance(minutes=6)
    found = find_session(store, clock, token, peer=HOME)
    assert found
    with pytest.raises(FreshCodeNeeded):
        sessions.require_fresh(found, clock)


def test_a_use_that_could_not_be_kept_is_no_use_noted(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    rows: Collection = store.collection("nl_sessions")
    rows.insert_one({"_id": "a", "seen_ms": None})
    row = rows.find_one({"_id": "a"})
    assert row
    assert last_use.note_use(rows, row, "seen_ms", 5)
    assert not last_use.note_use(rows, row, "seen_ms", 6)
    assert rows.find_one({"_id": "a"}) == {"_id": "a", "seen_ms": 5}

from __future__ import annotations

from pathlib import Path

import pytest

from app.errors import Gone, NotFound, StoreFull, TooManyAttempts
from app.identity import audit
from app.identity.peer import Peer
from app.sharing import shares
from app.sharing.shares import Share, Wish
from app.sharing.visits import Visit, find_visit, open_share
from app.store import open_store
from tests.identity.family import ELSEWHERE, HOME, Family, all_at_once
from tests.waiting import wait_until


def make(family: Family, kinds: list[shares.Kind] | None = None) -> tuple[Share, str]:
    session = family.enrol().session
    wish = Wish("Dr Weber", "viewer", kinds or ["glucose"])
    return shares.make_share(family.store, family.clock, session, wish, peer=HOME)


def revoke(family: Family, share: Share) -> bool:
    return shares.revoke_share(family.store, family.clock, family.account().actor, share.id, peer=HOME)


def visit(family: Family, cookie: str) -> Visit | None:
    return find_visit(family.store, family.clock, cookie, peer=ELSEWHERE)


def test_an_opened_link_lets_its_browser_read_what_was_granted(family: Family) -> None:
    share, token = make(family)
    opened, cookie = open_share(family.store, family.clock, token, peer=ELSEWHERE)
    assert cookie.startswith("nlv_")
    found = visit(family, cookie)
    assert found == opened
    assert found.actor.may("api:entries:read")
    assert not found.actor.may("api:treatments:read")
    assert found.share.made_by_name == "Mum"
    assert found.share.expires_at_ms == share.expires_at_ms


def test_only_the_hash_of_the_cookie_is_kept(family: Family) -> None:
    _, token = make(family)
    _, cookie = open_share(family.store, family.clock, token, peer=ELSEWHERE)
    rows = list(family.store.collection("nl_visits").find({}))
    assert len(rows) == 1
    assert cookie not in str(rows)
    assert visit(family, str(rows[0]["_id"])) is None


def test_looking_at_a_link_opens_nothing_and_writes_nothing(family: Family) -> None:
    _, token = make(family)
    before = family.store.last_seq()
    for _ in range(100):
        assert shares.look(family.store, family.clock, token)[0] == "open"
    assert family.store.last_seq() == before


@pytest.mark.parametrize("token", ["", "nls_", "nls_unknown", "nlv_unknown", "\ud800"])
def test_an_unknown_link_is_unknown(family: Family, token: str) -> None:
    make(family)
    assert shares.look(family.store, family.clock, token) == ("unknown", None)
    with pytest.raises(NotFound):
        open_share(family.store, family.clock, token, peer=ELSEWHERE)
    assert visit(family, token) is None


def test_after_its_end_a_link_shows_nothing_not_even_to_who_is_looking(family: Family) -> None:
    share, token = make(family)
    _, cookie = open_share(family.store, family.clock, token, peer=ELSEWHERE)
    family.clock.set(share.expires_at_ms - 1)
    assert visit(family, cookie)
    family.clock.advance(ms=1)
    assert shares.look(family.store, family.clock, token)[0] == "expired"
    with pytest.raises(Gone):
        visit(family, cookie)
    with pytest.raises(Gone):
        open_share(family.store, family.clock, token, peer=ELSEWHERE)


def test_a_revoked_link_ends_at_once_in_every_process(family: Family, tmp_path: Path) -> None:
    share, token = make(family)
    elsewhere = open_store(f"sqlite:///{tmp_path}/nightlight.db", clock=family.clock)
    _, cookie = open_share(elsewhere, family.clock, token, peer=ELSEWHERE)
    assert find_visit(elsewhere, family.clock, cookie, peer=ELSEWHERE)
    assert revoke(family, share)
    with pytest.raises(Gone):
        find_visit(elsewhere, family.clock, cookie, peer=ELSEWHERE)
    with pytest.raises(Gone):
        open_share(elsewhere, family.clock, token, peer=ELSEWHERE)
    assert shares.look(elsewhere, family.clock, token)[0] == "revoked"
    elsewhere.close()


def test_a_restriction_of_a_newer_version_shuts_the_link(family: Family) -> None:
    share, token = make(family)
    _, cookie = open_share(family.store, family.clock, token, peer=ELSEWHERE)
    family.store.collection("nl_shares").update_one({}, {"$push": {"caveats": {"kind": "weekdays", "days": [1]}}})
    with pytest.raises(Gone):
        visit(family, cookie)
    with pytest.raises(Gone):
        open_share(family.store, family.clock, token, peer=ELSEWHERE)
    assert revoke(family, share)


def test_openings_are_counted_and_told_with_time_and_place(family: Family) -> None:
    share, token = make(family)
    for _ in range(2):
        family.clock.advance(minutes=1)
        open_share(family.store, family.clock, token, peer=ELSEWHERE)
    (listed,) = shares.list_shares(family.store)
    assert (listed.opens, listed.last_used_at_ms) == (2, family.clock.now_ms())
    rows = audit.search(family.store, about=share.id, limit=2)
    assert [(row.act, row.actor, row.address, row.user_agent) for row in rows] == [
        ("share opened", "share:Dr Weber", ELSEWHERE.address, ELSEWHERE.user_agent)
    ] * 2
    assert rows[0].at_ms == family.clock.now_ms()


def test_openings_at_once_are_all_counted(family: Family) -> None:
    _, token = make(family)
    opened = all_at_once(lambda _: open_share(family.store, family.clock, token, peer=ELSEWHERE), 8)
    assert len({cookie for _, cookie in opened}) == 8
    assert shares.list_shares(family.store)[0].opens == 8


def test_trying_an_ended_link_is_told_too(family: Family) -> None:
    share, token = make(family)
    revoke(family, share)
    with pytest.raises(Gone):
        open_share(family.store, family.clock, token, peer=ELSEWHERE)
    (row,) = audit.search(family.store, about=share.id, limit=1)
    assert (row.act, row.address) == ("ended share tried", ELSEWHERE.address)


def test_an_opening_that_cannot_be_told_does_not_happen(family: Family, monkeypatch: pytest.MonkeyPatch) -> None:
    _, token = make(family)

    def full(*_: object, **__: object) -> None:
        raise StoreFull("no room")

    monkeypatch.setattr(audit, "record", full)
    with pytest.raises(StoreFull):
        open_share(family.store, family.clock, token, peer=ELSEWHERE)
    assert family.store.collection("nl_visits").count_documents({}) == 0
    assert shares.list_shares(family.store)[0].opens == 0


def test_a_link_revoked_while_it_is_being_opened_stays_shut(family: Family, monkeypatch: pytest.MonkeyPatch) -> None:
    share, token = make(family)
    record = audit.record

    def revoked_meanwhile(*given: object, **named: object) -> None:
        monkeypatch.undo()
        record(*given, **named)  # type: ignore[arg-type]
        revoke(family, share)

    monkeypatch.setattr(audit, "record", revoked_meanwhile)
    with pytest.raises(Gone):
        open_share(family.store, family.clock, token, peer=ELSEWHERE)
    assert family.store.collection("nl_visits").count_documents({}) == 0


def test_one_address_tries_no_more_than_thirty_links(family: Family) -> None:
    _, token = make(family)
    for number in range(30):
        with pytest.raises(NotFound):
            open_share(family.store, family.clock, f"nls_{number}", peer=ELSEWHERE)
    with pytest.raises(TooManyAttempts):
        open_share(family.store, family.clock, token, peer=ELSEWHERE)
    assert open_share(family.store, family.clock, token, peer=HOME)


def test_one_link_is_opened_no_more_than_sixty_times_in_a_while(family: Family) -> None:
    _, token = make(family)
    peers = [Peer(f"203.0.113.{number}") for number in range(61)]
    _, cookie = open_share(family.store, family.clock, token, peer=peers[0])
    for peer in peers[1:60]:
        open_share(family.store, family.clock, token, peer=peer)
    with pytest.raises(TooManyAttempts):
        open_share(family.store, family.clock, token, peer=peers[60])
    assert visit(family, cookie)
    family.clock.advance(minutes=15)
    assert open_share(family.store, family.clock, token, peer=peers[60])


def test_looking_through_a_link_is_noted_at_most_once_a_minute(family: Family) -> None:
    _, token = make(family)
    _, cookie = open_share(family.store, family.clock, token, peer=ELSEWHERE)
    before = family.store.last_seq()
    for _ in range(5):
        assert visit(family, cookie)
    assert family.store.last_seq() == before
    family.clock.advance(minutes=1)
    assert visit(family, cookie)
    wait_until(lambda: shares.list_shares(family.store)[0].last_used_at_ms == family.clock.now_ms())


def test_whom_the_link_was_for_cannot_widen_it(family: Family) -> None:
    _, token = make(family, ["glucose", "profile"])
    opened, _ = open_share(family.store, family.clock, token, peer=ELSEWHERE)
    assert opened.actor.grants == ("api:entries:read", "api:profile:read")

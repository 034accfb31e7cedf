from __future__ import annotations

import pytest

from app.errors import Gone, TooManyAttempts
from app.identity import audit, throttle
from app.identity.peer import Peer
from app.sharing import shares, visits
from app.sharing.shares import Share, Wish
from app.sharing.visits import PasscodeNeeded, WrongPasscode, open_share
from tests.identity.family import ELSEWHERE, HOME, Family, all_at_once


def make(family: Family) -> tuple[Share, str]:
    session = family.enrol().session
    wish = Wish("Dr Weber", "clinician", ["glucose"], passcode="blue heron")
    return shares.make_share(family.store, family.clock, session, wish, peer=HOME)


def open_with(family: Family, token: str, passcode: str, peer: Peer = ELSEWHERE) -> str:
    return open_share(family.store, family.clock, token, passcode=passcode, peer=peer)[1]


def guesses_left(family: Family) -> int:
    return shares.list_shares(family.store)[0].guesses_left


def test_the_right_passcode_opens(family: Family) -> None:
    _, token = make(family)
    cookie = open_with(family, token, "blue heron")
    assert visits.find_visit(family.store, family.clock, cookie, peer=ELSEWHERE)
    assert guesses_left(family) == 20


def test_a_wrong_passcode_opens_nothing_and_says_what_is_left(family: Family) -> None:
    share, token = make(family)
    with pytest.raises(WrongPasscode) as refused:
        open_with(family, token, "green heron")
    assert refused.value.guesses_left == 19
    assert family.store.collection("nl_visits").count_documents({}) == 0
    (row,) = audit.search(family.store, about=share.id, limit=1)
    assert (row.act, row.address, row.details) == ("share passcode failed", ELSEWHERE.address, {"guesses_left": 19})


def test_no_passcode_is_asked_for_and_not_counted(family: Family) -> None:
    _, token = make(family)
    with pytest.raises(PasscodeNeeded):
        open_with(family, token, "")
    assert guesses_left(family) == 20


def test_after_five_wrong_ones_even_the_right_one_has_to_wait(family: Family) -> None:
    _, token = make(family)
    for _ in range(5):
        with pytest.raises(WrongPasscode):
            open_with(family, token, "green heron")
    with pytest.raises(TooManyAttempts) as refused:
        open_with(family, token, "blue heron", HOME)
    assert guesses_left(family) == 15
    family.clock.advance(s=refused.value.retry_after_s)
    assert open_with(family, token, "blue heron")


def test_twenty_wrong_ones_in_all_shut_the_link_for_good(family: Family) -> None:
    share, token = make(family)
    for _ in range(20):
        family.clock.advance(minutes=4)
        with pytest.raises(WrongPasscode):
            open_with(family, token, "green heron")
    family.clock.advance(minutes=30)
    with pytest.raises(Gone):
        open_with(family, token, "blue heron")
    assert shares.look(family.store, family.clock, token)[0] == "locked"
    assert len([row for row in audit.search(family.store, about=share.id) if row.act == "share passcode failed"]) == 20


def test_right_ones_in_between_do_not_give_wrong_ones_back(family: Family) -> None:
    _, token = make(family)
    for left in (19, 18, 17):
        with pytest.raises(WrongPasscode):
            open_with(family, token, "green heron")
        open_with(family, token, "blue heron")
        assert guesses_left(family) == left


def test_who_gave_the_right_one_goes_on_when_a_stranger_has_shut_the_link(family: Family) -> None:
    _, token = make(family)
    cookie = open_with(family, token, "blue heron")
    family.store.collection("nl_shares").update_one({}, {"$set": {"guesses_left": 0}})
    assert visits.find_visit(family.store, family.clock, cookie, peer=ELSEWHERE)


def test_guesses_at_once_get_no_more_than_guesses_in_a_row(family: Family) -> None:
    _, token = make(family)
    results = all_at_once(lambda _: open_with(family, token, "green heron"), 12)
    assert sum(isinstance(result, WrongPasscode) for result in results) == 5
    assert sum(isinstance(result, TooManyAttempts) for result in results) == 7
    assert guesses_left(family) == 15


def test_the_count_of_a_lifetime_holds_against_guesses_at_once(family: Family, monkeypatch: pytest.MonkeyPatch) -> None:
    _, token = make(family)
    monkeypatch.setattr(visits, "PASSCODES_OF_LINK", throttle.Limit("wide", 1000, 60))
    family.store.collection("nl_shares").update_one({}, {"$set": {"guesses_left": 3}})
    results = all_at_once(lambda _: open_with(family, token, "green heron"), 12)
    assert sorted(result.guesses_left for result in results if isinstance(result, WrongPasscode)) == [0, 1, 2]
    assert sum(isinstance(result, Gone) for result in results) == 9

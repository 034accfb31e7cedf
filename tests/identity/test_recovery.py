from __future__ import annotations

import pytest

from app.errors import FreshCodeNeeded, TooManyAttempts
from app.identity import recovery
from app.identity.codes import as_typed
from app.identity.peer import Peer
from app.identity.refusals import WrongCode
from tests.identity.family import HOME, Family, all_at_once


def spend(family: Family, typed: str, peer: Peer = HOME) -> int:
    return recovery.spend_recovery_code(family.store, family.clock, "owner", typed, peer=peer)


def test_there_are_eight_different_codes_of_eighty_bits() -> None:
    codes = recovery.new_codes()
    assert len(set(codes)) == 8
    assert {5 * len(as_typed(code)) for code in codes} == {80}


def test_each_code_works_once_and_the_rest_are_counted(family: Family) -> None:
    family.enrol()
    assert [spend(family, code) for code in family.recovery_codes] == [7, 6, 5, 4, 3, 2, 1, 0]
    for code in family.recovery_codes[:3]:
        with pytest.raises(WrongCode):
            spend(family, code)


def test_a_code_is_understood_as_it_was_copied_by_hand(family: Family) -> None:
    family.enrol()
    assert spend(family, family.recovery_codes[0].lower().replace("-", " ").replace("0", "o")) == 7


@pytest.mark.parametrize("typed", ["", "????", "0000-0000-0000-0000"])
def test_what_is_none_of_the_codes_is_refused(family: Family, typed: str) -> None:
    family.enrol()
    with pytest.raises(WrongCode):
        spend(family, typed)
    assert family.account().recovery_codes_left == 8


def test_another_accounts_code_is_worth_nothing_here() -> None:
    assert recovery.hash_of("mum", "7K3M-9QXA-2BTC-EV5H") != recovery.hash_of("dad", "7K3M-9QXA-2BTC-EV5H")


def test_of_eight_uses_at_once_of_one_code_one_wins(family: Family) -> None:
    family.enrol()
    results = all_at_once(lambda _: spend(family, family.recovery_codes[0]), 8)
    assert results.count(7) == 1
    assert sum(isinstance(result, WrongCode) for result in results) == 7
    assert family.account().recovery_codes_left == 7


def test_guesses_share_the_limit_of_the_authenticators_codes(family: Family) -> None:
    family.enrol()
    for _ in range(10):
        with pytest.raises(WrongCode):
            spend(family, "0000-0000-0000-0000")
    with pytest.raises(TooManyAttempts):
        spend(family, family.recovery_codes[0])
    assert family.account().recovery_codes_left == 8


def test_new_codes_end_the_old_ones(family: Family) -> None:
    session = family.enrol().session
    codes = recovery.replace_codes(family.store, family.clock, session, peer=HOME)
    with pytest.raises(WrongCode):
        spend(family, family.recovery_codes[0])
    assert spend(family, codes[0]) == 7
    assert "recovery codes replaced" in family.told()


def test_new_codes_need_a_fresh_code(family: Family) -> None:
    session = family.enrol().session
    family.clock.advance(minutes=6)
    with pytest.raises(FreshCodeNeeded):
        recovery.replace_codes(family.store, family.clock, session, peer=HOME)
    assert spend(family, family.recovery_codes[0]) == 7

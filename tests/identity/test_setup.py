from __future__ import annotations

import pytest

from app.errors import BadRequest, Conflict
from app.identity import accounts, audit, setup
from app.identity.refusals import PasswordTooWeak, SetUpCodeEnded, WrongCode
from app.identity.sign_in import Pending
from tests.identity.family import HOME, NAME, PASSWORD, Family, all_at_once


def create(family: Family, code: str, name: str = NAME, password: str = PASSWORD) -> Pending:
    return setup.create_owner(
        family.store, family.clock, family.keyring, setup_code=code, name=name, password=password, peer=HOME
    )


def new_code(family: Family) -> str:
    return setup.new_setup_code(family.store, family.clock)


def test_with_the_code_the_first_account_is_made_and_has_to_enrol(family: Family) -> None:
    assert not setup.is_set_up(family.store)
    pending = create(family, new_code(family))
    assert pending.needs == "enrolment"
    assert setup.is_set_up(family.store)
    assert family.account().role == "owner"
    assert not family.account().enrolled
    assert family.account().actor.may("api:entries:delete")


def test_the_code_may_be_typed_in_any_way(family: Family) -> None:
    assert create(family, new_code(family).lower().replace("-", " "))


def test_a_wrong_code_makes_no_account(family: Family) -> None:
    new_code(family)
    with pytest.raises(WrongCode):
        create(family, "0000-0000-0000")
    assert not setup.is_set_up(family.store)


@pytest.mark.parametrize("typed", ["", "?", "-"])
def test_no_code_is_a_wrong_code(family: Family, typed: str) -> None:
    new_code(family)
    with pytest.raises(WrongCode):
        create(family, typed)


def test_without_a_printed_code_there_is_none_to_guess(family: Family) -> None:
    with pytest.raises(SetUpCodeEnded) as refused:
        create(family, "")
    assert "nightlight setup-code" in refused.value.hint


def test_a_day_later_the_code_has_ended(family: Family) -> None:
    code = new_code(family)
    family.clock.advance(days=1)
    with pytest.raises(SetUpCodeEnded):
        create(family, code)


def test_twenty_wrong_codes_end_the_right_one(family: Family) -> None:
    code = new_code(family)
    for _ in range(20):
        with pytest.raises(WrongCode):
            setup.check_setup_code(family.store, family.clock, "0000-0000-0000")
    with pytest.raises(SetUpCodeEnded):
        create(family, code)
    assert create(family, new_code(family))


def test_guesses_at_once_are_counted_one_by_one(family: Family) -> None:
    new_code(family)
    results = all_at_once(lambda _: setup.check_setup_code(family.store, family.clock, "0000"), 30)
    assert sum(isinstance(result, WrongCode) for result in results) == 20
    assert sum(isinstance(result, SetUpCodeEnded) for result in results) == 10


def test_checking_the_right_code_uses_nothing_up(family: Family) -> None:
    code = new_code(family)
    for _ in range(25):
        setup.check_setup_code(family.store, family.clock, code)
    assert create(family, code)


def test_another_code_takes_the_place_of_the_first(family: Family) -> None:
    first, second = new_code(family), new_code(family)
    with pytest.raises(WrongCode):
        create(family, first)
    assert create(family, second)


def test_with_an_account_there_is_no_set_up_any_more(family: Family) -> None:
    code = new_code(family)
    create(family, code)
    with pytest.raises(Conflict):
        create(family, code, name="Stranger")
    with pytest.raises(Conflict):
        new_code(family)
    assert [account.name for account in accounts.list_accounts(family.store)] == [NAME]


def test_of_two_browsers_at_once_one_makes_the_owner(family: Family) -> None:
    code = new_code(family)
    results = all_at_once(lambda number: create(family, code, name=f"Parent {number}"), 4)
    made = [result for result in results if isinstance(result, Pending)]
    assert len(made) == 1
    assert all(isinstance(result, Conflict) for result in results if result is not made[0])
    assert [account.name for account in accounts.list_accounts(family.store)] == [made[0].account_name]


def test_a_weak_password_makes_no_account_and_leaves_the_code(family: Family) -> None:
    code = new_code(family)
    with pytest.raises(PasswordTooWeak):
        create(family, code, password="mum-mum-2026")
    assert create(family, code)


@pytest.mark.parametrize("name", ["", "  ", "x" * 61, "tab\x00"])
def test_a_name_that_cannot_be_shown_is_refused(family: Family, name: str) -> None:
    with pytest.raises(BadRequest):
        create(family, new_code(family), name=name)


def test_making_the_owner_is_in_the_audit_list(family: Family) -> None:
    create(family, new_code(family))
    row = audit.search(family.store)[0]
    assert (row.act, row.actor, row.address) == ("owner account made", f"account:{NAME}", HOME.address)

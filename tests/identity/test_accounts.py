from __future__ import annotations

import pytest

from app.errors import BadRequest, DuplicateKey, FreshCodeNeeded
from app.identity import accounts, sessions
from app.identity.accounts import insert_account
from app.identity.refusals import PasswordTooWeak, WrongPassword
from app.store.indexes import create_all
from tests.identity.family import HOME, PASSWORD, Family


def test_an_account_shows_none_of_its_secrets(family: Family) -> None:
    family.enrol()
    row = accounts.rows(family.store).find_one({})
    assert row
    shown = repr(family.account())
    assert row["password"] not in shown
    assert row["totp"]["sealed"] not in shown


def test_a_name_is_found_in_any_spelling(family: Family) -> None:
    family.set_up()
    assert accounts.find_named(family.store, "  mum ") == accounts.find_account(family.store, "owner")
    assert accounts.find_named(family.store, "dad") is None
    assert accounts.find_account(family.store, "dad") is None


def test_two_accounts_cannot_share_a_name(family: Family) -> None:
    family.set_up()
    create_all(family.store)
    with pytest.raises(DuplicateKey):
        insert_account(
            family.store, family.clock, account_id="b", name="MUM", password="nine blue herons", role="owner"
        )


def test_a_changed_password_counts_and_the_old_one_does_not(family: Family) -> None:
    session = family.enrol().session
    accounts.change_password(family.store, family.clock, session, "nine blue herons", peer=HOME)
    assert family.with_password("nine blue herons")
    with pytest.raises(WrongPassword):
        family.with_password(PASSWORD)
    assert "password changed" in family.told()


def test_changing_the_password_ends_the_other_sessions(family: Family) -> None:
    other = family.enrol()
    mine = family.sign_in()
    accounts.change_password(family.store, family.clock, mine.session, "nine blue herons", peer=HOME)
    assert sessions.find_session(family.store, family.clock, mine.token, peer=HOME)
    assert sessions.find_session(family.store, family.clock, other.token, peer=HOME) is None


def test_changing_the_password_needs_a_fresh_code(family: Family) -> None:
    session = family.enrol().session
    family.clock.advance(minutes=6)
    with pytest.raises(FreshCodeNeeded):
        accounts.change_password(family.store, family.clock, session, "nine blue herons", peer=HOME)
    assert family.with_password(PASSWORD)


def test_a_weak_password_changes_nothing(family: Family) -> None:
    session = family.enrol().session
    with pytest.raises(PasswordTooWeak):
        accounts.change_password(family.store, family.clock, session, "mum-mum-mum", peer=HOME)
    assert family.with_password(PASSWORD)


def test_units_are_remembered_for_the_person(family: Family) -> None:
    family.set_up()
    assert family.account().units == ""
    accounts.choose_units(family.store, "owner", "mmol")
    assert family.account().units == "mmol"
    with pytest.raises(BadRequest):
        accounts.choose_units(family.store, "owner", "stone")  # type: ignore[arg-type]
    assert family.account().units == "mmol"

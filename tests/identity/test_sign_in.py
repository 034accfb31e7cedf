from __future__ import annotations

import pytest

from app.errors import TooManyAttempts
from app.identity import audit, passwords, sessions, sign_in
from app.identity.peer import Peer
from app.identity.refusals import ClockOutOfStep, SignInExpired, UsedCode, WrongCode, WrongPassword
from app.identity.sign_in import SignedIn
from tests.identity.family import ELSEWHERE, HOME, NAME, PASSWORD, Family, all_at_once


def test_password_and_code_open_a_session(family: Family) -> None:
    family.enrol()
    signed_in = family.with_code(family.with_password().ticket, family.code())
    found = sessions.find_session(family.store, family.clock, signed_in.token, peer=HOME)
    assert found == signed_in.session
    assert found.account_id == signed_in.account.id == family.account().id


def test_the_password_alone_opens_nothing(family: Family) -> None:
    family.enrol()
    pending = family.with_password()
    assert (pending.needs, pending.account_name) == ("code", NAME)
    assert len(sessions.list_sessions(family.store, family.clock, "owner")) == 1
    assert sessions.find_session(family.store, family.clock, pending.ticket, peer=HOME) is None


def test_the_name_counts_however_it_is_capitalised(family: Family) -> None:
    family.enrol()
    assert family.with_password(name=" mUM ")


def test_a_wrong_password_and_an_unknown_name_get_one_answer(family: Family) -> None:
    family.enrol()
    with pytest.raises(WrongPassword) as wrong:
        family.with_password("seven green otter")
    with pytest.raises(WrongPassword) as unknown:
        family.with_password(name="Nobody")
    assert wrong.value.message == unknown.value.message


def test_a_wrong_code_opens_nothing(family: Family) -> None:
    family.enrol()
    with pytest.raises(WrongCode) as refused:
        family.with_code(family.with_password().ticket, family.wrong_code())
    assert not isinstance(refused.value, UsedCode | ClockOutOfStep)


def test_a_used_code_is_refused(family: Family) -> None:
    family.enrol()
    code = family.code()
    family.with_code(family.with_password().ticket, code)
    with pytest.raises(UsedCode):
        family.with_code(family.with_password().ticket, code)


def test_a_phone_whose_clock_is_wrong_is_told_so(family: Family) -> None:
    family.enrol()
    with pytest.raises(ClockOutOfStep):
        family.with_code(family.with_password().ticket, family.code(10))


def test_of_eight_browsers_with_one_code_one_gets_in(family: Family) -> None:
    family.enrol()
    ticket, code = family.with_password().ticket, family.code()
    results = all_at_once(lambda _: family.with_code(ticket, code), 8)
    assert sum(isinstance(result, SignedIn) for result in results) == 1
    assert sum(isinstance(result, UsedCode) for result in results) == 7


def test_a_recovery_code_opens_a_session_once(family: Family) -> None:
    family.enrol()
    signed_in = family.with_code(family.with_password().ticket, family.recovery_codes[0])
    assert signed_in.account.id == "owner"
    assert family.account().recovery_codes_left == 7
    with pytest.raises(WrongCode):
        family.with_code(family.with_password().ticket, family.recovery_codes[0])


def test_five_minutes_after_the_password_the_code_comes_too_late(family: Family) -> None:
    family.enrol()
    ticket = family.with_password().ticket
    family.clock.advance(minutes=5)
    with pytest.raises(SignInExpired):
        family.with_code(ticket, family.code())


def test_a_ticket_of_ones_own_making_is_none(family: Family) -> None:
    family.enrol()
    for forged in ("", "x", family.keyring.seal("elsewhere", {"account": "owner", "until_ms": 2**50})):
        with pytest.raises(SignInExpired):
            family.with_code(forged, family.code())


def test_a_ticket_ends_when_the_password_changes(family: Family) -> None:
    from app.identity import accounts

    session = family.enrol().session
    ticket = family.with_password().ticket
    accounts.change_password(family.store, family.clock, session, "nine blue herons", peer=HOME)
    with pytest.raises(SignInExpired):
        family.with_code(ticket, family.code())


def test_after_ten_wrong_passwords_an_address_has_to_wait(family: Family) -> None:
    family.enrol()
    for _ in range(10):
        with pytest.raises(WrongPassword):
            family.with_password("wrong wrong wrong", peer=ELSEWHERE)
    with pytest.raises(TooManyAttempts) as refused:
        family.with_password(peer=ELSEWHERE)
    assert 0 < refused.value.retry_after_s <= 900
    family.clock.advance(s=refused.value.retry_after_s)
    assert family.with_password(peer=ELSEWHERE)


def test_a_stranger_who_only_knows_the_name_does_not_keep_its_owner_out(family: Family) -> None:
    family.enrol()
    for _ in range(11):
        with pytest.raises((WrongPassword, TooManyAttempts)):
            family.with_password("wrong wrong wrong", peer=ELSEWHERE)
    assert family.sign_in(HOME)


def test_many_strangers_together_get_no_more_than_fifty_guesses_at_a_name(family: Family) -> None:
    family.enrol()
    guesses = 0
    for number in range(60):
        try:
            family.with_password("wrong wrong wrong", peer=Peer(f"203.0.113.{number}"))
        except WrongPassword:
            guesses += 1
        except TooManyAttempts:
            continue
    assert guesses == 50


def test_who_is_signed_in_keeps_seeing_whatever_others_try(family: Family) -> None:
    token = family.enrol().token
    for number in range(60):
        with pytest.raises((WrongPassword, TooManyAttempts)):
            family.with_password("wrong wrong wrong", peer=Peer(f"203.0.113.{number}"))
    for _ in range(11):
        with pytest.raises((WrongPassword, TooManyAttempts)):
            family.with_password("wrong wrong wrong", peer=HOME)
    assert sessions.find_session(family.store, family.clock, token, peer=HOME)


def test_a_right_password_forgets_the_wrong_ones_before_it(family: Family) -> None:
    family.enrol()
    for _ in range(3):
        for _ in range(9):
            with pytest.raises(WrongPassword):
                family.with_password("wrong wrong wrong")
        assert family.with_password()


def test_a_cookie_says_who_is_signed_in_until_they_sign_out(family: Family) -> None:
    mine, other = family.enrol(), family.sign_in()
    found = sign_in.find_signed_in(family.store, family.clock, mine.token, peer=HOME)
    assert found
    assert (found.account.name, found.session.id) == (NAME, mine.session.id)
    sign_in.sign_out(family.store, family.clock, found, peer=HOME)
    assert sign_in.find_signed_in(family.store, family.clock, mine.token, peer=HOME) is None
    assert sign_in.find_signed_in(family.store, family.clock, other.token, peer=HOME)
    assert family.told()[-1] == "signed out"


def test_no_cookie_counts_for_an_account_without_an_authenticator(family: Family) -> None:
    account = family.set_up()
    token, _ = sessions.open_session(family.store, family.clock, account.id, peer=HOME)
    assert sign_in.find_signed_in(family.store, family.clock, token, peer=HOME) is None


def test_a_cookie_of_an_account_that_is_gone_counts_for_nothing(family: Family) -> None:
    token = family.enrol().token
    family.store.collection("nl_accounts").delete_many({})
    assert sign_in.find_signed_in(family.store, family.clock, token, peer=HOME) is None


def test_a_code_of_the_phone_makes_a_session_fresh(family: Family) -> None:
    session = family.enrol().session
    family.clock.advance(minutes=6)
    fresh = sign_in.confirm_code(family.store, family.clock, family.keyring, session, family.code(), peer=HOME)
    sessions.require_fresh(fresh, family.clock)


def test_a_wrong_code_does_not_make_a_session_fresh_and_does_not_end_it(family: Family) -> None:
    signed_in = family.enrol()
    family.clock.advance(minutes=6)
    for typed in (family.wrong_code(), family.recovery_codes[0]):
        with pytest.raises(WrongCode):
            sign_in.confirm_code(family.store, family.clock, family.keyring, signed_in.session, typed, peer=HOME)
    found = sessions.find_session(family.store, family.clock, signed_in.token, peer=HOME)
    assert found
    assert found.fresh_until_ms < family.clock.now_ms()


def test_a_session_that_has_ended_cannot_be_made_fresh(family: Family) -> None:
    session = family.enrol().session
    sessions.revoke_all(family.store, "owner")
    with pytest.raises(SignInExpired):
        sign_in.confirm_code(family.store, family.clock, family.keyring, session, family.code(), peer=HOME)


def test_signing_in_and_failing_are_in_the_audit_list(family: Family) -> None:
    family.enrol()
    for typed in ("wrong wrong wrong", PASSWORD):
        try:
            ticket = family.with_password(typed, peer=ELSEWHERE).ticket
        except WrongPassword:
            continue
        with pytest.raises(WrongCode):
            family.with_code(ticket, family.wrong_code(), ELSEWHERE)
        family.with_code(ticket, family.code(), ELSEWHERE)
    rows = audit.search(family.store, limit=3)
    assert [(row.act, row.about, row.address) for row in reversed(rows)] == [
        ("sign-in failed", "owner", ELSEWHERE.address),
        ("sign-in failed", "owner", ELSEWHERE.address),
        ("signed in", "owner", ELSEWHERE.address),
    ]
    assert [row.details.get("at") or row.details.get("with") for row in reversed(rows)] == ["password", "code", "code"]


def test_a_limit_that_is_reached_is_told_once(family: Family) -> None:
    family.enrol()
    for _ in range(20):
        with pytest.raises((WrongPassword, TooManyAttempts)):
            family.with_password("wrong wrong wrong", peer=ELSEWHERE)
    told = family.told()
    assert told.count("sign-in blocked") == 1
    assert told.count("sign-in failed") == 10


def test_a_name_that_nobody_has_is_not_written_down(family: Family) -> None:
    family.enrol()
    with pytest.raises(WrongPassword):
        family.with_password(name="my very secret passphrase")
    everything = [str(row) for name in ("nl_audit", "nl_throttle") for row in family.store.collection(name).find({})]
    assert not any("secret passphrase" in row for row in everything)
    assert audit.search(family.store)[0].about == ""


def test_a_better_hash_is_kept_after_signing_in(family: Family, monkeypatch: pytest.MonkeyPatch) -> None:
    from argon2 import PasswordHasher, extract_parameters

    family.enrol()
    monkeypatch.setattr(passwords, "hasher", PasswordHasher(time_cost=1, memory_cost=128, parallelism=1))
    family.with_password()
    row = family.store.collection("nl_accounts").find_one({})
    assert row
    assert extract_parameters(row["password"]).memory_cost == 128
    assert family.with_password()

from __future__ import annotations

import pytest

from app.errors import Conflict, FreshCodeNeeded
from app.identity import enrolment, sessions, sign_in
from app.identity.refusals import ClockOutOfStep, SignInExpired, WrongCode
from app.identity.totp import STEP_S, Enrolment, code_at, step_at
from app.keyring import KeyRing, SealBroken, new_key
from tests.identity.family import HOME, Family, all_at_once


def begin(family: Family, ticket: str) -> Enrolment:
    return sign_in.begin_enrolment(family.store, family.clock, family.keyring, ticket, site_name="Alba")


def finish(family: Family, ticket: str, code: str) -> tuple[sign_in.SignedIn, tuple[str, ...]]:
    return sign_in.finish_enrolment(family.store, family.clock, family.keyring, ticket, code, peer=HOME)


def shown_code(family: Family, shown: Enrolment, ahead: int = 0) -> str:
    secret = shown.secret_text.replace(" ", "")
    return code_at(secret, step_at(family.clock.now_ms()) + ahead)


def test_a_code_of_the_shown_secret_enrols_and_signs_in(family: Family) -> None:
    family.set_up()
    ticket = family.with_password().ticket
    signed_in, codes = finish(family, ticket, shown_code(family, begin(family, ticket)))
    assert signed_in.account.enrolled
    assert len(codes) == 8
    assert signed_in.account.recovery_codes_left == 8
    assert sessions.find_session(family.store, family.clock, signed_in.token, peer=HOME)


def test_until_a_code_was_shown_nothing_is_enrolled(family: Family) -> None:
    family.set_up()
    ticket = family.with_password().ticket
    begin(family, ticket)
    assert family.with_password().needs == "enrolment"
    assert enrolment.factor_of(family.store, family.keyring, "owner") is None


def test_a_wrong_code_does_not_enrol(family: Family) -> None:
    family.set_up()
    ticket = family.with_password().ticket
    shown = begin(family, ticket)
    near = {shown_code(family, shown, ahead) for ahead in range(-30, 31)}
    wrong = next(code for number in range(100) if (code := f"{number:06d}") not in near)
    with pytest.raises(WrongCode):
        finish(family, ticket, wrong)
    assert not family.account().enrolled


def test_a_phone_with_a_wrong_clock_is_told_before_it_matters(family: Family) -> None:
    family.set_up()
    ticket = family.with_password().ticket
    with pytest.raises(ClockOutOfStep):
        finish(family, ticket, shown_code(family, begin(family, ticket), -6))
    assert not family.account().enrolled


def test_loading_the_page_again_shows_the_same_picture(family: Family) -> None:
    family.set_up()
    ticket = family.with_password().ticket
    assert begin(family, ticket) == begin(family, ticket)


def test_pages_that_begin_at_once_show_one_picture(family: Family) -> None:
    family.set_up()
    ticket = family.with_password().ticket
    shown = all_at_once(lambda _: begin(family, ticket), 4)
    assert {picture.uri for picture in shown} == {shown[0].uri}


def test_a_page_that_began_a_moment_earlier_decides_the_picture(
    family: Family, monkeypatch: pytest.MonkeyPatch
) -> None:
    family.set_up()
    ticket = family.with_password().ticket
    draft, earlier = enrolment._draft, []

    def overtaken(*given: object) -> object:
        monkeypatch.setattr(enrolment, "_draft", draft)
        earlier.append(begin(family, ticket))
        return draft(*given)

    monkeypatch.setattr(enrolment, "_draft", overtaken)
    assert begin(family, ticket) == earlier[0]


def test_an_hour_later_the_picture_has_changed_and_the_old_one_enrols_nobody(family: Family) -> None:
    family.set_up()
    first = begin(family, family.with_password().ticket)
    family.clock.advance(minutes=61)
    ticket = family.with_password().ticket
    with pytest.raises(Conflict):
        finish(family, ticket, shown_code(family, first))
    assert begin(family, ticket).uri != first.uri


def test_finishing_without_beginning_is_refused(family: Family) -> None:
    family.set_up()
    with pytest.raises(Conflict):
        finish(family, family.with_password().ticket, "123456")


def test_an_enrolled_account_is_not_enrolled_over_by_a_password_alone(family: Family) -> None:
    family.set_up()
    waiting, ticket = family.with_password().ticket, family.with_password().ticket
    finish(family, ticket, shown_code(family, begin(family, ticket)))
    with pytest.raises(SignInExpired):
        begin(family, waiting)
    with pytest.raises(SignInExpired):
        begin(family, family.with_password().ticket)


def test_of_two_browsers_enrolling_at_once_one_wins(family: Family) -> None:
    family.set_up()
    ticket = family.with_password().ticket
    code = shown_code(family, begin(family, ticket))
    results = all_at_once(lambda _: finish(family, ticket, code), 4)
    assert sum(isinstance(result, tuple) for result in results) == 1
    assert len(sessions.list_sessions(family.store, family.clock, "owner")) == 1


def test_another_phone_takes_over_with_a_fresh_code_and_ends_other_sessions(family: Family) -> None:
    family.enrol()
    old_code = family.code
    session = family.sign_in().session
    shown = enrolment.begin_another(family.store, family.clock, family.keyring, session, site_name="Alba")
    assert not family.store.collection("nl_accounts").find_one({"totp": None})
    codes = enrolment.finish_another(
        family.store, family.clock, family.keyring, session, shown_code(family, shown), peer=HOME
    )
    assert set(codes).isdisjoint(family.recovery_codes)
    family.clock.advance(s=STEP_S)
    assert old_code() == shown_code(family, shown)
    assert [left.id for left in sessions.list_sessions(family.store, family.clock, "owner")] == [session.id]


def test_another_phone_needs_a_fresh_code(family: Family) -> None:
    session = family.enrol().session
    family.clock.advance(minutes=6)
    with pytest.raises(FreshCodeNeeded):
        enrolment.begin_another(family.store, family.clock, family.keyring, session, site_name="Alba")


def test_the_old_phone_counts_until_the_new_one_has_shown_a_code(family: Family) -> None:
    session = family.enrol().session
    enrolment.begin_another(family.store, family.clock, family.keyring, session, site_name="Alba")
    assert family.sign_in()


def test_without_the_key_the_secret_cannot_be_opened(family: Family) -> None:
    family.enrol()
    with pytest.raises(SealBroken):
        enrolment.factor_of(family.store, KeyRing([new_key()]), "owner")

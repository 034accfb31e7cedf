from __future__ import annotations

import pytest

from app.errors import Conflict, NotFound
from app.identity import audit, sessions, sign_in, way_back
from app.identity.refusals import PasswordTooWeak, SignInExpired, WrongPassword
from tests.identity.family import HOME, PASSWORD, Family


def test_a_lost_phone_is_replaced_after_the_operators_reset(family: Family) -> None:
    family.enrol()
    old_codes = family.recovery_codes
    way_back.reset_totp(family.store, family.clock, "mum")
    pending = family.with_password()
    assert pending.needs == "enrolment"
    with pytest.raises(SignInExpired):
        family.with_code(pending.ticket, old_codes[0])
    sign_in.begin_enrolment(family.store, family.clock, family.keyring, pending.ticket, site_name="Alba")
    signed_in, codes = sign_in.finish_enrolment(
        family.store, family.clock, family.keyring, pending.ticket, family.draft_code(), peer=HOME
    )
    assert signed_in.account.enrolled
    assert set(codes).isdisjoint(old_codes)


def test_a_reset_ends_every_session_and_half_done_sign_in(family: Family) -> None:
    token, ticket, code = family.enrol().token, family.with_password().ticket, family.code()
    way_back.reset_totp(family.store, family.clock, "mum")
    assert sessions.find_session(family.store, family.clock, token, peer=HOME) is None
    with pytest.raises(SignInExpired):
        family.with_code(ticket, code)


def test_a_reset_ends_an_enrolment_that_is_under_way(family: Family) -> None:
    family.set_up()
    ticket = family.with_password().ticket
    way_back.reset_totp(family.store, family.clock, "mum")
    with pytest.raises(SignInExpired):
        sign_in.begin_enrolment(family.store, family.clock, family.keyring, ticket, site_name="Alba")


def test_a_reset_in_the_moment_of_enrolling_wins(family: Family, monkeypatch: pytest.MonkeyPatch) -> None:
    family.set_up()
    ticket = family.with_password().ticket
    sign_in.begin_enrolment(family.store, family.clock, family.keyring, ticket, site_name="Alba")
    record = audit.record

    def reset_meanwhile(*given: object, **named: object) -> None:
        monkeypatch.undo()
        record(*given, **named)
        way_back.reset_totp(family.store, family.clock, "mum")

    code = family.draft_code()
    monkeypatch.setattr(audit, "record", reset_meanwhile)
    with pytest.raises(Conflict):
        sign_in.finish_enrolment(family.store, family.clock, family.keyring, ticket, code, peer=HOME)
    assert not family.account().enrolled


def test_a_reset_does_not_let_in_without_the_password(family: Family) -> None:
    family.enrol()
    way_back.reset_totp(family.store, family.clock, "mum")
    with pytest.raises(WrongPassword):
        family.with_password("wrong wrong wrong")


def test_a_forgotten_password_is_replaced_and_the_phone_still_needed(family: Family) -> None:
    token = family.enrol().token
    way_back.reset_password(family.store, family.clock, "MUM", "nine blue herons")
    assert sessions.find_session(family.store, family.clock, token, peer=HOME) is None
    with pytest.raises(WrongPassword):
        family.with_password(PASSWORD)
    pending = family.with_password("nine blue herons")
    assert pending.needs == "code"
    assert family.with_code(pending.ticket, family.code())


def test_the_operator_cannot_choose_a_weak_password_either(family: Family) -> None:
    family.enrol()
    with pytest.raises(PasswordTooWeak):
        way_back.reset_password(family.store, family.clock, "mum", "password123")
    assert family.with_password(PASSWORD)


def test_an_unknown_name_is_said_to_be_unknown(family: Family) -> None:
    with pytest.raises(NotFound):
        way_back.reset_totp(family.store, family.clock, "dad")
    with pytest.raises(NotFound):
        way_back.reset_password(family.store, family.clock, "dad", "nine blue herons")


def test_what_the_operator_did_is_in_the_audit_list(family: Family) -> None:
    family.enrol()
    way_back.reset_totp(family.store, family.clock, "mum")
    way_back.reset_password(family.store, family.clock, "mum", "nine blue herons")
    rows = audit.search(family.store, limit=2)
    assert [(row.act, row.actor_kind, row.actor, row.about) for row in rows] == [
        ("password changed", "system", "operator", "owner"),
        ("authenticator reset", "system", "operator", "owner"),
    ]

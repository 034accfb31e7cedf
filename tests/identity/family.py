"""A household in tests: mum, who owns the account, her phone, and how she signs in."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from app.identity import accounts, enrolment, setup, sign_in, totp
from app.identity.accounts import Account
from app.identity.peer import Peer
from app.identity.sign_in import Pending, SignedIn
from app.keyring import KeyRing
from app.store.interface import Store
from tests.clocks import SettableClock

NAME = "Mum"
PASSWORD = "seven green otters"
HOME = Peer("192.0.2.7", "Firefox on a phone")
ELSEWHERE = Peer("198.51.100.9", "curl")


@dataclass
class Family:
    """Mum at her browser. ``moment`` of the clock moves on by one code whenever a code is used."""

    store: Store
    clock: SettableClock
    keyring: KeyRing
    recovery_codes: tuple[str, ...] = field(default=())

    def set_up(self) -> Account:
        """Make the owner's account, not yet enrolled."""
        code = setup.new_setup_code(self.store, self.clock)
        setup.create_owner(
            self.store, self.clock, self.keyring, setup_code=code, name=NAME, password=PASSWORD, peer=HOME
        )
        return self.account()

    def enrol(self) -> SignedIn:
        """Set up, enrol an authenticator, and be signed in."""
        self.set_up()
        ticket = self.with_password().ticket
        sign_in.begin_enrolment(self.store, self.clock, self.keyring, ticket, site_name="Nightlight")
        code = self.draft_code()
        signed_in, self.recovery_codes = sign_in.finish_enrolment(
            self.store, self.clock, self.keyring, ticket, code, peer=HOME
        )
        self.clock.advance(s=totp.STEP_S)
        return signed_in

    def with_password(self, password: str = PASSWORD, name: str = NAME, peer: Peer = HOME) -> Pending:
        return sign_in.give_password(self.store, self.clock, self.keyring, name=name, password=password, peer=peer)

    def with_code(self, ticket: str, code: str, peer: Peer = HOME) -> SignedIn:
        return sign_in.give_code(self.store, self.clock, self.keyring, ticket, code, peer=peer)

    def sign_in(self, peer: Peer = HOME) -> SignedIn:
        """Sign in once more, with the next code."""
        self.clock.advance(s=totp.STEP_S)
        return self.with_code(self.with_password(peer=peer).ticket, self.code(), peer)

    def code(self, steps_ahead: int = 0) -> str:
        """Return what mum's phone shows, if its clock were so many steps ahead."""
        factor = enrolment.factor_of(self.store, self.keyring, "owner")
        assert factor
        return totp.code_at(factor.secret, totp.step_at(self.clock.now_ms()) + steps_ahead)

    def draft_code(self) -> str:
        """Return what a phone shows that has scanned the picture of the enrolment under way."""
        row = accounts.rows(self.store).find_one({"_id": "owner"})
        assert row
        secret = self.keyring.open("account:owner", row["totp_draft"]["sealed"])["totp"]
        return totp.code_at(secret, totp.step_at(self.clock.now_ms()))

    def wrong_code(self) -> str:
        """Return six digits that are no code within an hour."""
        near = {self.code(steps) for steps in range(-120, 121)}
        return next(code for number in range(1000) if (code := f"{number:06d}") not in near)

    def account(self) -> Account:
        found = accounts.find_named(self.store, NAME)
        assert found
        return found

    def told(self) -> list[str]:
        """Return the acts of the audit list, oldest first."""
        from app.identity import audit

        return [row.act for row in reversed(audit.search(self.store))]


def all_at_once(act: Callable[[int], Any], how_many: int = 8) -> list[Any]:
    """Run an act in so many threads that begin together, and return what each returned or raised."""
    gate = threading.Barrier(how_many)
    results: list[Any] = [None] * how_many

    def run(number: int) -> None:
        gate.wait()
        try:
            results[number] = act(number)
        except Exception as problem:
            results[number] = problem

    threads = [threading.Thread(target=run, args=(number,)) for number in range(how_many)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return results

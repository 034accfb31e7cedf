"""A stolen copy of the database, without the keys, opens no door."""

from __future__ import annotations

import pytest

from app.actor import Actor
from app.identity import tokens, way_back
from app.identity.codes import as_typed
from app.identity.minting import sha1_of, sha512_of
from app.identity.refusals import WrongCode, WrongPassword
from app.sharing import shares, visits
from tests.identity.family import HOME, PASSWORD, Family

COLLECTIONS = (
    *("nl_accounts", "nl_audit", "nl_sessions", "nl_setup", "nl_shares"),
    *("nl_throttle", "nl_tokens", "nl_visits", "nl_keys"),
)


def test_no_secret_of_a_familys_day_is_in_the_store(family: Family) -> None:
    owner = Actor("account", "account:Mum", ("*",), id="owner")
    signed_in = family.enrol()
    again = family.sign_in()
    with pytest.raises(WrongPassword):
        family.with_password("a password of another site")
    with pytest.raises(WrongCode):
        family.with_code(family.with_password().ticket, family.wrong_code())
    wish = shares.Wish("Dr Weber", "clinician", ["glucose"], passcode="blue-heron-9")
    share, link = shares.make_share(family.store, family.clock, again.session, wish, peer=HOME)
    _, cookie = visits.open_share(family.store, family.clock, link, passcode="blue-heron-9", peer=HOME)
    _, device = tokens.make_token(family.store, family.clock, owner, name="xDrip", grants=["*"])
    secret = family.keyring.open("account:owner", _sealed(family))["totp"]
    way_back.reset_password(family.store, family.clock, "mum", "nine blue herons")

    everything = str([list(family.store.collection(name).find({})) for name in COLLECTIONS])
    assert share.label in everything
    for kept_from_it in (
        *(PASSWORD, "nine blue herons", "a password of another site", "blue-heron-9", secret),
        *(signed_in.token, again.token, link, cookie, device, sha1_of(device), sha512_of(device)),
        *family.recovery_codes,
        *(as_typed(code) for code in family.recovery_codes),
    ):
        assert kept_from_it not in everything


def _sealed(family: Family) -> str:
    row = family.store.collection("nl_accounts").find_one({})
    assert row
    return str(row["totp"]["sealed"])

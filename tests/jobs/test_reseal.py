"""After a rotation of keys every stored secret opens with the new key alone."""

from __future__ import annotations

import pytest

from app.actor import NOBODY
from app.house import House
from app.jobs.reseal import reseal
from app.keyring import KeyRing, new_key
from app.uploaders.uploaders import Uploaders

ANSWERS = {"account": "ada", "password": "x"}


def uploaders_with(house: House, keyring: KeyRing) -> Uploaders:
    return Uploaders(house.store, house.clock, NOBODY, keyring)


def test_after_a_rotation_the_old_key_is_no_longer_needed(house: House) -> None:
    old, new = new_key(), new_key()
    made = uploaders_with(house, KeyRing([old])).create("dexcom_share", ANSWERS)
    accounts = house.store.collection("nl_accounts")
    sealed = KeyRing([old]).seal("account:mum", {"totp": "x"})
    accounts.insert_one({"_id": "mum", "totp": {"enrolment": "e", "sealed": sealed}, "totp_draft": None})
    assert reseal(house.store, KeyRing([new, old])) == 2
    assert uploaders_with(house, KeyRing([new])).secrets_of(made.id) == ANSWERS
    row = accounts.find_one({"_id": "mum"})
    assert row
    assert KeyRing([new]).open("account:mum", row["totp"]["sealed"]) == {"totp": "x"}


def test_without_a_rotation_nothing_is_written(house: House) -> None:
    uploaders_with(house, house.keyring).create("dexcom_share", ANSWERS)
    reseal(house.store, house.keyring)
    seq = house.store.last_seq()
    assert reseal(house.store, house.keyring) == 0
    assert house.store.last_seq() == seq


def test_a_secret_nobody_can_open_is_left_and_told(house: House, caplog: pytest.LogCaptureFixture) -> None:
    lost = uploaders_with(house, KeyRing([new_key()])).create("dexcom_share", ANSWERS)
    kept = uploaders_with(house, house.keyring).create("dexcom_share", ANSWERS)
    assert reseal(house.store, house.keyring) == 1
    assert "could not be sealed anew" in caplog.text
    assert uploaders_with(house, house.keyring).secrets_of(kept.id) == ANSWERS
    row = house.store.collection("nl_uploaders").find_one({"_id": lost.id})
    assert row
    assert row["sealed"]

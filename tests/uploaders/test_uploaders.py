"""The service behind the page: made, edited, switched, deleted; secrets go in and never come out."""

from __future__ import annotations

import pytest

from app.actor import NOBODY
from app.errors import NotFound
from app.house import House
from app.keyring import SealBroken
from app.uploaders.form import FormRefused
from app.uploaders.runner import Runner
from app.uploaders.state import COLLECTION, Uploader
from app.uploaders.uploaders import Uploaders
from tests.clocks import START_MS, SettableClock
from tests.emulators.dexcom import DexcomEmulator
from tests.uploaders.conftest import dexcom_answers

ANSWERS = {"label": "Dexcom of Ada", "account": "marker-account", "password": "marker-password", "region": "ous"}


def test_an_uploader_is_made_due_at_once_and_listed(uploaders: Uploaders) -> None:
    made = uploaders.create("dexcom_share", ANSWERS)
    assert (made.label, made.enabled, made.origin, made.options["region"]) == ("Dexcom of Ada", True, "people", "ous")
    assert made.is_due(START_MS)
    assert [one.id for one in uploaders.all()] == [made.id]
    assert uploaders.find(made.id) == made


def test_without_a_name_it_has_its_vendors(uploaders: Uploaders) -> None:
    assert uploaders.create("dexcom_share", {**ANSWERS, "label": ""}).label == "Dexcom"


def test_nothing_of_a_secret_is_stored_readable_or_given_out(house: House, uploaders: Uploaders) -> None:
    made = uploaders.create("dexcom_share", ANSWERS)
    assert "marker" not in str(list(house.store.collection(COLLECTION).find()))
    assert "marker" not in repr(made) + repr(uploaders.form("dexcom_share", made.id))
    assert made.secrets_set == {"account": START_MS, "password": START_MS}
    assert uploaders.secrets_of(made.id) == {"account": "marker-account", "password": "marker-password"}


def test_the_form_shows_what_was_answered_but_no_secret(uploaders: Uploaders) -> None:
    made = uploaders.create("dexcom_share", ANSWERS)
    shown = {asked.name: asked for asked in uploaders.form("dexcom_share", made.id)}
    assert shown["label"].value == "Dexcom of Ada"
    assert shown["region"].value == "ous"
    assert (shown["password"].value, shown["password"].set_at_ms) == (None, START_MS)


def test_an_edit_keeps_the_secrets_left_empty(uploaders: Uploaders, clock: SettableClock) -> None:
    made = uploaders.create("dexcom_share", ANSWERS)
    clock.advance(hours=1)
    edited = uploaders.edit(made.id, {"region": "us", "account": "", "password": "another"})
    assert uploaders.secrets_of(made.id) == {"account": "marker-account", "password": "another"}
    assert edited.secrets_set == {"account": START_MS, "password": START_MS + 3_600_000}
    assert (edited.options["region"], edited.label, edited.revision) == ("us", "Dexcom of Ada", 2)


def test_an_edit_forgets_session_failure_and_cursors(
    house: House, uploaders: Uploaders, runner: Runner, dexcom: DexcomEmulator, dexcom_uploader: Uploader
) -> None:
    dexcom.show(118)
    runner.run(dexcom_uploader.id)
    edited = uploaders.edit(dexcom_uploader.id, dexcom_answers(dexcom))
    assert edited.cursors == {}
    assert edited.is_due(START_MS)
    row = house.store.collection(COLLECTION).find_one({"_id": dexcom_uploader.id})
    assert row
    assert row["session"] is None


def test_renaming_keeps_the_place(
    uploaders: Uploaders, runner: Runner, dexcom: DexcomEmulator, dexcom_uploader: Uploader
) -> None:
    dexcom.show(118)
    runner.run(dexcom_uploader.id)
    named = {**dexcom_answers(dexcom), "label": "Ada", "account": "", "password": ""}
    assert uploaders.edit(dexcom_uploader.id, named).cursors["entries"] == START_MS - 60_000


def test_bad_answers_change_nothing(uploaders: Uploaders) -> None:
    made = uploaders.create("dexcom_share", ANSWERS)
    with pytest.raises(FormRefused):
        uploaders.edit(made.id, {"region": "mars"})
    with pytest.raises(FormRefused):
        uploaders.create("dexcom_share", {})
    assert uploaders.all() == [made]


@pytest.mark.parametrize(
    "address", ["https://ada.example.org", "https://ADA.example.org:443/", "https://ada.example.org/nightscout"]
)
def test_our_own_address_is_no_source(house: House, address: str) -> None:
    here = Uploaders(house.store, house.clock, NOBODY, house.keyring, own_addresses=["https://ada.example.org", ""])
    with pytest.raises(FormRefused) as refused:
        here.create("nightscout", {"address": address})
    assert set(refused.value.problems) == {"address"}
    assert here.create("nightscout", {"address": "https://ben.example.org"})


def test_a_deleted_uploader_is_gone_with_its_secrets_and_its_memory(
    house: House, uploaders: Uploaders, runner: Runner, dexcom: DexcomEmulator, dexcom_uploader: Uploader
) -> None:
    dexcom.show(118)
    runner.run(dexcom_uploader.id)
    uploaders.delete(dexcom_uploader.id)
    assert uploaders.all() == []
    assert house.store.collection("nl_uploader_seen").count_documents() == 0
    assert house.store.collection("entries").count_documents() == 1
    assert not runner.run(dexcom_uploader.id)


def test_what_is_not_there_is_not_found(uploaders: Uploaders) -> None:
    for act in (uploaders.find, uploaders.delete, uploaders.run_now, uploaders.secrets_of):
        with pytest.raises(NotFound):
            act("nobody")
    with pytest.raises(NotFound):
        uploaders.enable("nobody", True)
    with pytest.raises(NotFound):
        uploaders.edit("nobody", ANSWERS)
    with pytest.raises(NotFound):
        uploaders.create("nobody", {})


def test_secrets_swapped_between_two_uploaders_do_not_open(house: House, uploaders: Uploaders) -> None:
    one, other = uploaders.create("dexcom_share", ANSWERS), uploaders.create("dexcom_share", ANSWERS)
    rows = house.store.collection(COLLECTION)
    row = rows.find_one({"_id": one.id})
    assert row
    rows.update_one({"_id": other.id}, {"$set": {"sealed": row["sealed"]}})
    with pytest.raises(SealBroken):
        uploaders.secrets_of(other.id)

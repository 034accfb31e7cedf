"""A document in another Nightscout's words: what it is sent as, and when what is there says the same."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.clock import iso_of
from app.store import ObjectId
from app.store.interface import Document
from app.uploaders.nightscout_push.lately import MOST, Lately
from app.uploaders.nightscout_push.mapper import APP, for_v1, for_v3, id_for, name_of, says_the_same
from app.uploaders.nightscout_push.theirs import stretches
from app.uploaders.sites import site_of
from tests.clocks import START_MS

ID = "5f0c52f46c0e4c0a9d536e1c"
AT = iso_of(START_MS)
STAMPS = {"srvModified": 5, "srvCreated": 4, "subject": "us", "modifiedBy": "us", "nl_uploader": "cloud"}
BOLUS: Document = {"eventType": "Bolus", "created_at": AT, "insulin": 1.5, "utcOffset": 60}
ENTRY: Document = {"type": "sgv", "sgv": 120, "date": START_MS, "utcOffset": -210, "sysTime": AT}


def test_nothing_the_server_or_this_program_noted_goes_out() -> None:
    for told in (
        for_v1({**BOLUS, **STAMPS, "_id": ObjectId(ID), "isValid": True}, "treatments", None),
        for_v3({**BOLUS, **STAMPS, "_id": ObjectId(ID), "isValid": True}, "treatments", "name"),
    ):
        assert not {*STAMPS, "isValid"} & told.keys()


def test_v1_is_told_the_offset_in_the_text_of_the_time() -> None:
    assert for_v1(BOLUS, "treatments", None)["created_at"] == "2026-11-21T11:00:00.000+01:00"
    assert for_v1(ENTRY, "entries", None)["dateString"] == "2026-11-21T06:30:00.000-03:30"
    assert for_v1({**ENTRY, "utcOffset": 0}, "entries", None)["dateString"] == AT
    assert for_v1({"created_at": "2026-11-21T11:00+01:00"}, "activity", None)["created_at"] == "2026-11-21T11:00+01:00"


@pytest.mark.parametrize(
    ("names", "theirs", "sent"),
    [
        ({"_id": ObjectId(ID)}, None, {"_id": ID}),
        ({"_id": ObjectId(ID), "identifier": "chosen"}, None, {"identifier": "chosen"}),
        ({"_id": "TEXT"}, None, {"identifier": "TEXT"}),
        ({"_id": ObjectId(ID)}, {"_id": "a" * 24, "identifier": ID}, {"identifier": ID}),
        ({"_id": ObjectId(ID), "identifier": ID}, {"_id": ID}, {"_id": ID}),
        ({"_id": ObjectId(ID)}, {"_id": ID}, {"_id": ID}),
    ],
)
def test_a_treatment_is_named_so_that_v1_keeps_it_once(
    names: Document, theirs: Document | None, sent: dict[str, str]
) -> None:
    told = for_v1({**BOLUS, **names}, "treatments", theirs)
    assert {name: told[name] for name in ("_id", "identifier") if name in told} == sent


def test_other_documents_have_an_id_that_is_always_the_same() -> None:
    assert for_v1({"_id": ObjectId(ID)}, "devicestatus", None)["_id"] == ID
    named = for_v1({"_id": "TEXT", "identifier": "chosen"}, "profile", None)
    assert (named["_id"], named["identifier"]) == (id_for({"identifier": "chosen"}), "chosen")
    assert for_v1({"_id": ObjectId(ID)}, "food", {"_id": "b" * 24})["_id"] == "b" * 24


def test_an_entry_has_no_id_for_v1_which_knows_it_by_its_moment() -> None:
    assert "_id" not in for_v1({**ENTRY, "_id": ObjectId(ID)}, "entries", None)
    assert for_v1({**ENTRY, "identifier": "ours"}, "entries", None)["identifier"] == "ours"
    assert for_v1({**ENTRY, "identifier": "ours"}, "entries", {"identifier": "theirs"})["identifier"] == "theirs"


def test_v3_gets_what_it_insists_on() -> None:
    told = for_v3(BOLUS, "treatments", "name")
    assert (told["identifier"], told["date"], told["utcOffset"], told["app"]) == ("name", START_MS, 60, APP)
    assert for_v3({**BOLUS, "app": "AAPS"}, "treatments", "name")["app"] == "AAPS"
    assert for_v3({**BOLUS, "app": " "}, "treatments", "name")["app"] == APP
    assert "utcOffset" not in for_v3({**BOLUS, "utcOffset": None}, "treatments", "name")


def test_push_tokens_stay_here() -> None:
    profile = {"startDate": AT, "store": {}, "loopSettings": {"deviceToken": "x", "bundleIdentifier": "y", "a": 1}}
    assert for_v1(profile, "profile", None)["loopSettings"] == {"a": 1}
    assert for_v3(profile, "profile", "name")["loopSettings"] == {"a": 1}
    assert says_the_same("profile", profile, {"startDate": AT, "store": {}, "loopSettings": {"a": 1}})


@pytest.mark.parametrize(
    "theirs",
    [
        {**BOLUS, "_id": ID, "mills": START_MS, "carbs": None, "srvModified": 9},
        {**BOLUS, "identifier": "x", "app": APP, "date": START_MS, "isValid": True},
        {**BOLUS, "created_at": "2026-11-21T11:00:00+01:00"},
        {**BOLUS, "insulin": 1.50},
    ],
)
def test_what_servers_add_and_write_in_their_own_way_is_the_same(theirs: Document) -> None:
    assert says_the_same("treatments", BOLUS, theirs)


@pytest.mark.parametrize(
    "changed",
    [{"insulin": 1.6}, {"insulin": None}, {"notes": "x"}, {"created_at": iso_of(START_MS + 1)}, {"utcOffset": 0}],
)
def test_what_says_anything_else_is_another(changed: dict[str, Any]) -> None:
    assert not says_the_same("treatments", BOLUS, {**BOLUS, **changed})
    assert not says_the_same("treatments", {**BOLUS, **changed}, BOLUS)


def test_a_length_is_the_same_in_either_word_for_it() -> None:
    loop = {**BOLUS, "duration": 0.5}
    assert says_the_same("treatments", loop, {**BOLUS, "duration": 1, "durationInMilliseconds": 30_000, "endmills": 7})
    assert not says_the_same("treatments", loop, {**BOLUS, "duration": 1})


def test_their_entry_may_say_more_but_not_less() -> None:
    assert says_the_same("entries", ENTRY, {**ENTRY, "direction": "Flat", "created_at": AT, "dateString": AT})
    assert not says_the_same("entries", {**ENTRY, "direction": "Flat"}, ENTRY)


def test_a_name_is_the_identifier_or_the_id() -> None:
    assert name_of({"_id": ObjectId(ID)}) == ID
    assert name_of({"_id": ObjectId(ID), "identifier": "chosen"}) == "chosen"
    assert name_of({"_id": ObjectId(ID), "identifier": ""}) == ID


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(["notes", "carbs", "duration", "_id", "x", "identifier"]), json_values))
def test_what_arrives_as_it_was_sent_does_not_travel_again(more: Document) -> None:
    ours = {**BOLUS, **more, "created_at": AT}
    for told in (for_v1(ours, "treatments", None), for_v3(ours, "treatments", "name")):
        assert says_the_same("treatments", ours, {**told, "utcOffset": 60})


def test_instants_far_apart_are_looked_up_apart() -> None:
    day = 86_400_000
    assert stretches([3 * day, 0, None, 5, day, 10 * day]) == [(0, day), (3 * day, 3 * day), (10 * day, 10 * day)]
    assert stretches([]) == []


def test_what_was_dealt_with_lately_is_known_until_it_changes() -> None:
    lately = Lately({})
    batch = [{"_id": place, "srvModified": START_MS + place * 1000} for place in range(300)]
    lately.remember("entries", batch)
    again = Lately(lately.kept)
    assert [one["_id"] for one in again.unknown("entries", batch)] == list(range(180))
    changed = {"_id": 299, "srvModified": START_MS + 400_000}
    assert again.unknown("entries", [batch[250], changed]) == [changed]
    assert again.unknown("treatments", batch[-1:]) == batch[-1:]


def test_no_more_is_remembered_than_fits() -> None:
    lately = Lately({})
    lately.remember("entries", [{"_id": place, "srvModified": START_MS} for place in range(3 * MOST)])
    assert len(lately.kept["entries"]) == MOST


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("https://ada.example.org", "http://ada.example.org/", True),
        ("https://Ada.Example.org:443/x", "https://ada.example.org.", True),
        ("http://127.0.0.1:1337", "http://127.0.0.1:1338", False),
        ("https://ada.example.org", "https://bob.example.org", False),
        ("https://ada.example.org:8443", "https://ada.example.org", False),
    ],
)
def test_two_addresses_of_one_site_are_known_to_be_that(one: str, other: str, same: bool) -> None:
    assert (site_of(one) == site_of(other)) == same


def test_what_is_no_address_means_no_site() -> None:
    assert [site_of(text) for text in ("", "no address", "http://[", "http://x:99999999", None, 5)] == [None] * 6

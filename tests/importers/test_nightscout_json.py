"""Nightscout's records as JSON: however they are written, the same records come of it, and each only once."""

from __future__ import annotations

import gzip
import json
import logging
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.clock import iso_of
from app.importers import json_records
from app.importers.bounded import Opened
from app.importers.format import How, Unreadable
from app.importers.formats import recognised
from app.importers.going_through import _guarded, surveyed
from app.importers.nightscout.json_format import NightscoutJson
from app.records.activity import Activity
from app.records.food import Food
from app.store import ObjectId
from app.store.interface import Document
from tests.clocks import START_MS
from tests.importers.conftest import BERLIN, Bringing, MakeFile, Reading, read_with
from tests.importers.nightscout_site import (
    DAY_MS,
    HOUR_MS,
    MINUTE_MS,
    Site,
    answer,
    answer_of_v3,
    copy_of,
    id_of,
    lines,
    listed,
    packed,
    scattered,
    small_site,
    together,
)

FORMAT = NightscoutJson()
SITE = small_site()
COLLECTIONS = tuple(SITE)
WRITTEN: dict[str, Callable[[Site, str], str]] = {
    "answer": answer,
    "answer of v3": answer_of_v3,
    "lines canonical": lambda site, name: lines(site, name, "canonical"),
    "lines relaxed": lambda site, name: lines(site, name, "relaxed"),
    "lines legacy": lambda site, name: lines(site, name, "legacy"),
    "lines of Windows": lambda site, name: lines(site, name, end="\r\n"),
    "lines with gaps": lambda site, name: "\n" + lines(site, name, end="\n\n"),
    "list": listed,
    "scattered": scattered,
    "one line": lambda site, name: lines(site, name).rstrip("\n"),
}
ENCODINGS: dict[str, Callable[[str], bytes]] = {
    "utf-8": str.encode,
    "utf-8 with mark": lambda text: b"\xef\xbb\xbf" + text.encode(),
    "utf-16": lambda text: text.encode("utf-16"),
    "gzip": lambda text: gzip.compress(text.encode()),
}


def said_of(reading: Reading, collection: str) -> dict[str, Document]:
    """By identifier; API v3 does not show the ``_id`` of a document that has one."""
    return {
        one["identifier"]: {name: value for name, value in one.items() if name != "_id"}
        for one in reading.of(collection)
    }


def everything(reading: Reading) -> dict[str, dict[str, Document]]:
    return {name: said_of(reading, name) for name in COLLECTIONS}


def canonical(file: MakeFile, collection: str) -> dict[str, Document]:
    return said_of(read_with(FORMAT, file(answer(SITE, collection), f"{collection}.json")), collection)


@pytest.mark.parametrize("collection", COLLECTIONS)
@pytest.mark.parametrize("written", WRITTEN)
@pytest.mark.parametrize("encoding", ENCODINGS)
def test_however_it_is_written_the_same_records_come_of_it(
    file: MakeFile, collection: str, written: str, encoding: str
) -> None:
    opened = file(ENCODINGS[encoding](WRITTEN[written](SITE, collection)), "export")
    reading = read_with(FORMAT, opened)
    assert reading.rejected == []
    assert said_of(reading, collection) == canonical(file, collection)
    assert len(reading.found) == len(SITE[collection])


@pytest.mark.parametrize("collection", COLLECTIONS)
def test_a_file_is_recognised_by_what_is_in_it(file: MakeFile, collection: str) -> None:
    for written in WRITTEN.values():
        assert (
            FORMAT.recognises(file(written(SITE, collection), "x"))
            == f"its records look like Nightscout's {collection}"
        )


def test_a_list_for_each_collection_is_read_in_the_order_that_matters(file: MakeFile) -> None:
    reading = read_with(FORMAT, file(together(SITE)))
    assert {name: said_of(reading, name) for name in COLLECTIONS} == {
        name: canonical(file, name) for name in COLLECTIONS
    }
    order = list(dict.fromkeys(collection for collection, _ in reading.documents))
    assert order == ["profile", "entries", "treatments", "devicestatus", "food", "activity"]
    assert reading.found[0].place == "profile, record 1"


def test_a_zip_of_exports_is_read_as_a_whole_and_says_what_it_left(file: MakeFile) -> None:
    files: dict[str, bytes | str] = {f"backup/{name}.json": answer(SITE, name) for name in COLLECTIONS}
    files |= {"backup/notes.json": '{"hello": "world"}', "backup/entries.metadata.json": '{"indexes": []}'}
    more = lines({"entries": SITE["entries"][:2]}, "entries")
    files["backup/more.ndjson.gz"] = gzip.compress(more.encode())
    opened = file(packed(files))
    assert FORMAT.recognises(opened)
    reading = read_with(FORMAT, opened)
    assert [collection for collection, _ in reading.documents][:2] == ["profile", "entries"]
    assert {name: said_of(reading, name) for name in COLLECTIONS} == {
        name: canonical(file, name) for name in COLLECTIONS
    }
    assert reading.said == ["Not imported, since they hold no health records: notes.json."]


def test_the_name_of_the_file_tells_the_collection_where_a_record_does_not(file: MakeFile) -> None:
    odd = [{"_id": str(id_of(1)), "created_at": iso_of(START_MS - HOUR_MS), "enteredBy": "mum"}]
    told = json.dumps([*json.loads(answer(SITE, "treatments")), *odd])
    reading = read_with(FORMAT, file(told, "ns-treatments (2).json"))
    assert len(reading.of("treatments")) == 5
    without = read_with(FORMAT, file(told, "export.json"))
    assert [(one.place, one.why) for one in without.rejected] == [
        ("record 5", "it is none of Nightscout's health records")
    ]


def test_a_wrong_name_does_not_mislead(file: MakeFile) -> None:
    reading = read_with(FORMAT, file(answer(SITE, "entries"), "treatments.json"))
    assert said_of(reading, "entries") == canonical(file, "entries")


OTHERS = {
    "tidepool": [{"type": "food", "name": "x", "time": iso_of(START_MS), "uploadId": "u", "id": "1"}],
    "tidepool cbg": [
        {"type": "cbg", "value": 5.5, "units": "mmol/L", "deviceTime": "2026-11-21T10:00:00", "uploadId": "u"}
    ],
    "openaps glucose": [{"sgv": 100, "date": START_MS, "display_time": "2026-11-21T10:00:00", "glucose": 100}],
    "openaps history": [{"_type": "Bolus", "timestamp": "2026-11-21T10:00:00+01:00", "amount": 1}],
    "openaps iob": [{"iob": 1.2, "activity": 0.01, "time": "2026-11-21T10:00:00Z"}],
    "health auto export": {"data": {"metrics": [{"name": "blood_glucose", "data": []}]}},
    "nothing": [],
    "numbers": [1, 2, 3],
}


@pytest.mark.parametrize("other", OTHERS)
def test_json_of_others_is_not_claimed(file: MakeFile, other: str) -> None:
    assert FORMAT.recognises(file(json.dumps(OTHERS[other]))) is None


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[", b"\x00\x01", b"PK\x03\x04broken", b"\x1f\x8bbroken", b"Index;Date\n1;2", b"<xml/>"]
)
def test_what_is_no_json_is_not_claimed(file: MakeFile, content: bytes) -> None:
    assert FORMAT.recognises(file(content)) is None


def test_a_line_that_is_broken_costs_no_other(file: MakeFile) -> None:
    whole = lines(SITE, "entries").splitlines()
    reading = read_with(FORMAT, file("\n".join([*whole[:3], whole[3][:20], "null", *whole[4:]])))
    assert len(reading.found) == 13
    assert [(one.place, one.why) for one in reading.rejected] == [
        ("line 4", "it is no JSON"),
        ("line 5", "it is none of Nightscout's health records"),
    ]


def test_a_list_that_is_cut_off_keeps_what_came_before(file: MakeFile, bringing: Bringing) -> None:
    one = bringing.bring(answer(SITE, "entries")[:-200], "entries.json")
    assert one.result is not None
    assert one.result.notes == ["The file ends early: it is cut off."]
    assert one.result.kinds == [("glucose", 12, 0)]


def test_a_damaged_member_of_a_zip_costs_no_other(file: MakeFile) -> None:
    content = {"entries.json": answer(SITE, "entries")[:900], "treatments.json": answer(SITE, "treatments")}
    reading = read_with(FORMAT, file(packed(content)))
    assert said_of(reading, "treatments") == canonical(file, "treatments")
    assert reading.said == ["entries.json ends early: it is cut off."]


def test_deleted_records_are_not_imported_as_living_ones(file: MakeFile) -> None:
    site = copy_of(SITE)
    site["treatments"][0]["isValid"] = False
    site["treatments"][1]["isValid"] = True
    reading = read_with(FORMAT, file(answer(site, "treatments")))
    assert set(said_of(reading, "treatments")) == {str(id_of(202)), str(id_of(203)), "smb-1"}
    assert reading.said == ["Records that had been deleted were left out: 1."]


def test_as_many_records_as_the_api_gives_unasked_are_pointed_out(file: MakeFile) -> None:
    ten = {"entries": SITE["entries"][:10]}
    assert "exactly 10 records" in read_with(FORMAT, file(answer(ten, "entries"), "entries.json")).said[0]
    assert read_with(FORMAT, file(lines(ten, "entries"), "entries.json")).said == []


def test_a_record_without_an_end_is_given_up(file: MakeFile, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_records, "LONGEST_BYTES", 100_000)
    endless = json.dumps([{"sgv": 1, "date": START_MS, "note": "x" * 300_000}])
    with pytest.raises(ValueError, match="no end"):
        read_with(FORMAT, file(endless))
    long_line = lines(SITE, "entries") + json.dumps({"sgv": 1, "x": "y" * 300_000}) + "\n" + lines(SITE, "entries")
    reading = read_with(FORMAT, file(long_line))
    assert len(reading.found) == 28
    assert [(one.place, one.why) for one in reading.rejected] == [("line 15", "it is too long")]


@pytest.mark.parametrize("opening", ["[", '[{"a":', '{"a":'])
def test_a_file_that_only_opens_is_given_up(file: MakeFile, opening: str) -> None:
    opened = file('[{"sgv":1,"date":1795255200000},' + opening * 200_000)
    with pytest.raises(ValueError, match="too deep"):
        read_with(FORMAT, opened)


def test_reading_goes_on_one_record_at_a_time(file: MakeFile) -> None:
    many = [{**SITE["entries"][0], "_id": id_of(place), "date": START_MS - place * 1000} for place in range(20_000)]
    for content in (answer({"entries": many}, "entries"), lines({"entries": many}, "entries")):
        opened = file(content)
        items = FORMAT.read(opened, How(BERLIN, START_MS))
        next(items)
        assert opened.done_bytes < len(content) / 10
        assert sum(1 for _ in items) == len(many) - 1


def test_importing_twice_is_importing_once(bringing: Bringing) -> None:
    bringing.bring(together(SITE))
    before = {name: list(bringing.house.store.collection(name).find()) for name in COLLECTIONS}
    assert {name: len(found) for name, found in before.items()} == {name: len(SITE[name]) for name in COLLECTIONS}
    again = bringing.bring(together(SITE))
    assert again.result is not None
    assert again.result.new.total() == 0
    assert {name: list(bringing.house.store.collection(name).find()) for name in COLLECTIONS} == before


def test_ids_are_those_the_records_had(bringing: Bringing) -> None:
    bringing.bring(together(SITE))
    for name in COLLECTIONS:
        kept = bringing.house.store.collection(name).find()
        assert {one["_id"] for one in kept} == {one["_id"] for one in SITE[name]}
        assert {one.get("identifier") for one in bringing.house.store.collection(name).find()} <= {None, "smb-1"}


@pytest.mark.parametrize("first", [True, False])
def test_overlapping_halves_end_as_the_whole(bringing: Bringing, first: bool) -> None:
    halves = [{"entries": SITE["entries"][:9]}, {"entries": SITE["entries"][5:]}]
    for half in halves if first else reversed(halves):
        bringing.bring(answer(half, "entries"), "entries.json")
    kept = list(bringing.house.store.collection("entries").find(sort=(("_id", 1),)))
    assert [one["_id"] for one in kept] == [one["_id"] for one in SITE["entries"]]


def test_no_insulin_and_no_carbs_are_gained_or_lost(bringing: Bringing) -> None:
    site = copy_of(SITE)
    meal = {"eventType": "Meal Bolus", "insulin": 1, "carbs": 20, "preBolus": 15}
    site["treatments"].append({"_id": id_of(250), "created_at": iso_of(START_MS), **meal})
    bringing.bring(answer(site, "treatments"))
    kept = bringing.treatments()
    for amount in ("insulin", "carbs"):
        assert sum(one.get(amount, 0) for one in kept) == sum(one.get(amount, 0) for one in site["treatments"])
    assert len(kept) == len(site["treatments"])


def test_everything_is_taken_back_also_food_and_activity(bringing: Bringing) -> None:
    house = bringing.house
    Food(house.store, house.clock, bringing.imports._actor).save([{"type": "food", "name": "Bread", "carbs": 20}])
    one = bringing.bring(together(SITE))
    assert one.result is not None
    assert {("food", 1, 0), ("activity", 1, 0)} <= set(one.result.kinds)
    undone = bringing.undo(one)
    assert (undone.undone, undone.left) == (sum(map(len, SITE.values())), 0)
    living = {name: house.store.collection(name).count_documents({"isValid": {"$ne": False}}) for name in COLLECTIONS}
    assert living == {**dict.fromkeys(COLLECTIONS, 0), "food": 1}
    again = bringing.bring(together(SITE))
    assert again.result is not None
    assert again.result.new.total() == sum(map(len, SITE.values()))


def test_food_and_activity_stay_as_they_were(bringing: Bringing) -> None:
    bringing.bring(together(SITE))
    house = bringing.house
    [apple] = Food(house.store, house.clock, bringing.imports._actor).search()
    assert (apple["carbs"], apple["created_at"]) == ("14", "2020-05-05T05:05:05.000Z")
    [steps] = Activity(house.store, house.clock, bringing.imports._actor).search()
    assert (steps["steps"], steps["created_at"]) == (1200, iso_of(START_MS - DAY_MS))


def test_kinds_of_food_and_activity_can_be_left_out(bringing: Bringing) -> None:
    one = bringing.answer(bringing.look(together(SITE)), unwanted=["food", "activity", "status"])
    bringing.confirm(one)
    for name in ("food", "activity", "devicestatus"):
        assert bringing.house.store.collection(name).count_documents() == 0


def test_stamps_are_the_server_s_own_and_no_stamp_of_another_house_counts(bringing: Bringing) -> None:
    site = copy_of(SITE)
    site["entries"][0] |= {"srvModified": 5, "srvCreated": 5, "nl_uploader": "theirs", "subject": "them"}
    one = bringing.bring(answer(site, "entries"))
    kept = bringing.house.store.collection("entries").find_one({"_id": id_of(0)})
    assert kept is not None
    assert (kept["nl_import"], kept["srvModified"] >= START_MS, kept["srvCreated"] >= START_MS) == (one.id, True, True)
    assert not {"nl_uploader", "subject"} & kept.keys()


def test_what_the_phone_uploaded_since_is_not_doubled(bringing: Bringing) -> None:
    from app.actor import NOBODY
    from app.records.entries import Entries

    first = SITE["entries"][0]
    phone = {name: first[name] for name in ("date", "dateString", "sgv", "type", "device")}
    Entries(bringing.house.store, bringing.house.clock, NOBODY).save([phone])
    bringing.bring(answer(SITE, "entries"))
    assert len(bringing.entries()) == len(SITE["entries"])


def test_ids_within_records_are_ids_in_every_spelling(file: MakeFile) -> None:
    food = {
        "_id": id_of(7),
        "eventType": "Meal Bolus",
        "created_at": iso_of(START_MS),
        "boluscalc": {"foods": [{"_id": id_of(8)}]},
    }
    for mode in ("canonical", "relaxed", "legacy"):
        [meal] = read_with(FORMAT, file(lines({"treatments": [food]}, "treatments", mode))).of("treatments")
        assert meal["boluscalc"] == {"foods": [{"_id": ObjectId(str(id_of(8)))}]}


WHOLE = [answer(SITE, "entries").encode(), lines(SITE, "treatments").encode(), together(SITE).encode()]


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from(WHOLE),
    st.integers(0, 4000),
    st.binary(max_size=8) | st.sampled_from([b'"', b"{", b"[", b"}", b"null", b"1e999", b'{"$date":5}', b"\\ud800"]),
    st.integers(0, 300),
)
def test_whatever_is_in_a_file_it_yields_a_report(
    file: MakeFile, caplog: pytest.LogCaptureFixture, whole: bytes, at: int, put: bytes, drop: int
) -> None:
    caplog.set_level(logging.ERROR)
    opened = file(whole[:at] + put + whole[at + drop :])
    FORMAT.recognises(opened)
    with suppress(Unreadable):
        surveyed(FORMAT, opened)
    for item in _guarded(FORMAT, opened, How(BERLIN, START_MS)):
        assert item
    assert "broke" not in caplog.text


def test_any_value_for_any_member_is_survived(file: MakeFile) -> None:
    odd: list[Any] = [None, "", "x", 0, -1, 1e308, True, [], {}, [1], {"a": 1}, 10**30, "\ud800", "9" * 50]
    names = ("_id", "identifier", "date", "dateString", "created_at", "startDate", "sgv", "type", "utcOffset", "store")
    written = [
        {**json.loads(answer(SITE, collection))[0], name: value}
        for collection in COLLECTIONS
        for name in names
        for value in odd
    ]
    reading = read_with(FORMAT, file("\n".join(map(json.dumps, written)), "export"))
    assert len(reading.found) + len(reading.rejected) == len(written)
    assert not [one for one in reading.rejected if one.why == "it has an unknown shape"]


def test_it_is_the_first_choice_for_its_files(file: MakeFile) -> None:
    for name in COLLECTIONS:
        assert [one.format.name for one in recognised(file(answer(SITE, name), "x.json"))][:1] == ["nightscout-json"]


def test_the_survey_names_unit_and_collections(file: MakeFile) -> None:
    survey = surveyed(FORMAT, Opened.at(file(answer(SITE, "entries")).path, "entries.json"))
    assert dict(survey.facts) == {"Unit": "mg/dL, as Nightscout keeps it", "Begins with": "entries"}
    assert survey.questions == ()


def test_minute_readings_are_all_kept(bringing: Bringing) -> None:
    every_minute = [
        {"_id": id_of(place), "type": "sgv", "sgv": 100, "date": START_MS - place * MINUTE_MS, "device": "Libre3"}
        for place in range(50, 0, -1)
    ]
    bringing.bring(answer({"entries": every_minute}, "entries"), "entries.json")
    assert len(bringing.entries()) == 50

"""Nightscout's database as mongodump writes it, in whatever packing: the same records come of it as of the API."""

from __future__ import annotations

import gzip
import logging
from contextlib import suppress

import bson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.importers.format import How, Unreadable
from app.importers.formats import recognised
from app.importers.going_through import _guarded, surveyed
from app.importers.nightscout.bson_format import NightscoutBson
from app.importers.nightscout.json_format import NightscoutJson
from app.store.interface import Document
from tests.clocks import START_MS
from tests.importers.conftest import BERLIN, Bringing, MakeFile, Reading, read_with
from tests.importers.nightscout_site import (
    Site,
    answer,
    archive,
    copy_of,
    dump,
    dump_folder,
    id_of,
    packed,
    small_site,
)

FORMAT = NightscoutBson()
SITE = small_site()
COLLECTIONS = tuple(SITE)
WHOLE = {
    "folder": packed(dump_folder(SITE)),
    "folder of packed files": packed(dump_folder(SITE, gzipped=True)),
    "archive": archive({"nightscout": SITE}),
    "packed archive": gzip.compress(archive({"nightscout": SITE})),
    "archive in a zip": packed({"backup/ada.archive": archive({"nightscout": SITE})}),
    "packed archive in a zip": packed({"ada.archive.gz": gzip.compress(archive({"nightscout": SITE}))}),
}


def everything(reading: Reading) -> dict[str, dict[str, Document]]:
    return {name: {one["identifier"]: one for one in reading.of(name)} for name in COLLECTIONS}


@pytest.fixture
def canonical(file: MakeFile) -> dict[str, dict[str, Document]]:
    """The same records as the API answers them."""
    read = {name: read_with(NightscoutJson(), file(answer(SITE, name), f"{name}.json")) for name in COLLECTIONS}
    return {name: {one["identifier"]: one for one in reading.of(name)} for name, reading in read.items()}


@pytest.mark.parametrize("written", WHOLE)
def test_however_it_is_packed_the_same_records_come_of_it_as_of_the_api(
    file: MakeFile, canonical: dict[str, dict[str, Document]], written: str
) -> None:
    opened = file(WHOLE[written], "backup")
    assert FORMAT.recognises(opened)
    reading = read_with(FORMAT, opened)
    assert reading.rejected == []
    assert everything(reading) == canonical


@pytest.mark.parametrize("collection", COLLECTIONS)
@pytest.mark.parametrize("packs", [bytes, gzip.compress])
@pytest.mark.parametrize("name", ["{}.bson", "{}.bson.gz", "download"])
def test_one_collection_alone_is_read(
    file: MakeFile, canonical: dict[str, dict[str, Document]], collection: str, packs: type[bytes], name: str
) -> None:
    opened = file(packs(dump(SITE, collection)), name.format(collection))
    assert FORMAT.recognises(opened) == f"it is BSON, and its records look like Nightscout's {collection}"
    reading = read_with(FORMAT, opened)
    assert {one["identifier"]: one for one in reading.of(collection)} == canonical[collection]


def test_a_folder_is_read_in_the_order_that_matters_and_leaves_accounts_alone(file: MakeFile) -> None:
    reading = read_with(FORMAT, file(WHOLE["folder"]))
    order = list(dict.fromkeys(collection for collection, _ in reading.documents))
    assert order == ["profile", "entries", "treatments", "devicestatus", "food", "activity"]
    assert reading.said == ["Not imported, since they hold no health records: auth_subjects."]
    assert reading.found[1].place == "entries, record 1"


def test_a_collection_by_another_name_is_known_by_its_records(file: MakeFile) -> None:
    site = {"mybgs": SITE["entries"], "logbook": [{"_id": id_of(1), "page": 1}], "settings": SITE["treatments"]}
    reading = read_with(FORMAT, file(archive({"heroku_x": site})))
    assert len(reading.of("entries")) == len(SITE["entries"])
    assert len(reading.found) == len(SITE["entries"])
    assert reading.said == ["Not imported, since they hold no health records: logbook, settings."]


def test_two_databases_are_not_mixed(file: MakeFile, bringing: Bringing) -> None:
    bob: Site = {"entries": [{**SITE["entries"][0], "_id": id_of(999), "sgv": 300}]}
    for content in (
        archive({"ada": SITE, "bob": bob}),
        packed({**dump_folder(SITE, "ada"), "dump/bob/entries.bson": dump(bob, "entries")}),
    ):
        survey = surveyed(FORMAT, file(content))
        [question] = survey.questions
        assert (question.proposed, [value for value, _ in question.choices]) == (None, ["ada", "bob"])
        assert 300 not in {
            one["sgv"] for one in read_with(FORMAT, file(content), database="ada").of("entries") if "sgv" in one
        }
        assert [one["sgv"] for one in read_with(FORMAT, file(content), database="bob").of("entries")] == [300]
    one = bringing.look(archive({"ada": SITE, "bob": bob}), "both.archive")
    assert one.stage == "asks"
    done = bringing.confirm(bringing.answer(one, {"database": "bob"}))
    assert done.result is not None
    assert done.result.kinds == [("glucose", 1, 0)]


def test_one_database_is_not_asked_about(file: MakeFile) -> None:
    for content in WHOLE.values():
        survey = surveyed(FORMAT, file(content))
        assert survey.questions == ()
        assert "entries" in dict(survey.facts)["Collections"]
        assert "auth_subjects" not in dict(survey.facts)["Collections"]


def test_a_damaged_record_costs_no_other(file: MakeFile) -> None:
    good = bson.encode(SITE["entries"][0])
    bad = bson.encode({**SITE["entries"][1], "odd": 1}).replace(b"\x10odd", b"\x77odd")
    reading = read_with(FORMAT, file(good + bad + bson.encode(SITE["entries"][2]), "entries.bson"))
    assert len(reading.of("entries")) == 2
    assert [(one.place, one.why) for one in reading.rejected] == [("entries, record 2", "it is damaged")]


def test_a_dump_that_is_cut_off_keeps_what_came_before(bringing: Bringing) -> None:
    done = bringing.bring(dump(SITE, "entries")[:-20], "entries.bson")
    assert done.result is not None
    assert done.result.kinds == [("glucose", 13, 0)]
    assert done.result.notes == ["The file ends early: it is cut off."]


def test_a_damaged_member_of_a_zip_costs_no_other(file: MakeFile) -> None:
    files = dump_folder(SITE)
    files["dump/nightscout/entries.bson"] = files["dump/nightscout/entries.bson"][:-20]
    reading = read_with(FORMAT, file(packed(files)))
    assert len(reading.of("treatments")) == len(SITE["treatments"])
    assert "entries.bson ends early: it is cut off." in reading.said


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x05\x00\x00\x00\x00",
        bson.encode({"hello": "world"}) * 3,
        bson.encode({"_id": 1, "name": "Reader", "roles": ["readable"]}),
        b"\x16\x00\x00\x00garbage of any sort",
        b"[{}]",
        packed({"auth_subjects.bson": bson.encode({"_id": id_of(1), "name": "Reader"})}),
        packed({"readme.txt": "hello"}),
    ],
)
def test_what_holds_no_records_of_nightscout_is_not_claimed(file: MakeFile, content: bytes) -> None:
    assert FORMAT.recognises(file(content, "file.bson" if content else "file")) is None


def test_a_record_longer_than_the_beginning_that_is_looked_at_is_recognised_by_name(file: MakeFile) -> None:
    long = {"_id": id_of(1), "store": {"Default": {"notes": "x" * 100_000}}, "startDate": "2026-01-01T00:00:00.000Z"}
    assert FORMAT.recognises(file(dump({"profile": [long]}, "profile"), "profile.bson"))
    assert len(read_with(FORMAT, file(dump({"profile": [long]}, "profile"), "profile.bson")).of("profile")) == 1


def test_the_same_records_as_json_and_as_dump_are_one(bringing: Bringing) -> None:
    bringing.bring(WHOLE["archive"], "ada.archive")
    before = {name: list(bringing.house.store.collection(name).find()) for name in COLLECTIONS}
    assert {name: len(found) for name, found in before.items()} == {name: len(SITE[name]) for name in COLLECTIONS}
    for name in COLLECTIONS:
        again = bringing.bring(answer(SITE, name), f"{name}.json")
        assert again.result is not None
        assert again.result.new.total() == 0
    assert {name: list(bringing.house.store.collection(name).find()) for name in COLLECTIONS} == before


def test_push_tokens_do_not_come_over(file: MakeFile) -> None:
    site = copy_of(SITE)
    site["profile"][0]["loopSettings"] = {"deviceToken": "marker", "bundleIdentifier": "marker", "dosingEnabled": True}
    site["profile"][0]["teamID"] = "marker"
    [profile] = read_with(FORMAT, file(dump(site, "profile"), "profile.bson")).of("profile")
    assert "marker" not in str(profile)
    assert profile["loopSettings"] == {"dosingEnabled": True}


def test_a_dump_is_recognised_before_the_json_beside_it(file: MakeFile) -> None:
    assert [one.format.name for one in recognised(file(WHOLE["folder"]))] == ["nightscout-bson"]


def test_reading_goes_on_one_record_at_a_time(file: MakeFile) -> None:
    many = [{**SITE["entries"][0], "_id": id_of(place), "date": START_MS - place * 1000.0} for place in range(20_000)]
    content = dump({"entries": many}, "entries")
    opened = file(content, "entries.bson")
    items = FORMAT.read(opened, How(BERLIN, START_MS))
    next(items)
    assert opened.done_bytes < len(content) / 10
    assert sum(1 for _ in items) == len(many) - 1


GARBLED = [dump(SITE, "entries"), WHOLE["archive"], WHOLE["folder"], WHOLE["packed archive"]]


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(GARBLED), st.integers(0, 6000), st.binary(max_size=8), st.integers(0, 300))
def test_whatever_is_in_a_file_it_yields_a_report(
    file: MakeFile, caplog: pytest.LogCaptureFixture, whole: bytes, at: int, put: bytes, drop: int
) -> None:
    caplog.set_level(logging.ERROR)
    opened = file(whole[:at] + put + whole[at + drop :], "entries.bson")
    FORMAT.recognises(opened)
    with suppress(Unreadable):
        surveyed(FORMAT, opened)
    for item in _guarded(FORMAT, opened, How(BERLIN, START_MS)):
        assert item
    assert "broke" not in caplog.text

"""Tidepool's JSON: the service's records and the exporter's flat ones are the same documents, however they come."""

from __future__ import annotations

import gzip
import json
import random
import tracemalloc
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.clock import iso_of
from app.importers.format import Found, How
from app.importers.formats import recognised
from app.importers.going_through import surveyed
from app.importers.tidepool.json_format import TidepoolJson
from app.records.sources.tidepool.reading import Reading
from app.store.interface import Document
from tests.clocks import START_MS
from tests.importers.conftest import BERLIN, Bringing, MakeFile, read_with
from tests.importers.tidepool_files import MINUTE_MS, account, as_json, flat, record

FORMAT = TidepoolJson()


def served(records: list[dict[str, Any]]) -> dict[tuple[str, str], Document]:
    """The documents that the same records become when they come from the service."""
    reading = Reading(START_MS, BERLIN.zone_at, knows_profile=True)
    for one in records:
        reading.see(one)
    made = [each for one in records for each in reading.documents(one)]
    return {(one.collection, one.document["identifier"]): one.document for one in (*made, *reading.rest())}


def found_in(file: MakeFile, content: str | bytes) -> dict[tuple[str, str], Document]:
    read = read_with(FORMAT, file(content))
    assert not read.rejected
    return {(collection, document["identifier"]): document for collection, document in read.documents}


def without_profiles(found: dict[tuple[str, str], Document]) -> dict[tuple[str, str], Document]:
    return {name: document for name, document in found.items() if name[0] != "profile"}


@pytest.mark.parametrize("unit", ["mmol/L", "mg/dL"])
@pytest.mark.parametrize("is_flat", [False, True])
def test_a_file_holds_the_documents_the_service_gives(file: MakeFile, is_flat: bool, unit: str) -> None:
    records = account()
    found = found_in(file, as_json(flat(records, unit) if is_flat else records))
    assert without_profiles(found) == served(records)
    profiles = [document for (collection, _), document in found.items() if collection == "profile"]
    assert [one["startDate"] for one in profiles] == [
        iso_of(START_MS - 700 * MINUTE_MS),
        iso_of(START_MS - 600 * MINUTE_MS),
    ]
    first, second = (one["store"]["Weekday"] for one in profiles)
    assert [step["value"] for step in first["basal"]] == [0.8, 1.05]
    assert (first["target_low"][0]["value"], first["target_high"][0]["value"], first["dia"]) == (80, 108, 4)
    assert (second["carbratio"][0]["value"], second["sens"][0]["value"]) == (12, 45)
    assert set(profiles[0]["store"]) == {"Weekday", "Rest"}


def test_the_settings_are_the_same_profile_in_whatever_form_and_unit(file: MakeFile) -> None:
    records = [one for one in account() if one["type"] == "pumpSettings"]
    nested = found_in(file, as_json(records))
    assert len(nested) == 2
    assert nested == found_in(file, as_json(flat(records, "mmol/L"))) == found_in(file, as_json(flat(records, "mg/dL")))


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.randoms(use_true_random=False), st.booleans())
def test_the_order_of_the_records_changes_nothing(file: MakeFile, dice: random.Random, is_flat: bool) -> None:
    records = flat(account()) if is_flat else account()
    whole = found_in(file, as_json(records))
    dice.shuffle(records)
    assert without_profiles(found_in(file, as_json(records))) == without_profiles(whole)


@pytest.mark.parametrize("written", ["list", "lines", "indented", "utf-16", "gzip"])
def test_a_file_is_known_by_its_records_however_it_is_written(file: MakeFile, written: str) -> None:
    records = account()
    content: str | bytes = {
        "list": as_json(records),
        "lines": "\n".join(json.dumps(one) for one in records),
        "indented": json.dumps(records, indent=2),
        "utf-16": as_json(records).encode("utf-16"),
        "gzip": gzip.compress(as_json(records).encode()),
    }[written]
    opened = file(content, "export")
    assert recognised(opened)[0].format.name == "tidepool-json"
    assert without_profiles(found_in(file, content)) == served(records)


@pytest.mark.parametrize(
    "content",
    [
        "[]",
        "",
        "[1, 2]",
        '[{"type": "sgv", "sgv": 120, "date": 1795255200000, "_id": "a"}]',
        '[{"type": "cbg"}]',
        '[{"type": "Bolus", "time": "2026-11-21T10:00:00Z"}]',
        '[{"type": "food", "time": "x", "_id": "a", "name": "Apple"}]',
        "type;time",
        b"PK\x03\x04nothing",
        b"\x00\xff" * 50,
    ],
)
def test_other_files_are_none_of_tidepools(file: MakeFile, content: str | bytes) -> None:
    assert FORMAT.recognises(file(content)) is None


def test_people_see_unit_and_devices_first(file: MakeFile) -> None:
    survey = surveyed(FORMAT, file(as_json(flat(account(), "mg/dL"))))
    facts = dict(survey.facts)
    assert facts["Unit"] == "mg/dL"
    assert "DexG6_8ABCDE" in facts["Devices"]
    assert not survey.questions
    assert not survey.warnings
    assert not survey.local_times


def test_an_export_that_was_broken_off_is_said(file: MakeFile) -> None:
    content = as_json(flat(account()), is_whole=False)
    assert "export a shorter time" in surveyed(FORMAT, file(content)).warnings[0]
    read = read_with(FORMAT, file(content))
    assert any("export a shorter time" in text for text in read.said)
    assert not read.rejected


def test_each_value_is_read_in_its_own_unit(file: MakeFile) -> None:
    records = [
        record("cbg", 5, value=7.1, units="mmol/L"),
        record("cbg", 10, value=128, units="mg/dL"),
        record("smbg", 15, value=6.5, units="mmol/L"),
    ]
    found = without_profiles(found_in(file, as_json(records)))
    assert [one.get("sgv") or one.get("mbg") or one["glucose"] for one in found.values()] == [128, 128, 117, 117]


@pytest.mark.parametrize("is_flat", [False, True])
def test_lengths_are_told_apart_by_the_whole_file(file: MakeFile, is_flat: bool) -> None:
    bare = {"type": "basal", "deliveryType": "automated", "rate": 0.4}
    lengths = [5 * MINUTE_MS, 30 * MINUTE_MS, 90_000, 400 * MINUTE_MS]
    records = [
        {**bare, "id": f"b{length}", "time": iso_of(START_MS - 1000 * MINUTE_MS + length), "duration": length}
        for length in lengths
    ]
    if is_flat:
        records = [{**one, "duration": one["duration"] / MINUTE_MS} for one in records]
    found = found_in(file, as_json(records))
    assert [one["duration"] for one in found.values()] == [5, 30, 1.5, 400]


def test_scheduled_basal_is_told_where_the_file_has_no_settings(file: MakeFile) -> None:
    records = [one for one in account() if one["type"] == "basal"]
    rates = [one["absolute"] for one in found_in(file, as_json(records)).values()]
    assert 0.8 in rates
    settings_too = [one for one in account() if one["type"] in ("basal", "pumpSettings")]
    found = without_profiles(found_in(file, as_json(settings_too)))
    assert 0.8 not in [one["absolute"] for one in found.values()]


def test_carbs_join_their_bolus_however_far_apart_they_stand(file: MakeFile) -> None:
    filling = [record("cbg", 10 + step / 10, value=6.1, units="mmol/L") for step in range(3000)]
    wizard = record("wizard", 61, bolus="bolus-60", carbInput=48)
    given_bolus = record("bolus", 60, subType="normal", normal=4.8)
    for records in ([wizard, *filling, given_bolus], [given_bolus, *filling, wizard]):
        found = found_in(file, as_json(records))
        doses = [document for (collection, _), document in found.items() if collection == "treatments"]
        assert [(one["eventType"], one["insulin"], one["carbs"]) for one in doses] == [("Meal Bolus", 4.8, 48)]


def test_a_bad_record_is_named_with_its_place_and_costs_itself_alone(file: MakeFile) -> None:
    good = record("cbg", 5, value=7.1, units="mmol/L")
    bad = [
        good | {"id": "a", "value": "high"},
        good | {"id": "b", "time": "soon"},
        {"type": "pumpSettings.basalSchedules"},
        {"type": "pumpSettings.somethingNew", "id": "x"},
        record("pumpSettings", 5, basalSchedules={"A": [{"start": "dawn"}]}),
        7,
    ]
    read = read_with(FORMAT, file(json.dumps([good, *bad, record("upload", 3), record("somethingNew", 3)])))
    assert len(read.found) == 1
    assert [one.place for one in read.rejected] == [f"record {number}" for number in range(2, 8)]
    assert all(one.why for one in read.rejected)
    assert read.said == ["Records of these types hold nothing to import: upload (1), somethingNew (1)."]


def test_a_file_that_is_cut_off_keeps_what_came_before(bringing: Bringing) -> None:
    content = as_json([record("cbg", 5 * step + 5, value=7.1, units="mmol/L") for step in range(50)])
    one = bringing.bring(content[: len(content) // 2])
    assert one.result is not None
    assert one.result.notes[0].startswith("The file ends early")


def test_twice_is_once_and_two_overlapping_halves_are_the_whole(bringing: Bringing) -> None:
    records = account()
    bringing.bring(as_json(records[: len(records) // 2 + 5]))
    bringing.bring(as_json(flat(records[len(records) // 2 - 5 :], "mg/dL")))
    before = bringing.entries(), bringing.treatments()
    again = bringing.bring(as_json(records))
    assert again.result is not None
    assert (bringing.entries(), bringing.treatments()) == before
    assert len(before[0]) == 15
    carbs = sum(one.get("carbs", 0) for one in before[1])
    assert carbs == 48 + 20 + 15


def test_an_import_can_be_undone(bringing: Bringing) -> None:
    bringing.undo(bringing.bring(as_json(account())))
    assert bringing.entries() == bringing.treatments() == []


def test_a_long_file_needs_no_more_memory_than_a_short_one(file: MakeFile) -> None:
    def peak(count: int) -> int:
        def told() -> Iterator[str]:
            for step in range(count):
                yield json.dumps(record("cbg", 5 + step, value=6.1, units="mmol/L"))
                yield json.dumps(record("bolus", 5 + step, subType="normal", normal=1))

        opened = file(f"[{','.join(told())}]")
        tracemalloc.start()
        found = sum(isinstance(one, Found) for one in FORMAT.read(opened, How(BERLIN, START_MS, {})))
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert found == 2 * count
        return most

    assert peak(8000) < peak(1000) + 500_000


def test_a_pumps_repetitions_of_a_sensor_fill_holes_only(file: MakeFile) -> None:
    own = record("cbg", 10, value=7.1, units="mmol/L")
    repeated = [
        record("cbg", min_ago, value=7.1, units="mmol/L", deviceId="tandem1234") for min_ago in (9.5, 11, 15, 20)
    ]
    found = found_in(file, as_json([*repeated, own]))
    assert sorted((START_MS - one["date"]) / MINUTE_MS for one in found.values()) == [10, 15, 20]


anything = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=12), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    st.lists(
        st.fixed_dictionaries(
            {},
            optional=dict.fromkeys(
                ("type", "time", "value", "duration", "payload", "basalSchedule.start", "scheduleName", "id", "bolus"),
                anything,
            ),
        )
        | anything,
        max_size=6,
    ),
    st.sampled_from(["cbg", "wizard", "pumpSettings", "pumpSettings.bgTarget", "basal"]),
)
def test_whatever_is_in_a_file_reading_it_raises_nothing(file: MakeFile, records: list[Any], type: str) -> None:
    told = [{"time": "2026-11-21T09:00:00Z", **one, "type": type} if isinstance(one, dict) else one for one in records]
    for content in (json.dumps(told), json.dumps(records)):
        opened = file(content)
        FORMAT.recognises(opened)
        surveyed(FORMAT, opened)
        read_with(FORMAT, opened)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.binary(max_size=300))
def test_bytes_of_any_sort_are_none_of_tidepools_files(file: MakeFile, content: bytes) -> None:
    assert FORMAT.recognises(file(content)) is None

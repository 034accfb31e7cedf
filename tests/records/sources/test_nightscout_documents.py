"""What years of apps left in the documents of a Nightscout becomes what the records keep, and nothing is lost of it."""

from __future__ import annotations

import datetime
from typing import Any

import pytest

from app.clock import iso_of
from app.records.sources.documents import BadRecord
from app.records.sources.nightscout_documents import collection_of, kept_document
from app.store import ObjectId
from tests.clocks import START_MS

ID = "5f0c52f46c0e4c0a9d536e1c"
HOUR_MS = 3_600_000
AT_MS = START_MS - HOUR_MS
AT = iso_of(AT_MS)
LOCAL = "2026-11-21 10:00:00"  # Berlin's clock at AT


def entry(**members: Any) -> dict[str, Any]:
    return kept_document({"_id": ID, "type": "sgv", "sgv": 120, "date": AT_MS, **members}, "entries", START_MS)


def treatment(**members: Any) -> dict[str, Any]:
    return kept_document({"_id": ID, "eventType": "Note", "created_at": AT, **members}, "treatments", START_MS)


@pytest.mark.parametrize(
    ("date", "more"),
    [
        (AT_MS, {}),
        (AT_MS - 0.4, {}),
        (AT_MS + 0.3, {}),
        (str(AT_MS), {}),
        (AT_MS / 1000, {}),
        (AT, {}),
        (datetime.datetime.fromtimestamp(AT_MS / 1000, datetime.UTC), {}),
        (None, {"mills": AT_MS}),
        (0, {"dateString": AT}),
        ("never", {"dateString": "2026-11-21T10:00:00.000+0100"}),
        (None, {"sysTime": AT}),
    ],
)
def test_the_time_of_a_reading_is_found_however_it_is_written(date: Any, more: dict[str, Any]) -> None:
    read = entry(date=date, **more)
    assert (read["date"], type(read["date"])) == (AT_MS, int)
    assert "mills" not in read


@pytest.mark.parametrize(
    ("members", "offset", "text"),
    [
        ({}, None, None),
        ({"utcOffset": 60}, 60, None),
        ({"dateString": AT, "utcOffset": 60}, 60, AT),
        ({"dateString": "2026-11-21T10:00:00.000+01:00", "utcOffset": 0}, 60, "2026-11-21T10:00:00.000+01:00"),
        ({"dateString": "2026-11-21T05:30:00-0330", "utcOffset": 0}, -210, "2026-11-21T05:30:00-0330"),
        ({"dateString": LOCAL}, 60, AT),
        ({"dateString": LOCAL, "utcOffset": 0}, 60, AT),
        ({"dateString": "2026-11-21T09:00:00"}, None, "2026-11-21T09:00:00"),
        ({"dateString": "2026-11-18T09:00:00Z"}, None, AT),
        ({"dateString": "some day", "utcOffset": "60"}, 60, AT),
        ({"utcOffset": 100_000}, None, None),
        ({"utcOffset": []}, None, None),
    ],
)
def test_the_offset_is_what_the_text_tells_and_the_instant_is_the_number_s(
    members: dict[str, Any], offset: int | None, text: str | None
) -> None:
    read = entry(**members)
    assert (read["date"], read.get("utcOffset"), read.get("dateString")) == (AT_MS, offset, text)


@pytest.mark.parametrize(
    ("members", "type", "value"),
    [
        ({"type": None}, "sgv", 120),
        ({"type": None, "sgv": "120"}, "sgv", 120),
        ({"sgv": 5.5}, "sgv", 5.5),
        ({"sgv": 39}, "sgv", 39),
        ({"sgv": None, "unfiltered": 118_880}, "sgv", None),
    ],
)
def test_a_reading_without_type_or_with_text_for_a_number_is_one(
    members: dict[str, Any], type: str, value: Any
) -> None:
    read = entry(**members)
    assert (read["type"], read["sgv"]) == (type, value)


def test_other_entries_without_a_type_are_told_by_what_they_hold() -> None:
    assert kept_document({"mbg": 100, "date": AT_MS}, "entries", START_MS)["type"] == "mbg"
    assert kept_document({"slope": 850, "date": AT_MS}, "entries", START_MS)["type"] == "cal"


@pytest.mark.parametrize(
    ("members", "why"),
    [
        ({"date": None}, "it has no time"),
        ({"date": 5}, "the time is too long ago"),
        ({"date": START_MS + HOUR_MS}, "the time is in the future"),
        ({"sgv": "HIGH?"}, "the glucose is not a number"),
        ({"sgv": True}, "the glucose is not a number"),
        ({"sgv": float("nan")}, "the glucose is not a number"),
        ({"sgv": None}, "it has no glucose"),
    ],
)
def test_what_cannot_be_a_reading_says_why(members: dict[str, Any], why: str) -> None:
    with pytest.raises(BadRecord, match=why):
        entry(**members)


@pytest.mark.parametrize(
    ("members", "offset"),
    [
        ({}, None),
        ({"utcOffset": 60}, 60),
        ({"created_at": "2026-11-21T10:00:00+01:00", "utcOffset": 0}, 60),
        ({"created_at": "2026-11-21T09:00:00"}, None),
        ({"created_at": LOCAL, "mills": AT_MS}, 60),
        ({"created_at": LOCAL, "date": float(AT_MS)}, 60),
        ({"created_at": None, "timestamp": AT}, None),
        ({"created_at": "", "eventTime": AT}, None),
        ({"created_at": datetime.datetime.fromtimestamp(AT_MS / 1000, datetime.UTC)}, None),
        ({"created_at": AT, "eventTime": iso_of(START_MS)}, None),
    ],
)
def test_the_time_of_a_treatment_is_kept_as_utc_with_its_offset(members: dict[str, Any], offset: int | None) -> None:
    read = treatment(**members)
    assert (read["created_at"], read.get("utcOffset")) == (AT, offset)
    assert "eventTime" not in read


def test_amounts_written_as_text_are_numbers_and_nothings_are_gone() -> None:
    read = treatment(insulin="1.50", carbs=None, duration="30", splitNow="40", notes=None)
    assert (read["insulin"], read["duration"], read["splitNow"]) == (1.5, 30, "40")
    assert "carbs" not in read


def test_types_outside_the_classic_list_and_unknown_members_stay() -> None:
    read = treatment(eventType="SMB", pumpId=7, boluscalc={"foods": [{"a": None}]}, isValid=True)
    assert (read["eventType"], read["pumpId"], read["boluscalc"]) == ("SMB", 7, {"foods": [{"a": None}]})
    assert read["isValid"] is True


@pytest.mark.parametrize(
    ("start", "kept"),
    [
        ("2026-01-01T00:00:00.000Z", "2026-01-01T00:00:00.000Z"),
        ("2019-05-01T00:00:00+02:00", "2019-05-01T00:00:00+02:00"),
        (AT_MS, AT),
        (None, iso_of(START_MS - 2 * HOUR_MS)),
    ],
)
def test_a_profile_has_a_start(start: Any, kept: str) -> None:
    document = {"_id": ID, "startDate": start, "created_at": iso_of(START_MS - 2 * HOUR_MS), "store": {}}
    assert kept_document(document, "profile", START_MS)["startDate"] == kept


def test_a_profile_without_any_time_holds_from_the_beginning() -> None:
    assert kept_document({"store": {}}, "profile", START_MS)["startDate"] == "1970-01-01T00:00:00.000Z"


@pytest.mark.parametrize(
    ("names", "identifier", "id"),
    [
        ({"_id": ID}, ID, ID),
        ({"_id": ObjectId(ID)}, ID, ID),
        ({"_id": ID.upper()}, ID, ID),
        ({"_id": ID, "identifier": "chosen"}, "chosen", ID),
        ({"_id": None, "identifier": "chosen"}, "chosen", None),
        ({"_id": "0B7A9F6E-UUID"}, "0B7A9F6E-UUID", None),
        ({"_id": "0B7A9F6E-UUID", "identifier": "chosen"}, "chosen", None),
        ({"_id": None, "identifier": ID}, ID, ID),
        ({"_id": ID, "identifier": ID}, ID, ID),
        ({"_id": ID, "identifier": 7}, ID, ID),
    ],
)
def test_names_are_kept(names: dict[str, Any], identifier: str, id: str | None) -> None:
    read = treatment(**names)
    assert (read["identifier"], read.get("_id")) == (identifier, id)


@pytest.mark.parametrize("given", [None, 7, True, {}, {"$ne": "x"}, [], ""])
def test_what_has_no_name_gets_the_one_its_content_gives(given: Any) -> None:
    first, again = treatment(_id=given), treatment(_id=given, mills=AT_MS, carbs=None)
    assert first["identifier"] == again["identifier"]
    assert "_id" not in first
    assert treatment(_id=given, notes="x")["identifier"] != first["identifier"]
    assert entry(_id=given)["identifier"] == entry(_id=given, device="x")["identifier"]


@pytest.mark.parametrize(
    ("record", "collection"),
    [
        ({"sgv": 1}, "entries"),
        ({"mbg": 1}, "entries"),
        ({"type": "cal", "slope": 1}, "entries"),
        ({"eventType": "Note", "sgv": 5}, "treatments"),
        ({"eventType": None, "created_at": AT}, "treatments"),
        ({"created_at": AT, "insulin": 1}, "treatments"),
        ({"store": {"Default": {}}}, "profile"),
        ({"basal": [], "carbratio": [], "dia": 5}, "profile"),
        *(
            ({part: {}, "created_at": AT}, "devicestatus")
            for part in ("pump", "openaps", "loop", "uploader", "xdripjs")
        ),
        ({"uploaderBattery": 5, "created_at": AT}, "devicestatus"),
        ({"type": "food", "name": "Apple", "carbs": 14, "created_at": AT}, "food"),
        ({"type": "quickpick", "foods": []}, "food"),
        ({"created_at": AT, "steps": 5}, "activity"),
        ({"created_at": AT, "name": "Reader", "roles": []}, None),
        ({"value": 5}, None),
        ({}, None),
        (None, None),
        ([], None),
        ("sgv", None),
    ],
)
def test_a_collection_is_told_by_what_a_record_holds(record: Any, collection: str | None) -> None:
    assert collection_of(record) == collection


def test_what_is_no_document_is_none() -> None:
    for record in (None, 5, [], "x"):
        with pytest.raises(BadRecord):
            kept_document(record, "entries", START_MS)

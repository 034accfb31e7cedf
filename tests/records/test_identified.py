"""A stored document in the shape of API v3."""

from __future__ import annotations

from typing import Any

import pytest

from app.records.identified import COLLECTIONS, as_v3
from app.store import ObjectId
from tests.clocks import START_MS

HEX = "64b1f0c2a7e94e3f8a5d1c20"
STAMPS = {"srvModified": START_MS + 5, "srvCreated": START_MS + 3}


def test_the_id_never_leaves() -> None:
    stored = {"_id": ObjectId(HEX), "identifier": "abc", "date": START_MS, "sgv": 117} | STAMPS
    assert as_v3("entries", stored) == {"identifier": "abc", "date": START_MS, "sgv": 117} | STAMPS
    assert "_id" in stored


@pytest.mark.parametrize("identifier", [{}, {"identifier": ""}, {"identifier": None}, {"identifier": 5}])
@pytest.mark.parametrize("id", [ObjectId(HEX), HEX, "6E8C0C6A-2D1B-4B0F-9C6E-2C8C0F5B7A11"])
def test_a_document_without_an_identifier_goes_by_its_id(id: Any, identifier: dict[str, Any]) -> None:
    assert as_v3("treatments", {"_id": id} | identifier | STAMPS)["identifier"] == str(id)


@pytest.mark.parametrize("name", ["date", "mills", "endmills", "srvModified", "srvCreated"])
def test_moments_have_no_fraction(name: str) -> None:
    shown = as_v3("entries", {"_id": ObjectId(HEX), "date": START_MS} | STAMPS | {name: START_MS + 0.709})
    assert shown[name] == START_MS
    assert isinstance(shown[name], int)


def test_a_date_written_as_text_is_a_number() -> None:
    assert as_v3("treatments", {"_id": 1, "date": "2026-11-21T10:00:00Z"})["date"] == START_MS
    assert as_v3("treatments", {"_id": 1, "date": "someday"})["date"] == "someday"


def test_other_members_are_as_they_were_stored() -> None:
    members = {"timestamp": "2026-11-21T10:00:00Z", "duration": 12, "profileJson": '{"a":1}', "x": {"_id": "y"}}
    shown = as_v3("treatments", {"_id": 1} | members | STAMPS)
    assert {name: shown[name] for name in members} == members


@pytest.mark.parametrize(
    ("collection", "document"),
    [
        ("entries", {"date": START_MS + 0.5, "created_at": "2026-01-01T00:00:00Z"}),
        ("entries", {"sysTime": "2026-11-21T10:00:00.000Z"}),
        ("treatments", {"created_at": "2026-11-21T11:00:00+01:00", "date": 5}),
        ("devicestatus", {"created_at": "2026-11-21T10:00:00.000Z"}),
        ("profile", {"startDate": "2026-11-21T10:00:00.000Z"}),
        ("food", {"created_at": "2026-11-21T10:00:00.000Z"}),
    ],
)
@pytest.mark.parametrize("unusable", [{}, {"srvModified": None}, {"srvModified": "x"}, {"srvModified": float("nan")}])
def test_missing_stamps_come_from_its_own_time(
    collection: str, document: dict[str, Any], unusable: dict[str, Any]
) -> None:
    shown = as_v3(collection, {"_id": 1} | document | unusable)
    assert (shown["srvModified"], shown["srvCreated"]) == (START_MS, START_MS)


@pytest.mark.parametrize("collection", COLLECTIONS)
def test_without_any_time_there_is_no_stamp(collection: str) -> None:
    assert as_v3(collection, {"_id": 1, "srvCreated": None}) == {"identifier": "1"}


def test_settings_have_no_time_of_their_own() -> None:
    assert "srvModified" not in as_v3("settings", {"_id": 1, "created_at": "2026-11-21T10:00:00.000Z"})


def test_when_it_was_received_is_when_it_changed_where_nobody_noted_it() -> None:
    assert as_v3("treatments", {"_id": 1, "srvModified": START_MS})["srvCreated"] == START_MS


@pytest.mark.parametrize(
    ("stored", "shown"),
    [
        ({"duration": 29.85}, {"duration": 30, "durationInMilliseconds": 1_791_000}),
        ({"duration": 29.85, "durationInMilliseconds": 5}, {"duration": 30, "durationInMilliseconds": 5}),
        ({"duration": 30}, {"duration": 30}),
        ({"duration": "30.5"}, {"duration": "30.5"}),
        ({}, {}),
    ],
)
def test_a_duration_has_no_fraction(stored: dict[str, Any], shown: dict[str, Any]) -> None:
    found = as_v3("treatments", {"_id": ObjectId(), **stored})
    assert {name: value for name, value in found.items() if name.startswith("duration")} == shown


@pytest.mark.parametrize("date", [{}, {"date": None}, {"date": 0}])
def test_an_entry_without_a_date_has_that_of_its_text(date: dict[str, Any]) -> None:
    entry = {"_id": ObjectId(), "dateString": "2026-01-14T08:05:09.123+0100", **date}
    assert as_v3("entries", entry)["date"] == 1_768_374_309_123
    assert "date" not in as_v3("treatments", {"_id": ObjectId(), "dateString": entry["dateString"]})

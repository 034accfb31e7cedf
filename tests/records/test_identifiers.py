"""The moment and the name of an uploaded document, as Nightscout works them out."""

from __future__ import annotations

from typing import Any
from uuid import NAMESPACE_DNS, UUID, uuid5

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.records.identifiers import computed_identifier, fallback_of, settle_moment
from tests.clocks import START_MS

ISO = "2026-11-21T10:00:00.000Z"
NIGHTSCOUT_ROCKS = UUID("4e696768-7473-636f-7574-526f636b7321")


@pytest.mark.parametrize(
    ("members", "named_by"),
    [
        ({"device": "Libre3", "date": START_MS}, f"Libre3_{START_MS}"),
        ({"device": "Libre3", "date": START_MS, "eventType": "Note"}, f"Libre3_{START_MS}_Note"),
        ({"date": START_MS, "eventType": ""}, f"undefined_{START_MS}"),
        ({"device": None, "date": START_MS}, f"null_{START_MS}"),
        ({"device": 7, "date": START_MS, "eventType": True}, f"7_{START_MS}_true"),
        ({"device": [1, None, "x"], "date": START_MS}, f"1,,x_{START_MS}"),
        ({"device": {}}, "[object Object]_undefined"),
        ({"device": "x", "date": "someday"}, "x_undefined"),
    ],
)
def test_the_name_is_worked_out_of_device_date_and_event_type(members: dict[str, Any], named_by: str) -> None:
    assert computed_identifier(members) == str(uuid5(NIGHTSCOUT_ROCKS, named_by)) != str(uuid5(NAMESPACE_DNS, named_by))


@given(st.text(), st.integers(min_value=946_684_800_001, max_value=4_000_000_000_000), st.text())
def test_the_name_is_the_same_every_time(device: str, date: int, event_type: str) -> None:
    document = {"device": device, "date": date, "eventType": event_type}
    assert computed_identifier(document) == computed_identifier(dict(document))
    assert UUID(computed_identifier(document)).version == 5


@pytest.mark.parametrize(
    ("date", "offset_min", "at_ms"),
    [
        (START_MS, 0, START_MS),
        (START_MS // 1000, 0, START_MS),
        (str(START_MS), 0, START_MS),
        (START_MS + 0.709, 0, START_MS),
        ("2019-06-10T08:07:08,576+02:00", 120, 1_560_146_828_576),
        ("2019-06-10T06:07:08.576Z", 0, 1_560_146_828_576),
        ("Mon, 10 Jun 2019 08:07:08 +0200", 120, 1_560_146_828_000),
    ],
)
def test_a_date_is_read_however_it_is_written(date: Any, offset_min: int, at_ms: int) -> None:
    document: dict[str, Any] = {"date": date}
    settle_moment(document)
    assert (document["date"], document["utcOffset"]) == (at_ms, offset_min)
    assert document["created_at"].endswith("Z")


def test_the_first_that_can_be_read_counts_and_an_offset_that_was_sent_stays() -> None:
    document: dict[str, Any] = {
        "date": "1999-12-31T00:00:00Z",
        "created_at": "2026-11-21T11:00:00+01:00",
        "utcOffset": -5,
    }
    settle_moment(document)
    assert document == {"date": START_MS, "created_at": ISO, "utcOffset": -5}


def test_created_at_counts_for_nothing_when_that_is_switched_off() -> None:
    only: dict[str, Any] = {"created_at": ISO}
    settle_moment(only, created_at_counts=False)
    assert only == {"created_at": ISO}
    both: dict[str, Any] = {"date": START_MS, "created_at": "2020-01-01T00:00:00Z"}
    settle_moment(both, created_at_counts=False)
    assert both == {"date": START_MS, "utcOffset": 0}


@pytest.mark.parametrize(
    "unreadable", [{}, {"date": None}, {"date": 5}, {"date": "x", "created_at": True}, {"date": {}}]
)
def test_what_has_no_moment_stays_as_it_is(unreadable: dict[str, Any]) -> None:
    document = dict(unreadable)
    settle_moment(document)
    assert document == unreadable


def test_only_a_whole_fallback_recognises_anything() -> None:
    assert fallback_of("treatments", {"created_at": ISO}) == []
    assert fallback_of("treatments", {"created_at": ISO, "eventType": None}) == []
    assert fallback_of("entries", {"date": "x", "type": "sgv"}) == []
    assert fallback_of("settings", {"created_at": ISO, "date": START_MS}) == []
    [found] = fallback_of("devicestatus", {"created_at": ISO, "device": {"$ne": "x"}})
    assert found["device"] == {"$eq": {"$ne": "x"}}

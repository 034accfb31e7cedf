"""What API v3 demands of a document, what stays as it is, and how long something lasts."""

from __future__ import annotations

from typing import Any

import pytest

from app.errors import BadDocument
from app.records.identified_rules import (
    IMMUTABLE,
    ChangedMeanwhile,
    ReadOnly,
    check_immutable,
    check_members,
    check_not_read_only,
    check_unmodified,
    settle_duration,
)
from tests.clocks import START_MS

GOOD: dict[str, Any] = {"identifier": "x", "date": START_MS, "utcOffset": -1440, "app": "AAPS"}
STORED: dict[str, Any] = {
    **GOOD,
    **{"_id": 1, "eventType": "Note", "device": "phone", "isValid": True, "subject": "App", "modifiedBy": "App"},
    **{"srvCreated": START_MS, "srvModified": START_MS + 900},
}
ANOTHER: dict[str, Any] = {
    **{"identifier": "y", "date": START_MS + 1, "utcOffset": 0, "eventType": "BG Check", "device": "pump", "app": "x"},
    **{"srvCreated": 1, "subject": "y", "srvModified": 1, "modifiedBy": "y", "isValid": False},
}


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("identifier", ["", " ", None, 5, [], {}, True]),
        ("date", [None, "2026", 946_684_800_000, True, float("nan"), 1e18, -1]),
        ("utcOffset", [None, "60", 1441, -1441, True, float("inf")]),
        ("app", ["", "\t", None, 5, False]),
    ],
)
def test_every_document_has_its_members(name: str, values: list[Any]) -> None:
    check_members(GOOD)
    for value in values:
        with pytest.raises(BadDocument, match=f"^Bad or missing {name} field$"):
            check_members(GOOD | {name: value})
    with pytest.raises(BadDocument, match=f"^Bad or missing {name} field$"):
        check_members({member: value for member, value in GOOD.items() if member != name})


def test_they_are_looked_at_in_order() -> None:
    for place, name in enumerate(GOOD):
        bad = dict.fromkeys([*GOOD][place:])
        with pytest.raises(BadDocument, match=f"missing {name} "):
            check_members(GOOD | bad)


@pytest.mark.parametrize("name", IMMUTABLE)
def test_a_change_of_what_is_fixed_is_refused(name: str) -> None:
    with pytest.raises(BadDocument, match=f"^Field {name} cannot be modified by the client$"):
        check_immutable("treatments", STORED, {name: ANOTHER[name]})
    check_immutable("treatments", STORED, {name: STORED[name]})
    check_immutable("treatments", STORED, {"insulin": 5})


@pytest.mark.parametrize("name", [name for name in IMMUTABLE if name not in ("isValid", "app")])
def test_so_is_adding_it(name: str) -> None:
    stored = {member: value for member, value in STORED.items() if member not in (name, "date", "created_at")}
    if name in ("identifier", "srvCreated", "srvModified"):
        return  # those are always shown
    with pytest.raises(BadDocument, match=f"^Field {name} "):
        check_immutable("treatments", stored, {name: ANOTHER[name]})


def test_the_first_of_the_list_is_named() -> None:
    with pytest.raises(BadDocument, match="Field date "):
        check_immutable("treatments", STORED, {"isValid": False, "app": "y", "date": 5})


def test_what_v1_has_no_word_for_may_be_added() -> None:
    stored = {name: value for name, value in STORED.items() if name not in ("isValid", "app")}
    check_immutable("treatments", stored, {"isValid": True, "app": "AAPS"})
    for name, value in (("isValid", False), ("isValid", None), ("app", ""), ("app", 5)):
        with pytest.raises(BadDocument, match=name):
            check_immutable("treatments", stored, {name: value})


def test_a_date_with_a_fraction_is_what_it_is_shown_as() -> None:
    check_immutable("treatments", STORED | {"date": START_MS + 0.7}, {"date": START_MS})


def test_uploaded_again_it_may_be_called_otherwise_and_nothing_else() -> None:
    check_immutable("treatments", STORED, {"identifier": "y"}, again=True)
    with pytest.raises(BadDocument, match="Field app "):
        check_immutable("treatments", STORED, {"app": "y"}, again=True)
    check_immutable("treatments", STORED | {"isValid": False}, ANOTHER, again=True)


@pytest.mark.parametrize("lacks", ["identifier", "app"])
def test_what_only_v1_wrote_keeps_its_moment_and_type(lacks: str) -> None:
    stored = {name: value for name, value in STORED.items() if name != lacks}
    check_immutable("treatments", stored, ANOTHER | {"date": START_MS, "eventType": "Note"}, again=True)
    for name in ("date", "eventType"):
        with pytest.raises(BadDocument, match=f"Field {name} "):
            check_immutable("treatments", stored, {name: ANOTHER[name]}, again=True)


@pytest.mark.parametrize("name", ["isReadOnly", "readOnly", "readonly"])
def test_read_only_is_what_says_so(name: str) -> None:
    with pytest.raises(ReadOnly, match=r"^Trying to modify read-only document$"):
        check_not_read_only({name: True})
    for value in (False, None, "true", 1):
        check_not_read_only({name: value})


def test_unmodified_goes_by_whole_seconds() -> None:
    for since_ms in (None, START_MS, START_MS + 999, START_MS + 5000):
        check_unmodified("treatments", STORED, since_ms)
    with pytest.raises(ChangedMeanwhile):
        check_unmodified("treatments", STORED, START_MS - 1)
    check_unmodified("settings", {"_id": 1}, 5)


BASE = {"created_at": "2026-11-21T10:00:00.000Z"}


@pytest.mark.parametrize(
    ("sent", "lasts_ms"),
    [
        ({"duration": 30}, 1_800_000),
        ({"duration": 30, "durationInMilliseconds": 90_000}, 90_000),
        ({"duration": 12.5, "durationInMilliseconds": 0}, 750_000),
        ({"duration": 30, "endmills": START_MS + 60_000}, 60_000),
    ],
)
def test_three_ways_of_saying_how_long_agree(sent: dict[str, Any], lasts_ms: int) -> None:
    for base in (BASE, {"date": START_MS}, {"mills": START_MS, "created_at": "2020-01-01T00:00:00Z"}):
        document = base | sent
        settle_duration(document, sent)
        assert document["endmills"] == START_MS + lasts_ms
        assert document["durationInMilliseconds"] == lasts_ms
        assert document["duration"] == int(lasts_ms / 60_000 + 0.5)


@pytest.mark.parametrize(
    "sent", [{}, {"duration": 0}, {"duration": "30"}, {"duration": None}, {"endmills": 5}, {"duration": float("nan")}]
)
def test_what_says_nothing_of_it_gets_nothing(sent: dict[str, Any]) -> None:
    document = BASE | sent
    settle_duration(document, sent)
    assert document.keys() == (BASE | sent).keys()


def test_a_change_of_the_duration_counts_more_than_the_end_that_was() -> None:
    document = BASE | {"duration": 10, "durationInMilliseconds": 1_800_000, "endmills": START_MS + 1_800_000}
    settle_duration(document, {"duration": 10})
    assert (document["endmills"], document["durationInMilliseconds"]) == (START_MS + 600_000, 600_000)

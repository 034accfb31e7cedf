from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.live.building import reading_of, treatment_of
from app.live.picture import Reading, Treatment

AT_MS = 1_768_374_309_123  # 2026-01-14T07:05:09.123Z


def entry(**fields: Any) -> dict[str, Any]:
    return {"_id": "a", "type": "sgv", "sgv": 117, "date": AT_MS, **fields}


def test_an_entry_of_a_phone_becomes_a_reading() -> None:
    document = entry(direction="Flat", device="xDrip-DexcomG6", srvCreated=AT_MS + 2000, noise=1)
    assert reading_of(document) == Reading("a", AT_MS, AT_MS + 2000, 117, "Flat", "xDrip-DexcomG6")


def test_a_reading_nobody_stamped_has_no_second_clock() -> None:
    found = reading_of(entry())
    assert found is not None
    assert found.received_ms is None


@pytest.mark.parametrize(
    ("document", "kind", "mgdl"),
    [
        ({"_id": "a", "sgv": 117, "date": AT_MS}, "sgv", 117),
        ({"_id": "a", "mbg": 101, "date": AT_MS}, "mbg", 101),
        ({"_id": "a", "type": "mbg", "mbg": "101", "date": AT_MS}, "mbg", 101),
        (entry(sgv="117"), "sgv", 117),
        (entry(sgv=117.6), "sgv", 117.6),
        (entry(sgv="LOW"), "sgv", 39),
        (entry(sgv="High"), "sgv", 401),
        (entry(sgv=6.5, units="mmol/L"), "sgv", 117),
        (entry(sgv=117, units="mg/dl"), "sgv", 117),
        (entry(sgv=117, units="mmol"), "sgv", 117),
        (entry(sgv=5), "sgv", 5),
    ],
)
def test_values_are_understood_however_they_are_written(document: dict[str, Any], kind: str, mgdl: float) -> None:
    found = reading_of(document)
    assert found is not None
    assert (found.kind, found.mgdl) == (kind, mgdl)


@pytest.mark.parametrize(
    ("times", "at_ms"),
    [
        ({"date": float(AT_MS) + 0.709}, AT_MS),
        ({"date": str(AT_MS)}, AT_MS),
        ({"date": AT_MS // 1000}, AT_MS // 1000 * 1000),
        ({"date": None, "dateString": "2026-01-14T08:05:09.123+0100"}, AT_MS),
        ({"date": "soon", "sysTime": "2026-01-14T07:05:09.123Z"}, AT_MS),
    ],
)
def test_moments_are_understood_however_they_are_written(times: dict[str, Any], at_ms: int) -> None:
    found = reading_of(entry(**times))
    assert found is not None
    assert found.at_ms == at_ms


def test_dexcoms_number_stands_in_for_a_missing_direction() -> None:
    directions = [
        reading_of(entry(**fields)) for fields in ({"trend": 4}, {"trend": "7"}, {"trend": 4, "direction": "X"})
    ]
    assert [found and found.direction for found in directions] == ["4", "7", "X"]


@pytest.mark.parametrize(
    "document",
    [
        entry(isValid=False),
        entry(type="cal"),
        entry(sgv=0),
        entry(sgv=-5),
        entry(sgv=None),
        entry(sgv="n/a"),
        entry(sgv=math.nan),
        entry(sgv=True),
        entry(sgv={"$gt": 1}),
        entry(date=None),
        entry(date=0),
        entry(type=["sgv"]),
        {},
    ],
)
def test_what_is_no_reading_is_left_out(document: dict[str, Any]) -> None:
    assert reading_of(document) is None


def test_a_deletion_undone_is_a_reading_again() -> None:
    assert reading_of(entry(isValid=True)) is not None


def test_a_rate_in_percent_is_no_rate_in_units() -> None:
    def built(**fields: Any) -> Treatment | None:
        return treatment_of({"_id": "b", "eventType": "Temp Basal", "created_at": "2026-01-14T07:06:00Z", **fields})

    rates = [
        built(temp="percent", rate=150),
        built(temp="percent", rate=150, absolute=1.2),
        built(temp="absolute", rate=0.4),
        built(rate=0.4),
    ]
    assert [found and found.absolute for found in rates] == [None, 1.2, 0.4, 0.4]


def test_a_loop_bolus_becomes_a_treatment() -> None:
    document = {
        "_id": "b",
        "eventType": "Correction Bolus",
        "created_at": "2026-01-14T07:06:00Z",
        "timestamp": "2026-01-14T07:06:00Z",
        "enteredBy": "loop://iPhone",
        "insulin": 0.45,
        "duration": 0.3,
        "automatic": True,
        "carbs": None,
    }
    assert treatment_of(document) == Treatment(
        "b",
        AT_MS + 50_877,
        "Correction Bolus",
        insulin=0.45,
        duration_min=0.3,
        automatic=True,
        entered_by="loop://iPhone",
    )


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"carbs": "30", "insulin": "2.00"}, {"carbs": 30, "insulin": 2}),
        ({"rate": 0.35, "durationInMilliseconds": 1_800_000}, {"absolute": 0.35, "duration_min": 30}),
        ({"rate": 9, "absolute": 0.0, "duration": 30}, {"absolute": 0, "duration_min": 30}),
        ({"percent": -50, "duration": 60}, {"percent": -50}),
        ({"isSMB": True}, {"automatic": True}),
        ({"type": "SMB"}, {"automatic": True}),
        ({"eventType": "SMB"}, {"automatic": True}),
        ({"reason": "🏃 Running"}, {"notes": "🏃 Running"}),
        ({"notes": " snack ", "reason": "x"}, {"notes": "snack"}),
        ({"eventType": None}, {"event_type": ""}),
        ({"insulin": math.inf, "carbs": "many"}, {"insulin": None, "carbs": None}),
    ],
)
def test_treatments_are_understood_however_they_are_written(fields: dict[str, Any], expected: dict[str, Any]) -> None:
    found = treatment_of({"_id": "b", "created_at": "2026-01-14T07:05:09.123Z", **fields})
    assert found is not None
    assert {name: getattr(found, name) for name in expected} == expected


@pytest.mark.parametrize(
    "times",
    [
        {"created_at": "2026-01-14T07:05:09.123Z", "date": 1},
        {"created_at": "nonsense", "date": AT_MS},
        {"mills": AT_MS},
        {"timestamp": AT_MS},
    ],
)
def test_a_treatment_is_placed_by_whichever_time_it_has(times: dict[str, Any]) -> None:
    found = treatment_of({"_id": "b", "carbs": 1, **times})
    assert found is not None
    assert found.at_ms == AT_MS


@pytest.mark.parametrize(
    "document", [{}, {"created_at": "?"}, {"created_at": "2026-01-14T07:05:09Z", "isValid": False}]
)
def test_what_is_no_treatment_is_left_out(document: dict[str, Any]) -> None:
    assert treatment_of(document) is None


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=6,
)
NAMES = (
    "_id type sgv mbg date dateString sysTime srvCreated direction trend device units isValid created_at mills "
    "timestamp eventType insulin carbs duration durationInMilliseconds absolute rate percent automatic notes reason"
)
names = st.sampled_from(NAMES.split())


@given(st.dictionaries(names, anything))
def test_no_document_raises(document: dict[str, Any]) -> None:
    for found in (reading_of(document), treatment_of(document)):
        assert found is None or found.at_ms > 946_684_800_000

"""What v1 adds to a row on its way out: by bytes exactly what it is on documents."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.compat.rows import (
    completed_device_status,
    completed_entry,
    completed_treatment,
    device_status_row,
    entry_row,
    in_its_zone,
    treatment_row,
)
from tests.clocks import START_MS

NOW = "2026-11-21T10:00:00.000Z"
ID = "64b1f0c2a7e94e3f8a5d1c20"

tricky = st.sampled_from(
    [
        "",
        ',"date":1768374309123,',
        '{"mills":1}',
        '"mills":',
        ',"dateString":"2',
        "}",
        "{",
        '\\"mills\\":',
        ',"carbs":5}',
        ',"created_at":"2026-01-14T07:05:09.123Z"',
        "mills",
        "🍎",
    ]
)
scalars = (
    st.none() | st.booleans() | st.integers(-5, 5) | st.floats(-5, 5).filter(lambda n: not n.is_integer()) | tricky
)
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["mills", "date", "carbs", "created_at", "x", 'x"mills']), inner, max_size=3)
    ),
    max_leaves=5,
)
dates = st.one_of(
    st.integers(946_684_800_000, 4_102_444_800_000),
    st.integers(-5, 10**16),
    st.floats(1.7e12, 1.8e12).filter(lambda n: not n.is_integer()),
    st.sampled_from([NOW, "", None, "1768374309123", 1_768_374_309, True, [1]]),
)
moments = st.sampled_from([NOW, "2026-11-21T10:00:00Z", "2026-13-21T10:00:00.000Z", "", None, 5, "x", START_MS])
amounts = st.sampled_from([0, 5, 1.5, -1, "30", "", "x", None, True, [1], {"a": 1}])


def documents(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    others = dict.fromkeys(("device", "notes", "x", 'q"mills', "mills2", "$mills"), values)
    return st.fixed_dictionaries({"_id": st.just(ID)}, optional={**fields, **others}).flatmap(_in_any_order)


def _in_any_order(document: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    rest = [name for name in document if name != "_id"]
    return st.permutations(rest).map(lambda names: {name: document[name] for name in ("_id", *names)})


@given(documents(date=dates, dateString=moments, sysTime=moments, mills=amounts, sgv=st.integers(39, 401)))
@example({"_id": ID, "date": START_MS, "dateString": None})
@example({"_id": ID, "date": START_MS, "device": "a{b"})
@example({"_id": ID, "date": START_MS, "raw": {"date": 1}})
@example({"_id": ID, "raw": {"date": START_MS}})
@example({"_id": ID, "date": 1_768_374_309_123.709})
def test_an_entry_as_bytes_is_the_entry_as_document(entry: dict[str, Any]) -> None:
    assert orjson.loads(entry_row(orjson.dumps(entry))) == completed_entry(entry)


@given(documents(created_at=moments, carbs=amounts, insulin=amounts, mills=amounts, date=dates))
@example({"_id": ID, "created_at": NOW, "boluscalc": {"carbs": 5}})
@example({"_id": ID, "created_at": NOW, "profileJson": '{"carbs":5}'})
def test_a_treatment_as_bytes_is_the_treatment_as_document(treatment: dict[str, Any]) -> None:
    assert orjson.loads(treatment_row(orjson.dumps(treatment))) == completed_treatment(treatment)


@given(documents(created_at=moments, pump=values, mills=amounts, openaps=values, date=dates))
@example({"_id": ID, "created_at": NOW, "openaps": {"suggested": {"mills": 1}}})
@example({"_id": ID, "created_at": NOW, "pump": None})
def test_a_device_status_as_bytes_is_the_device_status_as_document(status: dict[str, Any]) -> None:
    assert orjson.loads(device_status_row(orjson.dumps(status))) == completed_device_status(status)


@given(documents(date=st.just(START_MS), dateString=st.just(NOW)))
def test_no_name_comes_twice_in_a_row(entry: dict[str, Any]) -> None:
    names = orjson.loads(entry_row(orjson.dumps(entry)))
    assert len(entry_row(orjson.dumps(entry))) == len(orjson.dumps(names))


@pytest.mark.parametrize(
    ("entry", "added"),
    [
        ({"date": START_MS}, {"mills": START_MS, "dateString": NOW}),
        ({"date": START_MS, "dateString": "x"}, {"mills": START_MS}),
        ({"date": 1_768_374_309_123.709}, {"mills": 1_768_374_309_123, "dateString": "2026-01-14T07:05:09.123Z"}),
        ({"date": START_MS, "mills": 5}, {"dateString": NOW}),
        ({"sysTime": NOW}, {"mills": START_MS, "dateString": NOW}),
        ({"sgv": 5}, {}),
    ],
)
def test_entries_get_what_apps_read(entry: dict[str, Any], added: dict[str, Any]) -> None:
    assert completed_entry(entry) == entry | added


@pytest.mark.parametrize(
    ("stored", "shown"),
    [("30", 30), ("1.50", 1.5), (0, 0), (2.5, 2.5), (None, None), ("", None), ("x", None), (True, None), ([], None)],
)
def test_amounts_are_numbers_or_null(stored: object, shown: object) -> None:
    treatment = completed_treatment({"created_at": NOW, "carbs": stored})
    assert (treatment["carbs"], treatment["insulin"], treatment["mills"]) == (shown, None, START_MS)


def test_no_timestamp_is_ever_added() -> None:
    assert completed_treatment({"created_at": NOW}).keys() == {"created_at", "carbs", "insulin", "mills"}


@pytest.mark.parametrize(
    ("offset_min", "shown"),
    [
        (120, "2026-11-21T12:00:00.000+02:00"),
        (-210, "2026-11-21T06:30:00.000-03:30"),
        (0, "2026-11-21T10:00:00.000+00:00"),
    ],
)
def test_an_entry_in_its_own_zone_shows_the_clock_on_the_wall(offset_min: int, shown: str) -> None:
    assert in_its_zone({"dateString": NOW, "utcOffset": offset_min}) == {"dateString": shown}
    assert in_its_zone({"dateString": NOW}) == {"dateString": NOW}

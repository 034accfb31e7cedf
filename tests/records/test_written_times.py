"""Times kept as they were written: looked for and put in order by moment, whatever their letters say."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.clock import iso_of
from app.records.times import read_instant
from app.records.written_times import fulfils, in_order_of_moment, roughly, sorts_by_day, speaks_of
from app.store.interface import Document
from app.store.matching import matcher
from app.store.query import parse
from tests.clocks import START_MS

DAY_MS = 86_400_000


def written(at_ms: int, offset_min: int, separator: str, *, colon: bool) -> str:
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=at_ms)
    text = moment.astimezone(timezone(timedelta(minutes=offset_min))).isoformat(separator)
    return text if colon else text[:-3] + text[-2:]


times = st.builds(
    written,
    st.integers(START_MS - 3 * DAY_MS, START_MS + 3 * DAY_MS).map(lambda at_ms: at_ms // 900_000 * 900_000),
    st.integers(-1439, 1439),
    st.sampled_from("T "),
    colon=st.booleans(),
)
documents = st.lists(st.fixed_dictionaries({"at": times}), max_size=25)
operands = st.one_of(
    st.integers(-16, 16).map(lambda n: iso_of(START_MS + n * DAY_MS // 4)),
    st.sampled_from(["2026", "2025", "2027", "0001", "9999", "202611"]),
)
comparisons = st.dictionaries(st.sampled_from(["$gt", "$gte", "$lt", "$lte", "$eq", "$ne"]), operands, min_size=1)
conditions = st.one_of(operands, comparisons, comparisons.map(lambda inner: {"$not": inner}))
filters = st.recursive(
    st.one_of(conditions.map(lambda condition: {"at": condition}), st.just({"n": 1}), st.just({"n": {"$ne": 1}})),
    lambda inner: st.builds(
        lambda name, arms: {name: arms}, st.sampled_from(["$and", "$or", "$nor"]), st.lists(inner, min_size=1)
    ),
    max_leaves=5,
)


def moment_ms(document: Document) -> int:
    instant = read_instant(document["at"])
    assert instant
    return instant.at_ms


@given(documents, st.sampled_from([1, -1]))
def test_what_comes_in_the_order_of_letters_leaves_in_that_of_moments(found: list[Document], direction: int) -> None:
    by_letters = sorted(found, key=lambda document: document["at"], reverse=direction < 0)
    by_moment = [*in_order_of_moment(by_letters, "at", direction)]
    assert [moment_ms(document) for document in by_moment] == sorted(map(moment_ms, found), reverse=direction < 0)
    assert sorted(document["at"] for document in by_moment) == sorted(document["at"] for document in found)


@given(documents, filters)
def test_the_rough_filter_misses_nothing(found: list[Document], filter: Document) -> None:
    rough = matcher(parse(roughly(filter, "at")))
    exactly = fulfils(filter, "at")
    for document in found:
        if exactly(document):
            assert rough(document)


@given(times, operands.filter(lambda text: len(text) > 4 and "-" in text))
def test_comparing_means_the_moment(time: str, bound: str) -> None:
    at_ms, bound_ms = moment_ms({"at": time}), moment_ms({"at": bound})
    assert fulfils({"at": {"$gte": bound}}, "at")({"at": time}) is (at_ms >= bound_ms)
    assert fulfils({"at": {"$lt": bound}}, "at")({"at": time}) is (at_ms < bound_ms)
    assert fulfils({"at": bound}, "at")({"at": time}) is (at_ms == bound_ms)


def test_the_rough_filter_narrows_to_days() -> None:
    exact = {"at": {"$gte": "2026-11-21T10:00:00.000Z", "$lt": "2026-11-21T12:00:00.000Z"}, "n": 1}
    assert roughly(exact, "at") == {"at": {"$gte": "2026-11-20", "$lt": "2026-11-23"}, "n": 1}


@pytest.mark.parametrize("condition", [{"$ne": "2026-11-21T10:00:00.000Z"}, {"$regex": "x"}, {"$exists": True}, 5])
def test_what_letters_cannot_narrow_is_left_to_the_second_look(condition: Any) -> None:
    assert roughly({"at": condition, "n": 1}, "at") == {"n": 1}


def test_order_is_mended_without_waiting_for_the_end() -> None:
    taken = 0

    def endless() -> Any:
        nonlocal taken
        for n in range(100_000):
            taken += 1
            yield {"at": iso_of(START_MS - n * DAY_MS // 4)}

    first = next(in_order_of_moment(endless(), "at", -1))
    assert first == {"at": iso_of(START_MS)}
    assert taken < 20


def test_what_is_no_time_stays_where_it_came() -> None:
    found: list[Document] = [{"at": "soon"}, {"at": "2026-11-21"}, {"at": "2026-13-45"}, {"at": 5}, {"at": None}, {}]
    assert [*in_order_of_moment(found, "at", -1)] == found


@pytest.mark.parametrize(
    ("filter", "speaks"),
    [
        ({"at": 1}, True),
        ({"$or": [{"n": 1}, {"$nor": [{"at": 1}]}]}, True),
        ({"n": {"at": 1}}, False),
        ({"$and": [{"n": 1}]}, False),
        ({}, False),
    ],
)
def test_whether_a_filter_speaks_of_a_field(filter: Document, speaks: bool) -> None:
    assert speaks_of(filter, "at") is speaks


@pytest.mark.parametrize(
    ("time", "sorts"),
    [("2026-11-21T10:00:00+01:00", True), ("2026-11-21", True), ("20261121T100000Z", False), ("2026-11", False),
     ("2026-02-31", False), (5, False), (None, False)],
)  # fmt: skip
def test_which_times_letters_can_bring_to_their_day(time: object, sorts: bool) -> None:
    assert sorts_by_day(time) is sorts

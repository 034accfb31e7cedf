"""The embedded store's plans: SQL alone answers what is asked all the time, along an index, however much there is."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from app.store import Collection, Filter, Sort, Store, open_store
from app.store.indexes import create_all
from app.store.matching import matcher
from app.store.ordering import checked_sort
from app.store.query import parse
from app.store.sqlite.scanning import Scan, Search
from tests.clocks import SettableClock

ALIVE: Filter = {"isValid": {"$ne": False}}
FROM, TO = 1_795_000_000_000, 1_795_200_000_000
NEWEST: Sort = [("date", -1)]
NEWEST_MADE: Sort = [("created_at", -1)]
V3_ORDER: Sort = [("date", -1), ("identifier", -1), ("created_at", -1)]

HOT: list[tuple[str, Filter, Sort, int, str]] = [
    ("entries", {}, NEWEST, 10, "date"),
    ("entries", ALIVE, NEWEST, 10, "date"),
    ("entries", {"date": {"$gte": FROM}, **ALIVE}, NEWEST, 288, "date"),
    ("entries", {"date": {"$gte": FROM, "$lt": TO}}, NEWEST, 0, "date"),
    ("entries", {"type": "sgv"}, NEWEST, 10, "type"),
    ("entries", {"type": "sgv", "date": {"$gte": FROM}, **ALIVE}, NEWEST, 10, "type"),
    ("entries", {"type": {"$in": ["sgv", "mbg"]}, "date": {"$gte": FROM}}, NEWEST, 10, "date"),
    ("entries", {"sysTime": "2026-11-20T10:00:00.000Z", "type": "sgv"}, [], 1, "sysTime"),
    ("entries", {"identifier": "x"}, [], 1, "identifier"),
    ("entries", {"identifier": "x"}, NEWEST, 1, "identifier"),
    ("entries", {"srvModified": {"$gt": FROM}}, [("srvModified", 1)], 1000, "srvModified"),
    ("entries", ALIVE, V3_ORDER, 100, "date"),
    ("entries", {"sgv": {"$gte": 200}, "date": {"$gte": FROM}}, NEWEST, 10, "date"),
    ("treatments", {"created_at": {"$gte": "2026-11-16"}, **ALIVE}, NEWEST_MADE, 1000, "created_at"),
    ("treatments", {"eventType": "Site Change"}, NEWEST_MADE, 1, "eventType"),
    ("treatments", {"created_at": "2026-11-20T10:00:00.000Z", "eventType": "Note"}, [], 1, "created_at"),
    ("devicestatus", {}, NEWEST_MADE, 10, "created_at"),
    ("devicestatus", {"device": "openaps://rig"}, NEWEST_MADE, 1, "created_at"),
    ("profile", {}, [("startDate", -1)], 1, "startDate"),
    ("entries", {"_id": "x"}, [], 1, "_id"),
    ("entries", {"_id": {"$in": ["x", "y"]}}, [], 0, "_id"),
    ("treatments", {"$or": [{"identifier": "x"}, {"_id": "x"}]}, [], 1, "either"),
    ("treatments", {"$or": [{"identifier": "x"}, {"_id": "x"}]}, NEWEST_MADE, 1, "either"),
]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    opened = open_store(f"sqlite:///{tmp_path_factory.mktemp('plans')}/nightlight.db", clock=SettableClock())
    create_all(opened)
    opened.collection("entries").insert_many(
        {"date": FROM + n * 60_000, "type": "sgv", "sgv": 100 + n % 100, "identifier": f"i{n}"} for n in range(3000)
    )
    opened.collection("treatments").insert_many(
        {"created_at": f"2026-11-{n // 200 + 1:02}T{n % 24:02}", "eventType": "Temp Basal"} for n in range(3000)
    )
    yield opened
    opened.close()


def scan_of(store: Any, collection: str, filter: Filter, sort: Sort) -> Scan:
    tree = parse(filter)
    scan: Scan = store._session.scan(collection, Search(tree, matcher(tree), checked_sort(sort)))
    return scan


def statements(store: Any, ask: Any) -> list[str]:
    """Return the SQL that answers a question."""
    seen: list[str] = []
    readers = store._engine._readers
    connections = [readers.get() for _ in range(4)]
    for connection in connections:
        connection.set_trace_callback(seen.append)
        readers.put(connection)
    list(ask())
    for connection in connections:
        connection.set_trace_callback(None)
    return [sql for sql in seen if "group_concat" in sql]


@pytest.mark.parametrize(("collection", "filter", "sort", "limit", "along"), HOT, ids=lambda part: repr(part)[:60])
def test_what_is_asked_all_the_time_is_answered_by_sql_alone(
    store: Any, collection: str, filter: Filter, sort: Sort, limit: int, along: str
) -> None:
    if collection != "devicestatus" or not filter:  # nobody can index each and every field
        assert scan_of(store, collection, filter, sort).is_exact
    things: Collection = store.collection(collection)
    sql = statements(store, lambda: things.find_json(filter, sort=sort, limit=limit))
    layout = store._engine.layout(collection)
    column = layout.columns.get(along, "")
    for statement in sql:
        with store._engine.reading() as connection:
            plan = [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {statement}")]
        walked = [step for step in plan if "documents_" in step]
        if f"{layout.columns[sort[0][0]]} IS NULL" in statement if sort and sort[0][0] != "_id" else False:
            continue  # what lacks the field sorted by comes last, and is reached by nobody who asks for the newest
        assert walked, plan
        for step in walked:
            if along == "_id":
                assert "sqlite_autoindex" in step
            elif along == "either":
                assert "sqlite_autoindex" in step or "_by_" in step
            else:
                assert f"_by_{column}" in step, (step, statement)


def test_few_rows_of_one_key_beat_walking_past_everything(store: Any) -> None:
    entries = store.collection("entries")
    many = statements(store, lambda: entries.find({"type": "sgv", "sgv": 150}, sort=[("date", -1)], limit=5))
    assert "_by_" in many[0]
    rare = statements(store, lambda: entries.find({"identifier": "i7"}, sort=[("date", -1)], limit=5))
    assert f"_by_{store._engine.layout('entries').columns['identifier']}" in rare[0]


@pytest.mark.parametrize(
    "filter",
    [
        {"sgv": {"$regex": "1"}},
        {"sgv": {"$exists": True}},
        {"unindexed": 1},
        {"$or": [{"sgv": 1}, {"unindexed": 1}]},
        {"date": {"$type": "int"}},
        {"identifier": {"$exists": False}},
    ],
    ids=repr,
)
def test_where_sql_cannot_decide_the_matcher_does(store: Any, filter: Filter) -> None:
    assert not scan_of(store, "entries", filter, []).is_exact
    entries = store.collection("entries")
    expected = [document for document in entries.find() if matcher(parse(filter))(document)]
    assert list(entries.find(filter)) == expected


def test_a_path_that_held_an_array_is_never_trusted_again(tmp_path: Path, clock: SettableClock) -> None:
    opened: Any = open_store(f"sqlite:///{tmp_path}/nightlight.db", clock=clock)
    create_all(opened)
    entries = opened.collection("entries")
    entries.insert_one({"_id": 1, "sgv": 5})
    other: Any = open_store(f"sqlite:///{tmp_path}/nightlight.db", clock=clock)
    assert other.collection("entries").count_documents({"sgv": {"$gt": 3}}) == 1
    assert scan_of(other, "entries", {"sgv": {"$gt": 3}}, [("sgv", 1)]).is_exact
    entries.insert_one({"_id": 2, "sgv": [1, 9]})
    assert [found["_id"] for found in other.collection("entries").find({"sgv": {"$gt": 3}}, sort=[("sgv", 1)])] == [
        2,
        1,
    ]
    entries.delete_one({"_id": 2})
    assert not scan_of(other, "entries", {"sgv": {"$gt": 3}}, []).is_exact
    opened.close()
    other.close()


def test_stored_text_begins_a_row_and_holds_no_id(store: Any) -> None:
    with store._engine.reading() as connection:
        connection.row_factory = sqlite3.Row
        row = connection.execute("SELECT * FROM documents_1 LIMIT 1").fetchone()
        connection.row_factory = None
    assert list(row.keys())[:3] == ["rid", "id", "doc"]
    assert "_id" not in row["doc"]

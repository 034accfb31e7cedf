"""Migrations: each runs once, in order, and a store of another version is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pymongo
import pytest

from app.errors import Unavailable, WrongVersion
from app.store import Store, migrate, open_store
from app.store.indexes import INDEXES
from app.store.migrating import FOLDER, pending
from tests.clocks import START_MS, SettableClock

FIRST = """
from app.store import Store


def up(store: Store) -> None:
    store.collection("runs").update_one({"_id": "first"}, {"$inc": {"n": 1}}, upsert=True)
"""
SECOND = FIRST.replace("first", "second")
FAILING = FIRST + "    raise ValueError('cut short')\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "migrations"
    made.mkdir()
    (made / "__init__.py").touch()
    (made / "0001_first.py").write_text(FIRST)
    (made / "0002_second.py").write_text(SECOND)
    (made / "notes.txt").write_text("not a migration")
    return made


def runs(store: Store) -> dict[str, int]:
    return {found["_id"]: found["n"] for found in store.collection("runs").find()}


def test_each_runs_once_and_in_order(store: Store, folder: Path, clock: SettableClock) -> None:
    assert [migration.name for migration in pending(store, folder)] == ["0001_first", "0002_second"]
    assert migrate(store, folder, clock=clock) == ["0001_first", "0002_second"]
    assert migrate(store, folder, clock=clock) == []
    assert runs(store) == {"first": 1, "second": 1}
    record = store.collection("nl_migrations").find_one({"_id": "0001_first"})
    assert record is not None
    assert record["at_ms"] == START_MS


def test_a_later_one_runs_by_itself(store: Store, folder: Path) -> None:
    migrate(store, folder)
    (folder / "0003_third.py").write_text(FIRST.replace("first", "third"))
    assert migrate(store, folder) == ["0003_third"]
    assert runs(store) == {"first": 1, "second": 1, "third": 1}


def test_one_that_was_cut_short_runs_again(store: Store, folder: Path) -> None:
    (folder / "0002_second.py").write_text(FAILING.replace("first", "second"))
    with pytest.raises(ValueError, match="cut short"):
        migrate(store, folder)
    (folder / "0002_second.py").write_text(SECOND)
    assert migrate(store, folder) == ["0002_second"]
    assert runs(store) == {"first": 1, "second": 2}


def test_a_changed_one_is_refused(store: Store, folder: Path) -> None:
    migrate(store, folder)
    (folder / "0001_first.py").write_text(SECOND)
    with pytest.raises(WrongVersion, match="0001_first"):
        migrate(store, folder)
    assert runs(store) == {"first": 1, "second": 1}


def test_a_store_of_a_newer_version_is_refused(store: Store, folder: Path) -> None:
    migrate(store, folder)
    (folder / "0002_second.py").unlink()
    with pytest.raises(WrongVersion, match="0002_second"):
        migrate(store, folder)


def test_two_processes_do_not_migrate_at_once(store: Store, folder: Path) -> None:
    store.take_lease("migrations", "another process", ttl_ms=60_000)
    with pytest.raises(Unavailable, match="migrating"):
        migrate(store, folder)
    assert runs(store) == {}


def test_our_own_make_every_index(store: Any) -> None:
    assert migrate(store) == [path.stem for path in sorted(FOLDER.glob("0*.py"))]
    assert pending(store) == []
    for collection, indexes in INDEXES.items():
        if store.backend == "sqlite":
            present = {index.name for index in store._engine.layout(collection).indexes}
        else:
            present = set(store._connection.collection(collection).index_information()) - {"_id_"}
        assert present == {index.name for index in indexes}


def test_a_database_of_the_original_keeps_its_indexes(standalone_uri: str, clock: SettableClock) -> None:
    with pymongo.MongoClient[Any](standalone_uri) as client:
        entries = client.get_default_database()["entries"]
        for keys in ([("date", 1)], [("type", 1), ("date", -1), ("dateString", 1)]):
            entries.create_index(keys, background=True)
        entries.create_index([("sgv", 1)], name="of their own")
        before = entries.index_information()
        store = open_store(standalone_uri, clock=clock)
        migrate(store)
        after = entries.index_information()
        store.close()
    assert {name: after[name] for name in before} == before
    assert "sgv_1" not in after
    assert "sysTime_1_type_1" in after

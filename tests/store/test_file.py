"""The embedded store's file: who may read it, which versions it takes, forks, full disks, backups, network drives."""

from __future__ import annotations

import fcntl
import logging
import os
import resource
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.errors import StoreFull, TooSlow, Unavailable, WrongVersion
from app.store import Index, Store, UpdateOne, open_store
from app.store.sqlite import engine, lock
from app.store.sqlite import store as sqlite_store
from app.store.sqlite.filesystem import is_network
from tests.clocks import SettableClock


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "nightlight.db"


@pytest.fixture
def store(path: Path, clock: SettableClock) -> Iterator[Store]:
    opened = open_store(f"sqlite:///{path}", clock=clock)
    yield opened
    opened.close()


def test_only_the_owner_can_read_what_is_stored(store: Store, path: Path) -> None:
    store.collection("things").insert_one({"a": 1})
    store.backup(str(path.parent / "copy.db"))
    files = sorted(path.parent.iterdir())
    assert [file.name for file in files] == [
        "copy.db",
        "nightlight.db",
        "nightlight.db-shm",
        "nightlight.db-wal",
        "nightlight.db.lock",
    ]
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}


def test_the_file_is_opened_as_promised(store: Store, path: Path) -> None:
    opened = store._engine  # type: ignore[attr-defined]
    with opened.writing() as connection:
        asked = {
            name: connection.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("journal_mode", "synchronous", "wal_autocheckpoint", "trusted_schema")
        }
    assert asked == {"journal_mode": "wal", "synchronous": 2, "wal_autocheckpoint": 0, "trusted_schema": 0}


def test_a_file_keeps_what_was_stored(store: Store, path: Path, clock: SettableClock) -> None:
    store.collection("things").create_indexes([Index((("n", 1),), unique=True)])
    store.collection("things").insert_one({"_id": 1, "n": 1})
    store.close()
    again = open_store(f"sqlite:///{path}", clock=clock)
    assert list(again.collection("things").find({"n": 1})) == [{"_id": 1, "n": 1}]
    assert again.last_seq() == 1
    again.close()


def test_a_file_of_a_newer_version_is_refused(store: Store, path: Path) -> None:
    store.close()
    with sqlite3.connect(path) as newer:
        newer.execute(f"PRAGMA user_version = {engine.FILE_VERSION + 1}")
    newer.close()
    with pytest.raises(WrongVersion, match="newer version"):
        open_store(f"sqlite:///{path}")


def test_the_database_of_another_program_is_refused_and_left_alone(path: Path) -> None:
    path.parent.mkdir()
    with sqlite3.connect(path) as foreign:
        foreign.execute("CREATE TABLE mine (a)")
    foreign.close()
    before = path.read_bytes()
    with pytest.raises(WrongVersion, match="another program"):
        open_store(f"sqlite:///{path}")
    assert path.read_bytes() == before


def test_a_file_that_is_no_database_is_refused(path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(b"not a database, but quite a long text " * 100)
    with pytest.raises(Unavailable, match="damaged"):
        open_store(f"sqlite:///{path}")


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(Unavailable, match="cannot be opened"):
        open_store(f"sqlite:///{tmp_path}/file/nightlight.db")


def test_a_closed_store_says_so(store: Store) -> None:
    things = store.collection("things")
    things.insert_one({"a": 1})
    store.close()
    store.close()
    with pytest.raises(Unavailable, match="closed"):
        things.insert_one({"a": 1})
    with pytest.raises(Unavailable, match="closed"):
        list(things.find())
    assert not store.health().ok


def test_a_child_opens_the_file_for_itself(store: Store) -> None:
    things = store.collection("things")
    things.insert_one({"_id": "parent"})
    child = os.fork()
    if child == 0:
        done = 1
        try:
            things.insert_one({"_id": "child"})
            things.insert_many({"n": n} for n in range(50))
            done = 0 if things.count_documents() >= 52 else 2
        finally:
            os._exit(done)
    things.insert_one({"_id": "parent again"})
    things.insert_many({"n": n} for n in range(50))
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert things.count_documents({"_id": {"$in": ["parent", "child", "parent again"]}}) == 3
    assert things.count_documents({"n": {"$gte": 0}}) == 100
    assert [change.seq for change in store.changes_since(0)] == [1, 2, 3, 4, 5]


def test_a_full_store_refuses_writes_goes_on_reading_and_recovers(store: Store) -> None:
    things = store.collection("things")
    things.insert_one({"_id": "before", "text": "x"})
    with store._engine.writing() as connection:  # type: ignore[attr-defined]
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
        connection.execute(f"PRAGMA max_page_count = {pages + 10}")
    with pytest.raises(StoreFull):
        things.insert_many({"_id": n, "text": "x" * 1000} for n in range(1000))
    assert [found["_id"] for found in things.find()] == ["before"]
    assert store.last_seq() == 1
    with store._engine.writing() as connection:  # type: ignore[attr-defined]
        connection.execute("PRAGMA max_page_count = 1000000")
    things.insert_many({"_id": n, "text": "x" * 1000} for n in range(1000))
    assert things.count_documents() == 1001


FILLER = """
import resource, signal, sys
from app.errors import StoreFull
from app.store import open_store
store = open_store(sys.argv[1])
things = store.collection("things")
things.insert_one({"_id": "before"})
soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, hard))
written = 0
try:
    for written in range(10_000):
        things.insert_one({"_id": written, "text": "x" * 3000})
except StoreFull:
    pass
assert things.count_documents() == 1 + written, (things.count_documents(), written)
resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
things.insert_one({"_id": "after"})
print(written, [found["_id"] for found in things.find({"_id": {"$in": ["before", "after"]}})])
"""


def test_a_disk_without_room_is_told_and_nothing_is_lost(path: Path) -> None:
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] == resource.RLIM_INFINITY
    ended = subprocess.run(
        [sys.executable, "-c", FILLER, f"sqlite:///{path}"], capture_output=True, text=True, timeout=60
    )
    assert ended.stderr == ""
    written, found = ended.stdout.split(" ", 1)
    assert 10 < int(written) < 10_000
    assert found == "['before', 'after']\n"


def test_a_backup_is_a_whole_store_of_its_moment(store: Store, path: Path, clock: SettableClock) -> None:
    things = store.collection("things")
    things.create_indexes([Index((("n", 1),))])
    things.insert_many({"_id": n, "n": n} for n in range(500))
    target = path.parent / "backups" / "one.db"
    store.backup(str(target))
    things.delete_many({})
    assert [file.name for file in target.parent.iterdir()] == ["one.db"]
    restored = open_store(f"sqlite:///{target}", clock=clock)
    assert restored.collection("things").count_documents({"n": {"$lt": 250}}) == 250
    assert restored.last_seq() == 1
    restored.collection("things").insert_one({"_id": "new"})
    restored.close()
    store.backup(str(target))
    replaced = open_store(f"sqlite:///{target}", clock=clock)
    assert replaced.collection("things").count_documents() == 0
    replaced.close()


def test_a_backup_that_cannot_be_written_is_told_and_leaves_nothing(store: Store, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(Unavailable, match="backup"):
        store.backup(str(tmp_path / "file" / "copy.db"))
    (tmp_path / "taken").mkdir()
    with pytest.raises(Unavailable, match="backup"):
        store.backup(str(tmp_path / "taken"))
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["data", "file", "taken"]


def test_a_query_ends_when_its_time_is_over(path: Path) -> None:
    class Hurried(SettableClock):
        def monotonic_s(self) -> float:
            self.advance(ms=20)
            return super().monotonic_s()

    store = open_store(f"sqlite:///{path}", clock=Hurried(), query_limit_ms=100)
    things = store.collection("things")
    things.create_indexes([Index((("n", 1),))])
    for start in range(0, 3000, 100):
        things.insert_many({"_id": n, "n": n, "text": "x" * 100} for n in range(start, start + 100))
    with pytest.raises(TooSlow):
        list(things.find({"text": {"$regex": "y"}}))
    with pytest.raises(TooSlow):
        things.update_many({"text": {"$regex": "y"}}, {"$set": {"n": 1}})
    assert len(list(things.find({"n": {"$lt": 10}}))) == 10
    store.close()


def test_the_log_of_writes_does_not_grow_for_ever(store: Store, path: Path) -> None:
    things = store.collection("things")
    sizes = []
    for n in range(60):
        things.bulk_write([UpdateOne({"_id": i}, {"$set": {"text": f"{n}" * 1000}}, upsert=True) for i in range(100)])
        sizes.append(path.with_name(path.name + "-wal").stat().st_size)
    assert max(sizes) < 3 * engine._WAL_BYTES_TO_CHECKPOINT
    assert min(sizes[30:]) < engine._WAL_BYTES_TO_CHECKPOINT


def test_a_writer_gives_up_on_a_stuck_one(store: Store, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lock, "WAIT_S", 0.05)
    with path.with_name(path.name + ".lock").open() as stuck:
        fcntl.flock(stuck, fcntl.LOCK_EX)
        with pytest.raises(Unavailable, match="Other writers"):
            store.collection("things").insert_one({"a": 1})
        monkeypatch.setattr(sqlite_store, "_HEALTH_WAIT_S", 0.05)
        health = store.health()
        assert (health.ok, health.writable) == (True, False)
    store.collection("things").insert_one({"a": 1})
    assert store.health().writable


MOUNTS = """\
22 1 8:1 / / rw,relatime - ext4 /dev/sda1 rw
30 22 0:40 / /mnt/nas rw shared:5 - nfs4 nas:/share rw
31 22 0:41 / /mnt/my\\040share rw - cifs //nas/share rw
32 30 8:2 / /mnt/nas/local rw - xfs /dev/sdb rw
33 22 0:42 / /home/me/remote rw - fuse.sshfs me@there: rw
"""


@pytest.mark.parametrize(
    ("place", "expected"),
    [
        ("/data/nightlight.db", False),
        ("/mnt/nas/nightlight.db", True),
        ("/mnt/nas/local/nightlight.db", False),
        ("/mnt/my share/deep/nightlight.db", True),
        ("/home/me/remote/nightlight.db", True),
        ("/mnt/nasty/nightlight.db", False),
    ],
)
def test_a_network_drive_is_recognised(tmp_path: Path, place: str, expected: bool) -> None:
    mounts = tmp_path / "mountinfo"
    mounts.write_text(MOUNTS)
    assert is_network(Path(place), mounts) is expected
    assert is_network(Path(place), tmp_path / "missing") is False


def test_on_a_network_drive_one_process_works_alone(
    path: Path, clock: SettableClock, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(engine, "is_network", lambda _path: True)
    with caplog.at_level(logging.WARNING):
        store = open_store(f"sqlite:///{path}", clock=clock)
    assert "network file system" in caplog.text
    things = store.collection("things")
    things.insert_many({"_id": n} for n in range(100))
    assert things.count_documents() == 100
    assert not path.with_name(path.name + "-wal").exists()
    with pytest.raises(Unavailable, match="Another process"):
        open_store(f"sqlite:///{path}", clock=clock)
    things.insert_one({"_id": "still working"})
    store.close()
    open_store(f"sqlite:///{path}", clock=clock).close()

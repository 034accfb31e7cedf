"""A writer killed in mid-write, again and again: every acknowledged document is there, whole, once."""

from __future__ import annotations

import subprocess
import sys

from app.store import open_store
from tests.clocks import SettableClock

KILLS = 8

# Says each batch's number once it is acknowledged, and never stops by itself.
WRITER = """
import itertools, sys
from app.store import Index, UpdateOne, open_store
store = open_store(sys.argv[1])
entries = store.collection("entries")
entries.create_indexes([Index((("key", 1),))])
for n in itertools.count(int(sys.argv[2])):
    wanted = {"$set": {"n": n, "text": "x" * 500}}
    entries.bulk_write([UpdateOne({"key": f"{n} {i}"}, wanted, upsert=True) for i in range(5)])
    print(n, flush=True)
"""


def test_what_was_acknowledged_is_found_after_a_kill(uri: str, clock: SettableClock) -> None:
    acknowledged = -1
    for kill in range(KILLS):
        command = [sys.executable, "-c", WRITER, uri, str(acknowledged + 1)]
        writer = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert writer.stdout is not None
        for _ in range(3 + 2 * kill):
            acknowledged = int(writer.stdout.readline())
        writer.kill()
        acknowledged = max([acknowledged, *map(int, writer.stdout.read().split())])
        writer.wait()
    store = open_store(uri, clock=clock)
    entries = store.collection("entries")
    found = [document["key"] for document in entries.find({"n": {"$lte": acknowledged}})]
    assert sorted(found) == sorted(f"{n} {i}" for n in range(acknowledged + 1) for i in range(5))
    assert entries.count_documents({"key": "0 0"}) == 1
    everything = {document["_id"] for document in entries.find()}
    told = {id for change in store.changes_since(0, limit=100_000) for id in change.ids}
    assert told <= everything
    if store.backend == "sqlite":
        assert told == everything
    assert entries.insert_one({"key": "still working"})
    store.close()

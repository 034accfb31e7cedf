"""Many threads and processes writing and reading at once: no lost update, no "locked", no half-written batch."""

from __future__ import annotations

import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

from app.store import DeleteOne, InsertOne, Store, UpdateOne, open_store
from tests.clocks import SettableClock

THREADS, TIMES = 16, 12

COUNTERS = """
import sys
from concurrent.futures import ThreadPoolExecutor
from app.store import UpdateOne, open_store
store = open_store(sys.argv[1])
things = store.collection("things")
def work(worker):
    for n in range(int(sys.argv[3])):
        things.update_one({"_id": "counter"}, {"$inc": {"n": 1}}, upsert=True)
        things.bulk_write([UpdateOne({"key": n}, {"$inc": {"n": 1}, "$push": {"by": worker}}, upsert=True)])
        things.find_one_and_update({"_id": "other"}, {"$inc": {"n": 1}}, upsert=True)
with ThreadPoolExecutor(int(sys.argv[2])) as pool:
    list(pool.map(work, range(int(sys.argv[2]))))
store.close()
"""


def test_sixteen_threads_in_three_processes_lose_no_update(uri: str, clock: SettableClock) -> None:
    command = [sys.executable, "-c", COUNTERS, uri, str(THREADS), str(TIMES)]
    writers = [subprocess.Popen(command, stderr=subprocess.PIPE) for _ in range(3)]
    ended = [(writer.communicate(timeout=100)[1].decode(), writer.returncode) for writer in writers]
    assert ended == [("", 0)] * 3
    store = open_store(uri, clock=clock)
    things = store.collection("things")
    total = 3 * THREADS * TIMES
    assert things.find_one({"_id": "counter"}) == {"_id": "counter", "n": total}
    assert things.find_one({"_id": "other"}) == {"_id": "other", "n": total}
    by_key = list(things.find({"key": {"$exists": True}}))
    assert [(len(found["by"]), found["n"]) for found in by_key] == [(3 * THREADS, 3 * THREADS)] * TIMES
    changes = store.changes_since(0, limit=100_000)
    assert [change.seq for change in changes] == list(range(1, 3 * total + 1))
    store.close()


def test_readers_never_see_half_a_batch_of_the_embedded_store(clock: SettableClock, tmp_path: object) -> None:
    store = open_store(f"sqlite:///{tmp_path}/nightlight.db", clock=clock)
    things = store.collection("things")
    things.insert_many({"_id": n, "round": 0} for n in range(200))
    stop, wrong = threading.Event(), []

    def read() -> None:
        while not stop.is_set():
            rounds = {found["round"] for found in things.find({}, sort=[("_id", 1)])}
            if len(rounds) != 1:
                wrong.append(rounds)

    readers = [threading.Thread(target=read) for _ in range(3)]
    for reader in readers:
        reader.start()
    for n in range(1, 30):
        things.bulk_write([UpdateOne({"_id": i}, {"$set": {"round": n}}) for i in range(200)])
    stop.set()
    for reader in readers:
        reader.join()
    store.close()
    assert wrong == []


def test_a_slow_reader_holds_up_nobody(store: Store) -> None:
    things = store.collection("things")
    things.insert_many({"_id": n, "text": "x" * 300} for n in range(4000))
    slow = [things.find({}, sort=[("_id", 1)]) for _ in range(12)]
    begun = [next(found)["_id"] for found in slow]
    things.bulk_write(
        [DeleteOne({"_id": 3999}), InsertOne({"_id": 4000}), UpdateOne({"_id": 0}, {"$set": {"new": True}})]
    )
    assert things.count_documents() == 4000
    lengths = [1 + sum(1 for _ in found) for found in slow]
    assert begun == [0] * 12
    assert all(3999 <= length <= 4001 for length in lengths)


def test_reading_goes_on_while_much_is_deleted(store: Store) -> None:
    things = store.collection("things")
    things.insert_many({"_id": n, "old": n < 1500} for n in range(2000))
    with ThreadPoolExecutor(2) as pool:
        pruned = pool.submit(things.prune, {"old": True}, chunk=50)
        while not pruned.done():
            assert things.count_documents({"old": False}) == 500
        assert pruned.result() == 1500
    assert things.count_documents() == 500

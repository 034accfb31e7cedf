"""Phones, bridges and retries upload at the same moment; a document is stored once all the same."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from app.records.activity import Activity
from app.records.collection import Records
from app.records.entries import Entries
from app.records.profiles import Profiles
from app.records.treatments import Treatments
from app.store.interface import Document, Store
from tests.clocks import START_MS, SettableClock
from tests.records.conftest import ACTOR

THREADS = 8
HEX = "64b1f0c2a7e94e3f8a5d1c20"
UUID = "3F2504E0-4F89-41D3-9A0C-0305E82C3301"
AT = "2026-11-21T09:00:00.000Z"


def at_once(upload: Callable[[int], list[Document]]) -> list[list[Document]]:
    together = threading.Barrier(THREADS)

    def run(n: int) -> list[Document]:
        together.wait(30)
        return upload(n)

    with ThreadPoolExecutor(THREADS) as pool:
        return [*pool.map(run, range(THREADS))]


@pytest.mark.parametrize(
    ("make", "document"),
    [
        (Entries, {"type": "sgv", "sgv": 117, "date": START_MS}),
        (Entries, {"type": "sgv", "sgv": 117, "date": START_MS, "_id": HEX}),
        (Entries, {"sgv": 117, "date": START_MS}),
        (Treatments, {"eventType": "Note", "created_at": AT, "notes": "x"}),
        (Treatments, {"created_at": AT, "notes": "x"}),
        (Treatments, {"eventType": "Temporary Override", "created_at": AT, "_id": UUID}),
        (Treatments, {"eventType": "Note", "created_at": AT, "_id": HEX}),
        (Treatments, {"eventType": "Meal Bolus", "created_at": AT, "carbs": 30, "insulin": 2}),
        (Profiles, {"startDate": AT, "_id": HEX}),
        (Activity, {"created_at": AT, "steps": 5}),
        (Activity, {"created_at": AT, "steps": 5, "_id": HEX}),
    ],
)
def test_the_same_upload_from_many_threads_is_one_document(
    store: Store, clock: SettableClock, make: Callable[..., Records], document: Document
) -> None:
    saved = at_once(lambda n: make(store, clock, ACTOR).save([document]))
    assert len({answer[0]["_id"] for answer in saved}) == 1
    assert make(store, clock, ACTOR).count() == 1


def test_overlapping_batches_from_many_threads_lose_and_double_nothing(store: Store, clock: SettableClock) -> None:
    def upload(n: int) -> list[Document]:
        batch = [{"type": "sgv", "sgv": 100 + k, "date": START_MS + k} for k in range(5 * n, 5 * n + 20)]
        return Entries(store, clock, ACTOR).save(batch)

    at_once(upload)
    dates = [entry["date"] - START_MS for entry in Entries(store, clock, ACTOR).search(sort=(("date", 1),))]
    assert dates == [*range(5 * (THREADS - 1) + 20)]


def test_different_fields_of_one_reading_all_arrive(store: Store, clock: SettableClock) -> None:
    at_once(lambda n: Entries(store, clock, ACTOR).save([{"type": "sgv", "date": START_MS, f"from{n}": n}]))
    [kept] = Entries(store, clock, ACTOR).search()
    assert {name: kept[name] for name in kept if name.startswith("from")} == {f"from{n}": n for n in range(THREADS)}

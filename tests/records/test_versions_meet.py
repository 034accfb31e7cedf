"""v1 and v3 upload the same act in the same instant: on the embedded store it is one document all the same."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from app.records.entries import Entries
from app.records.identified_documents import IdentifiedDocuments
from app.records.treatments import Treatments
from app.store import open_store
from app.store.interface import Document, Store
from tests.clocks import START_MS, SettableClock
from tests.records.conftest import ACTOR

ROUNDS = 25


@pytest.fixture
def store(tmp_path: Path, clock: SettableClock) -> Iterator[Store]:
    opened = open_store(f"sqlite:///{tmp_path}/nightlight.db", clock=clock)
    yield opened
    opened.close()


def meet(*acts: Callable[[int], object]) -> None:
    """Do all acts at once, again and again."""
    for n in range(ROUNDS):
        gate = threading.Barrier(len(acts))

        def when_all_are_there(act: Callable[[int], object], n: int = n, gate: threading.Barrier = gate) -> None:
            gate.wait()
            act(n)

        with ThreadPoolExecutor(len(acts)) as pool:
            list(pool.map(when_all_are_there, acts))


def allow(act: str) -> None:
    """Allow everything."""


def test_a_reading_is_one_document(entries: Entries, store: Store, clock: SettableClock) -> None:
    readings = IdentifiedDocuments(store, clock, ACTOR, "entries")

    def reading(n: int) -> Document:
        return {"type": "sgv", "sgv": 100 + n, "date": START_MS - n * 300_000, "device": "Libre3"}

    meet(lambda n: entries.save([reading(n)]), lambda n: readings.create(reading(n) | {"app": "AAPS"}, allow))
    kept = [*readings.search(limit=1000)]
    assert len(kept) == ROUNDS
    assert all(len(one["identifier"]) == 36 for one in kept)


def test_a_treatment_is_one_document(treatments: Treatments, store: Store, clock: SettableClock) -> None:
    boluses = IdentifiedDocuments(store, clock, ACTOR, "treatments")

    def bolus(n: int) -> Document:
        return {"eventType": "Correction Bolus", "created_at": START_MS - n * 300_000, "insulin": n + 1}

    meet(lambda n: treatments.save([bolus(n)]), lambda n: boluses.create(bolus(n) | {"app": "AAPS"}, allow))
    kept = [*boluses.search(limit=1000)]
    assert sorted(one["insulin"] for one in kept) == [n + 1 for n in range(ROUNDS)]
    assert all(len(one["identifier"]) == 36 for one in kept)

"""Hundreds of documents with ids of their own in one upload are looked up, not searched for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from app.records.activity import Activity
from app.records.collection import Records
from app.records.devicestatus import DeviceStatus
from app.records.entries import Entries
from app.records.food import Food
from app.records.profiles import Profiles
from app.records.treatments import Treatments
from app.store.interface import Document, Store
from tests.clocks import START_MS, SettableClock
from tests.records.conftest import ACTOR

MANY = 700
LOOKED_UP_IN_AN_INDEX = 1000


def document(n: int) -> Document:
    at_ms = START_MS + 1000 * n
    return {"_id": f"{n:024x}", "type": "sgv", "date": at_ms, "created_at": at_ms, "startDate": "2026", "n": n}


@pytest.mark.parametrize("make", [Entries, Treatments, DeviceStatus, Profiles, Food, Activity])
def test_a_big_batch_with_ids_asks_for_no_longer_list_than_an_index_takes(
    store: Store, clock: SettableClock, monkeypatch: pytest.MonkeyPatch, make: Callable[..., Records]
) -> None:
    records = make(store, clock, ACTOR)
    collection = type(store.collection(records.collection))
    find, asked = collection.find, []

    def listening(self: Any, filter: Any = None, **options: Any) -> Any:
        asked.append(filter)
        return find(self, filter, **options)

    monkeypatch.setattr(collection, "find", listening)
    first = records.save(map(document, range(MANY)))
    again = records.save(map(document, range(MANY)))
    assert [kept["_id"] for kept in first] == [kept["_id"] for kept in again]
    lists = [wanted["$in"] for filter in asked for wanted in filter.values() if isinstance(wanted, dict)]
    assert sum(map(len, lists)) >= 2 * 2 * MANY
    assert max(map(len, lists)) <= LOOKED_UP_IN_AN_INDEX
    assert records.count() == MANY

"""Random questions, asked of the embedded store, of the matcher alone, of a real MongoDB and of our way to it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pymongo
import pytest
from hypothesis import HealthCheck, Phase, event, given, settings
from hypothesis import strategies as st
from pymongo.collection import Collection as DriverCollection
from pymongo.errors import OperationFailure

from app.errors import BadQuery
from app.store import Collection, Document, Index, ObjectId, Store, open_store
from app.store.matching import matcher
from app.store.ordering import checked_sort, document_key
from app.store.query import parse
from app.store.values import clean_value
from tests.clocks import SettableClock
from tests.mongodb import fresh_database
from tests.store import random_questions as random

INDEXES = [
    Index((("a", 1),)),
    Index((("b", -1),)),
    Index((("c", 1), ("a", -1))),
    Index((("a.b", 1),)),
    Index((("d", 1), ("b", 1), ("c", 1))),
]
thorough = settings(
    max_examples=250,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink],
)


class Witnesses:
    """The same documents in three places: the embedded store, MongoDB through our store, MongoDB itself."""

    def __init__(self, embedded: Store, ours: Store, database: Any) -> None:
        self._embedded, self._ours, self._database = embedded, ours, database
        self._collections: dict[str, Collection] = {}

    def holding(self, documents: list[Document], kind: str) -> tuple[Collection, Collection, DriverCollection[Any]]:
        embedded, ours, mongo = self._embedded.collection(kind), self._ours.collection(kind), self._database[kind]
        if kind not in self._collections:
            embedded.create_indexes(INDEXES)
            self._collections[kind] = embedded
        embedded.delete_many({})
        mongo.delete_many({})
        if documents:
            embedded.insert_many(documents)
            mongo.insert_many(clean_value(documents))
        return embedded, ours, mongo


@pytest.fixture(scope="module")
def witnesses(standalone_server: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Witnesses]:
    path: Path = tmp_path_factory.mktemp("agreement") / "nightlight.db"
    with fresh_database(standalone_server) as uri, pymongo.MongoClient[Any](uri, tz_aware=True) as client:
        embedded, ours = open_store(f"sqlite:///{path}", clock=SettableClock()), open_store(uri, clock=SettableClock())
        yield Witnesses(embedded, ours, client.get_default_database())
        embedded.close()
        ours.close()


def shown(documents: Any) -> list[str]:
    """As text, because to Python 1, 1.0 and True are the same and NaN is not itself."""
    return [repr(clean_value(document)) for document in documents]


def asked(question: Any) -> list[str] | None:
    try:
        return shown(question())
    except (BadQuery, OperationFailure):
        return None


@thorough
@given(
    documents=st.one_of(random.collections(random.bodies), random.collections(random.plain_bodies)),
    filters=st.lists(random.filters, min_size=1, max_size=4),
)
def test_filters_match_the_same(witnesses: Witnesses, documents: list[Document], filters: list[Any]) -> None:
    embedded, ours, mongo = witnesses.holding(documents, "things")
    for filter in filters:
        truth = asked(lambda filter=filter: mongo.find(filter))
        event("refused" if truth is None else "some" if truth else "none")
        assert asked(lambda filter=filter: embedded.find(filter)) == truth
        assert asked(lambda filter=filter: ours.find(filter)) == truth
        if truth is not None:
            assert shown(filter_alone(documents, filter)) == truth
            assert embedded.count_documents(filter) == ours.count_documents(filter) == len(truth)


def filter_alone(documents: list[Document], filter: Any) -> list[Document]:
    return [document for document in clean_value(documents) if matcher(parse(filter))(document)]


@thorough
@given(
    documents=st.one_of(random.collections(random.bodies), random.collections(random.plain_bodies)),
    filter=random.filters | st.just({}),
    sort=random.sorts,
    skip=st.sampled_from([0, 0, 1, 3]),
    limit=st.sampled_from([0, 0, 1, 2]),
)
def test_sorts_order_the_same(
    witnesses: Witnesses, documents: list[Document], filter: Any, sort: Any, skip: int, limit: int
) -> None:
    embedded, ours, mongo = witnesses.holding(documents, "things")
    order = [*dict(sort).items(), ("_id", 1)]
    truth = asked(lambda: mongo.find(filter, sort=order, skip=skip, limit=limit))
    found = asked(lambda: embedded.find(filter, sort=order, skip=skip, limit=limit))
    event("refused" if truth is None else "sorted")
    assert found == truth
    assert asked(lambda: ours.find(filter, sort=order, skip=skip, limit=limit)) == truth
    assert asked(lambda: in_memory(documents, filter, order, skip, limit)) == truth


def in_memory(documents: list[Document], filter: Any, order: Any, skip: int, limit: int) -> list[Document]:
    ordered = sorted(filter_alone(documents, filter), key=document_key(checked_sort(order)))
    return ordered[skip : skip + limit if limit else None]


@thorough
@given(body=random.bodies, update=random.updates)
def test_updates_do_the_same(witnesses: Witnesses, body: Document, update: Any) -> None:
    embedded, ours, mongo = witnesses.holding([{"_id": 1, **body}], "changed")
    ours.replace_one({"_id": 2}, body, upsert=True)
    refused = []
    for change in (
        lambda: mongo.update_one({"_id": 1}, update),
        lambda: embedded.update_one({"_id": 1}, update),
        lambda: ours.update_one({"_id": 2}, update),
    ):
        try:
            change()
            refused.append(False)
        except (BadQuery, OperationFailure):
            refused.append(True)
    event("refused" if refused[0] else "done")
    assert len(set(refused)) == 1
    (truth,) = shown(mongo.find({"_id": 1}))
    assert shown(embedded.find()) == [truth]
    assert shown({**found, "_id": 1} for found in ours.find({"_id": 2})) == [truth]


@thorough
@given(held=random.held_values, update=random.updates)
def test_upserts_insert_the_same(witnesses: Witnesses, held: Document, update: Any) -> None:
    embedded, ours, mongo = witnesses.holding([], "made")
    truth = upserted(mongo.update_one, mongo.find, held, update)
    event("refused" if truth is None else "made")
    assert upserted(embedded.update_one, embedded.find, held, update) == truth
    mongo.delete_many({})
    assert upserted(ours.update_one, ours.find, held, update) == truth


def upserted(update_one: Any, find: Any, filter: Any, update: Any) -> list[str] | None:
    try:
        update_one(filter, update, upsert=True)
    except (BadQuery, OperationFailure):
        return None
    (document,) = find()
    assert isinstance(document.pop("_id"), ObjectId)
    return shown([document])

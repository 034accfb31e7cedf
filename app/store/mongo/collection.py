"""A collection of the MongoDB backend."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar, cast

from pymongo import IndexModel, ReturnDocument
from pymongo import collection as driver
from pymongo.errors import OperationFailure

from app.clock import Clock
from app.logs import told
from app.store import interface
from app.store.batch import step_of
from app.store.ids import IdMaker
from app.store.interface import Document, Filter, Index, Operation, Outcome, Sort, Update
from app.store.logged import UNLOGGED
from app.store.mongo.changes import ChangeLog, append_quietly
from app.store.mongo.codec import WireLines
from app.store.mongo.connection import Connection
from app.store.mongo.errors import translated
from app.store.mongo.writing import MOST_TRIES, Writer, contended
from app.store.ordering import checked_sort
from app.store.paths import Projection
from app.store.query import Node, parse
from app.store.rendering import as_filter, as_update
from app.store.update import ParsedUpdate

log = logging.getLogger(__name__)

T = TypeVar("T")

_BATCH_DOCUMENTS = 1000
_IDS_AT_ONCE = 1000
_INDEX_EXISTS = {85, 86}  # IndexOptionsConflict, IndexKeySpecsConflict: there is one with these keys or this name


class MongoCollection(interface.Collection):
    """One collection of the database."""

    def __init__(
        self,
        connection: Connection,
        changes: ChangeLog,
        clock: Clock,
        new_id: IdMaker,
        wire: WireLines,
        grew: Callable[[str], None],
        *,
        name: str,
        actor: str,
        limit_ms: int,
    ) -> None:
        self.name = name
        self._connection = connection
        self._changes = changes
        self._clock = clock
        self._new_id = new_id
        self._wire = wire
        self._grew = grew
        self._actor = actor
        self._limit_ms = limit_ms

    def find(
        self,
        filter: Filter | None = None,
        *,
        sort: Sort = (),
        skip: int = 0,
        limit: int = 0,
        fields: Sequence[str] | None = None,
    ) -> Iterator[Document]:
        """Yield matching documents."""
        wanted = self._wanted(filter, sort, skip, limit)
        if fields is not None:
            wanted["projection"] = dict.fromkeys(("_id", *Projection(fields).paths), 1)
        return self._found(wanted)

    def find_json(
        self, filter: Filter | None = None, *, sort: Sort = (), skip: int = 0, limit: int = 0
    ) -> Iterator[bytes]:
        """Yield matching documents as JSON, converted from BSON batch by batch."""
        return self._found_json(self._wanted(filter, sort, skip, limit))

    def count_documents(self, filter: Filter | None = None) -> int:
        """Return how many documents match."""
        wanted = as_filter(parse(filter))
        with translated():
            return self._rows().count_documents(wanted, maxTimeMS=self._limit_ms)

    def bulk_write(self, operations: Sequence[Operation]) -> list[Outcome]:
        """Do the operations in order; the first failure stops the rest, what came before it stays."""
        steps = [step_of(operation) for operation in operations]
        return self._writing(lambda writer: writer.run(steps)) if steps else []

    def update_many(self, filter: Filter, update: Update) -> int:
        """Update every match, a thousand at a time."""
        wanted, parsed = as_filter(parse(filter)), ParsedUpdate(update)
        change = as_update(parsed)

        def work(writer: Writer) -> int:
            count = 0
            for ids in self._pages_of_ids(wanted):
                result = self._rows().update_many({"$and": [{"_id": {"$in": ids}}, wanted]}, change)
                if result.modified_count:
                    writer.effects.changed += ids
                count += result.matched_count
            return count

        return self._writing(work)

    def delete_many(self, filter: Filter) -> int:
        """Delete every match, a thousand at a time."""
        return self._delete_pages(as_filter(parse(filter)), _IDS_AT_ONCE)

    def prune(self, filter: Filter, *, chunk: int = 500) -> int:
        """Delete every match, ``chunk`` documents at a time."""
        return self._delete_pages(as_filter(parse(filter)), chunk)

    def find_one_and_update(
        self, filter: Filter, update: Update, *, upsert: bool = False, sort: Sort = (), return_new: bool = True
    ) -> Document | None:
        """Update the first match and return it."""
        tree, parsed, order = parse(filter), ParsedUpdate(update), checked_sort(sort)
        return self._writing(
            lambda writer: self._find_and_update(writer, tree, parsed, order, upsert=upsert, return_new=return_new)
        )

    def create_indexes(self, indexes: Sequence[Index]) -> None:
        """Have these indexes; one that is there under another name is left alone."""
        with translated():
            rows = self._rows()
            present = set(rows.index_information())
            missing = {index.name: _model(index) for index in indexes if index.name not in present}
            if missing:
                _create_indexes(rows, list(missing.values()))

    def _rows(self) -> driver.Collection[Document]:
        return self._connection.collection(self.name)

    def _wanted(self, filter: Filter | None, sort: Sort, skip: int, limit: int) -> dict[str, Any]:
        return {
            "filter": as_filter(parse(filter)),
            "sort": list(checked_sort(sort)) or None,
            "skip": skip,
            "limit": limit,
            "max_time_ms": self._limit_ms,
            "batch_size": min(limit, _BATCH_DOCUMENTS) if limit else _BATCH_DOCUMENTS,
        }

    def _found(self, wanted: dict[str, Any]) -> Iterator[Document]:
        with translated(), self._rows().find(**wanted) as cursor:
            yield from cursor

    def _found_json(self, wanted: dict[str, Any]) -> Iterator[bytes]:
        with translated(), self._rows().find_raw_batches(**wanted) as batches:
            for batch in cast("Iterator[bytes]", batches):  # the driver's types know of documents only
                yield from self._wire.of(batch)

    def _writing(self, work: Callable[[Writer], T]) -> T:
        """Return what ``work`` returns; what it did is appended to the change log, even when it then failed."""
        writer = Writer(self.name, self._rows(), self._new_id, self._limit_ms)
        try:
            with translated():
                return work(writer)
        finally:
            self._grew(self.name)  # also when it failed: something may have been written
            if self.name not in UNLOGGED:
                for op, ids in writer.effects.rows():
                    append_quietly(self._changes, self.name, op, ids, self._clock.now_ms(), self._actor)

    def _pages_of_ids(self, wanted: dict[str, Any], page: int = _IDS_AT_ONCE) -> Iterator[list[Any]]:
        """Yield the ids of all matches as of now, in pages."""
        ids = [row["_id"] for row in self._rows().find(wanted, {"_id": 1}, max_time_ms=self._limit_ms)]
        for start in range(0, len(ids), page):
            yield ids[start : start + page]

    def _delete_pages(self, wanted: dict[str, Any], page: int) -> int:
        def work(writer: Writer) -> int:
            count = 0
            for ids in self._pages_of_ids(wanted, page):
                result = self._rows().delete_many({"$and": [{"_id": {"$in": ids}}, wanted]})
                writer.effects.deleted += ids
                count += result.deleted_count
            return count

        return self._writing(work)

    def _find_and_update(
        self,
        writer: Writer,
        tree: Node,
        update: ParsedUpdate,
        sort: tuple[tuple[str, int], ...],
        *,
        upsert: bool,
        return_new: bool,
    ) -> Document | None:
        taken = 0
        for _ in range(MOST_TRIES):
            found: Document | None = self._rows().find_one_and_update(
                as_filter(tree),
                as_update(update),
                sort=list(sort) or None,
                return_document=ReturnDocument.AFTER if return_new else ReturnDocument.BEFORE,
                maxTimeMS=self._limit_ms,
            )
            if found is not None:
                writer.effects.changed.append(found["_id"])
                return found
            if not upsert:
                return None
            document, taken = writer.insert_for(tree, update.inserted_for(tree), taken)
            if document is not None:
                return document if return_new else None
        raise contended()


def _model(index: Index) -> IndexModel:
    options: dict[str, Any] = {"name": index.name}
    if index.unique:
        options["unique"] = True
    if index.expire_after_s is not None:
        options["expireAfterSeconds"] = index.expire_after_s
    return IndexModel(list(index.keys), **options)


def _create_indexes(rows: driver.Collection[Document], models: list[IndexModel]) -> None:
    """Create indexes together, which is quick; or one by one, when one of them is there under another name."""
    try:
        rows.create_indexes(models)
    except OperationFailure as problem:
        if problem.code not in _INDEX_EXISTS:
            raise
        if len(models) > 1:
            for model in models:
                _create_indexes(rows, [model])
        else:
            name = models[0].document["name"]
            log.info("an index is there under another name", extra=told(collection=rows.name, index=name))

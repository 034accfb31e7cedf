"""A collection of the embedded backend."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from app.errors import Unavailable
from app.store import interface
from app.store.batch import step_of
from app.store.interface import Document, Filter, Index, Operation, Outcome, Sort, Update
from app.store.matching import matcher
from app.store.ordering import checked_sort
from app.store.paths import Projection
from app.store.query import Node, parse
from app.store.sqlite.catalogue import StaleLayout
from app.store.sqlite.scanning import Scan, Search
from app.store.sqlite.session import Session
from app.store.sqlite.writing import Transaction
from app.store.update import ParsedUpdate

T = TypeVar("T")

_TRIES = 5


class SqliteCollection(interface.Collection):
    """One table of documents."""

    def __init__(self, session: Session, name: str, actor: str) -> None:
        self.name = name
        self._session = session
        self._actor = actor

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
        search = _search(filter, sort)
        projection = None if fields is None else Projection(fields)
        found = self._read(search, lambda scan: (row.document for row in scan.rows(skip, limit)))
        return found if projection is None else map(projection.of, found)

    def find_json(
        self, filter: Filter | None = None, *, sort: Sort = (), skip: int = 0, limit: int = 0
    ) -> Iterator[bytes]:
        """Yield matching documents as JSON; almost always the stored text itself."""
        return self._read(_search(filter, sort), lambda scan: scan.wire(skip, limit))

    def count_documents(self, filter: Filter | None = None) -> int:
        """Return how many documents match."""
        return next(self._read(_search(filter, ()), lambda scan: iter([scan.count()])), 0)

    def bulk_write(self, operations: Sequence[Operation]) -> list[Outcome]:
        """Do the operations in order, all or nothing."""
        steps = [step_of(operation) for operation in operations]
        if not steps:
            return []
        return self._write(lambda transaction: transaction.run(steps))

    def update_many(self, filter: Filter, update: Update) -> int:
        """Update every match, all or nothing."""
        tree, parsed = parse(filter), ParsedUpdate(update)

        def work(transaction: Transaction) -> int:
            count = 0
            for page in transaction.pages(tree):
                count += len(page)
                for row in page:
                    transaction.change(row, parsed.applied_to(row.document))
                transaction.flush()
            return count

        return self._write(work)

    def delete_many(self, filter: Filter) -> int:
        """Delete every match, all or nothing."""
        tree = parse(filter)

        def work(transaction: Transaction) -> int:
            return sum(transaction.remove_all(page) for page in transaction.pages(tree))

        return self._write(work)

    def prune(self, filter: Filter, *, chunk: int = 500) -> int:
        """Delete every match, ``chunk`` documents a transaction."""
        tree = parse(filter)
        count = 0
        while True:
            removed = self._write(lambda transaction: transaction.remove_all(transaction.scan(tree).rows(limit=chunk)))
            count += removed
            if removed < chunk:
                return count

    def find_one_and_update(
        self, filter: Filter, update: Update, *, upsert: bool = False, sort: Sort = (), return_new: bool = True
    ) -> Document | None:
        """Update the first match and return it."""
        tree, parsed, order = parse(filter), ParsedUpdate(update), checked_sort(sort)

        def work(transaction: Transaction) -> Document | None:
            row = next(transaction.scan(tree, order).rows(limit=1), None)
            if row is None:
                created = transaction.insert(parsed.inserted_for(tree)).document if upsert else None
                transaction.flush()
                return created if return_new else None
            document = parsed.applied_to(row.document)
            transaction.change(row, document)
            transaction.flush()
            return document if return_new else row.document

        return self._write(work)

    def create_indexes(self, indexes: Sequence[Index]) -> None:
        """Have these indexes; new paths get a key column, which rewrites every row once."""
        self._session.create_indexes(self.name, indexes)

    def _read(self, search: Search, work: Callable[[Scan], Iterator[T]]) -> Iterator[T]:
        """Yield what ``work`` yields; planned anew when the layout changed before the first of it."""
        for attempt in range(_TRIES):
            scan = self._session.scan(self.name, search, afresh=attempt > 0)
            if scan is None:
                return
            begun = False
            try:
                for item in work(scan):
                    begun = True
                    yield item
            except StaleLayout:
                if begun:
                    break
            else:
                return
        raise Unavailable("The store is being rearranged", hint="Try again in a moment.")

    def _write(self, work: Callable[[Transaction], T]) -> T:
        return self._session.write(self.name, self._actor, work)


def _search(filter: Filter | None, sort: Sort) -> Search:
    tree: Node = parse(filter)
    return Search(tree, matcher(tree), checked_sort(sort))

"""The one shape every backend has: a ``Store`` of named ``Collection``s, and its change log.

Calls are named and behave like pymongo's for the operators listed in ``store/query.py`` and ``store/update.py``;
what MongoDB does is right. Documents are plain dicts: ``_id`` is an ``ObjectId`` or a string, dates are aware
``datetime`` objects, whole numbers below 2**53 are always ``int`` (never ``2.0``).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

Document = dict[str, Any]
Filter = Mapping[str, Any]
Update = Mapping[str, Any]
Sort = Sequence[tuple[str, int]]

ChangeOp = Literal["insert", "update", "delete", "resync"]


@dataclass(frozen=True, slots=True)
class Index:
    """An index to have: ``keys`` as (dotted path, 1 or -1).

    ``unique`` only on our own ``nl_`` collections (existing Nightscout databases hold duplicates).
    ``expire_after_s`` makes it a TTL index on a ``datetime`` field: documents vanish some time after that moment.
    """

    keys: tuple[tuple[str, int], ...]
    unique: bool = False
    expire_after_s: int | None = None

    @property
    def name(self) -> str:
        """Return MongoDB's generated name, for instance ``type_1_date_-1``."""
        return "_".join(f"{path}_{direction}" for path, direction in self.keys)


@dataclass(frozen=True, slots=True)
class Change:
    """One row of the change log, appended with every committed write.

    ``seq`` grows by one a row and is the resume point. ``op`` "resync" means that something changed which cannot be
    told document by document: read the collection anew. ``at_ms`` is UTC epoch milliseconds.
    """

    seq: int
    collection: str
    op: ChangeOp
    ids: tuple[Any, ...]
    at_ms: int
    actor: str


@dataclass(frozen=True, slots=True)
class InsertOne:
    """A bulk operation: insert ``document``."""

    document: Document


@dataclass(frozen=True, slots=True)
class UpdateOne:
    """A bulk operation: apply ``update`` to the first document matching ``filter``, or insert when ``upsert``."""

    filter: Filter
    update: Update
    upsert: bool = False


@dataclass(frozen=True, slots=True)
class ReplaceOne:
    """A bulk operation: replace the first match (its ``_id`` stays), or insert when ``upsert``."""

    filter: Filter
    document: Document
    upsert: bool = False


@dataclass(frozen=True, slots=True)
class DeleteOne:
    """A bulk operation: delete the first document matching ``filter``."""

    filter: Filter


Operation = InsertOne | UpdateOne | ReplaceOne | DeleteOne


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one write did: the ``_id`` of the document it touched (None if it touched none) and how.

    ``created`` is true when the document did not exist before; ``modified`` when its content changed.
    """

    id: Any = None
    created: bool = False
    modified: bool = False

    @property
    def matched(self) -> bool:
        """True when the write found or made a document."""
        return self.id is not None


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to do one named thing until ``expires_at_ms`` (the store's own clock).

    ``fence`` grows each time the lease changes hands: write it with what the holder writes, so that a paused old holder
    can be told from the present one.
    """

    name: str
    owner: str
    fence: int
    expires_at_ms: int


@dataclass(frozen=True, slots=True)
class Health:
    """Whether the store answers, whether it takes writes, what it is and in which version; ``detail`` for people."""

    ok: bool
    writable: bool
    backend: str
    version: str
    detail: str = ""


class Collection(ABC):
    """One named set of documents.

    Every method may raise ``Unavailable``; queries may raise ``BadQuery`` and ``TooSlow``; writes ``BadQuery``,
    ``BadDocument``, ``DuplicateKey`` and ``StoreFull``, and a single write that raises has changed nothing.
    """

    name: str

    @abstractmethod
    def find(
        self,
        filter: Filter | None = None,
        *,
        sort: Sort = (),
        skip: int = 0,
        limit: int = 0,
        fields: Sequence[str] | None = None,
    ) -> Iterator[Document]:
        """Yield matching documents; ``limit`` 0 means all, ``fields`` keeps these dotted paths and ``_id`` only."""

    @abstractmethod
    def find_json(
        self, filter: Filter | None = None, *, sort: Sort = (), skip: int = 0, limit: int = 0
    ) -> Iterator[bytes]:
        """Yield each matching document as UTF-8 JSON bytes, ``_id`` first.

        Wire form: ObjectIds are 24 hex characters, dates ISO text with milliseconds and ``Z``, whole numbers have no
        fraction, NaN and infinities are ``null``. No Python object is built where the backend can avoid it.
        """

    def find_one(self, filter: Filter | None = None, *, sort: Sort = ()) -> Document | None:
        """Return the first match, or None."""
        return next(self.find(filter, sort=sort, limit=1), None)

    @abstractmethod
    def count_documents(self, filter: Filter | None = None) -> int:
        """Return how many documents match."""

    @abstractmethod
    def bulk_write(self, operations: Sequence[Operation]) -> list[Outcome]:
        """Do the operations in order and return one outcome for each, in the same order.

        Embedded: all or nothing. MongoDB: the first failure stops the rest and is raised; what came before it stays.
        """

    def insert_one(self, document: Document) -> Any:
        """Insert and return the ``_id`` (made when the document has none)."""
        return self.bulk_write([InsertOne(document)])[0].id

    def insert_many(self, documents: Iterable[Document]) -> list[Any]:
        """Insert all and return their ``_id``s in order."""
        return [outcome.id for outcome in self.bulk_write([InsertOne(document) for document in documents])]

    def update_one(self, filter: Filter, update: Update, *, upsert: bool = False) -> Outcome:
        """Update the first match. Concurrent upserts with one and the same filter never both insert."""
        return self.bulk_write([UpdateOne(filter, update, upsert)])[0]

    def replace_one(self, filter: Filter, document: Document, *, upsert: bool = False) -> Outcome:
        """Replace the first match, keeping its ``_id``. Concurrent upserts with the same filter never both insert."""
        return self.bulk_write([ReplaceOne(filter, document, upsert)])[0]

    def delete_one(self, filter: Filter) -> bool:
        """Delete the first match and tell whether there was one."""
        return self.bulk_write([DeleteOne(filter)])[0].matched

    @abstractmethod
    def update_many(self, filter: Filter, update: Update) -> int:
        """Update every match and return how many matched."""

    @abstractmethod
    def delete_many(self, filter: Filter) -> int:
        """Delete every match and return how many there were."""

    @abstractmethod
    def find_one_and_update(
        self, filter: Filter, update: Update, *, upsert: bool = False, sort: Sort = (), return_new: bool = True
    ) -> Document | None:
        """Update the first match in ``sort`` order atomically and return it (after or before), or None."""

    @abstractmethod
    def prune(self, filter: Filter, *, chunk: int = 500) -> int:
        """Delete every match in chunks that never hold up a writer for long, and return how many there were."""

    @abstractmethod
    def create_indexes(self, indexes: Sequence[Index]) -> None:
        """Have these indexes; those that exist (by name) are left alone."""


class Subscription(ABC):
    """An open ear on the change log."""

    @abstractmethod
    def close(self) -> None:
        """Stop listening; no call comes after this returns."""


class Store(ABC):
    """Where one person's documents live. Safe to use from many threads; never carried across a fork."""

    backend: str

    @abstractmethod
    def collection(self, name: str, *, actor: str = "") -> Collection:
        """Return the collection; writes through it carry ``actor`` (a label, no secret) into the change log."""

    @abstractmethod
    def last_seq(self) -> int:
        """Return the ``seq`` of the newest change, 0 when there is none."""

    @abstractmethod
    def changes_since(self, seq: int, *, limit: int = 1000) -> list[Change]:
        """Return the changes after ``seq``, oldest first; ``ChangesLost`` when the log no longer reaches back."""

    @abstractmethod
    def listen(self, heard: Callable[[Sequence[Change]], None]) -> Subscription:
        """Call ``heard`` with every change committed from now on, by whichever process, oldest first.

        Calls come one at a time from a thread of the store's own. A ``heard`` that raises is logged and called again
        with the next changes. After a gap the first change has the op "resync".
        """

    @abstractmethod
    def versions_of(self, collections: Sequence[str]) -> tuple[int, ...] | None:
        """Return numbers that stay the same for as long as no change of these collections is made or heard of.

        A write of this process counts once it returns, one of another process when ``listen`` would hear of it. None
        while the change log cannot be read. Asking does not touch the backend, after the first time.
        """

    @abstractmethod
    def take_lease(self, name: str, owner: str, *, ttl_ms: int) -> Lease | None:
        """Take or renew the lease, or return None while another owner holds it. Time is the store's own."""

    @abstractmethod
    def drop_lease(self, name: str, owner: str) -> None:
        """Give the lease back at once, if ``owner`` holds it."""

    @abstractmethod
    def health(self) -> Health:
        """Ask the backend whether it is well; never raises."""

    @abstractmethod
    def stats(self) -> dict[str, int]:
        """Return ``data_bytes``, ``index_bytes`` and ``documents`` (all collections together)."""

    @abstractmethod
    def sweep(self) -> int:
        """Remove documents whose TTL has passed, where the backend does not do it by itself; return how many."""

    @abstractmethod
    def backup(self, path: str) -> None:
        """Write a verified copy to ``path`` while work goes on; ``Unavailable`` where the backend cannot."""

    @abstractmethod
    def close(self) -> None:
        """End threads and connections of this process. Idempotent."""

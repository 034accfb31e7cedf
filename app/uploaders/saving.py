"""How a page gets into the records: each document once, however often it is fetched, and nothing deleted here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields

from app.actor import Actor
from app.clock import Clock, iso_of
from app.records.sources.documents import TIME_FIELDS
from app.records.sources.keeping import Keeping
from app.records.sources.kinds import COLLECTION_OF, COLLECTIONS, kind_of
from app.records.sources.neighbours import Bringer, Neighbours
from app.records.sources.ranks import read_ranks
from app.records.sources.settling import SETTLED, Settling
from app.store.interface import Document, Store
from app.uploaders.seen import COLLECTION as SEEN
from app.uploaders.seen import Seen
from app.uploaders.vendor import Page


@dataclass(slots=True)
class Saved:
    """What became of the documents of one or more pages; ``standing_by`` are kinds somebody else uploads now."""

    new: int = 0
    changed: int = 0
    known: int = 0
    held: int = 0
    deleted: int = 0
    yielded: int = 0
    refused: int = 0
    standing_by: set[str] = field(default_factory=set)

    def add(self, other: Saved) -> None:
        """Add what became of some more."""
        for part in fields(self):
            if part.name != "standing_by":
                setattr(self, part.name, getattr(self, part.name) + getattr(other, part.name))
        self.standing_by |= other.standing_by


class Saver:
    """Saves the pages of one uploader; kinds that its ``bringer`` does not name are not taken."""

    def __init__(self, store: Store, clock: Clock, actor: Actor, bringer: Bringer) -> None:
        self._bringer = bringer
        ranks = read_ranks(store)
        self._seen = Seen(store.collection(SEEN, actor=actor.label), clock, bringer.stamp[1])
        self._keeping = Keeping(store, clock, actor, bringer.stamp)
        self._neighbours = Neighbours(self._keeping.records, clock, bringer, ranks)
        self._settling = Settling(self._keeping, ranks)

    def save(self, page: Page) -> Saved:
        """Keep what a page brought and tell what became of it. When this returns, all of it is acknowledged."""
        saved = Saved()
        for collection in COLLECTIONS:
            documents = self._wanted(collection, page.documents.get(collection, ()))
            fillers = self._wanted(collection, page.fillers) if collection == "entries" else []
            brought = [*documents, *fillers]
            if brought:
                saved.add(self._keep(collection, brought, {one["identifier"] for one in fillers}))
            if brought and collection in SETTLED:
                saved.yielded += self._settling.settle(collection, brought)
            if page.deleted.get(collection):
                saved.deleted += self._delete(collection, {"identifier": {"$in": list(page.deleted[collection])}})
        for kind, span in page.whole.items():
            saved.deleted += self._delete_beside(kind, span, page)
        return saved

    def _wanted(self, collection: str, documents: Iterable[Document]) -> list[Document]:
        return [one for one in documents if kind_of(collection, one) in self._bringer.taken]

    def _keep(self, collection: str, documents: Sequence[Document], fillers: set[str]) -> Saved:
        unseen = self._seen.unseen(collection, documents)
        changed, candidates = self._sorted_out(collection, unseen)
        verdict = self._neighbours.judged(collection, candidates, fillers)
        refused = self._keeping.write(collection, [*verdict.new, *changed])
        self._keeping.complete(verdict.completions)
        held = {one["identifier"] for one in verdict.held}
        self._seen.remember(
            collection, {name: one for name, one in unseen.items() if name not in held}, TIME_FIELDS[collection]
        )
        fresh = len(verdict.new) + len(changed)
        return Saved(
            new=len(verdict.new),
            changed=len(changed),
            known=len(documents) - fresh - len(held),
            held=len(held),
            refused=len(refused),
            standing_by={kind_of(collection, one) for one in verdict.held},
        )

    def _sorted_out(self, collection: str, unseen: Mapping[str, Document]) -> tuple[list[Document], list[Document]]:
        """Return our documents that changed at their source, and those that nobody has here under that identifier.

        What we brought before and is no longer here was deleted here; what somebody else keeps under it is his.
        """
        there = self._keeping.named(collection, list(unseen))
        deleted = self._seen.brought(collection, (name for name in unseen if name not in there))
        changed = [
            {**_staying(there[name]), **one}
            for name, one in unseen.items()
            if name in there and self._bringer.brought(there[name])
        ]
        return changed, [one for name, one in unseen.items() if name not in there and name not in deleted]

    def _delete(self, collection: str, which: Mapping[str, object]) -> int:
        """Delete those of our own documents that were deleted at their source, so that others can learn of it."""
        field, name = self._bringer.stamp
        return self._lose(collection, list(self._keeping.records[collection].search({**which, field: name}, sort=())))

    def _delete_beside(self, kind: str, span: tuple[int, int], page: Page) -> int:
        """Delete what we brought of a kind in a time of which the page holds everything, and does not hold."""
        collection = COLLECTION_OF[kind]
        written = int if collection == "entries" else iso_of
        first_ms, end_ms = span
        which = {TIME_FIELDS[collection]: {"$gte": written(first_ms), "$lt": written(end_ms)}}
        field, name = self._bringer.stamp
        held = {one["identifier"] for one in page.documents.get(collection, ())}
        ours = self._keeping.records[collection].search({**which, field: name}, sort=())
        return self._lose(
            collection, [one for one in ours if one["identifier"] not in held and kind_of(collection, one) == kind]
        )

    def _lose(self, collection: str, gone: Sequence[Document]) -> int:
        if gone:
            self._keeping.mark_deleted(collection, gone)
            self._seen.lose(collection, (one["identifier"] for one in gone))
        return len(gone)


def _staying(stored: Document) -> Document:
    """Return what a changed document keeps when its source does not say otherwise; the records made up the second."""
    return {name: stored[name] for name in ("_id", "created_at") if name in stored}

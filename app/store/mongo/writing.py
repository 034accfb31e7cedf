"""Writes of one collection: what each did, document by document, in few round trips.

A batch is worked out on documents fetched beforehand; each write then names the document it means by ``_id`` together
with the operation's own filter, so that one somebody else changed meanwhile is noticed and done over, by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import pymongo
from pymongo.collection import Collection
from pymongo.errors import BulkWriteError, DuplicateKeyError

from app.errors import Unavailable
from app.store.batch import Desk, Effects, Held, Step
from app.store.encoding import is_same
from app.store.interface import Document, Outcome
from app.store.mongo.derived_ids import derived_id
from app.store.mongo.errors import DUPLICATE_KEY, ours
from app.store.query import Node
from app.store.rendering import as_filter, as_update
from app.store.update import with_id

MOST_TRIES = 50
_MOST_IN_LIST = 1000
_EXTRA_DOCUMENTS = 1000

Request = pymongo.InsertOne[Document] | pymongo.UpdateOne | pymongo.ReplaceOne[Document] | pymongo.DeleteOne


@dataclass(frozen=True, slots=True)
class _Sent:
    """A request that stands for the step at ``place``."""

    place: int
    request: Request
    derived: bool = False


class Writer:
    """Does steps one after another and notes their effects; what was done before a failure stays noted."""

    def __init__(self, name: str, collection: Collection[Document], new_id: Callable[[], Any], limit_ms: int) -> None:
        self.effects = Effects()
        self._name = name
        self._collection = collection
        self._new_id = new_id
        self._limit_ms = limit_ms

    def run(self, steps: Sequence[Step]) -> list[Outcome]:
        """Do the steps in order. Raises what a collection's writes raise, and the driver's errors."""
        outcomes: list[Outcome] = []
        while len(outcomes) < len(steps):
            rest = steps[len(outcomes) :]
            run = _batchable(rest)
            desk = self._fetched(run) if len(run) > 1 else None
            if desk is None:
                outcomes.append(self.one(rest[0]))
            else:
                outcomes += self._batch(run, desk)
        return outcomes

    def one(self, step: Step) -> Outcome:
        """Do one step by itself."""
        if step.kind == "insert":
            return self._inserted(self._with_id(step.created()))
        taken = 0
        for _ in range(MOST_TRIES):
            found = self._collection.find_one(as_filter(step.tree), max_time_ms=self._limit_ms)
            if found is not None:
                outcome = self._delete(step, found) if step.kind == "delete" else self._change(step, found)
                if outcome is not None:
                    return outcome
            elif not step.upsert:
                return Outcome()
            else:
                document, taken = self.insert_for(step.tree, step.created(), taken)
                if document is not None:
                    return Outcome(document["_id"], created=True)
        raise contended()

    def insert_for(self, tree: Node, document: Document, taken: int) -> tuple[Document | None, int]:
        """Insert what an upsert creates, under the derived ``_id`` after the first ``taken`` ones.

        Return the document, or None when to look again, and how many derived ids are known to be taken by documents
        that do not match. Raises the driver's ``DuplicateKeyError`` when another key is doubled.
        """
        derived = "_id" not in document
        if derived:
            document = {"_id": derived_id(self._name, tree, taken), **document}
        try:
            self._inserted(document)
        except DuplicateKeyError as problem:
            now_there = self._collection.find_one(as_filter(tree), {"_id": 1}, max_time_ms=self._limit_ms)
            if now_there is not None:  # another process was faster
                return None, taken
            if not derived or not _is_about_id(problem.details):
                raise
            return None, taken + 1
        return document, taken

    def _inserted(self, document: Document) -> Outcome:
        self._collection.insert_one(document)
        self.effects.created.append(document["_id"])
        return Outcome(document["_id"], created=True)

    def _change(self, step: Step, found: Document) -> Outcome | None:
        """Update or replace a document; None when it has changed meanwhile so that it no longer matches."""
        id = found["_id"]
        if is_same(step.changed(found), found):
            return Outcome(id)
        exactly = _exactly(id, step)
        if step.update:
            result = self._collection.update_one(exactly, as_update(step.update))
        else:
            result = self._collection.replace_one(exactly, with_id(step.document, id))
        if not result.matched_count:
            return None
        self.effects.changed.append(id)
        return Outcome(id, modified=True)

    def _delete(self, step: Step, found: Document) -> Outcome | None:
        id = found["_id"]
        if not self._collection.delete_one(_exactly(id, step)).deleted_count:
            return None
        self.effects.deleted.append(id)
        return Outcome(id, modified=True)

    def _with_id(self, document: Document) -> Document:
        return document if "_id" in document else {"_id": self._new_id(), **document}

    def _fetched(self, steps: Sequence[Step]) -> Desk | None:
        """Lay every document on a desk that the steps may find; None when they are too many to be worth it."""
        desk = Desk(steps)
        most = 4 * len(steps) + _EXTRA_DOCUMENTS
        wanted: dict[tuple[str, ...], list[dict[Any, Any]]] = {}
        for step in steps:
            for lookup in step.lookups:
                columns = wanted.setdefault(lookup.paths, [{} for _ in lookup.paths])
                for column, key, value in zip(columns, lookup.keys, lookup.values, strict=True):
                    column[key] = value
        arms = [
            {path: {"$in": list(column.values())} for path, column in zip(paths, columns, strict=True)}
            for paths, columns in wanted.items()
        ]
        if not arms:
            return desk
        found = self._collection.find(
            arms[0] if len(arms) == 1 else {"$or": arms}, limit=most, batch_size=most, max_time_ms=self._limit_ms
        )
        documents = list(found)
        if len(documents) == most:
            return None
        for document in documents:
            desk.lay(Held(document))
        return desk

    def _batch(self, steps: Sequence[Step], desk: Desk) -> list[Outcome]:
        """Do as many of the steps as go through, one at least, and return their outcomes."""
        outcomes: list[Outcome] = []
        sent: list[_Sent] = []
        for place, step in enumerate(steps):
            outcome, request, derived = self._worked_out(step, desk)
            outcomes.append(outcome)
            if request is not None:
                sent.append(_Sent(place, request, derived))
        if not sent:
            return outcomes
        try:
            result = self._collection.bulk_write([one.request for one in sent])
        except BulkWriteError as problem:
            return self._after_failure(problem, steps, sent, outcomes)
        changes = sum(isinstance(one.request, (pymongo.UpdateOne, pymongo.ReplaceOne)) for one in sent)
        deletions = sum(isinstance(one.request, pymongo.DeleteOne) for one in sent)
        if result.matched_count < changes or result.deleted_count < deletions:
            return self._done_over(steps, sent, outcomes)
        self._note(sent, outcomes)
        return outcomes

    def _worked_out(self, step: Step, desk: Desk) -> tuple[Outcome, Request | None, bool]:
        """Return what a step does to the documents on the desk, and the request that does it in the database."""
        held = None if step.kind == "insert" else desk.first(step)
        if held is None:
            if step.kind != "insert" and not step.upsert:
                return Outcome(), None, False
            document = step.created()
            derived = step.upsert and "_id" not in document
            if derived:
                document = {"_id": derived_id(self._name, step.tree, 0), **document}
            document = self._with_id(document)
            desk.lay(Held(document))
            return Outcome(document["_id"], created=True), pymongo.InsertOne(document), derived
        id = held.document["_id"]
        if step.kind == "delete":
            held.gone = True
            return Outcome(id, modified=True), pymongo.DeleteOne(_exactly(id, step)), False
        document = step.changed(held.document)
        if is_same(document, held.document):
            return Outcome(id), None, False
        held.document = document
        desk.lay(held)
        if step.update:
            return Outcome(id, modified=True), pymongo.UpdateOne(_exactly(id, step), as_update(step.update)), False
        return Outcome(id, modified=True), pymongo.ReplaceOne(_exactly(id, step), document), False

    def _after_failure(
        self, problem: BulkWriteError, steps: Sequence[Step], sent: Sequence[_Sent], outcomes: list[Outcome]
    ) -> list[Outcome]:
        """Keep what came before the failure; do over the step that failed because another process was faster."""
        errors = problem.details["writeErrors"]
        failed = sent[errors[0]["index"]] if errors else sent[0]
        self._note([one for one in sent if one.place < failed.place], outcomes)
        if not (errors and errors[0]["code"] == DUPLICATE_KEY and failed.derived):
            raise ours(problem) from problem
        return [*outcomes[: failed.place], self.one(steps[failed.place])]

    def _done_over(self, steps: Sequence[Step], sent: Sequence[_Sent], outcomes: list[Outcome]) -> list[Outcome]:
        """Do every change and deletion over, one by one: some document was changed meanwhile, nobody knows which.

        Only repeatable updates are in a batch, so that doing one twice does no harm.
        """
        inserted = [one for one in sent if isinstance(one.request, pymongo.InsertOne)]
        self._note(inserted, outcomes)
        for one in sent:
            if not isinstance(one.request, pymongo.InsertOne):
                again = self.one(steps[one.place])
                outcomes[one.place] = again if again.matched else outcomes[one.place]
        return outcomes

    def _note(self, sent: Sequence[_Sent], outcomes: Sequence[Outcome]) -> None:
        for one in sent:
            outcome = outcomes[one.place]
            if isinstance(one.request, pymongo.DeleteOne):
                self.effects.deleted.append(outcome.id)
            elif outcome.created:
                self.effects.created.append(outcome.id)
            else:
                self.effects.changed.append(outcome.id)


def contended() -> Unavailable:
    """Return the error for a document that others change all the time."""
    return Unavailable("Too many others changed the same document", hint="Try again in a moment.")


def _batchable(steps: Sequence[Step]) -> Sequence[Step]:
    """Return the steps from the first on that can be done together."""
    for place, step in enumerate(steps[:_MOST_IN_LIST]):
        if step.kind != "insert" and not (step.lookups and (step.update is None or step.update.repeatable)):
            return steps[:place]
    return steps[:_MOST_IN_LIST]


def _exactly(id: Any, step: Step) -> dict[str, Any]:
    """Return the filter for one document, as long as it matches."""
    wanted = as_filter(step.tree)
    return {"_id": id, **wanted} if "_id" not in wanted else {"$and": [{"_id": id}, wanted]}


def _is_about_id(details: Any) -> bool:
    return "_id" in (details or {}).get("keyPattern", {"_id": 1})

"""A batch of writes worked out in memory: what each operation does to the documents at hand.

Both backends fetch the documents a batch may touch in one go, let the operations find theirs among them (and among what
earlier operations of the batch made), and write what came out. So a thousand upserts cost a few round trips.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Literal

from app.errors import BadQuery
from app.store.encoding import Key, is_odd, key_of, value_along
from app.store.interface import DeleteOne, Document, InsertOne, Operation, ReplaceOne, UpdateOne
from app.store.matching import matcher
from app.store.query import EVERYTHING, Node, Or, conditions, equalities, parse
from app.store.update import ParsedUpdate, replacement_for, with_id
from app.store.values import clean_document

Paths = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Lookup:
    """A way to look a match up: paths, the values they must have, and the keys of these.

    ``is_all`` says that a document whose keys are these needs no second look: the filter asks for nothing else.
    """

    paths: Paths
    values: tuple[Any, ...]
    keys: tuple[Key, ...]
    is_all: bool


@dataclass(frozen=True, eq=False)
class Step:
    """A checked operation; two of them are never the same."""

    kind: Literal["insert", "update", "replace", "delete"]
    tree: Node = EVERYTHING
    upsert: bool = False
    update: ParsedUpdate | None = None
    document: Document = field(default_factory=dict)

    @cached_property
    def matches(self) -> Callable[[Document], bool]:
        """Return the matcher of the filter."""
        return matcher(self.tree)

    @cached_property
    def lookups(self) -> tuple[Lookup, ...]:
        """Return the alternatives of looking a match up; empty where the filter does not hold some path to a value."""
        whole = _lookup_of(self.tree)
        if whole:
            return (whole,)
        asked = conditions(self.tree)
        for part in asked:
            if isinstance(part, Or):
                arms = [_lookup_of(arm) for arm in part.parts]
                if all(arms):
                    return tuple(replace(arm, is_all=arm.is_all and len(asked) == 1) for arm in arms if arm)
        return ()

    def changed(self, found: Document) -> Document:
        """Return what an update or a replacement makes of a document. Raises ``BadQuery``."""
        return self.update.applied_to(found) if self.update else with_id(self.document, found["_id"])

    def created(self) -> Document:
        """Return the document an insert or an upsert makes; it may lack an ``_id``. Raises ``BadQuery``."""
        if self.update:
            return self.update.inserted_for(self.tree)
        return self.document if self.kind == "insert" else replacement_for(self.tree, self.document)


def step_of(operation: Operation) -> Step:
    """Check an operation. Raises ``BadQuery`` and ``BadDocument``."""
    match operation:
        case InsertOne(document):
            return Step("insert", document=clean_document(document))
        case UpdateOne(filter, update, upsert):
            return Step("update", parse(filter), upsert, ParsedUpdate(update))
        case ReplaceOne(filter, document, upsert):
            return Step("replace", parse(filter), upsert, document=clean_document(document))
        case DeleteOne(filter):
            return Step("delete", parse(filter))
    raise BadQuery(f"There is no operation {type(operation).__name__}")


def _lookup_of(tree: Node) -> Lookup | None:
    held = {path: value for path, value in equalities(tree) if value is not None and not is_odd(value)}
    if not held:
        return None
    is_all = len(held) == len(conditions(tree))
    return Lookup(tuple(held), tuple(held.values()), tuple(map(key_of, held.values())), is_all)


@dataclass(slots=True, eq=False)
class Held:
    """A document at hand: as it is by now, and the number of its row where the backend counts rows.

    ``changed`` since it was laid on the desk first, or ``gone``.
    """

    document: Document
    rid: int = 0
    changed: bool = False
    gone: bool = False


class Desk:
    """The documents at hand during a batch, found again by the paths its operations look them up by."""

    def __init__(self, steps: Iterable[Step]) -> None:
        self._drawers: dict[Paths, dict[tuple[Key, ...], list[Held]]] = {
            lookup.paths: defaultdict(list) for step in steps for lookup in step.lookups
        }
        self._split = {paths: [path.split(".") for path in paths] for paths in self._drawers}
        self._loose: dict[Paths, list[Held]] = defaultdict(list)
        self._places: dict[Held, int] = {}
        self._rows: dict[int, Held] = {}

    def row(self, rid: int) -> Held | None:
        """Return the document of a row, if it is on the desk."""
        return self._rows.get(rid)

    def lay(self, held: Held) -> None:
        """Put a document on the desk, or tell that one there has changed."""
        held.changed = held in self._places
        self._places.setdefault(held, len(self._places))
        self._rows[held.rid] = held
        for paths, drawer in self._drawers.items():
            values = [value_along(held.document, parts) for parts in self._split[paths]]
            if any(map(is_odd, values)):
                self._loose[paths].append(held)
            else:
                drawer[tuple(map(key_of, values))].append(held)

    def first(self, step: Step) -> Held | None:
        """Return the first document on the desk that matches, in the order in which they were laid down."""
        found = [held for lookup in step.lookups for held in self._found_by(lookup, step)]
        return min(found, key=self._places.__getitem__, default=None)

    def _found_by(self, lookup: Lookup, step: Step) -> Iterable[Held]:
        for held in self._drawers[lookup.paths].get(lookup.keys, ()):
            # A drawer may hold a document that has got other keys since.
            if not held.gone and ((lookup.is_all and not held.changed) or step.matches(held.document)):
                yield held
        for held in self._loose.get(lookup.paths, ()):
            if not held.gone and step.matches(held.document):
                yield held


@dataclass(slots=True)
class Effects:
    """The ids a batch created, changed and deleted, for the change log."""

    created: list[Any] = field(default_factory=list)
    changed: list[Any] = field(default_factory=list)
    deleted: list[Any] = field(default_factory=list)

    def rows(self) -> Iterable[tuple[Literal["insert", "update", "delete"], list[Any]]]:
        """Yield the rows of the change log: op and ids."""
        if self.created:
            yield "insert", self.created
        if self.changed:
            yield "update", self.changed
        if self.deleted:
            yield "delete", self.deleted

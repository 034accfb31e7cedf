"""Updates: one parser for both backends, and applying them to a document as MongoDB does.

The operators are a closed list: ``$set $unset $inc $push $pull $pullAll $pop $addToSet $rename $setOnInsert $min
$max``, with ``$each`` as the only modifier of ``$push`` and ``$addToSet``. Fields that are new are added in the order
of their names.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import pairwise
from operator import itemgetter
from typing import Any, NamedTuple

from app.errors import BadDocument, BadQuery
from app.store.interface import Document, Update
from app.store.matching import element_matcher, equal, matcher
from app.store.ordering import sort_key
from app.store.paths import MISSING, checked_path, is_within
from app.store.places import Place, existing_place, place_to_fill, place_to_unset
from app.store.query import AnyElement, Node, equalities, parse
from app.store.values import clean_document, clean_value, copied, whole_or_same

MAX_ACTIONS = 4000
_PLAIN_OPERATORS = frozenset({"$set", "$setOnInsert"})
_MANY_NAMES = 100  # such updates are too rare to remember
_INT64_END = 2**63


class Action(NamedTuple):
    """One operator on one path.

    ``argument`` is a clean value; a list of values for ``$push`` and ``$addToSet``; the target path for ``$rename``;
    for ``$pull`` a value, or an ``AnyElement`` telling which elements go.
    """

    op: str
    path: str
    argument: Any

    @property
    def parts(self) -> list[str]:
        """Return the path's parts."""
        return self.path.split(".")


class Plain(NamedTuple):
    """The fields an update sets ``always``, and those it sets when ``inserting``; each in the order of being added."""

    always: Document
    inserting: Document


class ParsedUpdate:
    """A checked update: its actions in the order in which MongoDB applies them.

    Most updates only set fields of the document itself, some of them when it is inserted; then ``plain`` has them, in
    order, and there are no actions.
    """

    REPEATABLE = frozenset({"$set", "$unset", "$setOnInsert", "$min", "$max", "$addToSet", "$pull", "$pullAll"})

    def __init__(self, update: Update) -> None:
        """Raise ``BadQuery`` for an unknown operator, a bad argument, or two actions that get into each other's way."""
        self.plain = _plain(update)
        self.actions: Sequence[Action] = ()
        if self.plain is None:
            self.actions = sorted(_parsed_actions(update), key=lambda action: _place_in_order(_changed_path(action)))
            _check_conflicts(self.actions)
        if max(len(self.plain.inserting) if self.plain else 0, len(self.actions)) > MAX_ACTIONS:
            raise BadQuery(f"An update has more than {MAX_ACTIONS} parts")

    @property
    def repeatable(self) -> bool:
        """True when doing it twice is the same as doing it once."""
        return all(action.op in self.REPEATABLE for action in self.actions)

    def applied_to(self, document: Document, *, inserting: bool = False) -> Document:
        """Return the document as it is after the update; the one given stays as it was.

        Raises ``BadQuery`` where an operator does not fit what it finds, or the ``_id`` would change.
        """
        if self.plain is not None:
            changed = {**document, **(self.plain.inserting if inserting else self.plain.always)}
        else:
            changed = copied(document)
            for action in self.actions:
                if action.op != "$setOnInsert" or inserting:
                    _APPLY[action.op](changed, action)
        if "_id" in document and not ("_id" in changed and equal(document["_id"], changed["_id"])):
            raise BadQuery("An update may not change the _id")
        return changed

    def inserted_for(self, tree: Node) -> Document:
        """Return the document an upsert inserts when nothing matches the filter ``tree``; it may lack an ``_id``."""
        document = self.applied_to(document_of(tree), inserting=True)
        return document if self.plain is not None and "_id" not in document else clean_document(document)


def document_of(tree: Node) -> Document:
    """Return the document an upsert starts from: the fields a filter holds equal to something, in order of their names.

    Raises ``BadQuery``.
    """
    document: Document = {}
    seen: list[str] = []
    for path, value in sorted(equalities(tree), key=itemgetter(0)):
        if any(is_within(path, other) or is_within(other, path) for other in seen):
            raise BadQuery(f"An upsert's filter says more than once what {path!r} is")
        seen.append(path)
        if path == "":
            raise BadQuery("An upsert's filter has a field without a name")
        if "." in path:
            place_to_fill(document, path.split("."), path).put(copied(value))
        else:
            document[path] = copied(value)
    return document


def replacement_for(tree: Node, document: Document) -> Document:
    """Return the document a replacing upsert inserts: ``document`` with the ``_id`` of the filter, if it names one."""
    wanted = dict(equalities(tree)).get("_id", MISSING)
    return document if wanted is MISSING else with_id(document, wanted)


def with_id(document: Document, id: Any) -> Document:
    """Return a replacement under the ``_id`` of what it replaces. Raises ``BadQuery`` when it names another one."""
    if "_id" in document and not equal(document["_id"], id):
        raise BadQuery("A replacement may not change the _id")
    return {"_id": id, **document}


def _plain(update: Update) -> Plain | None:
    """Return the fields an update sets if that is all it does and all are fields of the document itself."""
    if not isinstance(update, Mapping) or not update or not update.keys() <= _PLAIN_OPERATORS:
        return None
    always, inserting = update.get("$set", {}), update.get("$setOnInsert", {})
    if not isinstance(always, Mapping) or not isinstance(inserting, Mapping) or always.keys() & inserting.keys():
        return None
    names = (*always, *inserting)
    order = _plain_order(names) if len(names) < _MANY_NAMES else _plain_order.__wrapped__(names)
    if order is None:
        return None
    clean = _clean_fields("$set", always) | _clean_fields("$setOnInsert", inserting)
    return Plain({name: clean[name] for name in order if name in always}, {name: clean[name] for name in order})


def _clean_fields(op: str, fields: Mapping[str, Any]) -> Document:
    try:
        clean: Document = clean_value(fields)
    except BadDocument as problem:
        raise BadQuery(f"{op}: {problem.message}") from None
    return clean


@lru_cache(maxsize=256)
def _plain_order(names: tuple[str, ...]) -> tuple[str, ...] | None:
    """Return names in the order in which they are added; None when one of them is not that of a field."""
    if any("." in checked_path(name) or not name for name in names):
        return None
    return tuple(sorted(names, key=_place_in_order))


def _parsed_actions(update: Update) -> Iterable[Action]:
    if not isinstance(update, Mapping) or not update:
        raise BadQuery("An update is an object with operators")
    for op, fields in update.items():
        if op not in _PARSE:
            raise BadQuery(f"Unknown update operator {str(op)[:40]!r}")
        if not isinstance(fields, Mapping):
            raise BadQuery(f"{op} needs an object of fields")
        for path, argument in fields.items():
            if "" in checked_path(path).split("."):
                raise BadQuery(f"A part of the field name {path!r} is empty")
            try:
                yield Action(op, path, _PARSE[op](argument))
            except BadDocument as problem:
                raise BadQuery(f"{op} of {path!r}: {problem.message}") from None


def _changed_path(action: Action) -> str:
    return action.argument if action.op == "$rename" else action.path


@lru_cache(maxsize=4096)
def _place_in_order(path: str) -> tuple[tuple[int, int, str], ...]:
    """Return the key by which MongoDB orders what an update adds: by name, numbers by their value."""
    return tuple((0, int(part), "") if part.isdecimal() else (1, 0, part) for part in path.split("."))


def _check_conflicts(actions: Iterable[Action]) -> None:
    paths = [action.path for action in actions] + [action.argument for action in actions if action.op == "$rename"]
    paths.sort(key=lambda path: path.split("."))
    for path, following in pairwise(paths):
        if is_within(following, path):
            raise BadQuery(f"Two parts of an update both change {path!r}")


def _anything(argument: Any) -> None:
    """The argument of ``$unset`` means nothing."""


def _number(argument: Any) -> int | float:
    number = clean_value(argument)
    if type(number) not in (int, float):
        raise BadQuery("$inc needs a number")
    return number  # type: ignore[no-any-return]


def _each(argument: Any) -> list[Any]:
    if not (isinstance(argument, Mapping) and any(str(name).startswith("$") for name in argument)):
        return [clean_value(argument)]
    if set(argument) != {"$each"}:
        raise BadQuery("$each is the only modifier known")
    return _listed(argument["$each"])


def _listed(argument: Any) -> list[Any]:
    if not isinstance(argument, (list, tuple)):
        raise BadQuery("A list is needed")
    values: list[Any] = clean_value(argument)
    return values


def _end(argument: Any) -> int:
    end = clean_value(argument)
    if type(end) is not int or end not in (1, -1):
        raise BadQuery("$pop needs 1 or -1")
    return end


def _target(argument: Any) -> str:
    path = checked_path(argument)
    if "" in path.split("."):
        raise BadQuery("$rename needs the name of a field")
    return path


def _which_elements(argument: Any) -> Any:
    if not isinstance(argument, Mapping):
        return clean_value(argument)
    if next(iter(argument), "") == "$not":
        raise BadQuery("$pull cannot begin with $not")
    tree = parse({"_": {"$elemMatch": argument}})
    return tree.check  # type: ignore[union-attr]


_PARSE: Mapping[str, Callable[[Any], Any]] = {
    "$set": clean_value,
    "$setOnInsert": clean_value,
    "$min": clean_value,
    "$max": clean_value,
    "$unset": _anything,
    "$inc": _number,
    "$push": _each,
    "$addToSet": _each,
    "$pullAll": _listed,
    "$pull": _which_elements,
    "$pop": _end,
    "$rename": _target,
}


def _set(document: Document, action: Action) -> None:
    place_to_fill(document, action.parts, action.path).put(copied(action.argument))


def _unset(document: Document, action: Action) -> None:
    place = place_to_unset(document, action.parts)
    if place is not None:
        place.clear()


def _increase(document: Document, action: Action) -> None:
    place = place_to_fill(document, action.parts, action.path)
    current = place.value
    if current is MISSING:
        place.put(action.argument)
        return
    if type(current) not in (int, float):
        raise BadQuery(f"$inc of {action.path!r}: what is there is not a number")
    total = current + action.argument
    if type(total) is int and not -_INT64_END <= total < _INT64_END:
        raise BadQuery(f"$inc of {action.path!r}: the number would become too large")
    place.put(whole_or_same(total) if type(total) is float else total)


def _replace_if(better: Callable[[Any, Any], bool]) -> Callable[[Document, Action], None]:
    def apply(document: Document, action: Action) -> None:
        place = place_to_fill(document, action.parts, action.path)
        if place.value is MISSING or better(sort_key(action.argument), sort_key(place.value)):
            place.put(copied(action.argument))

    return apply


def _array_in(place: Place, action: Action) -> list[Any]:
    array = place.value
    if not isinstance(array, list):
        raise BadQuery(f"{action.op} of {action.path!r}: what is there is not an array")
    return array


def _array_to_extend(document: Document, action: Action) -> list[Any]:
    place = place_to_fill(document, action.parts, action.path)
    if place.value is MISSING:
        place.put([])
    return _array_in(place, action)


def _push(document: Document, action: Action) -> None:
    _array_to_extend(document, action).extend(copied(action.argument))


def _add_to_set(document: Document, action: Action) -> None:
    array = _array_to_extend(document, action)
    for value in action.argument:
        if not any(equal(value, present) for present in array):
            array.append(copied(value))


def _array_to_shorten(document: Document, action: Action) -> list[Any]:
    place = existing_place(document, action.parts, action.path)
    return [] if place is None or place.value is MISSING else _array_in(place, action)


def _pop(document: Document, action: Action) -> None:
    array = _array_to_shorten(document, action)
    if array:
        array.pop(-1 if action.argument == 1 else 0)


def _pull_all(document: Document, action: Action) -> None:
    array = _array_to_shorten(document, action)
    array[:] = [value for value in array if not any(equal(value, unwanted) for unwanted in action.argument)]


def _pull(document: Document, action: Action) -> None:
    goes = _goes(action.argument)
    array = _array_to_shorten(document, action)
    array[:] = [value for value in array if not goes(value)]


def _goes(argument: Any) -> Callable[[Any], bool]:
    if not isinstance(argument, AnyElement):
        return lambda value: equal(value, argument)
    if argument.by_value:
        return element_matcher(argument.part)
    matches = matcher(argument.part)
    return lambda value: isinstance(value, dict) and matches(value)


def _rename(document: Document, action: Action) -> None:
    source = existing_place(document, action.parts, action.path)
    if source is None or source.value is MISSING:
        return
    target = place_to_fill(document, action.argument.split("."), action.argument)
    if source.through_array or target.through_array:
        raise BadQuery(f"$rename of {action.path!r}: an element of an array cannot be renamed")
    value = source.value
    source.clear()
    target.put(value)


_APPLY: Mapping[str, Callable[[Document, Action], None]] = {
    "$set": _set,
    "$setOnInsert": _set,
    "$unset": _unset,
    "$inc": _increase,
    "$min": _replace_if(lambda new, old: new < old),
    "$max": _replace_if(lambda new, old: new > old),
    "$push": _push,
    "$addToSet": _add_to_set,
    "$pop": _pop,
    "$pullAll": _pull_all,
    "$pull": _pull,
    "$rename": _rename,
}

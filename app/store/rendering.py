"""Checked trees and updates as MongoDB's own filters and updates again: nothing reaches it that was not understood."""

from __future__ import annotations

from typing import Any

from app.store.query import (
    And,
    AnyElement,
    Check,
    Compares,
    Equals,
    Exists,
    HasSize,
    HasType,
    Matches,
    Node,
    Not,
    OneOf,
    Or,
    Test,
)
from app.store.update import ParsedUpdate


def as_filter(tree: Node) -> dict[str, Any]:
    """Return a tree as a filter."""
    match tree:
        case Test(path):
            return {path: _operators(tree)}
        case Not(Test(path)):
            return {path: _operators(tree)}
        case Not(part):
            return {"$nor": [as_filter(part)]}
        case And(parts):
            return _merged([as_filter(part) for part in parts])
        case Or(parts):
            return {"$or": [as_filter(part) for part in parts]}


def as_update(update: ParsedUpdate) -> dict[str, Any]:
    """Return a checked update as an update."""
    if update.plain is not None:
        always, inserting = update.plain
        only_then = {name: value for name, value in inserting.items() if name not in always}
        return ({"$set": always} if always or not only_then else {}) | (
            {"$setOnInsert": only_then} if only_then else {}
        )
    rendered: dict[str, Any] = {}
    for action in update.actions:
        argument: Any = action.argument
        match action.op:
            case "$push" | "$addToSet":
                argument = {"$each": argument}
            case "$pull" if isinstance(argument, AnyElement):
                argument = _operators(argument.part) if argument.by_value else as_filter(argument.part)
            case "$unset":
                argument = ""
        rendered.setdefault(action.op, {})[action.path] = argument
    return rendered or {"$set": {}}


def _merged(filters: list[dict[str, Any]]) -> dict[str, Any]:
    """Return one filter for all: flat where their names differ, which keeps MongoDB's plans simple."""
    names = [name for filter in filters for name in filter]
    if len(set(names)) < len(names):
        return {"$and": filters}
    return {name: wanted for filter in filters for name, wanted in filter.items()}


def _operators(node: Node) -> dict[str, Any]:
    """Return the operators that stand for a test, or for several of one and the same value."""
    match node:
        case Test(check=check):
            return _operator(check)
        case Not(Test(check=Equals(value))):
            return {"$ne": value}
        case Not(Test(check=OneOf(values))):
            return {"$nin": list(values)}
        case Not(Test(check=Exists())):
            return {"$exists": False}
        case Not(part):
            return {"$not": _operators(part)}
        case And(parts):
            return {name: operand for part in parts for name, operand in _operators(part).items()}
        case Or():
            raise TypeError("alternatives have no operator")


def _operator(check: Check) -> dict[str, Any]:
    match check:
        case Equals(value):
            return {"$eq": value}
        case Compares(op, value):
            return {op: value}
        case OneOf(values):
            return {"$in": list(values)}
        case Exists():
            return {"$exists": True}
        case Matches(pattern, options):
            return {"$regex": pattern, "$options": options}
        case HasType(types):
            return {"$type": sorted(types)}
        case HasSize(size):
            return {"$size": size}
        case AnyElement(part, by_value):
            return {"$elemMatch": _operators(part) if by_value else as_filter(part)}

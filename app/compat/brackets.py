"""Decoding ``find[date][$gte]=1&find[type][$in][]=sgv`` into nested values, as Nightscout's clients count on it.

The rules and limits are those of the ``qs`` package for JavaScript with its defaults: every leaf is text, a name
without ``=`` is empty text, ``+`` is a blank, what is broken stays as it is.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_to_bytes

from app.compat.quirks import quirk

_SEGMENT = re.compile(r"\[([^\[\]]*)\]")
_INDEX = re.compile(r"0|[1-9]\d{0,5}", re.ASCII)
_BRACKET_CODES = re.compile(r"%5([BD])", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Limits:
    """How deep names may nest, up to which index a list may be addressed, and how many parameters are read."""

    depth: int = 5
    index: int = 20
    parameters: int = 1000


IN_QUERY = Limits()
IN_BODY = Limits(depth=32, index=100, parameters=50_000)


def decode(text: str, limits: Limits = IN_QUERY) -> dict[str, Any]:
    """Return the nested parameters of a query string or form body: text, lists and dicts."""
    root: dict[str, Any] = {}
    for name, value in _flat(text, limits).items():
        _put(root, _path(name, limits.depth), value, limits)
    return {name: _packed(value) for name, value in root.items()}


@quirk("?? before a query is one ?", "oref0")
def _flat(text: str, limits: Limits) -> dict[str, Any]:
    """Return each full name with its value, or with the list of its values when it came more than once."""
    flat: dict[str, Any] = {}
    for part in text.lstrip("?").split("&")[: limits.parameters]:
        if not part:
            continue
        opened = _BRACKET_CODES.sub(lambda found: "[" if found[1] in "Bb" else "]", part)
        end = opened.find("]=")
        cut = end + 1 if end >= 0 else opened.find("=")
        name, value = (opened, "") if cut < 0 else (opened[:cut], opened[cut + 1 :])
        name, value = _text(name), _text(value)
        if not name:
            continue
        if name not in flat:
            flat[name] = value
        elif isinstance(flat[name], list):
            flat[name].append(value)
        else:
            flat[name] = [flat[name], value]
    return flat


def _text(encoded: str) -> str:
    spaced = encoded.replace("+", " ")
    if "%" not in spaced:
        return spaced
    try:
        return unquote_to_bytes(spaced).decode("utf-8")
    except UnicodeDecodeError:
        return spaced


def _path(name: str, depth: int) -> list[str]:
    """Return the parts of ``a[b][]``: ``["a", "b", ""]``; what is deeper than ``depth`` stays one literal part."""
    first = name.find("[")
    if first < 0:
        return [name]
    path = [name[:first]] if first else []
    at, found = first, _SEGMENT.search(name, first)
    while found and len(path) - bool(first) < depth:
        path.append(found[1])
        at = found.end()
        found = _SEGMENT.search(name, at)
    if found:
        path.append(name[found.start() :])
    elif not path:
        path.append(name)
    return path


def _put(root: dict[str, Any], path: list[str], value: Any, limits: Limits) -> None:
    """Merge one value into the tree. A list is kept as a dict of its indexes until everything is read."""
    node, last = root, len(path) - 1
    for place, part in enumerate(path):
        key = part if place == 0 else _key_in(node, part, limits)
        if place == last:
            node[key] = _joined(node[key], value) if key in node else value
            return
        below = node.get(key)
        if not isinstance(below, dict):
            below = _Branch() if below is None else _Branch({"0": below}, listed=True)
            node[key] = below
        node = below


class _Branch(dict[str, Any]):
    """A dict that came from brackets; ``listed`` while all its keys are indexes."""

    def __init__(self, given: dict[str, Any] | None = None, *, listed: bool = True) -> None:
        super().__init__(given or {})
        self.listed = listed


def _key_in(node: dict[str, Any], part: str, limits: Limits) -> str:
    branch = node if isinstance(node, _Branch) else _Branch(listed=False)
    if part == "":
        return str(max((int(key) for key in branch if _INDEX.fullmatch(key)), default=-1) + 1)
    if not (_INDEX.fullmatch(part) and int(part) <= limits.index):
        branch.listed = False
    return part


def _joined(old: Any, new: Any) -> Any:
    if isinstance(old, dict):
        return old
    return [*(old if isinstance(old, list) else [old]), *(new if isinstance(new, list) else [new])]


def _packed(value: Any) -> Any:
    """Turn branches into lists where all their keys were indexes, and into plain dicts elsewhere."""
    if isinstance(value, _Branch):
        if value.listed and value:
            return _spread([_packed(value[key]) for key in sorted(value, key=int)])
        return {key: _packed(inner) for key, inner in value.items()}
    return value


def _spread(values: list[Any]) -> list[Any]:
    """Flatten the lists a repeated ``name[]`` makes into one."""
    return [leaf for value in values for leaf in (value if isinstance(value, list) else [value])]

"""A document as YAML: blocks for people to read, and scalars as JSON writes them, which every YAML reader takes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import orjson

_STEP = "  "
_BARE = re.compile(r"[A-Za-z$][A-Za-z0-9_-]*", re.ASCII)
_OTHERWISE_READ = frozenset({"null", "true", "false", "yes", "no", "on", "off", "y", "n"})


def yaml_text(value: Any) -> str:
    """Return a value of plain mappings, lists and scalars as YAML."""
    return "\n".join(_lines(value)) + "\n"


def _lines(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping) and value:
        for name, inner in value.items():
            yield from _member(f"{_name(name)}:", inner)
    elif isinstance(value, list | tuple) and value:
        for inner in value:
            first, *rest = _lines(inner)
            yield f"- {first}"
            yield from (_STEP + line for line in rest)
    else:
        yield _scalar(value)


def _member(begin: str, value: Any) -> Iterator[str]:
    if isinstance(value, Mapping | list | tuple) and value:
        yield begin
        yield from (_STEP + line for line in _lines(value))
    else:
        yield f"{begin} {_scalar(value)}"


def _name(name: str) -> str:
    return name if _BARE.fullmatch(name) and name.lower() not in _OTHERWISE_READ else _scalar(name)


def _scalar(value: Any) -> str:
    return orjson.dumps(value).decode()

"""The words in which a view is described: parameters, a body, answers by status."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

View = Callable[..., Any]
Schema = dict[str, Any]
"""A JSON Schema (2020-12) as OpenAPI 3.1 takes it."""

JSON = "application/json"
HTML = "text/html"
TEXT = "text/plain"
FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of the query, or a header; a ``nested`` one is written with brackets, ``find[sgv][$gte]=120``."""

    name: str
    what: str
    schema: Schema
    nested: bool = False
    needed: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer: what it means, and its shape by media type; without any it has no body."""

    what: str
    content: Mapping[str, Schema] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Body:
    """What is sent along: one shape, as JSON or, in v1, as a form with nested names."""

    what: str
    schema: Schema
    media: tuple[str, ...] = (JSON, FORM)


@dataclass(frozen=True, slots=True)
class Described:
    """What no code says about a view: its answer when all is well, with ``status``, and what else is its own.

    ``headers`` are those it looks at. ``others`` are the answers beside those every view of its kind has. ``dated``
    tells whether a client of v1 may ask if the answer has changed (``ETag``, 304), ``stored`` whether the answer rests
    on what is stored.
    """

    good: Answer
    query: tuple[Parameter, ...] = ()
    body: Body | None = None
    others: Mapping[int, Answer] = field(default_factory=dict)
    notes: str = ""
    headers: tuple[Parameter, ...] = ()
    dated: bool = True
    stored: bool = True
    status: int = 200


def named(name: str) -> Schema:
    """Return the schema that refers to a component of this name."""
    return {"$ref": f"#/components/schemas/{name}"}


def list_of(schema: Schema, most: int | None = None) -> Schema:
    """Return the schema of a list, of at most so many."""
    return {"type": "array", "items": schema} | ({} if most is None else {"maxItems": most})


def one_or_more(schema: Schema) -> Schema:
    """Return the schema of an upload: a bare document or a list of them."""
    return {"anyOf": [schema, list_of(schema)]}


def json(what: str, schema: Schema) -> Answer:
    """Return an answer that is always JSON."""
    return Answer(what, {JSON: schema})

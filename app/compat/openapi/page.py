"""What the page that people read shows: the whole document by what its routes are about, references resolved."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

Part = Mapping[str, Any]

_REFERENCE = "#/components/schemas/"


@dataclass(frozen=True, slots=True)
class Line:
    """A parameter, an answer or a member: its name, what it may be, what it means. ``link`` leads to a shape."""

    name: str
    kind: str
    what: str
    link: str = ""


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one path."""

    id: str
    method: str
    path: str
    summary: str
    description: str
    suffixes: str
    parameters: tuple[Line, ...]
    body: Line | None
    answers: tuple[Line, ...]
    usual: str


@dataclass(frozen=True, slots=True)
class Section:
    """What one subject's routes do."""

    id: str
    subject: str
    about: str
    operations: tuple[Operation, ...]


@dataclass(frozen=True, slots=True)
class Shape:
    """A named shape and its members."""

    name: str
    what: str
    members: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Page:
    """All of it."""

    title: str
    version: str
    about: str
    credentials: tuple[Line, ...]
    usual: tuple[Line, ...]
    sections: tuple[Section, ...]
    shapes: tuple[Shape, ...]


def page_of(document: Part) -> Page:
    """Return the page of an OpenAPI document of ours."""
    operations: dict[str, list[Operation]] = {tag["name"]: [] for tag in document["tags"]}
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            operations[operation["tags"][0]].append(_operation(method.upper(), path, operation))
    components = document["components"]
    return Page(
        document["info"]["title"].partition(": ")[2],
        document["info"]["version"],
        document["info"]["description"],
        tuple(
            Line(
                f"{scheme.get('name', scheme.get('scheme'))}", scheme.get("in", "Authorization"), scheme["description"]
            )
            for scheme in components["securitySchemes"].values()
        ),
        tuple(_answers(_usual_by_status(document))),
        tuple(
            Section(tag["name"].replace(" ", "-"), tag["name"], tag["description"], tuple(operations[tag["name"]]))
            for tag in document["tags"]
        ),
        tuple(_shape(name, schema) for name, schema in components["schemas"].items()),
    )


def _operation(method: str, path: str, operation: Part) -> Operation:
    body = operation.get("requestBody")
    return Operation(
        operation["operationId"],
        method,
        path,
        operation["summary"],
        operation.get("description", ""),
        " ".join(operation.get("x-suffixes", ())),
        tuple(
            Line(
                one["name"] + ("[…]" if one.get("style") else ""),
                one["in"],
                one.get("description", one["schema"].get("description", "")),
            )
            for one in operation.get("parameters", ())
        ),
        _line("JSON or form", body["description"], next(iter(body["content"].values()))["schema"]) if body else None,
        tuple(_answers({status: one for status, one in operation["responses"].items() if "$ref" not in one})),
        " ".join(status for status, one in operation["responses"].items() if "$ref" in one),
    )


def _usual_by_status(document: Part) -> dict[str, Part]:
    """Return the answers many operations refer to, by status."""
    known = document["components"]["responses"]
    return {
        status: known[one["$ref"].rpartition("/")[2]]
        for methods in document["paths"].values()
        for operation in methods.values()
        for status, one in operation["responses"].items()
        if "$ref" in one
    }


def _answers(responses: Part) -> Iterator[Line]:
    for status, answer in sorted(responses.items()):
        schemas = [content["schema"] for content in answer.get("content", {}).values()]
        yield _line(status, answer["description"], schemas[-1] if schemas else {})


def _line(name: str, what: str, schema: Part) -> Line:
    link = next(_named_in(schema), "")
    return Line(name, kind_of(schema), what, link)


def _shape(name: str, schema: Part) -> Shape:
    inner = schema.get("items", schema)
    needed = inner.get("required", ())
    members = tuple(
        Line(
            member, kind_of(of) + ("" if member in needed else "?"), of.get("description", ""), next(_named_in(of), "")
        )
        for member, of in inner.get("properties", {}).items()
    )
    return Shape(name, schema.get("description", inner.get("description", "")), members)


def kind_of(schema: Part) -> str:
    """Return in a few words what a schema lets through: ``list of StoredEntry``, ``number or null``."""
    if "$ref" in schema:
        return str(schema["$ref"]).removeprefix(_REFERENCE)
    if "const" in schema:
        return orjson.dumps(schema["const"]).decode()
    if "enum" in schema:
        return " or ".join(str(one) for one in schema["enum"])
    if "anyOf" in schema:
        return " or ".join(kind_of(one) for one in schema["anyOf"])
    if schema.get("type") == "array":
        return f"list of {kind_of(schema['items'])}" if "items" in schema else "list"
    types = schema.get("type", "")
    return " or ".join(types) if isinstance(types, list) else types


def _named_in(schema: Part) -> Iterator[str]:
    if "$ref" in schema:
        yield str(schema["$ref"]).removeprefix(_REFERENCE)
    for inner in (*schema.get("anyOf", ()), *([schema["items"]] if "items" in schema else [])):
        yield from _named_in(inner)

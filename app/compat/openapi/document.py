"""Making OpenAPI 3.1 documents of the routes that run and of what is said of their views."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from flask import Flask

from app.compat.openapi.asking import IN_PATHS, SECURITY
from app.compat.openapi.describing import FORM, JSON, Answer, Described, Parameter
from app.compat.openapi.shapes import SHAPES
from app.compat.openapi.usual_answers import USUAL, usual_of
from app.compat.openapi.views import VIEWS
from app.compat.openapi.walking import Route, routes_of
from app.compat.paths import suffixes_of
from app.compat.v1.status import VERSION

Part = dict[str, Any]

_V1, _V2 = "/api/v1/", "/api/v2/"
_NOTHING_SAID = Described(Answer("All is well."))
_ABOUT = (
    "The contract of Nightscout {version} as this server keeps it. Formats: a suffix chooses one and stands for "
    "`Accept`: `/api/v1/entries.json`, `.csv`, `.tsv`, `.txt`; `x-suffixes` lists them by route. A slash at the end "
    "means nothing. Queries nest with brackets: `find[date][$gte]=…`. Credentials: any one of the security "
    "schemes; beside each stand the permissions it must hold, if the site's default roles do not. Missing or bad is "
    "401, never 403. A known path with another method is 404. Every answer to a GET has an `ETag` unless it is "
    "streamed, and may be gzipped. Documents are open: members nobody knows are kept and come back."
)
_REFERENCES = {id(answer): {"$ref": f"#/components/responses/{name}"} for name, (_, answer) in USUAL.items()}


def documents_of(app: Flask) -> dict[str, Part]:
    """Return the documents of an application: ``whole`` for all of it, ``v1`` and ``v2`` for what is below these."""
    routes = routes_of(app)
    v1 = [route for route in routes if route.path.startswith(_V1)]
    v2 = [route for route in routes if route.path.startswith(_V2)]
    again = {route.view for route in v1}
    once = [route for route in routes if route not in v2 or route.view not in again]
    remark = " Every route below `/api/v1` is served below `/api/v2` too."
    return {
        "whole": document("API v1 and v2", once, remark),
        "v1": document("API v1", v1),
        "v2": document("API v2, with every route of API v1 again", v2),
    }


def undescribed(app: Flask) -> list[str]:
    """Return the paths of views of which nothing is said."""
    return sorted({route.path for route in routes_of(app) if route.view not in VIEWS})


def document(title: str, routes: Sequence[Route], remark: str = "") -> Part:
    """Return the OpenAPI document of these routes."""
    paths: dict[str, Part] = {}
    several = _endpoints_of_several_paths(routes)
    for route in sorted(routes, key=lambda route: route.path):
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(
            route, with_variables=route.endpoint in several
        )
    return {
        "openapi": "3.1.1",
        "info": {
            "title": f"Nightlight: {title}",
            "version": VERSION,
            "description": _ABOUT.format(version=VERSION) + remark,
        },
        "servers": [{"url": "/"}],
        "tags": [{"name": name, "description": about} for name, about in sorted(_subjects(routes).items())],
        "paths": paths,
        "components": {
            "schemas": SHAPES,
            "responses": {name: _response(answer) for name, (_, answer) in USUAL.items()},
            "securitySchemes": SECURITY,
        },
    }


def _operation(route: Route, *, with_variables: bool) -> Part:
    described = VIEWS.get(route.view, _NOTHING_SAID)
    variables = route.variables if with_variables else ()
    operation: Part = {
        "operationId": "_".join([route.endpoint.replace(".", "_"), *variables]),
        "summary": route.summary,
        "description": _said(route, described),
        "tags": [route.subject],
        "security": _security(route),
        "parameters": [
            *(_variable(name) for name in route.variables),
            *(_parameter(parameter) for parameter in described.query),
        ],
        "responses": _responses(route, described),
        "x-suffixes": _suffixes(route, described),
    }
    if described.body:
        schema = {"schema": described.body.schema}
        operation["requestBody"] = {
            "description": described.body.what,
            "required": True,
            "content": {JSON: schema, FORM: schema},
        }
    return {name: value for name, value in operation.items() if value or name == "security"}


def _subjects(routes: Iterable[Route]) -> dict[str, str]:
    found: dict[str, str] = {}
    for route in routes:
        found.setdefault(route.subject, route.about_subject)
    return found


def _endpoints_of_several_paths(routes: Iterable[Route]) -> set[str]:
    paths: dict[str, set[str]] = {}
    for route in routes:
        paths.setdefault(route.endpoint, set()).add(route.path)
    return {endpoint for endpoint, found in paths.items() if len(found) > 1}


def _said(route: Route, described: Described) -> str:
    needs = f"Needs {' and '.join(f'`{one}`' for one in route.permissions)}." if route.permissions else ""
    return " ".join(text for text in (route.description, described.notes, needs) if text)


def _security(route: Route) -> list[Part]:
    if not route.looks_at_credentials:
        return []
    without: list[Part] = [] if route.permissions else [{}]
    return [*without, *({scheme: [*route.permissions]} for scheme in SECURITY)]


def _variable(name: str) -> Part:
    schema = IN_PATHS[name]
    return _without_empty({"name": name, "in": "path", "required": True, "schema": schema})


def _parameter(parameter: Parameter) -> Part:
    nested = {"style": "deepObject", "explode": True} if parameter.nested else {}
    needed = {"required": True} if parameter.needed else {}
    said = {"name": parameter.name, "in": "query", "description": parameter.what}
    return {**said, **needed, **nested, "schema": parameter.schema}


def _responses(route: Route, described: Described) -> Part:
    usual = usual_of(
        route.method,
        refuses=route.refuses,
        looks_at_credentials=route.looks_at_credentials,
        asks=bool(described.query or route.variables),
        dated=described.dated,
        stored=described.stored,
    )
    answers = dict(USUAL[name] for name in usual) | {200: described.good, **described.others}
    return {str(status): _REFERENCES.get(id(answer)) or _response(answer) for status, answer in sorted(answers.items())}


def _response(answer: Answer) -> Part:
    content = {media: {"schema": schema} for media, schema in answer.content.items()}
    headers = {name: {"description": what, "schema": {"type": "string"}} for name, what in answer.headers.items()}
    return _without_empty({"description": answer.what, "content": content, "headers": headers})


def _suffixes(route: Route, described: Described) -> dict[str, str]:
    if not route.path.startswith((_V1, _V2)):
        return {}
    return {suffix: media for suffix, media in suffixes_of(route.path).items() if media in described.good.content}


def _without_empty(part: Part) -> Part:
    return {name: value for name, value in part.items() if value not in ({}, [], "")}

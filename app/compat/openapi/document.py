"""Making OpenAPI 3.1 documents of the routes that run and of what is said of their views."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

from flask import Flask

from app.compat.openapi.asking import IN_PATHS, OF_V3, SECURITY
from app.compat.openapi.describing import Answer, Described, Parameter
from app.compat.openapi.shapes import SHAPES
from app.compat.openapi.usual_answers import COMPONENTS, usual_of, usual_of_v3
from app.compat.openapi.views import VIEWS
from app.compat.openapi.walking import Route, routes_of
from app.compat.paths import suffixes_of
from app.compat.v1.status import VERSION

Part = dict[str, Any]

_V1, _V2, _V3 = "/api/v1/", "/api/v2/", "/api/v3/"
_NAMED = re.compile(r"#/components/(schemas|responses)/(\w+)")
_NOTHING_SAID = Described(Answer("All is well."))
_ABOUT = (
    "The contract of Nightscout {version} as this server keeps it. Formats: a suffix chooses one and stands for "
    "`Accept`: `/api/v1/entries.json`, `.csv`, `.tsv`, `.txt`; `x-suffixes` lists them by route. A slash at the end "
    "means nothing. Credentials: any one of the security schemes. A known path with another method is 404. Answers may "
    "be gzipped. Documents are open: members nobody knows are kept and come back."
)
_ABOUT_V1_AND_V2 = (
    " In v1 and v2 queries nest with brackets: `find[date][$gte]=…`. Beside each security scheme stand the permissions "
    "a credential must hold, if the site's default roles do not; missing or bad is 401, never 403. Every answer to a "
    "GET has an `ETag` unless it is streamed."
)
_ABOUT_V3 = (
    " API v3 takes a bearer and nothing else: 401 for who is not known, 403 with the missing permission; "
    "`x-permission` says what decides which one that is. Answers are JSON in an envelope, CSV or XML; any other format "
    "is 406. Only `history` has an `ETag`."
)
_REFERENCES = {id(answer): {"$ref": f"#/components/responses/{name}"} for name, (_, answer) in COMPONENTS.items()}


def documents_of(app: Flask) -> dict[str, Part]:
    """Return the documents of an application: ``whole`` for all of it, and one for what is below each version."""
    routes = routes_of(app)
    v1 = [route for route in routes if route.path.startswith(_V1)]
    v2 = [route for route in routes if route.path.startswith(_V2)]
    v3 = [route for route in routes if route.path.startswith(_V3)]
    again = {route.view for route in v1}
    once = [route for route in routes if route not in v2 or route.view not in again]
    remark = " Every route below `/api/v1` is served below `/api/v2` too."
    older = _ABOUT + _ABOUT_V1_AND_V2
    return {
        "whole": document("API v1, v2 and v3", once, older + remark + _ABOUT_V3),
        "v1": document("API v1", v1, older),
        "v2": document("API v2, with every route of API v1 again", v2, older),
        "v3": document("API v3", v3, _ABOUT + _ABOUT_V3),
    }


def undescribed(app: Flask) -> list[str]:
    """Return the paths of views of which nothing is said."""
    return sorted({route.path for route in routes_of(app) if route.view not in VIEWS})


def document(title: str, routes: Sequence[Route], about: str) -> Part:
    """Return the OpenAPI document of these routes, with the shapes and answers they come by."""
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
            "description": about.replace("{version}", VERSION),
        },
        "servers": [{"url": "/"}],
        "tags": [{"name": name, "description": about} for name, about in sorted(_subjects(routes).items())],
        "paths": paths,
        "components": _components(paths),
    }


def _components(paths: Part) -> Part:
    """Return the components that are named in these paths, or in each other."""
    known: Part = {
        "schemas": SHAPES,
        "responses": {name: _response(answer) for name, (_, answer) in COMPONENTS.items()},
    }
    named: set[tuple[str, str]] = set()
    new = set(_NAMED.findall(str(paths)))
    while new:
        named |= new
        new = {other for kind, name in new for other in _NAMED.findall(str(known[kind][name]))} - named
    used = {kind: {name: one for name, one in of.items() if (kind, name) in named} for kind, of in known.items()}
    operations = [operation for methods in paths.values() for operation in methods.values()]
    schemes = {name for operation in operations for one in operation["security"] for name in one}
    return {**used, "securitySchemes": {name: scheme for name, scheme in SECURITY.items() if name in schemes}}


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
            *(_parameter(parameter, "query") for parameter in described.query),
            *(_parameter(parameter, "header") for parameter in described.headers),
        ],
        "responses": _responses(route, described),
        "x-suffixes": _suffixes(route, described),
        "x-permission": route.decided_by,
    }
    if described.body:
        schema = {"schema": described.body.schema}
        operation["requestBody"] = {
            "description": described.body.what,
            "required": True,
            "content": dict.fromkeys(described.body.media, schema),
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
    permissions = " and ".join(f"`{one}`" for one in route.permissions) or route.decided_by
    needs = f"Needs {permissions}." if permissions else ""
    return " ".join(text for text in (route.description, described.notes, needs) if text)


def _security(route: Route) -> list[Part]:
    if not route.looks_at_credentials:
        return []
    if route.decided_by:
        return [{scheme: []} for scheme in OF_V3]
    without: list[Part] = [] if route.permissions else [{}]
    return [*without, *({scheme: [*route.permissions]} for scheme in SECURITY)]


def _variable(name: str) -> Part:
    schema = IN_PATHS[name]
    return _without_empty({"name": name, "in": "path", "required": True, "schema": schema})


def _parameter(parameter: Parameter, place: str) -> Part:
    nested = {"style": "deepObject", "explode": True} if parameter.nested else {}
    needed = {"required": True} if parameter.needed else {}
    said = {"name": parameter.name, "in": place, "description": parameter.what}
    return {**said, **needed, **nested, "schema": parameter.schema}


def _responses(route: Route, described: Described) -> Part:
    asks = bool(described.query or route.variables)
    if route.is_of_v3:
        usual = usual_of_v3(route.method, refuses=route.refuses, asks=asks, stored=described.stored)
    else:
        usual = usual_of(
            route.method,
            refuses=route.refuses,
            looks_at_credentials=route.looks_at_credentials,
            asks=asks,
            dated=described.dated,
            stored=described.stored,
        )
    answers = dict(COMPONENTS[name] for name in usual) | {described.status: described.good, **described.others}
    return {str(status): _REFERENCES.get(id(answer)) or _response(answer) for status, answer in sorted(answers.items())}


def _response(answer: Answer) -> Part:
    content = {media: {"schema": schema} for media, schema in answer.content.items()}
    headers = {name: {"description": what, "schema": {"type": "string"}} for name, what in answer.headers.items()}
    return _without_empty({"description": answer.what, "content": content, "headers": headers})


def _suffixes(route: Route, described: Described) -> dict[str, str]:
    if not route.path.startswith((_V1, _V2, _V3)):
        return {}
    return {suffix: media for suffix, media in suffixes_of(route.path).items() if media in described.good.content}


def _without_empty(part: Part) -> Part:
    return {name: value for name, value in part.items() if value not in ({}, [], "")}

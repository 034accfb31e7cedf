"""The published contract: every route that runs is described, all that is described runs, the documents are sound."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import yaml
from flask import Flask
from openapi_spec_validator import validate
from werkzeug.exceptions import NotFound

from app.compat.openapi.document import documents_of, undescribed
from app.compat.openapi.shapes import SHAPES
from app.compat.openapi.usual_answers import USUAL
from app.compat.openapi.yaml_text import yaml_text
from app.identity.door import needed_by, requires
from tests.compat.conftest import Site

DOCUMENTS = ("/swagger.json", "/api/v1/openapi.json", "/api/v2/openapi.json")
PREFIXES = ("/api/v1/", "/api/v2/", "/pebble", "/api/versions")
EXAMPLES = {"storage": "entries", "spec": "sgv", "id": "6f1d0c2ab7e94e3f8a5d1c20", "when": "2026-11-20T00:00:00Z"}
HEX = "6f1d0c2ab7e94e3f8a5d1c20"

Described = list[tuple[str, str, dict[str, Any]]]


def operations(document: dict[str, Any]) -> Described:
    return [
        (path, method.upper(), operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]


def filled(path: str) -> str:
    for name, value in EXAMPLES.items():
        path = path.replace(f"{{{name}}}", value)
    return path.replace("{", "").replace("}", "")


@pytest.fixture
def whole(site: Site) -> dict[str, Any]:
    return site.client().get("/swagger.json").json()


@pytest.mark.parametrize("path", DOCUMENTS)
def test_a_document_is_sound_and_open_to_anybody(site: Site, path: str) -> None:
    answer = site.client().get(path)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/json; charset=utf-8"
    validate(answer.json())
    assert site.client(api_secret="wrong").get(path).status_code == 200


def test_the_yaml_says_the_same(site: Site, whole: dict[str, Any]) -> None:
    answer = site.client().get("/swagger.yaml")
    assert answer.headers["Content-Type"] == "application/yaml; charset=utf-8"
    assert yaml.safe_load(answer.text) == whole
    assert answer.text.startswith('openapi: "3.1.1"\ninfo:\n  title: ')


@pytest.mark.parametrize(
    "value",
    [{}, [], {"a": {}, "b": []}, [[1, [2]], []], {"on": "no", "~": None}, "a: b # c\n- d", {"x": ["é", 1.5, True]},
     [{"a": [{"b": 1}], "c": 2}], {"": {"200": "'"}}],
)  # fmt: skip
def test_yaml_reads_back_as_it_was(value: Any) -> None:
    assert yaml.safe_load(yaml_text(value)) == value


def test_every_route_is_described(served: tuple[Flask, str], whole: dict[str, Any]) -> None:
    app, _ = served
    assert undescribed(app) == []
    v2 = documents_of(app)["v2"]
    told = {(path, method) for document in (whole, v2) for path, method, _ in operations(document)}
    running = set(running_routes(app))
    assert len(running) > 100
    assert running - told == set()


def running_routes(app: Flask) -> Iterator[tuple[str, str]]:
    for rule in app.url_map.iter_rules():
        path = rule.rule.replace("path:", "").replace("<", "{").replace(">", "}").rstrip("/")
        if path.startswith(PREFIXES):
            for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
                yield path, method


def test_a_route_that_was_forgotten_would_be_found() -> None:
    app = Flask("forgetful", static_folder=None)

    @requires("api:entries:read")
    def forgotten() -> str:
        """Answer something new."""
        return ""

    forgotten.__module__ = "app.compat.v1.entries"
    app.add_url_rule("/api/v1/new", view_func=forgotten)
    app.add_url_rule("/elsewhere", "elsewhere", lambda: "")
    assert undescribed(app) == ["/api/v1/new"]
    assert list(documents_of(app)["whole"]["paths"]) == ["/api/v1/new"]


@pytest.mark.parametrize("path", DOCUMENTS)
def test_everything_described_runs(served: tuple[Flask, str], site: Site, path: str) -> None:
    app, _ = served
    adapter = app.url_map.bind("localhost")
    for described, method, _ in operations(site.client().get(path).json()):
        endpoint, _ = adapter.match(filled(described), method)
        assert endpoint != "api.unknown", described
    with pytest.raises(NotFound):
        adapter.match("/api-docs/none", "GET")


def test_the_versions_alone_say_the_same_as_the_whole(site: Site, whole: dict[str, Any]) -> None:
    v1, v2 = (site.client().get(f"/api/{version}/openapi.json").json() for version in ("v1", "v2"))
    told = {(path, method): operation for path, method, operation in operations(whole)}
    for path, method, operation in operations(v1):
        assert told[path, method] == operation
        again = v2["paths"][path.replace("/v1/", "/v2/", 1)][method.lower()]
        assert {**again, "operationId": ""} == {**operation, "operationId": ""}
    assert v2["paths"].keys() - whole["paths"].keys() == {path.replace("/v1/", "/v2/", 1) for path in v1["paths"]}
    assert all(path.startswith("/api/v1/") for path in v1["paths"])
    assert all(path.startswith("/api/v2/") for path in v2["paths"])


def test_permissions_are_those_the_views_declare(served: tuple[Flask, str], whole: dict[str, Any]) -> None:
    app, _ = served
    adapter = app.url_map.bind("localhost")
    for path, method, operation in operations(whole):
        endpoint, _ = adapter.match(filled(path), method)
        needed = needed_by(app.view_functions[endpoint])
        said = [next(iter(scheme.values())) for scheme in operation["security"] if scheme]
        assert all(tuple(permissions) == needed for permissions in said), path
        assert bool(needed) == (bool(said) and {} not in operation["security"]), path
    assert whole["paths"]["/api/v1/entries"]["post"]["security"][0] == {
        "apiSecret": ["api:entries:read", "api:entries:create"]
    }


@pytest.mark.parametrize("path", DOCUMENTS)
def test_names_are_used_once_and_nothing_is_without_words(site: Site, path: str) -> None:
    found = operations(site.client().get(path).json())
    ids = [operation["operationId"] for _, _, operation in found]
    assert len(ids) == len(set(ids))
    assert all(operation["summary"] and operation["responses"]["200"]["description"] for _, _, operation in found)


def test_every_shape_and_usual_answer_is_used(whole: dict[str, Any]) -> None:
    text = json.dumps(whole)
    assert [name for name in SHAPES if f'"#/components/schemas/{name}"' not in text] == []
    assert [name for name in USUAL if f'"#/components/responses/{name}"' not in text] == []


def test_a_suffix_chooses_what_it_is_described_to(owner: httpx.Client, whole: dict[str, Any]) -> None:
    tried = 0
    for path, method, operation in operations(whole):
        for suffix, media in operation.get("x-suffixes", {}).items() if method == "GET" else ():
            answer = owner.get(filled(path) + suffix)
            if answer.status_code == 200:
                tried += 1
                assert answer.headers["Content-Type"].partition(";")[0] == media, (path, suffix)
    assert tried > 60


def test_a_badge_is_elsewhere(owner: httpx.Client, whole: dict[str, Any]) -> None:
    described = whole["paths"]["/api/v1/status"]["get"]["responses"]
    assert {"302", "406"} <= described.keys()
    assert owner.get("/api/v1/status.png").status_code == 302
    assert owner.get("/api/v1/status", headers={"Accept": "image/gif"}).status_code == 406


def test_a_document_that_has_not_changed_is_not_sent_again(site: Site) -> None:
    client = site.client()
    for path in (*DOCUMENTS, "/swagger.yaml"):
        tag = client.get(path).headers["ETag"]
        assert client.get(path, headers={"If-None-Match": tag}).status_code == 304

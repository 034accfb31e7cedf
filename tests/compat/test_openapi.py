"""The published contract: every route that runs is described, all that is described runs, the documents are sound."""

from __future__ import annotations

import json
import re
from collections import Counter
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
from app.compat.openapi.usual_answers import COMPONENTS
from app.compat.openapi.yaml_text import yaml_text
from app.compat.v3.access import decided_by
from app.identity.door import needed_by, requires
from tests.compat.conftest import SECRET_DIGEST, Site
from tests.compat.v3.conftest import reading, signed_in

DOCUMENTS = ("/swagger.json", "/api/v1/openapi.json", "/api/v2/openapi.json", "/api/v3/openapi.json")
PREFIXES = ("/api/v1/", "/api/v2/", "/api/v3/", "/pebble", "/api/versions")
EXAMPLES = {
    **{"storage": "entries", "spec": "sgv", "id": "6f1d0c2ab7e94e3f8a5d1c20", "when": "2026-11-20T00:00:00Z"},
    **{"collection": "entries", "identifier": "mine", "since": "1795255200000"},
}
NOWHERE = ("api.unknown", "v3.unknown")
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


def good(operation: dict[str, Any]) -> dict[str, Any]:
    return operation["responses"].get("200") or operation["responses"]["307"]


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
        path = re.sub(r"<(?:path:|any\([^)]*\):)?", "{", rule.rule).replace(">", "}").rstrip("/")
        if path.startswith(PREFIXES) and rule.endpoint not in NOWHERE:
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
        assert endpoint not in NOWHERE, described
    with pytest.raises(NotFound):
        adapter.match("/api-docs/none", "GET")


def test_the_versions_alone_say_the_same_as_the_whole(site: Site, whole: dict[str, Any]) -> None:
    v1, v2, v3 = (site.client().get(f"/api/{version}/openapi.json").json() for version in ("v1", "v2", "v3"))
    told = {(path, method): operation for path, method, operation in operations(whole)}
    for path, method, operation in operations(v1):
        assert told[path, method] == operation
        again = v2["paths"][path.replace("/v1/", "/v2/", 1)][method.lower()]
        assert {**again, "operationId": ""} == {**operation, "operationId": ""}
    assert all(told[path, method] == operation for path, method, operation in operations(v3))
    assert v2["paths"].keys() - whole["paths"].keys() == {path.replace("/v1/", "/v2/", 1) for path in v1["paths"]}
    assert all(path.startswith("/api/v1/") for path in v1["paths"])
    assert all(path.startswith("/api/v2/") for path in v2["paths"])
    assert all(path.startswith("/api/v3/") for path in v3["paths"])
    for document in (whole, v1, v2, v3):
        text = json.dumps(document["paths"] | document["components"])
        names = [f"{kind}/{name}" for kind in ("schemas", "responses") for name in document["components"][kind]]
        assert [name for name in names if f'"#/components/{name}"' not in text] == []


def test_v3_takes_a_bearer_and_says_what_decides(served: tuple[Flask, str], whole: dict[str, Any]) -> None:
    app, _ = served
    adapter = app.url_map.bind("localhost")
    told = [(path, method, one) for path, method, one in operations(whole) if path.startswith("/api/v3/")]
    open_to_all = {"/api/v3/version", "/api/v3/swagger-ui-dist", "/api/v3/openapi"}
    for path, method, operation in told:
        endpoint, _ = adapter.match(filled(path), method)
        assert operation.get("x-permission", "") == decided_by(app.view_functions[endpoint])
        assert operation["security"] == ([] if path in open_to_all else [{"bearer": []}]), path
        assert (
            ("x-permission" in operation)
            == ({"401", "403"} <= operation["responses"].keys())
            == (path not in open_to_all)
        )
    assert len(told) == 14
    told = [one for one in told if one[0].startswith("/api/v3/{collection}")]
    [collection] = [one["schema"] for one in told[-1][2]["parameters"] if one["name"] == "collection"]
    assert collection["enum"] == ["devicestatus", "entries", "food", "profile", "settings", "treatments"]


def test_permissions_are_those_the_views_declare(served: tuple[Flask, str], whole: dict[str, Any]) -> None:
    app, _ = served
    adapter = app.url_map.bind("localhost")
    for path, method, operation in operations(whole):
        endpoint, _ = adapter.match(filled(path), method)
        if decided_by(app.view_functions[endpoint]):
            continue  # see test_v3_takes_a_bearer_and_says_what_decides
        needed = needed_by(app.view_functions[endpoint])
        said = [next(iter(scheme.values())) for scheme in operation["security"] if scheme]
        assert all(tuple(permissions) == needed for permissions in said), path
        assert bool(needed) == (bool(said) and {} not in operation["security"]), path
    assert whole["paths"]["/api/v1/entries"]["post"]["security"][0] == {
        "apiSecret": ["api:entries:read", "api:entries:create"]
    }


def test_a_filter_of_v3_is_named_by_a_member_and_an_operator(whole: dict[str, Any]) -> None:
    asked = whole["paths"]["/api/v3/{collection}"]["get"]["parameters"]
    [pattern] = [one["schema"]["propertyNames"]["pattern"] for one in asked if one["name"] == "filter"]
    assert all(re.search(pattern, name) for name in ("sgv", "date$gte", "a.b$in", "created_at$re"))
    assert not any(re.search(pattern, name) for name in ("date$where", "$gte", "date$", "", "a b"))


@pytest.mark.parametrize("path", DOCUMENTS)
def test_names_are_used_once_and_nothing_is_without_words(site: Site, path: str) -> None:
    found = operations(site.client().get(path).json())
    ids = [operation["operationId"] for _, _, operation in found]
    assert len(ids) == len(set(ids))
    assert all(operation["summary"] and good(operation)["description"] for _, _, operation in found)


def test_every_shape_and_usual_answer_is_used(whole: dict[str, Any]) -> None:
    text = json.dumps(whole)
    assert [name for name in SHAPES if f'"#/components/schemas/{name}"' not in text] == []
    assert [name for name in COMPONENTS if f'"#/components/responses/{name}"' not in text] == []


def test_a_suffix_chooses_what_it_is_described_to(site: Site, whole: dict[str, Any]) -> None:
    owner = signed_in(site, "*", api_secret=SECRET_DIGEST)
    owner.base_url = httpx.URL(site.url)
    owner.put("/api/v3/entries/mine", json=reading()).raise_for_status()
    tried: Counter[str] = Counter()
    for path, method, operation in operations(whole):
        for suffix, media in operation.get("x-suffixes", {}).items() if method == "GET" else ():
            answer = owner.get(filled(path) + suffix)
            if answer.status_code == 200:
                tried[path[:7]] += 1
                assert answer.headers["Content-Type"].partition(";")[0] == media, (path, suffix)
    assert tried.total() > 60
    assert tried["/api/v3"] > 12


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

"""The contract as a page: all of it, for anybody, in the look of every page, readable without any script."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from urllib.parse import urljoin

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app import create_app
from app.house import House


class Elements(HTMLParser):
    """The names and attributes of a page's elements, in order, and its text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data

    def values(self, attribute: str) -> list[str]:
        return [value for _, attributes in self.found if (value := attributes.get(attribute))]


@pytest.fixture
def app(house: House) -> Iterator[Flask]:
    app = create_app(house)
    yield app
    app.extensions["live"].close()


@pytest.fixture
def visitor(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture
def shown(visitor: FlaskClient) -> Elements:
    answer = visitor.get("/api-docs")
    assert (answer.status_code, answer.mimetype) == (200, "text/html")
    return Elements(answer.get_data(as_text=True))


def test_it_shows_every_operation_and_every_shape(visitor: FlaskClient, shown: Elements) -> None:
    document = visitor.get("/swagger.json").get_json()
    ids = set(shown.values("id"))
    for path, methods in document["paths"].items():
        assert path in shown.text
        assert {operation["operationId"] for operation in methods.values()} <= ids
    assert {f"shape-{name}" for name in document["components"]["schemas"]} <= ids
    assert "`" not in shown.text
    assert not re.search(r"(?<!If-)\bNone\b|\bTrue\b|\{\{|<", shown.text)


def test_its_links_lead_somewhere(visitor: FlaskClient, shown: Elements) -> None:
    ids = shown.values("id")
    assert len(ids) == len(set(ids))
    inside = [link[1:] for link in shown.values("href") if link.startswith("#")]
    assert len(inside) > 100
    assert set(inside) <= set(ids)
    versions = [f"/api/{version}/openapi.json" for version in ("v1", "v2", "v3")]
    for link in ("/swagger.json", "/swagger.yaml", *versions):
        assert link in shown.values("href")
        assert visitor.get(link).status_code == 200


def test_it_is_a_page_of_ours_without_script(visitor: FlaskClient, shown: Elements) -> None:
    tags = [tag for tag, _ in shown.found]
    assert (tags.count("h1"), tags.count("main"), tags.count("header")) == (1, 1, 1)
    assert "script" not in tags
    assert all(link.startswith(("/", "#")) for link in (*shown.values("href"), *shown.values("src")))
    assert "default-src 'none'" in visitor.get("/api-docs").headers["Content-Security-Policy"]


def test_it_is_small_on_its_way_and_not_sent_twice(visitor: FlaskClient) -> None:
    answer = visitor.get("/api-docs", headers={"Accept-Encoding": "gzip"})
    assert answer.headers["Content-Encoding"] == "gzip"
    assert len(answer.data) < 30_000
    again = visitor.get("/api-docs", headers={"If-None-Match": answer.headers["ETag"]})
    assert again.status_code == 304


def test_whoever_asks_with_whatever_credential_gets_it(visitor: FlaskClient) -> None:
    for headers in ({"api-secret": "wrong"}, {"Authorization": "Bearer nonsense"}, {}):
        assert visitor.get("/api-docs/", headers=headers).status_code == 200
    assert visitor.post("/api-docs").status_code in (404, 405)


def test_v3_alone_is_where_nightscout_has_it(visitor: FlaskClient) -> None:
    asked = "/api/v3/swagger-ui-dist"
    answer = visitor.get(urljoin(asked, visitor.get(asked).headers["Location"]))
    assert (answer.status_code, answer.mimetype, answer.request.path) == (200, "text/html", "/api3-docs")
    shown = Elements(answer.get_data(as_text=True))
    document = visitor.get("/api/v3/openapi.json").get_json()
    assert set(document["paths"]) <= set(re.findall(r"/api/v3/[\w{}/-]+", shown.text))
    assert "/api/v1/entries/" not in shown.text.replace("/api/v1/entries.json", "")
    inside = {link[1:] for link in shown.values("href") if link.startswith("#")}
    assert inside <= set(shown.values("id"))

"""Suffixes, slashes, question marks, and paths nobody knows."""

from __future__ import annotations

import httpx
import pytest

from tests.clocks import START_MS
from tests.compat.conftest import Site


@pytest.fixture
def read(site: Site, api: httpx.Client) -> httpx.Client:
    site.entries.save([{"type": "sgv", "sgv": 117, "date": START_MS, "direction": "Flat", "device": "x"}])
    return api


@pytest.mark.parametrize(
    "path",
    [
        "entries.json",
        "entries/.json",
        "entries/sgv.json",
        "entries/sgv/.json",
        "entries.json?",
        "entries.json??count=1",
        "entries.json?count=1&",
        "entries.json?token=&count=1",
        "entries.json?rr=5&now=6&sort$desc=x&api_secret=y",
        "entries/current.json",
    ],
)
def test_json_is_one_suffix_away(read: httpx.Client, path: str) -> None:
    answer = read.get(path)
    assert answer.headers["Content-Type"].startswith("application/json")
    assert [entry["sgv"] for entry in answer.json()] == [117]


@pytest.mark.quirk("a suffix stands for Accept")
@pytest.mark.parametrize(
    ("path", "type"),
    [
        ("entries.txt", "text/plain"),
        ("entries.tsv", "text/tab-separated-values"),
        ("entries.csv", "text/csv"),
        ("entries.html", "application/json"),
        ("entries.png", "application/json"),
        ("entries.svg", "application/json"),
        ("treatments.csv", "application/json"),
        ("status.js", "application/javascript"),
        ("status.txt", "text/plain"),
        ("status.html", "text/html"),
    ],
)
def test_a_suffix_stands_for_accept(read: httpx.Client, path: str, type: str) -> None:
    answer = read.get(path, headers={"Accept": "application/xml"})
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].split(";")[0] == type


@pytest.mark.parametrize(
    "path", ["treatments/", "treatments/?count=1", "devicestatus/", "profile/", "entries/sgv/?count=1"]
)
def test_a_slash_at_the_end_means_nothing(read: httpx.Client, path: str) -> None:
    assert read.get(path).status_code == 200


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/v1/nope"),
        ("GET", "/api/v1/nope.json"),
        ("GET", "/api/versions.json"),
        ("GET", "/api"),
        ("GET", "/api/v1"),
        ("POST", "/api/v1/entries/current"),
        ("PUT", "/api/v1/entries"),
        ("PATCH", "/api/v1/treatments"),
        ("PUT", "/api/v1/devicestatus"),
        ("GET", "/api/v1/treatments/64b1f0c2a7e94e3f8a5d1c20"),
        ("GET", "/api/v2/ddata"),
    ],
)
def test_a_route_nobody_knows_is_a_page_that_says_so(site: Site, method: str, path: str) -> None:
    for client in (site.owner, site.client(), site.client(api_secret="wrong")):
        answer = client.request(method, path)
        assert answer.status_code == 404
        assert answer.headers["Content-Type"].startswith("text/html")
        assert f"Cannot {method} {path}" in answer.text


def test_a_path_is_not_repeated_as_html(site: Site) -> None:
    assert "<script>" not in site.client().get("/api/v1/<script>alert(1)</script>").text


def test_everything_of_v1_is_in_v2_too(read: httpx.Client, site: Site) -> None:
    read.base_url = httpx.URL(f"{site.url}/api/v2/")
    for path in ("entries.json", "entries/current.json", "treatments", "devicestatus", "profile", "status.json",
                 "verifyauth", "experiments/test"):  # fmt: skip
        assert read.get(path).status_code == 200


def test_versions_are_public(site: Site) -> None:
    for client in (site.client(), site.client(api_secret="wrong")):
        answer = client.get("/api/versions")
        assert answer.status_code == 200
        assert [version["url"] for version in answer.json()] == ["/api/v1", "/api/v2", "/api/v3"]

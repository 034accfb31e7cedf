"""The way to https, other sites' pages, compression."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from urllib.parse import unquote

import httpx
import pytest

from tests.clocks import START_MS
from tests.compat.conftest import SECRET_DIGEST, Site

READ = "/api/v1/entries.json"
PROXIED = {"Host": "mia.example.org", "X-Forwarded-Proto": "https"}


def test_plain_http_from_afar_is_sent_to_https(site: Site) -> None:
    for method, address in (
        ("GET", f"{READ}?count=1&find[sgv][$gte]=5"),
        ("POST", "/api/v1/entries"),
        ("GET", "/api/versions"),
    ):
        answer = site.owner.request(method, address, headers={"Host": "mia.example.org"})
        assert answer.status_code == 307
        assert unquote(answer.headers["Location"]) == f"https://mia.example.org{address}"


def test_a_wrong_secret_over_plain_http_is_sent_to_https_too(site: Site) -> None:
    assert site.client(api_secret="x", Host="mia.example.org").get(READ).status_code == 307


@pytest.mark.parametrize(
    "headers",
    [
        PROXIED,
        {"Host": "mia.example.org", "X-Forwarded-Proto": "https,http"},
        {"Host": "mia.example.org", "Forwarded": "for=1.2.3.4;proto=https"},
        {"Host": "localhost:1337"},
        {"Host": "[::1]:1337"},
    ],
)
def test_an_encrypted_way_or_this_very_machine_is_served(site: Site, headers: dict[str, str]) -> None:
    assert site.owner.get(READ, headers=headers).status_code == 200


def test_a_proxy_is_believed_only_where_the_setting_says_so(site_with: Callable[..., Site]) -> None:
    assert site_with(TRUST_PROXY="off").owner.get(READ, headers=PROXIED).status_code == 307


def test_plain_http_can_be_allowed(site_with: Callable[..., Site]) -> None:
    assert site_with(INSECURE_USE_HTTP="true").owner.get(READ, headers={"Host": "mia.lan"}).status_code == 200


CORS = ("Access-Control-Allow-Origin", "Access-Control-Allow-Methods", "Access-Control-Allow-Headers")


def test_other_sites_may_ask_where_the_feature_is_on_even_after_errors(site_with: Callable[..., Site]) -> None:
    site = site_with(ENABLE="cors")
    for answer in (
        site.owner.get(READ, headers={"Origin": "https://reporter.example"}),
        site.client().get(READ),
        site.client().get("/api/v1/nope"),
        site.client().get("/api/versions"),
        site.owner.get("/api/v1/treatments?find=x"),
        site.owner.get("/api/v2/authorization/subjects"),
    ):
        assert answer.headers["Access-Control-Allow-Origin"] == "*"


@pytest.mark.quirk("api-secret is among the allowed CORS headers")
@pytest.mark.parametrize(
    "path", ["/api/v1/entries", "/api/v1/treatments/5", "/api/v2/entries.json", "/api/v1/nope", "/api/versions"]
)
def test_a_preflight_is_answered_without_a_credential(site_with: Callable[..., Site], path: str) -> None:
    answer = site_with(ENABLE="cors").client().options(path)
    assert answer.status_code == 200
    allowed = answer.headers["Access-Control-Allow-Headers"].lower()
    assert all(name in allowed for name in ("api-secret", "authorization", "content-type"))
    methods = answer.headers["Access-Control-Allow-Methods"]
    assert all(name in methods for name in ("GET", "POST", "PUT", "DELETE", "PATCH"))


def test_one_origin_can_be_named(site_with: Callable[..., Site]) -> None:
    site = site_with(ENABLE="cors", CORS_ALLOW_ORIGIN="https://reporter.example")
    assert site.owner.get(READ).headers["Access-Control-Allow-Origin"] == "https://reporter.example"


def test_without_the_feature_other_sites_are_told_nothing(site: Site) -> None:
    for answer in (site.owner.get(READ), site.client().get(READ), site.client().options(READ)):
        assert not [name for name in CORS if name in answer.headers]


@pytest.fixture
def full(site: Site, api: httpx.Client) -> httpx.Client:
    site.entries.save([{"type": "sgv", "sgv": 100 + n % 100, "date": START_MS - n * 60_000} for n in range(150)])
    return api


@pytest.mark.parametrize("count", [20, 150])
def test_big_answers_are_gzipped_for_who_takes_it(full: httpx.Client, count: int) -> None:
    path = f"entries.json?count={count}"
    with full.stream("GET", path, headers={"Accept-Encoding": "gzip, br"}) as packed:
        raw = b"".join(packed.iter_raw())
    plain = full.get(path, headers={"Accept-Encoding": "identity"})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(raw) == plain.content
    assert len(raw) == int(packed.headers["Content-Length"]) < len(plain.content) / 2
    assert packed.headers["ETag"] == plain.headers["ETag"]
    assert "Accept-Encoding" in packed.headers["Vary"]
    assert "Accept-Encoding" in plain.headers["Vary"]
    assert "Content-Encoding" not in plain.headers


@pytest.mark.parametrize("accepted", ["identity", "", "br", "gzip;q=0"])
def test_nobody_gets_gzip_who_does_not_take_it(full: httpx.Client, accepted: str) -> None:
    answer = full.get("entries.json?count=150", headers={"Accept-Encoding": accepted})
    assert "Content-Encoding" not in answer.headers
    assert len(json.loads(answer.content)) == 150


def test_small_answers_are_left_alone(full: httpx.Client) -> None:
    assert "Content-Encoding" not in full.get("entries.json?count=1", headers={"Accept-Encoding": "gzip"}).headers


def test_an_unchanged_answer_has_no_body_to_pack(full: httpx.Client) -> None:
    tag = full.get("entries.json?count=150").headers["ETag"]
    answer = full.get("entries.json?count=150", headers={"If-None-Match": tag, "Accept-Encoding": "gzip"})
    assert answer.status_code == 304
    assert "Content-Encoding" not in answer.headers


def test_the_secret_is_in_no_answer(site: Site) -> None:
    for path in (
        f"{READ}?secret={SECRET_DIGEST}",
        f"/api/v1/echo/entries?secret={SECRET_DIGEST}",
        f"/api/v1/status.json?secret={SECRET_DIGEST}",
    ):
        answer = site.client().get(path)
        assert answer.status_code == 200
        assert SECRET_DIGEST not in answer.text

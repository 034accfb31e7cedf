"""Whatever arrives from the internet, the answer is never our own failure and never a stack trace."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.clocks import START_MS
from tests.compat.conftest import SECRET_DIGEST, Site

quickly = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
PATHS = [
    "entries",
    "entries.json",
    "treatments",
    "devicestatus",
    "profile",
    "profiles",
    "count/entries/where",
    "echo/entries",
    "count/treatments/where",
    "slice/entries/sgv",
    "activity",
    "count/activity/where",
    "food",
    "count/food/where",
]

names = st.sampled_from(
    [
        "find",
        "count",
        "sort",
        "date",
        "created_at",
        "startDate",
        "dateString",
        "sgv",
        "_id",
        "notes",
        "eventType",
        "",
        "0",
        "1",
        "x.y",
        "$or",
        "$and",
        "$nor",
        "$not",
        "$in",
        "$gte",
        "$eq",
        "$ne",
        "$exists",
        "$regex",
        "$options",
        "$where",
        "$expr",
        "$elemMatch",
        "$type",
        "$size",
    ]
)
leaves = st.sampled_from(
    [
        "",
        "1",
        "-1",
        "abc",
        "2026-11-21",
        "2026-11-21T10:00:00Z",
        "/x/",
        "/(/",
        "(a+)+$",
        "true",
        "64b1f0c2a7e94e3f8a5d1c20",
        "\x00",
        "🍎",
        "99999999999999999999",
        "1e400",
        "NaN",
        "{a,b}",
        "[",
        "]=",
        "%",
    ]
)
parameters = st.tuples(
    st.sampled_from(["find", "find", "find", "sort", "count", "a"]), st.lists(names, max_size=5), leaves
)
queries = st.lists(parameters, max_size=6).map(
    lambda parts: "&".join(
        first + "".join(f"[{name}]" for name in path) + "=" + quote(leaf) for first, path, leaf in parts
    )
)

scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8)
    | leaves
)
members = st.sampled_from(
    [
        "_id",
        "identifier",
        "type",
        "date",
        "dateString",
        "sysTime",
        "created_at",
        "eventTime",
        "eventType",
        "carbs",
        "insulin",
        "preBolus",
        "glucose",
        "absolute",
        "duration",
        "isValid",
        "srvModified",
        "openaps",
        "suggested",
        "predBGs",
        "IOB",
        "pump",
        "startDate",
        "mills",
        "a.b",
        "$set",
        "",
        "secret",
        "token",
        "x" * 300,
    ]
)
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(members, inner, max_size=4), max_leaves=6
)
bodies = st.dictionaries(members, values, max_size=6) | st.lists(
    st.dictionaries(members, values, max_size=6), max_size=3
)


def is_answered(answer: httpx.Response, *allowed: int) -> None:
    assert answer.status_code in allowed, (answer.status_code, answer.text)
    assert "Traceback" not in answer.text


@quickly
@given(st.sampled_from(PATHS), queries)
def test_no_query_makes_reading_fail(api: httpx.Client, path: str, query: str) -> None:
    is_answered(api.get(f"{path}?{query}"), 200, 400)


@quickly
@given(
    st.sampled_from(["entries", "entries/sgv", "treatments", "treatments/*", "devicestatus", "devicestatus/*"]), queries
)
def test_no_query_makes_deleting_fail(api: httpx.Client, path: str, query: str) -> None:
    is_answered(api.delete(f"{path}?{query}"), 200, 400)


@quickly
@given(
    st.sampled_from(["entries", "entries/preview", "treatments", "devicestatus", "profile", "food", "activity"]), bodies
)
def test_no_body_makes_posting_fail(api: httpx.Client, path: str, body: Any) -> None:
    is_answered(api.post(path, json=body), 200, 400)


@quickly
@given(st.sampled_from(["treatments", "profile", "food", "activity"]), bodies)
def test_no_body_makes_putting_fail(api: httpx.Client, path: str, body: Any) -> None:
    is_answered(api.put(path, json=body), 200, 400)


@quickly
@given(st.sampled_from(["entries", "treatments", "devicestatus", "profile", "food", "activity"]), bodies)
def test_what_was_stored_can_always_be_read(api: httpx.Client, path: str, body: Any) -> None:
    api.post(path, json=body)
    date = "date" if path == "entries" else "startDate" if path == "profile" else "created_at"
    for asked in (f"{path}.json?count=1000", f"{path}?find[{date}][$ne]=2026-01-01&count=1000", "entries?count=1000"):
        is_answered(api.get(asked), 200)


@quickly
@given(
    st.binary(max_size=60), st.sampled_from(["application/json", "application/x-www-form-urlencoded", "text/plain", ""])
)
def test_no_bytes_make_posting_fail(api: httpx.Client, body: bytes, type: str) -> None:
    is_answered(api.post("treatments", content=body, headers={"Content-Type": type} if type else {}), 200, 400)


@quickly
@given(st.text(alphabet="{}.,abc0129[]()*+?$^/-", max_size=25), st.text(alphabet="{}.,T:0129()*", max_size=12))
def test_no_pattern_makes_times_fail(api: httpx.Client, prefix: str, regex: str) -> None:
    is_answered(api.get(f"times/{quote(prefix)}/{quote(regex)}"), 200, 400, 404)
    is_answered(api.get(f"times/echo/{quote(prefix, safe='')}/{quote(regex, safe='')}"), 200, 400, 404)


@pytest.mark.parametrize(
    "header",
    [
        "Accept",
        "If-None-Match",
        "If-Modified-Since",
        "Accept-Encoding",
        "Authorization",
        "api-secret",
        "X-Forwarded-For",
        "Forwarded",
        "X-Forwarded-Proto",
        "Cache-Control",
        "Content-Encoding",
    ],
)
@pytest.mark.parametrize(
    "value", ["\xff\xfe", "a" * 5000, ";;;,,,===", '"', "0", "q=q;q=;q", "Bearer a.b.c", 'for=;for="[;']
)
def test_no_header_makes_reading_fail(site: Site, header: str, value: str) -> None:
    headers = {"api-secret": SECRET_DIGEST, header: value}
    raw = [(name.encode(), text.encode("latin-1")) for name, text in headers.items()]
    is_answered(site.client().get("/api/v1/entries.json", headers=raw), 200, 304, 400, 401)


def test_an_unforeseen_failure_tells_nothing(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("a secret detail")

    monkeypatch.setattr("app.records.collection.Records.search_json", fail)
    answer = site.owner.get("/api/v1/entries.json")
    assert answer.status_code == 500
    assert answer.json() == {"status": 500, "message": "Internal Server Error"}


def test_a_store_that_does_not_answer_is_a_503(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    from app.errors import StoreFull, Unavailable

    def fail(error: Exception) -> Any:
        def raising(*_: object, **__: object) -> None:
            raise error

        return raising

    monkeypatch.setattr("app.records.collection.Records.search_json", fail(Unavailable("The store does not answer")))
    monkeypatch.setattr("app.records.collection.Records.save", fail(StoreFull("There is no room")))
    assert site.owner.get("/api/v1/entries.json").status_code == 503
    answer = site.owner.post("/api/v1/entries", json=[{"type": "sgv", "date": START_MS}])
    assert answer.status_code == 507
    assert answer.json()["description"] == "There is no room"

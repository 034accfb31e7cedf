"""Whatever is sent, the answer is never a failure of ours, and always in the shape of v3."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import httpx
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.clocks import START_MS
from tests.compat.v3.conftest import bolus

MEMBERS = (
    *("date", "created_at", "identifier", "app", "utcOffset", "device", "eventType", "isValid", "_id", "duration"),
    *("endmills", "mills", "srvModified", "isReadOnly", "$set", "a.b", "x"),
)
NAMES = st.sampled_from(MEMBERS) | st.text(max_size=4)
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8)
    | st.just(START_MS),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=6,
)
ASKED = (
    *("sort", "sort$desc", "limit", "skip", "fields", "date$gte", "created_at", "sgv$in", "device$re", "identifier"),
    *("srvModified$lt", "a.b$ne", "isValid", "$where"),
)
VALUES = ("1", "date", "-1", "_all", "2026", "true", "'x", "1e999", "(", "a|b", "$x", "2026-11-21")
PARAMETERS = st.lists(
    st.tuples(
        st.sampled_from(ASKED) | st.text(max_size=6),
        st.sampled_from(VALUES) | st.text(max_size=6),
    ),
    max_size=5,
)
NO_CONTROLS = st.characters(exclude_categories=["C", "Z"])
SURVIVING = settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def sound(answer: httpx.Response) -> None:
    assert answer.status_code < 500, answer.text
    if answer.content:
        assert answer.json()["status"] == answer.status_code


@SURVIVING
@given(
    document=st.dictionaries(NAMES, JSON, max_size=6),
    whole=st.booleans(),
    method=st.sampled_from(["POST", "PUT", "PATCH"]),
)
def test_no_document_does(app: httpx.Client, document: dict[str, Any], whole: bool, method: str) -> None:
    sent = bolus() | document if whole else document
    answer = app.request(method, "treatments" if method == "POST" else "treatments/mine", json=sent)
    sound(answer)
    sound(app.get("treatments"))
    sound(app.get("treatments/history/1"))


@SURVIVING
@given(asked=PARAMETERS, path=st.sampled_from(["entries", "treatments/history/1", "treatments/mine", "settings"]))
def test_no_query_does(app: httpx.Client, asked: list[tuple[str, str]], path: str) -> None:
    query = "&".join(f"{quote(name)}={quote(value)}" for name, value in asked)
    sound(app.get(f"{path}?{query}"))


@SURVIVING
@given(content=st.binary(max_size=60))
def test_no_body_does(app: httpx.Client, content: bytes) -> None:
    sound(app.post("entries", content=content, headers={"Content-Type": "application/json"}))


@SURVIVING
@given(
    path=st.text(NO_CONTROLS, min_size=1, max_size=12),
    since=st.text(NO_CONTROLS, min_size=1, max_size=12),
    header=st.text(st.characters(codec="ascii", exclude_categories=["C", "Z"]), min_size=1, max_size=20),
)
def test_no_path_or_header_does(app: httpx.Client, path: str, since: str, header: str) -> None:
    for method in ("GET", "PATCH", "DELETE"):
        sent = {"x": 1} if method == "PATCH" else None
        sound(app.request(method, f"entries/{quote(path, safe='')}", json=sent))
    sound(app.get(f"entries/history/{quote(since, safe='')}"))
    names = ("If-Modified-Since", "Last-Modified", "If-None-Match", "Accept")
    sound(app.get("entries/history", headers=dict.fromkeys(names, header)))


def test_a_body_too_deep_is_refused(app: httpx.Client) -> None:
    for depth in (95, 5000):
        deep = b'{"date":1,"x":' + b"[" * depth + b"]" * depth + b"}"
        answer = app.post("entries", content=deep, headers={"Content-Type": "application/json"})
        assert answer.status_code == 400

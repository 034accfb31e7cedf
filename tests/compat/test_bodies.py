"""Bodies as apps send them, and bodies nobody should accept."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Iterator

import httpx
import pytest

from app.compat import bodies
from tests.clocks import START_MS
from tests.compat.conftest import SECRET_DIGEST, Site

READING = {"type": "sgv", "sgv": 117, "date": START_MS}
JSON = {"Content-Type": "application/json"}


def sgvs(answer: httpx.Response) -> list[int]:
    assert answer.status_code == 200, answer.text
    return [entry["sgv"] for entry in answer.json()]


def chunks(content: bytes, size: int = 10) -> Iterator[bytes]:
    for start in range(0, len(content), size):
        yield content[start : start + size]


def test_an_array_and_a_bare_object_are_both_taken(api: httpx.Client) -> None:
    assert sgvs(api.post("entries", json=[READING])) == [117]
    assert sgvs(api.post("entries", json=READING)) == [117]


@pytest.mark.quirk("bodies come gzipped, deflated or in chunks")
def test_xdrip_sends_gzip_in_chunks_without_a_length(api: httpx.Client) -> None:
    packed = gzip.compress(json.dumps([READING]).encode())
    answer = api.post("entries", content=chunks(packed), headers=JSON | {"Content-Encoding": "gzip"})
    assert "content-length" not in answer.request.headers
    assert sgvs(answer) == [117]


@pytest.mark.parametrize("encoding", ["gzip", "x-gzip", "deflate", "identity"])
def test_bodies_are_unpacked(api: httpx.Client, encoding: str) -> None:
    plain = json.dumps([READING]).encode()
    packed = {"deflate": zlib.compress(plain), "identity": plain}.get(encoding, gzip.compress(plain))
    assert sgvs(api.post("entries", content=packed, headers=JSON | {"Content-Encoding": encoding})) == [117]


@pytest.mark.parametrize("encoding", ["br", "zstd", "gzip, gzip"])
def test_a_packing_we_do_not_know_is_refused(api: httpx.Client, encoding: str) -> None:
    assert api.post("entries", content=b"x", headers=JSON | {"Content-Encoding": encoding}).status_code == 400


@pytest.mark.parametrize("packed", [b"not gzip", gzip.compress(b"[]" * 100)[:-9]], ids=["no gzip", "cut short"])
def test_broken_gzip_is_refused(api: httpx.Client, packed: bytes) -> None:
    assert api.post("entries", content=packed, headers=JSON | {"Content-Encoding": "gzip"}).status_code == 400


def test_a_small_body_that_unpacks_to_a_huge_one_is_refused(api: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "MOST_JSON_BYTES", 100_000)
    monkeypatch.setattr(bodies.body_of, "__defaults__", (100_000,))
    bomb = gzip.compress(b"[" + b" " * 10_000_000 + b"]")
    assert len(bomb) < 100_000
    answer = api.post("entries", content=bomb, headers=JSON | {"Content-Encoding": "gzip"})
    assert answer.status_code == 413


@pytest.mark.parametrize("chunked", [True, False])
def test_a_body_beyond_the_limit_is_refused_with_a_page(
    api: httpx.Client, monkeypatch: pytest.MonkeyPatch, chunked: bool
) -> None:
    monkeypatch.setattr(bodies.body_of, "__defaults__", (1000,))
    big = json.dumps([READING | {"notes": "x" * 2000}]).encode()
    answer = api.post("entries", content=chunks(big, 500) if chunked else big, headers=JSON)
    assert answer.status_code == 413
    assert answer.headers["Content-Type"].startswith("text/html")


def test_a_body_as_big_as_allowed_is_taken(api: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    body = json.dumps([READING]).encode()
    monkeypatch.setattr(bodies.body_of, "__defaults__", (len(body),))
    assert sgvs(api.post("entries", content=chunks(body), headers=JSON)) == [117]


def test_a_form_with_nested_names_is_taken(api: httpx.Client) -> None:
    form = "eventType=Note&notes=a+b&created_at=2026-11-21T09:00:00Z&boluscalc[carbs]=5&boluscalc[foods][0][name]=x"
    answer = api.post("treatments", content=form, headers={"Content-Type": "application/x-www-form-urlencoded"})
    [saved] = answer.json()
    assert saved["notes"] == "a b"
    assert saved["boluscalc"] == {"carbs": "5", "foods": [{"name": "x"}]}


def test_readings_from_a_form_are_numbers(api: httpx.Client) -> None:
    [saved] = api.post("entries", data={"type": "sgv", "sgv": "117", "date": str(START_MS)}).json()
    assert (saved["sgv"], saved["date"]) == (117, START_MS)


@pytest.mark.quirk("JSON is read under another media type too")
@pytest.mark.parametrize("type", ["", "text/plain", "application/x-www-form-urlencoded", "application/vnd.x+json"])
def test_json_is_understood_under_any_name(api: httpx.Client, type: str) -> None:
    headers = {"Content-Type": type} if type else {}
    assert sgvs(api.post("entries", content=json.dumps([READING]).encode(), headers=headers)) == [117]


def test_what_is_neither_json_nor_form_is_not_silently_dropped(api: httpx.Client) -> None:
    assert api.post("entries", content=b"sgv 117", headers={"Content-Type": "text/plain"}).status_code == 400


@pytest.mark.parametrize(
    "body", [b'{"a"', b"[1,]", b'{"sgv":NaN}', b'["x"]', b"[1]", b"[[]]", b"[" * 5000, b'"text"', b"7"]
)
def test_malformed_json_is_refused_without_a_trace(api: httpx.Client, body: bytes) -> None:
    answer = api.post("entries.json", content=body, headers=JSON)
    assert answer.status_code == 400
    assert answer.json()["error"]["status"] == 400
    assert answer.json()["error"]["message"]
    assert "Traceback" not in answer.text
    assert "stack" not in answer.json()["error"]
    assert api.post("entries", content=body, headers=JSON).headers["Content-Type"].startswith("text/html")


@pytest.mark.quirk("an emoji cut in half does not spoil a body")
def test_an_emoji_cut_in_half_does_not_block_the_upload(api: httpx.Client) -> None:
    body = b'[{"eventType":"Note","notes":"apple \\ud83c","foodType":"\\ud83c\\udf4e"}]'
    [saved] = api.post("treatments", content=body, headers=JSON).json()
    assert saved["notes"] == "apple \N{REPLACEMENT CHARACTER}"
    assert saved["foodType"] == "🍎"


def test_a_byte_order_mark_is_no_obstacle(api: httpx.Client) -> None:
    body = b"\xef\xbb\xbf" + json.dumps([READING]).encode()
    assert sgvs(api.post("entries", content=body, headers=JSON)) == [117]


@pytest.mark.parametrize("method", ["GET", "DELETE"])
@pytest.mark.parametrize("body", [b"", b"{}"])
def test_an_empty_json_body_on_get_and_delete_is_fine(api: httpx.Client, method: str, body: bytes) -> None:
    answer = api.request(method, "treatments?find[notes]=x", content=body, headers=JSON)
    assert answer.status_code == 200


def test_no_body_at_all_keeps_nothing(api: httpx.Client, site: Site) -> None:
    assert api.post("treatments", headers=JSON).json() == []
    assert api.post("devicestatus", headers=JSON).json() == []
    assert api.put("treatments", headers=JSON).status_code == 400
    assert site.treatments.count() == site.device_status.count() == 0


@pytest.mark.parametrize("member", ["secret", "token"])
@pytest.mark.parametrize("listed", [True, False])
def test_credentials_in_a_body_are_taken_out_of_it(site: Site, member: str, listed: bool) -> None:
    document = {"eventType": "Note", "notes": "x", member: SECRET_DIGEST}
    answer = site.owner.post("/api/v1/treatments", json=[document] if listed else document)
    assert answer.status_code == 200
    assert member not in answer.json()[0]
    assert member not in next(site.treatments.search())


@pytest.mark.parametrize(("chunked", "status"), [(False, 401), (True, 413)])
def test_a_big_body_of_nobody_is_not_read_for_a_credential(
    site: Site, monkeypatch: pytest.MonkeyPatch, chunked: bool, status: int
) -> None:
    monkeypatch.setattr(bodies, "MOST_CREDENTIAL_BYTES", 1000)
    big = json.dumps({"secret": SECRET_DIGEST, "eventType": "Note", "notes": "x" * 2000}).encode()
    content = chunks(big, 500) if chunked else big
    assert site.client().post("/api/v1/treatments", content=content, headers=JSON).status_code == status
    assert site.treatments.count() == 0
    assert site.owner.post("/api/v1/treatments", content=big, headers=JSON).status_code == 200

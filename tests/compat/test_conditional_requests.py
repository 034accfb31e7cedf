"""A client that has the answer already is told so, and only then."""

from __future__ import annotations

from email.utils import formatdate

import httpx
import pytest

from tests.clocks import START_MS
from tests.compat.conftest import NOW_ISO, Site

HTTP_NOW = formatdate(START_MS // 1000, usegmt=True)
READING = {"type": "sgv", "sgv": 117, "date": START_MS}
PATHS = ["entries.json", "entries", "entries/sgv.json", "entries/current.json", "treatments", "devicestatus", "profile",
         "status.json", "status", "verifyauth"]  # fmt: skip


@pytest.fixture
def read(site: Site, api: httpx.Client) -> httpx.Client:
    site.entries.save([READING])
    site.treatments.save([{"eventType": "Note", "created_at": NOW_ISO}])
    return api


@pytest.mark.parametrize("path", PATHS)
def test_the_tag_of_an_answer_is_weak_and_honoured(read: httpx.Client, path: str) -> None:
    first = read.get(path)
    tag = first.headers["ETag"]
    assert tag.startswith('W/"')
    for sent in (tag, tag.removeprefix("W/"), f'"other", {tag}', "*"):
        again = read.get(path, headers={"If-None-Match": sent})
        assert again.status_code == 304
        assert again.content == b""
        assert again.headers["ETag"] == tag
    assert read.get(path, headers={"If-None-Match": 'W/"other"'}).status_code == 200


def test_a_new_reading_changes_the_tag(site: Site, read: httpx.Client) -> None:
    tag = read.get("entries.json").headers["ETag"]
    site.entries.save([READING | {"sgv": 118}])
    assert read.get("entries.json", headers={"If-None-Match": tag}).status_code == 200


@pytest.mark.parametrize("path", ["entries.json", "entries", "entries/sgv.json", "treatments"])
def test_the_newest_document_dates_the_answer(read: httpx.Client, path: str) -> None:
    assert read.get(path).headers["Last-Modified"] == HTTP_NOW


@pytest.mark.quirk("If-Modified-Since may be ISO text")
@pytest.mark.parametrize("path", ["entries.json?count=5", "entries/sgv.json?count=1", "entries", "treatments"])
@pytest.mark.parametrize("since", [HTTP_NOW, NOW_ISO, "2026-11-21T11:00:00+01:00", "2026-11-21T10:00:05.000Z"])
def test_nothing_newer_is_a_304_for_http_dates_and_iso_text(read: httpx.Client, path: str, since: str) -> None:
    answer = read.get(path, headers={"If-Modified-Since": since})
    assert answer.status_code == 304
    assert answer.content == b""


@pytest.mark.parametrize("since", ["2026-11-21T09:59:59Z", "Sat, 21 Nov 2026 09:59:59 GMT", "garbage", ""])
def test_something_newer_is_answered_in_full(read: httpx.Client, since: str) -> None:
    assert read.get("entries.json", headers={"If-Modified-Since": since}).status_code == 200


def test_both_validators_must_hold(read: httpx.Client) -> None:
    tag = read.get("entries.json").headers["ETag"]
    stale = {"If-None-Match": 'W/"other"', "If-Modified-Since": HTTP_NOW}
    older = {"If-None-Match": tag, "If-Modified-Since": "2026-11-21T09:00:00Z"}
    assert read.get("entries.json", headers=stale).status_code == 200
    assert read.get("entries.json", headers=older).status_code == 200
    assert read.get("entries.json", headers={"If-None-Match": tag, "If-Modified-Since": HTTP_NOW}).status_code == 304


def test_no_cache_wants_it_in_full(read: httpx.Client) -> None:
    headers = {"If-Modified-Since": HTTP_NOW, "Cache-Control": "no-cache"}
    assert read.get("entries.json", headers=headers).status_code == 200


def test_no_entries_are_never_unchanged_since(api: httpx.Client) -> None:
    answer = api.get("entries.json", headers={"If-Modified-Since": HTTP_NOW})
    assert answer.status_code == 200
    assert "Last-Modified" not in answer.headers


def test_a_write_is_never_answered_with_unchanged(read: httpx.Client) -> None:
    first = read.post("entries", json=[READING])
    again = read.post("entries", json=[READING], headers={"If-None-Match": first.headers["ETag"]})
    assert again.status_code == 200
    assert again.json() == first.json()


def test_xdrips_own_header_changes_nothing(read: httpx.Client) -> None:
    assert read.get("treatments", headers={"BROKEN-If-Modified-Since": HTTP_NOW}).status_code == 200

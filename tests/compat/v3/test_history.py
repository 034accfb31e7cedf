"""Following what changes: what v1 wrote and deleted too, without a gap, with the tag AndroidAPS reads as a moment."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from app.store.interface import Document
from tests.clocks import START_MS, SettableClock
from tests.compat.conftest import Site
from tests.compat.v3.conftest import bolus, reading, result

WRONG = {"status": 400, "message": "Bad or missing Last-Modified header/parameter"}


@pytest.mark.quirk("the ETag of history is a moment, and nothing else in v3 has one")
def test_it_tells_what_changed_after_a_moment(app: httpx.Client, clock: SettableClock) -> None:
    for n in range(3):
        app.post("entries", json=reading(n))
        clock.advance(s=1)
    answer = app.get(f"entries/history/{START_MS}")
    assert [one["sgv"] for one in result(answer)] == [118, 119]
    assert answer.headers["ETag"] == f'W/"{START_MS + 2000}"'
    assert answer.headers["Last-Modified"] == "Sat, 21 Nov 2026 10:00:02 GMT"
    empty = app.get(f"entries/history/{START_MS + 2000}")
    assert result(empty) == []
    assert "ETag" not in empty.headers
    assert "Last-Modified" not in empty.headers


@pytest.mark.quirk("history takes seconds and ISO text, too")
@pytest.mark.parametrize(
    "since",
    [
        str(START_MS),
        str(START_MS // 1000),
        "2026-11-21T10:00:00Z",
        "2026-11-21T10:00:00.000Z",
        "2026-11-21T11:00:00+01:00",
        "2026-11-21T11:00:00,000+01:00",
    ],
)
def test_a_moment_is_understood_however_it_is_written(app: httpx.Client, clock: SettableClock, since: str) -> None:
    app.post("entries", json=reading())
    clock.advance(s=1)
    app.post("entries", json=reading(1))
    assert [one["sgv"] for one in result(app.get(f"entries/history/{since}"))] == [118]


@pytest.mark.parametrize("since", ["0", "x", "-5", "2026-13-01", "٣"])
def test_no_moment_is_refused(app: httpx.Client, since: str) -> None:
    answer = app.get(f"entries/history/{since}")
    assert (answer.status_code, answer.json()) == (400, WRONG)


def test_a_header_of_the_request_says_since_when(app: httpx.Client, clock: SettableClock) -> None:
    clock.advance(ms=500)
    app.post("entries", json=reading())
    clock.advance(s=1)
    app.post("entries", json=reading(1))

    def since(header: str) -> list[Any]:
        return [one["sgv"] for one in result(app.get("entries/history", headers={"Last-Modified": header}))]

    assert since("Sat, 21 Nov 2026 10:00:00 GMT") == since("2026-11-21T10:00:00.900Z") == [117, 118]
    assert since("Sat, 21 Nov 2026 10:00:01 GMT") == [118]
    assert since("Sat, 21 Nov 2026 10:00:02 GMT") == since("garbage") == []
    answer = app.get("entries/history")
    assert (answer.status_code, answer.json()) == (400, WRONG)


def test_deleted_documents_stay_whichever_version_deleted_them(app: httpx.Client, v1: httpx.Client) -> None:
    for n in range(3):
        app.put(f"treatments/b{n}", json=bolus(n))
    since_ms = result(app.get("treatments/history/1"))[-1]["srvModified"]
    app.delete("treatments/b0")
    v1.delete("treatments/b1")
    told = result(app.get(f"treatments/history/{since_ms}"))
    assert [(one["identifier"], one["isValid"], one["insulin"]) for one in told] == [
        ("b0", False, 0.35),
        ("b1", False, 0.35),
    ]


def test_what_v1_writes_is_told(app: httpx.Client, v1: httpx.Client) -> None:
    v1.post("treatments", json={"eventType": "Temporary Target", "duration": 30, "created_at": "2026-11-21T10:00:00Z"})
    [told] = result(app.get("treatments/history/1"))
    v1.post("treatments", json={"eventType": "Temporary Target", "duration": 60, "created_at": "2026-11-21T10:00:00Z"})
    [again] = result(app.get(f"treatments/history/{told['srvModified']}"))
    assert (again["identifier"], again["duration"]) == (told["identifier"], 60)


def test_pages_follow_each_other_without_a_gap(app: httpx.Client, v1: httpx.Client, clock: SettableClock) -> None:
    for save in range(3):
        v1.post(
            "entries", json=[{"type": "sgv", "sgv": n, "date": START_MS - 60_000 * (10 * save + n)} for n in range(7)]
        )
        app.post("entries", json=reading(0, date=START_MS - 60_000 * (10 * save + 8)))
    seen: list[Document] = []
    since = "1"
    while page := result(answer := app.get(f"entries/history/{since}?limit=4")):
        seen += page
        since = answer.headers["ETag"][3:-1]
    assert len(seen) == len({one["date"] for one in seen}) == 24


def test_no_limit_is_fine(app: httpx.Client) -> None:
    assert result(app.get(f"devicestatus/history/{START_MS - 420_000}")) == []


def test_fields_are_chosen_and_the_tag_stays(app: httpx.Client) -> None:
    app.post("entries", json=reading())
    answer = app.get("entries/history/1?fields=sgv")
    assert result(answer) == [{"sgv": 117}]
    assert answer.headers["ETag"] == f'W/"{START_MS}"'


def test_who_has_it_all_is_told_so(app: httpx.Client) -> None:
    app.post("entries", json=reading())
    tag = app.get("entries/history/1").headers["ETag"]
    again = app.get("entries/history/1", headers={"If-None-Match": tag})
    assert (again.status_code, again.content, again.headers["ETag"]) == (304, b"", tag)
    app.post("entries", json=reading(1))
    assert len(result(app.get("entries/history/1", headers={"If-None-Match": tag}))) == 2


def test_a_date_in_whole_seconds_hides_nothing(app: httpx.Client) -> None:
    app.post("entries", json=reading())
    seen = app.get("entries/history/1").headers["Last-Modified"]
    app.post("entries", json=reading(1))
    assert len(result(app.get("entries/history/1", headers={"If-Modified-Since": seen}))) == 2


def test_what_has_no_stamp_was_never_followed(app: httpx.Client, site: Site) -> None:
    site.house.store.collection("entries").insert_one({"type": "sgv", "sgv": 117, "date": START_MS})
    assert result(app.get("entries/history/1")) == []
    assert result(app.get("entries"))[0]["srvModified"] == START_MS

"""``docs/manifest.md`` is what routes, quirks and tests say today, and what the tests ask is what is on record."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from app.compat import errors
from app.compat.quirks import quirk, quirks_of
from app.compat.v1 import activity, treatments
from tests.manifest import asked
from tests.manifest.application import bare_application
from tests.manifest.asked import TESTS, recorded
from tests.manifest.page import page
from tests.manifest.quirks import all_kept, come_by, shown_by

PAGE = Path(__file__).resolve().parents[2] / "docs" / "manifest.md"


@pytest.fixture(scope="module")
def app() -> Flask:
    return bare_application()


def test_the_page_is_current(app: Flask) -> None:
    assert PAGE.read_text() == page(app, recorded()), "docs/manifest.md is stale: run `make docs`"


def test_the_page_follows_what_the_tests_ask(app: Flask) -> None:
    record = {file: dict(routes) for file, routes in recorded().items()}
    record["test_new.py"] = {"GET /api/v1/food": {200, 304}}
    made = page(app, record)
    assert made.count("test_new.py") == 2
    assert made != PAGE.read_text()


def test_files_on_record_are_there() -> None:
    assert [file for file in recorded() if not (TESTS / file).exists()] == []


def test_every_quirk_is_shown_by_a_test_and_no_test_shows_what_is_none() -> None:
    assert {kept.quirk.what for kept in all_kept()} == set(shown_by())


def test_no_two_quirks_have_the_same_words() -> None:
    assert [words for words, count in Counter(kept.quirk.what for kept in all_kept()).items() if count > 1] == []


def test_a_quirk_says_what_it_is_and_for_whom() -> None:
    @quirk("one", "Loop")
    @quirk("another", "xDrip+", "oref0")
    def kept() -> int:
        return 1

    assert kept() == 1
    assert [(found.what, found.clients) for found in quirks_of(kept)] == [
        ("one", ("Loop",)),
        ("another", ("xDrip+", "oref0")),
    ]
    assert quirks_of(test_the_page_is_current) == ()
    for words, clients in (("", ("Loop",)), ("one", ())):
        with pytest.raises(ValueError, match="a quirk says"):
            quirk(words, *clients)


def test_a_view_comes_by_the_quirks_of_what_it_calls() -> None:
    assert {"activity has no default count", "$ne given more than once excludes each"} <= come_by(
        activity.list_activity
    )
    assert "activity has no default count" not in come_by(treatments.list_treatments)
    assert "1,000 treatments with a filter" in come_by(treatments.list_treatments)
    assert come_by(errors.page) == set()


class Watched:
    """A watched application that answers as it is told."""

    def __init__(self, app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(asked, "notes", asked.Notes())
        monkeypatch.setattr(app, "wsgi_app", self._answer)
        self._call = asked.watched(app)
        self._status, self._headers, self._body = "", [("", "")], b""

    def _answer(self, environ: dict[str, Any], start_response: Any) -> list[bytes]:
        start_response(self._status, self._headers)
        return [self._body]

    def ask(self, route: str, status: int, media: str = "application/json", body: bytes = b"") -> set[str]:
        """Return what the contract does not tell of."""
        method, path = route.split(" ")
        self._status, self._body = f"{status} said", body
        self._headers = [("Content-Type", media), ("Content-Length", str(len(body)))]
        pieces = self._call({"REQUEST_METHOD": method, "PATH_INFO": path}, lambda *_: lambda _: None)
        assert b"".join(pieces) == body
        return asked.notes.untold


@pytest.fixture
def watched(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Watched:
    return Watched(app, monkeypatch)


def test_an_answer_the_contract_tells_of_is_noted(watched: Watched) -> None:
    assert watched.ask("GET /api/v1/food", 200, "application/json; charset=utf-8", b'[{"_id":"1","n":2}]') == set()
    assert watched.ask("GET /api/v2/food", 304, "") == set()
    assert watched.ask("GET /api/v2/summary", 401, body=b'{"status":401,"message":"x"}') == set()
    assert watched.ask("GET /api/v1/nothing", 404, "text/html") == set()
    assert watched.ask("OPTIONS /api/v1/food", 200, "") == set()
    assert asked.notes.now == {"GET /api/v1/food": {200, 304}, "GET /api/v2/summary": {401}}


@pytest.mark.parametrize(
    ("status", "media", "body", "untold"),
    [
        (418, "application/json", b"", "no such status"),
        (200, "text/csv", b"", "no text/csv"),
        (401, "text/html", b"", "no text/html"),
        (200, "application/json", b'[{"n":2}]', '"_id" is a required property'),
        (200, "application/json", b"{}", '{} is not of type "array"'),
    ],
)
def test_an_answer_the_contract_does_not_tell_of_is_found(
    watched: Watched, status: int, media: str, body: bytes, untold: str
) -> None:
    assert watched.ask("GET /api/v1/food", status, media, body) == {f"GET /api/v1/food answered {status}: {untold}"}


def test_a_test_that_asks_something_new_fails(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    told = asked.Notes()
    told.now["GET /api/v1/food"].add(200)
    monkeypatch.setattr(asked, "notes", told)
    monkeypatch.setattr(asked, "TESTS", Path(__file__).parent)
    monkeypatch.delenv(asked.RECORDING, raising=False)
    with pytest.raises(pytest.fail.Exception, match=r"not on record.*GET /api/v1/food 200"):
        asked.pytest_runtest_teardown(request.node, None)
    monkeypatch.setattr(asked, "recorded", lambda: {"test_manifest.py": {"GET /api/v1/food": {200}}})
    asked.pytest_runtest_teardown(request.node, None)
    told.untold.add("GET /api/v1/food answered 418")
    with pytest.raises(pytest.fail.Exception, match="does not tell"):
        asked.pytest_runtest_teardown(request.node, None)

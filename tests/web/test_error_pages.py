"""What a person sees when something is refused or fails."""

from __future__ import annotations

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from app import ROOT
from app.errors import Forbidden, Gone, NightlightError, TooManyAttempts, Unauthenticated, Unavailable
from app.house import House
from app.identity.door import open_door
from app.web import register

AS_BROWSER = {"Accept": "text/html"}


@pytest.fixture
def app(house: House) -> Flask:
    app = Flask("app", root_path=str(ROOT), template_folder="templates", static_folder=None)
    open_door(app, house)
    app.config["SECRET_KEY"] = "test"
    register(app)
    return app


def answer_to(app: Flask, error: Exception, accept: str = "text/html", path: str = "/fails") -> TestResponse:
    def fail() -> str:
        raise error

    app.add_url_rule(path, "fails", fail)
    return app.test_client().get(path, headers={"Accept": accept})


@pytest.mark.parametrize(
    ("error", "status", "heading"),
    [
        (Forbidden("This credential does not allow that"), 403, "Not allowed"),
        (Gone("This link has ended"), 410, "This has ended"),
        (Unavailable("The store does not answer"), 503, "Not available now"),
        (NightlightError("It broke"), 500, "Something went wrong here"),
    ],
)
def test_a_refusal_is_told_in_words(app: Flask, error: NightlightError, status: int, heading: str) -> None:
    answer = answer_to(app, error)
    assert answer.status_code == status
    assert f"<h1>{heading}</h1>" in answer.text
    assert error.message in answer.text
    assert answer.headers["Cache-Control"] == "no-store"


def test_too_many_tries_say_when_another_is_welcome(app: Flask) -> None:
    answer = answer_to(app, TooManyAttempts("Too many wrong codes", retry_after_s=42.4))
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "42")


def test_a_crash_tells_nothing_of_itself(app: Flask) -> None:
    answer = answer_to(app, ZeroDivisionError("secret detail"))
    assert answer.status_code == 500
    assert "secret detail" not in answer.text
    assert "Traceback" not in answer.text


def test_a_script_gets_json(app: Flask) -> None:
    answer = answer_to(app, Forbidden("No"), path="/fails.json")
    assert (answer.status_code, answer.json["error"]["code"]) == (403, "forbidden")


def test_a_missing_page_is_told_in_the_same_look(app: Flask) -> None:
    answer = app.test_client().get("/nowhere", headers=AS_BROWSER)
    assert answer.status_code == 404
    assert "<h1>Nothing here</h1>" in answer.text
    assert "nightlight.css" in answer.text


def test_whoever_must_sign_in_is_sent_there_and_back(app: Flask) -> None:
    answer = answer_to(app, Unauthenticated("Nobody"), path="/kept")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/sign-in?next=%2Fkept")


def test_it_can_be_drawn_while_the_store_is_down(app: Flask, house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    def down(*_: object) -> None:
        raise Unavailable("The store does not answer")

    monkeypatch.setattr("app.web.viewer.read_person", down)
    monkeypatch.setattr("app.web.identify.Roles.default_grants", property(lambda roles: ("*:*:read",)))
    answer = app.test_client().get("/", headers=AS_BROWSER)
    assert answer.status_code == 503
    assert "Not available now" in answer.text

"""No view of the whole application is open by having been forgotten."""

from __future__ import annotations

import pytest
from flask import Flask
from werkzeug.routing import Rule

from app import create_app
from app.house import House
from app.identity import door


@pytest.fixture
def app(house: House) -> Flask:
    return create_app(house)


def undeclared(app: Flask) -> list[str]:
    return [rule.endpoint for rule in rules(app) if door.needed_by(app.view_functions[rule.endpoint]) is None]


def unguarded(app: Flask) -> list[str]:
    return [rule.endpoint for rule in rules(app) if not is_guarded(app, rule)]


def rules(app: Flask) -> list[Rule]:
    return list(app.url_map.iter_rules())


def is_guarded(app: Flask, rule: Rule) -> bool:
    blueprint = rule.endpoint.rpartition(".")[0]
    before = app.before_request_funcs.get(blueprint, [])
    return any(function.__module__ == door.__name__ for function in before)


def test_every_view_declares_what_it_needs(app: Flask) -> None:
    assert len(rules(app)) > 50
    assert undeclared(app) == []


def test_every_view_stands_behind_the_door(app: Flask) -> None:
    assert unguarded(app) == []


def test_a_forgotten_view_would_be_found(app: Flask) -> None:
    app.add_url_rule("/forgotten", "forgotten", lambda: "")
    assert undeclared(app) == ["forgotten"]
    assert unguarded(app) == ["forgotten"]

"""Every view says what it needs, and a view that needs something is closed to nobody."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask

from app.compat.v3.access import decided_by
from app.identity.door import needed_by
from tests.compat.conftest import Site

PUBLIC = {
    *("api.list_versions", "api.unknown", "v2.request_token", "v2.check_permission"),
    *(f"contract.show_{what}" for what in ("json", "yaml", "version", "page", "v3", "page_of_v3")),
    *(f"v3.{view}" for view in ("show_version", "lead_to_contract", "unknown")),
    *(f"{version}.{view}" for version in ("v1", "v1_in_v2") for view in ("verify", "list_notices")),
}


@pytest.fixture
def routes(served: tuple[Flask, str]) -> list[tuple[str, str, str]]:
    app, _ = served
    arguments = dict.fromkeys(("spec", "name", "id", "storage", "field", "type", "prefix", "regex", "model", "token",
                               "permission", "rest", "names", "when", "collection", "identifier",
                               "since"), "entries")  # fmt: skip
    with app.test_request_context():
        return [
            (
                rule.endpoint,
                method,
                app.url_map.bind("localhost").build(rule.endpoint, {name: arguments[name] for name in rule.arguments}),
            )
            for rule in app.url_map.iter_rules()
            for method in sorted((rule.methods or set()) - {"OPTIONS", "HEAD"})
        ]


def test_every_view_declares_what_it_needs(served: tuple[Flask, str]) -> None:
    app, _ = served
    undeclared = [name for name, view in app.view_functions.items() if needed_by(view) is None]
    assert undeclared == []


def test_only_these_views_are_public(served: tuple[Flask, str]) -> None:
    app, _ = served
    asks_nothing = {name for name, view in app.view_functions.items() if needed_by(view) == () and not decided_by(view)}
    assert asks_nothing == PUBLIC


def test_what_a_view_of_v3_needs_is_decided_by_the_collection_or_by_what_is_stored(
    served: tuple[Flask, str],
) -> None:
    app, _ = served
    decided = {name for name, view in app.view_functions.items() if decided_by(view)}
    assert decided == {name for name in app.view_functions if name.startswith("v3.")} - PUBLIC


def test_nobody_gets_through_any_other(site: Site, routes: list[tuple[str, str, Any]]) -> None:
    client = site.client()
    closed = [(method, path) for endpoint, method, path in routes if endpoint not in PUBLIC]
    assert len(closed) > 60
    for method, path in closed:
        assert client.request(method, path).status_code == 401, (method, path)

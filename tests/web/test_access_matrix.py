"""Who reaches which page: every route of ours, every way of asking, and one table that says what may be."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from app import create_app
from app.actor import system_actor
from app.config import load_settings
from app.house import House
from app.identity import sessions, tokens
from app.identity.door import needed_by
from app.identity.peer import NO_PEER
from app.keyring import KeyRing
from app.sharing.shares import Wish, make_share
from app.sharing.visits import open_share
from app.store.interface import Store
from app.web.identify import VISIT_COOKIE
from tests.clocks import SettableClock
from tests.identity.family import Family
from tests.web.household import make_hashes_cheap

NOBODY, READER, VISITOR, DEVICE, OWNER = "nobody", "reader by default", "share visitor", "device token", "owner"
EVERYBODY = {NOBODY, READER, VISITOR, DEVICE, OWNER}

MAY_REACH = {
    "assets": EVERYBODY,
    "healthz": EVERYBODY,
    "set_up": EVERYBODY,
    "signing_in": EVERYBODY,
    "share_links": EVERYBODY,
    "glance": {READER, OWNER},
    "events": {READER, OWNER},
    "shared": {VISITOR},
    **{
        area: {OWNER}
        for area in ("account", "audit", "commands", "confirming", "devices", "person", "sharing", "signing_out")
    },
    "uploaders": {OWNER},
    "uploader_sign_in": {OWNER},
    "imports": {OWNER},
    "zones": {OWNER},
}
"""By blueprint."""

ALSO = {"glance.now": {DEVICE}, "events.events": {DEVICE}}
"""By view: what programs may ask too."""

PLACEHOLDERS = {"version": "1", "name": "css/nightlight.css", "token": "nls_unknown", "vendor": "nightscout",
                "uploader_id": "0", "import_id": "0", "share_id": "0", "token_id": "0", "session_id": "0"}  # fmt: skip


@pytest.fixture
def app_for(
    store: Store, clock: SettableClock, keyring: KeyRing, monkeypatch: pytest.MonkeyPatch
) -> Callable[[str], Flask]:
    make_hashes_cheap(monkeypatch)

    def build(actor: str) -> Flask:
        roles = "readable" if actor == READER else "denied"
        settings = load_settings({"API_SECRET": "this is my long pass phrase", "AUTH_DEFAULT_ROLES": roles})
        app = create_app(House(settings, store, clock, keyring))
        app.config["WTF_CSRF_ENABLED"] = False
        return app

    return build


@pytest.fixture
def family(store: Store, clock: SettableClock, keyring: KeyRing, app_for: object) -> Family:
    family = Family(store, clock, keyring)
    family.enrol()
    return family


def pages_of(app: Flask) -> list[tuple[str, Rule]]:
    """Return every route of the pages with each method it takes."""
    ours = {name for name, blueprint in app.blueprints.items() if blueprint.import_name.startswith("app.web.")}
    return [
        (method, rule)
        for rule in app.url_map.iter_rules()
        if rule.endpoint.rpartition(".")[0] in ours
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})
    ]


class Asking:
    """One of the actors with its credential."""

    def __init__(self, actor: str, app: Flask, family: Family) -> None:
        self.actor, self.app, self.family = actor, app, family

    def ask(self, method: str, rule: Rule) -> TestResponse:
        _, path = rule.build({name: PLACEHOLDERS[name] for name in rule.arguments}) or ("", "")
        client = self.app.test_client()
        # A program is refused with a status, where a person would be led to sign-in.
        headers = {"Accept": "application/json", **self._credential(client)}
        return client.open(path, method=method, headers=headers, buffered=False)

    def _credential(self, client: FlaskClient) -> dict[str, str]:
        store, clock = self.family.store, self.family.clock
        if self.actor == OWNER:
            token, _ = sessions.open_session(store, clock, "owner", peer=NO_PEER)
            with client.session_transaction() as session:
                session["_user_id"] = token
        if self.actor == VISITOR:
            owner = sessions.open_session(store, clock, "owner", peer=NO_PEER)[1]
            _, link = make_share(store, clock, owner, Wish("Granny", "viewer", ["glucose"]), peer=NO_PEER)
            _, visit = open_share(store, clock, link, peer=NO_PEER)
            clock.advance(hours=1)  # or the openings of so many links would be too many
            client.set_cookie(VISIT_COOKIE, visit, path="/shared")
        if self.actor == DEVICE:
            uploads = tokens.PRESETS["full"].grants
            return {"api-secret": tokens.make_token(store, clock, system_actor("x"), name="x", grants=uploads)[1]}
        return {}


def got_in(app: Flask, response: TestResponse, rule: Rule) -> bool:
    """Tell whether a view answered: whatever it said, the door did not."""
    if needed_by(app.view_functions[rule.endpoint]) == ():
        return response.status_code != 403
    return response.status_code not in (401, 403)


@pytest.mark.parametrize("actor", sorted(EVERYBODY))
def test_each_reaches_what_the_table_says_and_nothing_else(
    actor: str, app_for: Callable[[str], Flask], family: Family
) -> None:
    app = app_for(actor)
    asking = Asking(actor, app, family)
    reached, meant = set(), set()
    for method, rule in pages_of(app):
        response = asking.ask(method, rule)
        name = f"{method} {rule.rule}"
        assert response.status_code < 500, name
        if got_in(app, response, rule):
            reached.add(name)
        response.close()
        if actor in MAY_REACH[rule.endpoint.rpartition(".")[0]] | ALSO.get(rule.endpoint, set()):
            meant.add(name)
    assert reached == meant
    app.extensions["live"].close()


def test_an_administrator_by_default_role_owns_nothing(
    store: Store, clock: SettableClock, keyring: KeyRing, family: Family
) -> None:
    app = create_app(House(load_settings({"AUTH_DEFAULT_ROLES": "admin"}), store, clock, keyring))
    for page in ("/account", "/sharing", "/devices", "/uploaders", "/audit", "/person"):
        assert app.test_client().get(page, headers={"Accept": "text/html"}).headers["Location"].startswith("/sign-in")

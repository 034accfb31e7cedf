"""An application of Nightscout's surface alone, without a store behind it: enough to know its routes."""

from __future__ import annotations

from flask import Flask

from app import compat
from app.config import load_settings
from app.extensions import csrf
from app.house import House
from app.identity.door import open_door
from app.keyring import KeyRing, new_key
from tests.clocks import SettableClock


def bare_application() -> Flask:
    """Return it; a house moves in with ``open_door``."""
    app = Flask("tests.compat", static_folder=None)
    app.config["SECRET_KEY"] = "for tests"
    open_door(app, House(load_settings({}), None, SettableClock(), KeyRing([new_key()])))
    csrf.init_app(app)
    compat.register(app)
    return app

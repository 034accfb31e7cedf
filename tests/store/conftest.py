"""Stores of every kind, each with a file or a database of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.store import Collection, Store, open_store
from tests.clocks import SettableClock
from tests.mongodb import (  # noqa: F401 - fixtures
    mongo_store,
    replica_set_server,
    replica_set_uri,
    standalone_server,
    standalone_uri,
)

BACKENDS = ("sqlite", pytest.param("mongodb", marks=pytest.mark.mongodb))
DEPLOYMENTS = (*BACKENDS, pytest.param("replica set", marks=pytest.mark.mongodb))


def uri_of(kind: str, request: pytest.FixtureRequest, folder: Path) -> str:
    if kind == "sqlite":
        return f"sqlite:///{folder}/nightlight.db"
    uri: str = request.getfixturevalue("standalone_uri" if kind == "mongodb" else "replica_set_uri")
    return uri


@pytest.fixture(params=BACKENDS)
def uri(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A place for a store of either backend."""
    return uri_of(request.param, request, tmp_path)


@pytest.fixture(params=DEPLOYMENTS)
def deployed_uri(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A place for a store of each kind of deployment."""
    return uri_of(request.param, request, tmp_path)


@pytest.fixture
def store(uri: str, clock: SettableClock) -> Iterator[Store]:
    opened = open_store(uri, clock=clock)
    yield opened
    opened.close()


@pytest.fixture
def deployed_store(deployed_uri: str, clock: SettableClock) -> Iterator[Store]:
    opened = open_store(deployed_uri, clock=clock)
    yield opened
    opened.close()


@pytest.fixture
def things(store: Store) -> Collection:
    return store.collection("things", actor="tests")

"""Clients of API v3: signed in with a web token of a subject that may do everything, or just some of it."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from typing import Any

import httpx
import pytest

from tests.clocks import START_MS
from tests.compat.conftest import Site

V3 = "/api/v3/"


def signed_in(site: Site, *permissions: str, name: str = "App", **headers: str) -> httpx.Client:
    """Return a client at home in v3 whose subject has just these permissions."""
    role = f"role of {name}"
    site.owner.post("/api/v2/authorization/roles", json={"name": role, "permissions": [*permissions]})
    site.owner.post("/api/v2/authorization/subjects", json={"name": name, "roles": [role]})
    subjects = site.owner.get("/api/v2/authorization/subjects").json()
    [token] = [subject["accessToken"] for subject in subjects if subject["name"] == name]
    jwt = site.client().get(f"/api/v2/authorization/request/{token}").json()["token"]
    client = site.client(Authorization=f"Bearer {jwt}", **headers)
    client.base_url = httpx.URL(f"{site.url}{V3}")
    return client


@pytest.fixture
def app(site: Site) -> httpx.Client:
    """A client that may do everything."""
    return signed_in(site, "*")


@pytest.fixture
def v1(site: Site) -> httpx.Client:
    """A client with the API secret, at home in v1."""
    client = site.owner
    client.base_url = httpx.URL(f"{site.url}/api/v1/")
    return client


@pytest.fixture
def may(site: Site) -> Callable[..., httpx.Client]:
    """Sign in with just these permissions."""
    names = (f"Subject {n}" for n in count())
    return lambda *permissions: signed_in(site, *permissions, name=next(names))


def reading(n: int = 0, **more: Any) -> dict[str, Any]:
    """Return a reading as AndroidAPS sends it, ``n`` five minutes before now."""
    return {
        "type": "sgv",
        "sgv": 117 + n,
        "date": START_MS - n * 300_000,
        "utcOffset": 60,
        "app": "AAPS",
        "device": "Libre3",
        "direction": "Flat",
        "isValid": True,
        "isReadOnly": False,
    } | more


def bolus(n: int = 0, **more: Any) -> dict[str, Any]:
    """Return a bolus as AndroidAPS sends it."""
    return {
        "eventType": "Correction Bolus",
        "date": START_MS - n * 300_000,
        "utcOffset": 60,
        "app": "AAPS",
        "isValid": True,
        "isReadOnly": False,
        "insulin": 0.35,
        "type": "SMB",
        "pumpId": 4102 + n,
    } | more


def result(answer: httpx.Response) -> Any:
    """Return what a 200 of v3 brings."""
    assert answer.status_code == 200, answer.text
    assert answer.json()["status"] == 200
    return answer.json()["result"]

"""Whatever v1 and v3 write in whatever order: one document for one identity, and every acknowledged write is there."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.config import load_settings
from app.house import House
from app.keyring import KeyRing, new_key
from app.store import open_store
from tests.clocks import START_MS, SettableClock
from tests.compat.conftest import API_SECRET, Site, serving
from tests.compat.v3.conftest import bolus, reading, result, signed_in

MOMENTS = st.integers(0, 2)
AMOUNTS = st.integers(1, 99)
ACTS = st.sampled_from(["v1 post", "v3 post", "v3 put", "v3 patch", "v1 delete", "v3 delete"])
STEPS = st.lists(st.tuples(ACTS, MOMENTS, AMOUNTS), min_size=1, max_size=12)

ISO = [f"2026-11-21T{hour}:00.000Z" for hour in ("10:00", "09:55", "09:50")]


@contextmanager
def fresh_site(served: tuple[Flask, str]) -> Iterator[Site]:
    with tempfile.TemporaryDirectory() as folder:
        clock = SettableClock()
        store = open_store(f"sqlite:///{folder}/nightlight.db", clock=clock)
        given = {"DATA_DIR": folder, "API_SECRET": API_SECRET, "AUTH_FAIL_DELAY": "0"}
        with serving(served, House(load_settings(given), store, clock, KeyRing([new_key()]))) as site:
            yield site
        store.close()


class Treatments:
    """Boluses at three moments, through both versions; ``insulin`` is what is written."""

    collection, value = "treatments", "insulin"

    @staticmethod
    def for_v1(n: int, amount: int) -> dict[str, Any]:
        return {"eventType": "Correction Bolus", "created_at": ISO[n], "insulin": amount}

    @staticmethod
    def for_v3(n: int, amount: int) -> dict[str, Any]:
        return bolus(n, insulin=amount)

    @staticmethod
    def found_by(n: int) -> str:
        return f"find[created_at]={ISO[n]}"


class Entries:
    """Readings at three moments, through both versions."""

    collection, value = "entries", "sgv"

    @staticmethod
    def for_v1(n: int, amount: int) -> dict[str, Any]:
        return {"type": "sgv", "sgv": amount, "date": START_MS - n * 300_000, "utcOffset": 60}

    @staticmethod
    def for_v3(n: int, amount: int) -> dict[str, Any]:
        return reading(n, sgv=amount)

    @staticmethod
    def found_by(n: int) -> str:
        return f"find[date]={START_MS - n * 300_000}"


Kind = type[Treatments] | type[Entries]


class Pair:
    """A v1 client and a v3 client, and what each acknowledged write left behind, by moment."""

    def __init__(self, site: Site, kind: Kind) -> None:
        self.site, self.kind = site, kind
        self.v3 = signed_in(site, "*")
        self.v1 = site.owner
        self.expected: dict[int, int] = {}

    def do(self, act: str, n: int, amount: int) -> None:
        """Do one thing; what is acknowledged is expected from then on."""
        kind, name = self.kind, self.kind.collection
        if act == "v1 post":
            answer = self.v1.post(f"/api/v1/{name}", json=[kind.for_v1(n, amount)])
        elif act == "v1 delete":
            answer = self.v1.delete(f"/api/v1/{name}?{kind.found_by(n)}")
        elif act == "v3 post":
            answer = self.v3.post(name, json=kind.for_v3(n, amount))
        else:
            answer = self._by_name(act, n, amount)
        assert answer.status_code < 500, (act, answer.text)
        if answer.status_code >= 400:
            return
        if act.endswith("delete"):
            self.expected.pop(n, None)
        else:
            self.expected[n] = amount

    def _by_name(self, act: str, n: int, amount: int) -> httpx.Response:
        kind, name = self.kind, self.kind.collection
        moment = kind.for_v3(n, amount)["date"]
        stored = self.site.house.store.collection(name).find(
            {"$or": [{"date": moment}, {"created_at": ISO[n]}, {"sysTime": ISO[n]}]}
        )
        known = next((str(one.get("identifier") or one["_id"]) for one in stored), "unknown")
        if act == "v3 patch":
            return self.v3.patch(f"{name}/{known}", json={kind.value: amount})
        if act == "v3 delete":
            return self.v3.delete(f"{name}/{known}")
        if known == "unknown":
            return httpx.Response(404)
        return self.v3.put(f"{name}/{known}", json=kind.for_v3(n, amount))

    def check(self) -> None:
        """Both versions show just what was acknowledged, once."""
        name, value = self.kind.collection, self.kind.value
        expected = sorted(self.expected.values())
        assert sorted(one[value] for one in self.v1.get(f"/api/v1/{name}.json?count=100").json()) == expected
        assert sorted(one[value] for one in result(self.v3.get(name))) == expected
        told = result(self.v3.get(f"{name}/history/1"))
        assert sorted(one[value] for one in told if one.get("isValid") is not False) == expected
        identifiers = [one["identifier"] for one in told]
        assert len(identifiers) == len(set(identifiers)) <= 3


@pytest.mark.parametrize("kind", [Treatments, Entries])
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_one_truth_in_whatever_order(served: tuple[Flask, str], kind: Kind, steps: list[tuple[str, int, int]]) -> None:
    with fresh_site(served) as site:
        pair = Pair(site, kind)
        for act, n, amount in steps:
            pair.do(act, n, amount)
            pair.check()

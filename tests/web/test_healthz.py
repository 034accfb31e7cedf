"""Whether the process is well."""

from __future__ import annotations

import httpx
import pytest

from app.store.interface import Health
from tests.web.conftest import Serve


def test_it_is_well_while_the_store_answers(serve: Serve) -> None:
    answer = httpx.get(f"{serve().url}/healthz")
    assert (answer.status_code, answer.json()) == (200, {"status": "well"})
    assert answer.headers["Cache-Control"] == "no-store"
    assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize(
    "health",
    [Health(False, False, "sqlite", "3", "disk I/O error at /secret/path"), Health(True, False, "sqlite", "3", "full")],
)
def test_it_is_unwell_otherwise_and_tells_no_more(
    serve: Serve, monkeypatch: pytest.MonkeyPatch, health: Health
) -> None:
    site = serve()
    monkeypatch.setattr(site.house.store, "health", lambda: health)
    answer = httpx.get(f"{site.url}/healthz")
    assert (answer.status_code, answer.json()) == (503, {"status": "unwell"})


def test_a_watcher_needs_no_https(serve: Serve) -> None:
    assert httpx.get(f"{serve().url}/healthz", headers={"Host": "ada.example"}).status_code == 200

"""Which format a client gets."""

from __future__ import annotations

import pytest

from app.compat.negotiation import chosen

OFFERS = ("text/plain", "text/tab-separated-values", "text/csv", "application/json")


@pytest.mark.parametrize(
    ("accept", "format"),
    [
        ("", "text/plain"),
        ("*/*", "text/plain"),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "text/plain"),
        ("application/json", "application/json"),
        ("application/json, text/plain, */*", "application/json"),
        ("text/plain, application/json", "text/plain"),
        ("text/csv;q=0.5, application/json;q=0.9", "application/json"),
        ("text/*", "text/plain"),
        ("text/*;q=0.5, text/csv", "text/csv"),
        ("text/*, text/plain;q=0", "text/tab-separated-values"),
        ("application/*", "application/json"),
        ("image/png", None),
        ("application/json;q=0", None),
        ("nonsense", None),
        ("text/plain;q=x", None),
        ("APPLICATION/JSON; charset=utf-8", "application/json"),
    ],
)
def test_quality_then_detail_then_the_clients_order_decide(accept: str, format: str | None) -> None:
    assert chosen(accept, OFFERS) == format

"""Where a request comes from and whether it is encrypted: what a proxy says, from a proxy alone."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.identity.addresses import address_of, is_https, is_loopback_name

PROXY, CLIENT = "10.0.0.2", "203.0.113.5"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("x-forwarded-for", CLIENT),
        ("x-forwarded-for", f"{CLIENT}:50321"),
        ("x-forwarded-for", f"{CLIENT}, 10.0.0.9"),
        ("x-forwarded-for", f"198.51.100.66, {CLIENT}"),
        ("x-forwarded-for", f"garbage, {CLIENT}, 192.168.0.1"),
        ("x-real-ip", CLIENT),
        ("forwarded", f"for={CLIENT};proto=https;by=10.0.0.1"),
        ("forwarded", f'for=198.51.100.66, for="{CLIENT}:4711"'),
        ("z-forwarded-for", CLIENT),
        ("fastly-client-ip", CLIENT),
    ],
)
def test_a_proxy_says_where_a_request_comes_from(name: str, value: str) -> None:
    for peer, trust in ((PROXY, "auto"), ("127.0.0.1", "auto"), ("::1", "auto"), ("198.51.100.1", "on"), ("", "auto")):
        assert address_of({name: value}, peer, trust) == CLIENT


@pytest.mark.parametrize(("peer", "trust"), [("198.51.100.1", "auto"), (PROXY, "off"), ("2001:db8:1::1", "off")])
def test_nobody_else_is_believed(peer: str, trust: str) -> None:
    assert address_of({"x-forwarded-for": CLIENT}, peer, trust) == peer
    assert not is_https({"x-forwarded-proto": "https"}, "http", peer, trust)


def test_what_a_client_claims_before_the_proxy_does_not_count() -> None:
    claimed = {
        "x-forwarded-for": f"198.51.100.66, {CLIENT}",
        "fastly-client-ip": "198.51.100.67",
        "x-real-ip": "198.51.100.68",
    }
    assert address_of(claimed, PROXY, "auto") == CLIENT


def test_ipv6_is_understood() -> None:
    address = "2606:4700:4700::1111"
    assert address_of({"x-forwarded-for": f"[{address}]:443"}, PROXY, "auto") == address
    assert address_of({"forwarded": f'for="[{address}]:4711"'}, PROXY, "auto") == address


def test_within_the_house_the_first_address_counts() -> None:
    assert address_of({"x-forwarded-for": "192.168.0.7, 10.0.0.9"}, PROXY, "auto") == "192.168.0.7"


@pytest.mark.parametrize("value", ["", "garbage", "unknown, _hidden", ","])
def test_a_proxy_that_says_nothing_useful_is_the_peer(value: str) -> None:
    assert address_of({"x-forwarded-for": value}, PROXY, "auto") == PROXY


@pytest.mark.parametrize(
    ("headers", "scheme", "encrypted"),
    [
        ({}, "https", True),
        ({}, "http", False),
        ({"x-forwarded-proto": "https"}, "http", True),
        ({"x-forwarded-proto": "HTTPS, http"}, "http", True),
        ({"x-forwarded-proto": "http"}, "http", False),
        ({"x-forwarded-proto": "http, https"}, "http", False),
        ({"forwarded": "for=1.2.3.4;proto=https"}, "http", True),
        ({"forwarded": 'for=1.2.3.4; proto="http"'}, "http", False),
    ],
)
def test_encrypted_is_what_the_client_spoke(headers: dict[str, str], scheme: str, encrypted: bool) -> None:
    assert is_https(headers, scheme, PROXY, "auto") is encrypted


@pytest.mark.parametrize(
    "host",
    ["localhost", "LOCALHOST:1337", "127.0.0.1", "127.0.0.1:80", "127.8.9.1", "[::1]", "[::1]:1337", "a.localhost"],
)
def test_this_very_machine_has_these_names(host: str) -> None:
    assert is_loopback_name(host)


@pytest.mark.parametrize(
    "host", ["", "example.org", "10.0.0.2", "localhost.example.org", "127.0.0.1.example.org", "0.0.0.0", "[::2]:1"]
)
def test_another_machine_has_others(host: str) -> None:
    assert not is_loopback_name(host)


@given(st.text(max_size=40), st.text(max_size=40))
def test_nothing_makes_reading_fail(value: str, peer: str) -> None:
    for name in ("x-forwarded-for", "forwarded"):
        address_of({name: value}, peer, "on")
    is_https({"forwarded": value}, "http", peer, "on")
    is_loopback_name(value)

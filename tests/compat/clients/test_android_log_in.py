"""AndroidAPS, Juggluco, LibreLinkUp change an access token for a web token first; their ``Date`` is a number."""

from __future__ import annotations

import httpx
import pytest

from tests.clocks import START_MS
from tests.compat.conftest import Site


@pytest.fixture
def phone(site: Site) -> httpx.Client:
    """AndroidAPS before it has a token: the bearer is empty, and the date is no date."""
    return site.client(Authorization="Bearer", Date=str(START_MS), Accept_Encoding="gzip")


def test_a_token_is_changed_whatever_the_other_headers_say(phone: httpx.Client, token: str) -> None:
    answer = phone.get(f"/api/v2/authorization/request/{token}")
    assert (answer.status_code, answer.headers["Content-Type"].split(";")[0]) == (200, "application/json")
    got = answer.json()
    assert (type(got["token"]), got["exp"] - got["iat"]) == (str, 28_800)
    assert got["iat"] == START_MS // 1000


@pytest.mark.parametrize("wrong", ["reader-0000000000000000", "reader", "x", "%20"])
def test_a_wrong_token_is_told_from_a_site_that_is_out_of_order(phone: httpx.Client, token: str, wrong: str) -> None:
    """401 and 403 mean "invalid access token" to it, and words about the date would stop it for good."""
    answer = phone.get(f"/api/v2/authorization/request/{wrong}")
    assert answer.status_code == 401
    assert "Date header out of tolerance" not in answer.text


def test_an_empty_bearer_is_none_at_all(site: Site, phone: httpx.Client, token: str) -> None:
    assert phone.get("/api/v1/entries.json").status_code == 401
    assert phone.get(f"/api/v1/entries.json?token={token}").status_code == 200


def test_the_web_token_opens_v1_and_v2_and_is_renewed(site: Site, phone: httpx.Client, token: str) -> None:
    web_token = phone.get(f"/api/v2/authorization/request/{token}").json()["token"]
    bearer = site.client(Authorization=f"Bearer {web_token}", Date=str(START_MS))
    for path in ("v1/entries.json", "v1/treatments.json", "v2/properties", "v2/entries.json"):
        assert bearer.get(f"/api/{path}").status_code == 200
    assert bearer.get(f"/api/v2/authorization/request/{web_token}").json()["sub"] == "Reader"

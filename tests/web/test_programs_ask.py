"""Programs that listen to the page's own values, with the credentials Nightscout's apps have."""

from __future__ import annotations

import re
from hashlib import sha1

import httpx
import pytest

from app.actor import system_actor
from app.identity.tokens import PRESETS, make_token
from tests.conftest import API_SECRET
from tests.web.conftest import Serve, Site

DIGEST = sha1(API_SECRET.encode()).hexdigest()


@pytest.fixture
def site(serve: Serve) -> Site:
    site = serve()
    site.glucose(112)
    return site


def token_of(site: Site) -> str:
    shared = site.house
    return make_token(shared.store, shared.clock, system_actor("x"), name="wall", grants=PRESETS["reads"].grants)[1]


def test_the_api_secret_opens_the_present_values(site: Site) -> None:
    answer = httpx.get(f"{site.url}/now.json", headers={"api-secret": DIGEST})
    assert answer.json()["now"]["number"] == "112"


@pytest.mark.parametrize("how", ["header", "bearer", "query"])
def test_a_device_token_does_too(site: Site, how: str) -> None:
    token = token_of(site)
    headers = {"header": {"api-secret": token}, "bearer": {"Authorization": f"Bearer {token}"}}.get(how, {})
    query = {"token": token} if how == "query" else {}
    assert httpx.get(f"{site.url}/now.json", headers=headers, params=query).status_code == 200


def test_a_program_hears_of_an_upload(site: Site) -> None:
    headers = {"api-secret": DIGEST}
    with httpx.Client(timeout=5) as client, client.stream("GET", f"{site.url}/events", headers=headers) as stream:
        numbers = (found[1] for line in stream.iter_lines() if (found := re.search(r'"number": ?"(\d+)"', line)))
        assert next(numbers) == "112"
        site.glucose(98)
        assert next(numbers) == "98"


def test_a_bad_credential_is_refused_and_not_taken_for_nobody(serve: Serve) -> None:
    site = serve(AUTH_DEFAULT_ROLES="readable")
    for headers in ({"api-secret": "0" * 40}, {"Authorization": "Bearer nld_x"}):
        assert httpx.get(f"{site.url}/now.json", headers=headers).status_code == 401
    assert httpx.get(f"{site.url}/now.json").status_code == 200


def test_guessing_makes_an_address_wait(serve: Serve) -> None:
    site = serve(AUTH_FAIL_DELAY="5000")
    assert httpx.get(f"{site.url}/now.json", headers={"api-secret": "0" * 40}).status_code == 401
    held = httpx.get(f"{site.url}/now.json", headers={"api-secret": DIGEST})
    assert (held.status_code, held.headers["Retry-After"]) == (429, "5")
    site.clock.advance(s=6)
    assert httpx.get(f"{site.url}/now.json", headers={"api-secret": DIGEST}).status_code == 200


def test_nothing_else_opens_to_a_program(site: Site) -> None:
    for path in ("/", "/account", "/sharing", "/audit", "/shared/"):
        headers = {"api-secret": DIGEST, "Accept": "application/json"}
        assert httpx.get(site.url + path, headers=headers).status_code == 401

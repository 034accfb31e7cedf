"""Every way in which a program shows who it is."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha1, sha512

import httpx
import pytest

from tests.clocks import SettableClock
from tests.compat.conftest import SECRET_DIGEST, Site
from tests.conftest import API_SECRET

READ = "/api/v1/entries.json"


@pytest.fixture
def token(site: Site) -> str:
    """The access token of a subject that may read."""
    site.owner.post("/api/v2/authorization/subjects", json={"name": "Test Reader!", "roles": ["readable"]})
    [subject] = site.owner.get("/api/v2/authorization/subjects").json()
    return str(subject["accessToken"])


def bearer(site: Site, token: str) -> str:
    return str(site.client().get(f"/api/v2/authorization/request/{token}").json()["token"])


@pytest.mark.parametrize("digest", [SECRET_DIGEST, SECRET_DIGEST.upper(), sha512(API_SECRET.encode()).hexdigest()])
def test_the_secret_is_known_by_its_digest_in_header_and_query(site: Site, digest: str) -> None:
    assert site.client(api_secret=digest).get(READ).status_code == 200
    assert site.client(API_SECRET=digest).get(READ).status_code == 200
    assert site.client().get(READ, params={"secret": digest}).status_code == 200


@pytest.mark.parametrize("listed", [True, False])
def test_the_secret_may_travel_in_the_body(site: Site, listed: bool) -> None:
    document = {"eventType": "Note", "notes": "x", "secret": SECRET_DIGEST}
    assert site.client().post("/api/v1/treatments", json=[document] if listed else document).status_code == 200


@pytest.mark.parametrize("wrong", [API_SECRET, "0" * 40, SECRET_DIGEST[:-1], "x"])
def test_anything_else_is_refused_even_where_reading_is_open(site_with: Callable[..., Site], wrong: str) -> None:
    site = site_with(AUTH_DEFAULT_ROLES="readable")
    assert site.client().get(READ).status_code == 200
    for answer in (site.client(api_secret=wrong).get(READ), site.client().get(READ, params={"secret": wrong})):
        assert answer.status_code == 401
        assert answer.json() == {"status": 401, "message": "Unauthorized", "description": "Invalid/Missing"}


@pytest.mark.parametrize("nothing", ["", "null"])
def test_an_empty_secret_is_no_secret(site_with: Callable[..., Site], nothing: str) -> None:
    site = site_with(AUTH_DEFAULT_ROLES="readable")
    assert site.client(api_secret=nothing).get(READ).status_code == 200
    assert site.client().get(READ, params={"secret": nothing}).status_code == 200


def test_nobody_may_anything_unless_the_family_says_so(site: Site) -> None:
    for path in ("entries.json", "treatments", "devicestatus", "profile", "profiles", "profile/current", "status.json",
                 "entries/current", "count/entries/where", "times/echo", "slice/entries/sgv", "echo/entries",
                 "experiments/test"):  # fmt: skip
        assert site.client().get(f"/api/v1/{path}").status_code == 401
        assert site.client().get(f"/api/v2/{path}").status_code == 401


def test_a_token_opens_in_every_place_a_client_puts_it(site: Site, token: str) -> None:
    hashed = sha1(token.encode()).hexdigest()
    for answer in (
        site.client().get(READ, params={"token": token}),
        site.client().get(READ, params={"secret": token}),
        site.client(api_secret=token).get(READ),
        site.client(api_secret=f"token={token}").get(READ),
        site.client(api_secret=hashed).get(READ),
        site.client().get(READ, params={"token": hashed}),
        site.client(Authorization=f"Bearer {bearer(site, token)}").get(READ),
        site.client().get(READ, params={"token": bearer(site, token)}),
        site.client().get(f"{READ}?token=unknown-0000000000000000&token={token}"),
        site.client().get(f"/api/v2/entries.json?token={token}"),
    ):
        assert answer.status_code == 200, answer.request.url


def test_a_token_in_the_body_opens_for_writing(site: Site) -> None:
    site.owner.post("/api/v2/authorization/subjects", json={"name": "Phone", "roles": ["admin"]})
    [subject] = site.owner.get("/api/v2/authorization/subjects").json()
    document = {"eventType": "Note", "notes": "x", "token": subject["accessToken"]}
    assert site.client().post("/api/v1/treatments", json=document).status_code == 200


def test_a_reader_may_not_write(site: Site, token: str) -> None:
    client = site.client(api_secret=token)
    assert client.post("/api/v1/entries", json=[]).status_code == 401
    assert client.post("/api/v1/treatments", json=[]).status_code == 401
    assert client.delete("/api/v1/treatments/*").status_code == 401
    assert client.get("/api/v1/experiments/test").status_code == 401


def test_writing_wants_the_right_to_read_too(site: Site) -> None:
    site.owner.post("/api/v2/authorization/subjects", json={"name": "portal", "roles": ["careportal"]})
    [subject] = site.owner.get("/api/v2/authorization/subjects").json()
    client = site.client(api_secret=subject["accessToken"])
    assert client.post("/api/v1/treatments", json={"eventType": "Note"}).status_code == 401


def test_an_unknown_token_is_nobody(site_with: Callable[..., Site]) -> None:
    site = site_with(AUTH_DEFAULT_ROLES="readable")
    assert site.client().get(READ, params={"token": "x-0000000000000000"}).status_code == 200


@pytest.mark.parametrize("header", ["Bearer", "bearer x", "Basic eDp5"])
def test_a_header_that_brings_no_web_token_is_nobody(site: Site, header: str) -> None:
    assert site.client(Authorization=header).get(READ).status_code == 401
    assert site.client(Authorization=header).get("/api/versions").status_code == 200


def test_a_raw_token_is_no_bearer(site: Site, token: str) -> None:
    assert site.client(Authorization=f"Bearer {token}").get(READ).status_code == 401


def test_a_web_token_ends_after_eight_hours(site: Site, token: str, clock: SettableClock) -> None:
    client: httpx.Client = site.client(Authorization=f"Bearer {bearer(site, token)}")
    clock.advance(hours=7.9)
    assert client.get(READ).status_code == 200
    clock.advance(hours=0.2)
    assert client.get(READ).status_code == 401


def test_a_web_token_of_a_deleted_subject_is_refused(site: Site, token: str) -> None:
    client = site.client(Authorization=f"Bearer {bearer(site, token)}")
    [subject] = site.owner.get("/api/v2/authorization/subjects").json()
    site.owner.delete(f"/api/v2/authorization/subjects/{subject['_id']}")
    assert client.get(READ).status_code == 401


def test_a_numeric_date_header_is_no_obstacle(site: Site) -> None:
    assert site.client(api_secret=SECRET_DIGEST, Date="1768374309123").get(READ).status_code == 200

"""Only a bearer opens v3, and the permission that is missing is named."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import pytest

from tests.compat.conftest import SECRET_DIGEST, Site
from tests.compat.v3.conftest import V3, bolus, reading, result, signed_in

MISSING = {"status": 401, "message": "Missing or bad access token or JWT"}
BAD = {"status": 401, "message": "Bad access token or JWT"}
OPEN = ("version", "nonsense", "entries.pdf")
CLOSED = ("status", "lastModified", "test", "entries", "entries/x", "entries/history", "entries/history/1", "settings")


@pytest.mark.quirk("a bearer with nothing behind it is 401")
@pytest.mark.parametrize("path", CLOSED)
@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer"}, {"Authorization": "Basic eDp5"},
                                     {"api_secret": SECRET_DIGEST}])  # fmt: skip
def test_without_a_bearer_nobody_gets_in(site_with: Callable[..., Site], path: str, headers: dict[str, str]) -> None:
    site = site_with(AUTH_DEFAULT_ROLES="readable")
    answer = site.client(**headers).get(V3 + path)
    assert (answer.status_code, answer.json()) == (401, MISSING)


@pytest.mark.parametrize("query", [f"?secret={SECRET_DIGEST}", "?token=app-0123456789abcdef"])
def test_nothing_in_the_query_counts(site: Site, query: str) -> None:
    assert site.client().get(f"{V3}entries{query}").json() == MISSING


def test_an_access_token_is_no_web_token(site: Site) -> None:
    signed_in(site, "*")
    [subject] = site.owner.get("/api/v2/authorization/subjects").json()
    for bearer in (subject["accessToken"], "x.y.z", SECRET_DIGEST):
        answer = site.client(Authorization=f"Bearer {bearer}").get(f"{V3}status")
        assert (answer.status_code, answer.json()) == (401, BAD)


@pytest.mark.parametrize("scheme", ["bearer", "Bearer", "BEARER"])
def test_the_scheme_may_be_spelt_in_any_case(site: Site, app: httpx.Client, scheme: str) -> None:
    bearer = app.headers["Authorization"].removeprefix("Bearer")
    assert site.client(Authorization=scheme + bearer).get(f"{V3}status").status_code == 200


def test_a_bad_bearer_makes_its_address_wait(site_with: Callable[..., Site]) -> None:
    site = site_with(AUTH_FAIL_DELAY="3000")
    client = site.client(Authorization="Bearer x")
    client.get(f"{V3}status")
    client.get(f"{V3}status")
    assert site.waited_s == [3.0]


def test_a_subject_that_was_deleted_is_refused(site: Site, app: httpx.Client) -> None:
    [subject] = site.owner.get("/api/v2/authorization/subjects").json()
    site.owner.delete(f"/api/v2/authorization/subjects/{subject['_id']}")
    assert app.get("status").status_code == 403


@pytest.mark.parametrize("path", OPEN)
def test_what_says_nothing_about_anybody_is_open(site: Site, path: str) -> None:
    for client in (site.client(), site.client(Authorization="Bearer x")):
        assert client.get(V3 + path).status_code != 401


@pytest.mark.parametrize(
    ("method", "path", "act"),
    [
        ("GET", "entries", "read"),
        ("GET", "entries/x", "read"),
        ("GET", "entries/history/1", "read"),
        ("GET", "entries/history", "read"),
        ("GET", "test", "read"),
        ("POST", "entries", "create"),
        ("PUT", "entries/x", "create"),
        ("PATCH", "entries/x", "update"),
        ("DELETE", "entries/x", "delete"),
    ],
)
def test_the_missing_permission_is_named(may: Callable[..., httpx.Client], method: str, path: str, act: str) -> None:
    others = [f"api:entries:{other}" for other in ("create", "read", "update", "delete") if other != act]
    answer = may(*others).request(method, path, json=reading() if method != "GET" else None)
    assert (answer.status_code, answer.json()) == (
        403,
        {"status": 403, "message": f"Missing permission api:entries:{act}"},
    )


def test_each_act_needs_its_own_permission_alone(app: httpx.Client, may: Callable[..., httpx.Client]) -> None:
    identifier = may("api:treatments:create").post("treatments", json=bolus()).json()["identifier"]
    assert may("api:treatments:read").get(f"treatments/{identifier}").status_code == 200
    assert may("api:treatments:update").patch(f"treatments/{identifier}", json={"notes": "x"}).status_code == 200
    assert may("api:treatments:update").post("treatments", json=bolus()).status_code == 200
    assert may("api:treatments:delete").delete(f"treatments/{identifier}").status_code == 200


def test_recognising_a_document_needs_update(may: Callable[..., httpx.Client]) -> None:
    client = may("api:treatments:create")
    client.post("treatments", json=bolus())
    answer = client.post("treatments", json=bolus())
    assert answer.json() == {"status": 403, "message": "Missing permission api:treatments:update"}


def test_settings_of_apps_are_for_administrators(app: httpx.Client, may: Callable[..., httpx.Client]) -> None:
    app.put("settings/aaps", json=reading(identifier="aaps"))
    reader, administrator = may("api:settings:read"), may("api:settings:admin")
    for path in ("settings", "settings/history/1"):
        assert reader.get(path).json() == {"status": 403, "message": "Missing permission api:settings:admin"}
        assert len(result(administrator.get(path))) == 1
    assert reader.get("settings/aaps").status_code == 200


def test_the_default_roles_count_for_who_is_signed_in(site_with: Callable[..., Site]) -> None:
    site = site_with(AUTH_DEFAULT_ROLES="readable")
    client = signed_in(site, "api:treatments:create")
    assert client.get("entries").status_code == 200


def test_with_security_off_everybody_may_do_everything(site_with: Callable[..., Site]) -> None:
    client = site_with(API3_SECURITY_ENABLE="false").client(Authorization="Bearer x")
    answer = client.post(f"{V3}entries", json=reading())
    assert answer.status_code == 201
    assert "subject" not in result(client.get(answer.headers["Location"]))
    assert set(result(client.get(f"{V3}status"))["apiPermissions"].values()) == {"crud"}


@pytest.mark.parametrize("date", ["1795255200000", "Sat, 21 Nov 2026 10:00:00 GMT", "x"])
def test_the_date_of_a_request_is_ignored(app: httpx.Client, date: str) -> None:
    assert app.get("status", headers={"Date": date}).status_code == 200


def test_cors_is_there_while_the_feature_is_on(site: Site, site_with: Callable[..., Site]) -> None:
    assert "Access-Control-Allow-Origin" not in site.client().get(f"{V3}version").headers
    client = site_with(ENABLE="cors").client()
    for path, status in (("version", 200), ("entries", 401), ("nonsense", 404)):
        answer = client.get(V3 + path)
        assert (answer.status_code, answer.headers["Access-Control-Allow-Origin"]) == (status, "*")
    assert client.options(f"{V3}entries").status_code == 200

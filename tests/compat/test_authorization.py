"""``/api/v2/authorization``: web tokens, subjects, roles, permissions."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha1

import httpx
import pytest

from tests.clocks import START_MS
from tests.compat.conftest import NOW_ISO, SECRET_DIGEST, Site

HEX = "6f1d0c2ab7e94e3f8a5d1c20"


@pytest.fixture
def admin(site: Site) -> httpx.Client:
    owner = site.owner
    owner.base_url = httpx.URL(f"{site.url}/api/v2/authorization/")
    return owner


def subjects(admin: httpx.Client) -> list[dict[str, object]]:
    found: list[dict[str, object]] = admin.get("subjects").json()
    return found


def test_a_subject_has_the_token_its_clients_compute_themselves(admin: httpx.Client) -> None:
    posted = admin.post("subjects", json={"name": "Test Reader!", "roles": ["readable"], "notes": "x"}).json()
    assert posted["created_at"] == NOW_ISO
    assert "accessToken" not in posted
    digest = sha1((SECRET_DIGEST + posted["_id"]).encode()).hexdigest()
    assert subjects(admin) == [
        {
            "_id": posted["_id"],
            "name": "Test Reader!",
            "accessToken": f"testreader-{digest[:16]}",
            "roles": ["readable"],
        }
    ]


def test_subjects_are_listed_by_name(admin: httpx.Client) -> None:
    for name in ("b", "c", "a"):
        admin.post("subjects", json={"name": name, "roles": []})
    assert [subject["name"] for subject in subjects(admin)] == ["a", "b", "c"]


def test_nightscout_connect_posts_role_in_the_singular(admin: httpx.Client) -> None:
    posted = admin.post("subjects", json={"name": "connect", "role": ["readable"], "notes": "made by"}).json()
    assert len(posted["_id"]) == 24
    assert subjects(admin)[0]["accessToken"]


def test_a_subject_is_replaced_and_deleted(admin: httpx.Client) -> None:
    posted = admin.post("subjects", json={"name": "a", "roles": ["readable"], "notes": "old"}).json()
    put = admin.put("subjects", json={"_id": posted["_id"], "name": "b", "roles": ["admin"]}).json()
    assert (put["_id"], put["name"]) == (posted["_id"], "b")
    assert "notes" not in put
    assert put["created_at"]
    assert [admin.delete(f"subjects/{posted['_id']}").json() for _ in range(2)] == [{}, {}]
    assert subjects(admin) == []


@pytest.mark.parametrize("what", ["subjects", "roles"])
def test_ids_nobody_could_have_are_refused(admin: httpx.Client, what: str) -> None:
    missing, malformed = admin.put(what, json={"name": "a"}), admin.put(what, json={"_id": "x", "name": "a"})
    assert missing.json() == {"status": 500, "message": "Mongo Error", "description": "Missing _id for update"}
    assert malformed.json() == {"status": 500, "message": "Mongo Error", "description": "Invalid _id format: x"}
    assert admin.delete(f"{what}/x").json() == {"status": 500, "message": "Mongo Error", "description": {}}


def test_a_token_is_exchanged_for_a_web_token(site: Site, admin: httpx.Client) -> None:
    admin.post("subjects", json={"name": "Test Reader!", "roles": ["readable", "nobody-knows"]})
    token = subjects(admin)[0]["accessToken"]
    got = site.client().get(f"/api/v2/authorization/request/{token}").json()
    assert got.keys() == {"token", "sub", "permissionGroups", "iat", "exp"}
    assert (got["sub"], got["permissionGroups"]) == ("Test Reader!", [["*:*:read"], [], []])
    assert (got["iat"], got["exp"]) == (START_MS // 1000, START_MS // 1000 + 28_800)
    renewed = site.client(api_secret="wrong").get(f"/api/v2/authorization/request/{got['token']}").json()
    assert renewed["sub"] == "Test Reader!"


@pytest.mark.parametrize("unknown", ["x-0000000000000000", "x", "a.b.c"])
def test_an_unknown_token_is_exchanged_for_nothing(site: Site, unknown: str) -> None:
    answer = site.client().get(f"/api/v2/authorization/request/{unknown}")
    assert answer.status_code == 401
    assert answer.json() == {"status": 401, "message": "Unauthorized", "description": "Invalid/Missing"}


def test_roles_are_built_in_or_stored(site: Site, admin: httpx.Client) -> None:
    built_in = admin.get("roles").json()
    assert [role["name"] for role in built_in] == [
        "activity", "admin", "careportal", "denied", "devicestatus-upload", "readable", "status-only"
    ]  # fmt: skip
    assert not [role for role in built_in if "_id" in role]
    posted = admin.post("roles", json={"name": "school", "permissions": "api:entries:read", "notes": ""}).json()
    admin.post("subjects", json={"name": "nurse", "roles": ["school"]})
    nurse = site.client(api_secret=str(subjects(admin)[0]["accessToken"]))
    assert nurse.get("/api/v1/entries.json").status_code == 200
    assert nurse.get("/api/v1/treatments").status_code == 401
    admin.put("roles", json={"_id": posted["_id"], "name": "school", "permissions": ["api:treatments:read"]})
    assert nurse.get("/api/v1/treatments").status_code == 200
    assert admin.delete(f"roles/{posted['_id']}").json() == {}
    assert nurse.get("/api/v1/treatments").status_code == 401


def test_permissions_are_listed_and_nested(admin: httpx.Client) -> None:
    known = admin.get("permissions").json()
    assert known == sorted(known)
    assert {"api:entries:read", "admin:api:subjects:create", "notifications:loop:push"} <= {*known}
    trie = admin.get("permissions/trie").json()["data"]
    assert trie["api"]["treatments"]["create"] == {"*": {}}


def test_a_permission_can_be_asked_for(site: Site, site_with: Callable[..., Site]) -> None:
    path = "/api/v2/authorization/debug/check"
    assert site.owner.get(f"{path}/api:anything:create").json() == {"check": True}
    assert site.client().get(f"{path}/api:entries:read").status_code == 401
    open_site = site_with(AUTH_DEFAULT_ROLES="readable")
    assert open_site.client().get(f"{path}/api:entries:read").json() == {"check": True}
    assert open_site.client().get(f"{path}/api:entries:create").status_code == 401


@pytest.mark.parametrize(("method", "path"), [
    ("GET", "permissions"), ("GET", "permissions/trie"), ("GET", "subjects"), ("POST", "subjects"), ("PUT", "subjects"),
    ("DELETE", f"subjects/{HEX}"), ("GET", "roles"), ("POST", "roles"), ("PUT", "roles"), ("DELETE", f"roles/{HEX}"),
])  # fmt: skip
def test_only_who_may_everything_administers(site_with: Callable[..., Site], method: str, path: str) -> None:
    site = site_with(AUTH_DEFAULT_ROLES="status-only careportal")
    answer = site.client().request(method, f"/api/v2/authorization/{path}", json={"name": "x", "roles": ["admin"]})
    assert answer.status_code == 401
    assert site.owner.get("/api/v2/authorization/subjects").json() == []

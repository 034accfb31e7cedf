"""Clients try their credentials before they trust them."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.compat.conftest import SECRET_DIGEST, Site


def verified(site: Site, **headers: str) -> dict[str, object]:
    answer = site.client(**headers).get("/api/v1/verifyauth")
    assert answer.status_code == answer.json()["status"] == 200
    message: dict[str, object] = answer.json()["message"]
    return message


def flags(read: bool, write: bool, admin: bool) -> dict[str, bool]:
    return {"canRead": read, "canWrite": write, "isAdmin": admin}


def test_the_secret_may_do_everything(site: Site) -> None:
    assert verified(site, api_secret=SECRET_DIGEST) == flags(True, True, True) | {
        "message": "OK", "rolefound": "NOTFOUND", "permissions": "ROLE"
    }  # fmt: skip


def test_nobody_has_the_default_roles(site: Site, site_with: Callable[..., Site]) -> None:
    expected = {"message": "UNAUTHORIZED", "rolefound": "NOTFOUND", "permissions": "DEFAULT"}
    assert verified(site) == flags(False, False, False) | expected
    assert verified(site_with(AUTH_DEFAULT_ROLES="readable")) == flags(True, False, False) | expected


def test_a_bad_secret_may_nothing_and_is_told_so_with_200(site_with: Callable[..., Site]) -> None:
    assert verified(site_with(AUTH_DEFAULT_ROLES="readable"), api_secret="wrong") == flags(False, False, False) | {
        "message": "UNAUTHORIZED", "rolefound": "NOTFOUND", "permissions": "ROLE"
    }  # fmt: skip


def test_a_subject_is_found(site: Site) -> None:
    site.owner.post("/api/v2/authorization/subjects", json={"name": "reader", "roles": ["readable"]})
    [subject] = site.owner.get("/api/v2/authorization/subjects").json()
    assert verified(site, api_secret=subject["accessToken"]) == flags(True, False, False) | {
        "message": "OK", "rolefound": "FOUND", "permissions": "ROLE"
    }  # fmt: skip


@pytest.mark.parametrize("version", ["v1", "v2"])
def test_the_experiment_succeeds_for_who_may_everything(site: Site, version: str) -> None:
    path = f"/api/{version}/experiments/test"
    assert site.owner.get(path).json() == {"status": "ok"}
    assert site.client().get(path).status_code == 401
    assert site.client(api_secret="wrong").get(path).status_code == 401

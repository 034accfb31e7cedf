"""Notices for administrators over v1: their number for anybody, their words for administrators."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx

from tests.clocks import START_MS, SettableClock
from tests.compat.conftest import SECRET_DIGEST, Site


def notices(client: httpx.Client, version: str = "v1") -> dict[str, Any]:
    answer = client.get(f"/api/{version}/adminnotifies")
    body = answer.json()
    assert (answer.status_code, body["status"], body.keys()) == (200, 200, {"status", "message"})
    message: dict[str, Any] = body["message"]
    return message


def test_a_quiet_site_has_none(site: Site) -> None:
    assert notices(site.owner) == notices(site.client()) == {"notifies": [], "notifyCount": 0}


def test_failed_credentials_are_counted(site: Site, clock: SettableClock) -> None:
    wrong = site.client(api_secret="wrong", X_Forwarded_For="203.0.113.5")
    for _ in range(3):
        wrong.get("/api/v1/entries.json")
        clock.advance(s=30)
    site.client(Authorization="Bearer wrong").get("/api/v2/treatments")
    found = notices(site.owner)
    [notice] = found["notifies"]
    assert found["notifyCount"] == 1
    assert notice.keys() == {"title", "message", "count", "lastRecorded"}
    assert (notice["title"], notice["count"], notice["lastRecorded"]) == (
        "Failed authentication",
        4,
        START_MS + 90_000,
    )


def test_notices_name_no_address_and_no_credential(site: Site) -> None:
    site.client(X_Forwarded_For="203.0.113.5").get("/api/v1/entries.json?secret=a-secret-of-somebody")
    told = site.owner.get("/api/v1/adminnotifies").text
    assert "Failed authentication" in told
    assert "203.0.113.5" not in told
    assert "a-secret-of-somebody" not in told


def test_good_and_absent_credentials_are_no_failure(site: Site) -> None:
    site.owner.get("/api/v1/entries.json")
    site.client().get("/api/v1/entries.json")
    site.client().get("/api/v1/entries.json?token=unknown-0123456789abcdef")
    assert notices(site.owner)["notifyCount"] == 0


def test_who_may_not_administer_learns_their_number_alone(site: Site) -> None:
    site.client(api_secret="wrong").get("/api/v1/entries.json")
    for role, sees in (("readable", 0), ("admin", 1)):
        site.owner.post("/api/v2/authorization/subjects", json={"name": role, "roles": [role]})
        subjects = {one["name"]: one["accessToken"] for one in site.owner.get("/api/v2/authorization/subjects").json()}
        found = notices(site.client(api_secret=subjects[role]))
        assert (len(found["notifies"]), found["notifyCount"]) == (sees, 1)
    assert notices(site.client()) == notices(site.client(), "v2") == {"notifies": [], "notifyCount": 1}


def test_who_asks_with_a_bad_credential_is_told_the_number_and_counted(site: Site) -> None:
    wrong = site.client(api_secret="wrong")
    assert notices(wrong) == {"notifies": [], "notifyCount": 1}
    wrong.get("/api/v1/adminnotifies")
    assert notices(site.owner)["notifies"][0]["count"] == 2


def test_a_site_the_world_can_read_has_a_notice_that_stays(
    site_with: Callable[..., Site], clock: SettableClock
) -> None:
    site = site_with(AUTH_DEFAULT_ROLES="readable")
    site.client(api_secret="wrong").get("/api/v1/entries.json")
    titles = [notice["title"] for notice in notices(site.client(api_secret=SECRET_DIGEST))["notifies"]]
    assert titles == ["Nightscout readable by world", "Failed authentication"]
    clock.advance(hours=8)
    [notice] = notices(site.owner)["notifies"]
    assert (notice["persistent"], notice["count"], notice["lastRecorded"]) == (True, 1, START_MS)
    assert notices(site.client()) == {"notifies": [], "notifyCount": 1}


def test_where_they_are_off_there_are_none(site_with: Callable[..., Site]) -> None:
    site = site_with(AUTH_DEFAULT_ROLES="readable", ADMIN_NOTIFIES_ENABLED="false")
    site.client(api_secret="wrong").get("/api/v1/entries.json")
    assert notices(site.owner) == {"notifies": [], "notifyCount": 0}

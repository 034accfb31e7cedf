"""LoopFollow and LoopCaregiver: a subject of their own, a token computed on the phone, pages of five thousand."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha1

import httpx
import pytest

from tests.clocks import START_MS
from tests.compat.clients.conftest import token_of
from tests.compat.conftest import SECRET_DIGEST, Site
from tests.compat.reading_present import only_plain_numbers
from tests.live.uploads import done

SUBJECTS = "/api/v2/authorization/subjects"
BOLUS = {"eventType": "Remote Bolus Entry", "remoteBolus": "1.25", "otp": "482913", "notes": "", "enteredBy": "Mum"}


@pytest.mark.quirk("?token= with nothing behind it is no credential")
def test_an_empty_token_means_none(five_readings: Site, site_with: Callable[..., Site]) -> None:
    client = site_with(AUTH_DEFAULT_ROLES="readable").client()
    assert client.get("/api/v1/status.json?token=").json()["authorized"] is None
    query = f"token=&count=2880&find[date][$gte]={START_MS - 10**9}&find[type][$ne]=cal"
    shown = client.get(f"/api/v1/entries.json?{query}").json()
    assert len(shown) == 5
    assert all(isinstance(one["sgv"], int) and isinstance(one["date"], int) for one in shown)


@pytest.mark.parametrize(("secret", "status"), [(SECRET_DIGEST, 200), ("0" * 40, 401)])
def test_the_list_of_subjects_tells_whether_the_secret_is_right(site: Site, secret: str, status: int) -> None:
    assert site.client(api_secret=secret).get(SUBJECTS).status_code == status


def test_the_token_it_computes_is_good_at_once(site: Site) -> None:
    posted = site.owner.post(SUBJECTS, json={"name": "LoopFollow", "roles": ["readable"]}).json()
    subject = posted[0] if isinstance(posted, list) else posted
    token = "loopfollow-" + sha1((SECRET_DIGEST + subject["_id"]).encode()).hexdigest()[:16]
    status = site.client().get(f"/api/v1/status.json?token={token}").json()
    assert status["authorized"]["permissionGroups"][0] == ["*:*:read"]
    assert site.client().get(f"/api/v1/entries.json?token={token}&count=1").status_code == 200


def test_a_subject_of_its_name_is_used_again_through_the_list(site: Site) -> None:
    for name in ("LoopFollow", "Nurse"):
        site.owner.post(SUBJECTS, json={"name": name, "roles": ["readable"]})
    own = {one["name"]: one["accessToken"] for one in site.owner.get(SUBJECTS).json()}["LoopFollow"]
    assert own.startswith("loopfollow-")
    assert site.client().get(f"/api/v1/entries.json?token={own}").status_code == 200


def test_readings_by_their_text_and_every_one_has_a_number(five_readings: Site, token: str) -> None:
    five_readings.entries.save([{"type": "mbg", "mbg": 131, "date": START_MS - 1000, "dateString": START_MS - 1000}])
    query = f"token={token}&count=1000&find[dateString][$gte]=2026-11-21T09:55:00.000Z"
    shown = five_readings.client().get(f"/api/v1/entries.json?{query}").json()
    assert [one.get("sgv") or one.get("mbg") or one.get("glucose") for one in shown] == [120, 131, 119]
    assert all(type(one["date"]) is int for one in shown)


@pytest.mark.parametrize("until", ["$lte", "$lt"])
def test_two_days_of_treatments_come_whole(site: Site, token: str, until: str) -> None:
    site.treatments.save(
        [done(n, "SMB", insulin=0.1, id=f"i{n}", timestamp="2026-11-21T09:00:00Z") for n in range(1500)]
    )
    window = f"find[created_at][$gte]=2026-11-19T10:00:00.000Z&find[created_at][{until}]=2026-11-21T11:00:00.000Z"
    shown = site.client().get(f"/api/v1/treatments.json?token={token}&{window}&count=5000").json()
    assert len({one["id"] for one in shown}) == 1500
    assert all(isinstance(one["timestamp"], str) and isinstance(one["eventType"], str) for one in shown)


@pytest.mark.parametrize("event_type", ["Site Change", "Sensor Start", "Sensor Change", "Insulin Change"])
def test_ages_are_asked_for_one_by_one_with_a_blank(site: Site, token: str, event_type: str) -> None:
    site.treatments.save([done(60 * n, event_type) for n in (30, 50)] + [done(10, "Note")])
    window = "find[created_at][$gte]=2026-11-11T10:00:00.000Z&find[created_at][$lte]=2026-11-21T11:00:00.000Z"
    query = f"token={token}&find[eventType]={event_type}&{window}&count=1"
    shown = site.client().get(f"/api/v1/treatments.json?{query}").json()
    assert [one["created_at"] for one in shown] == ["2026-11-20T04:00:00.000Z"]


def test_the_newest_profile_until_a_time(site: Site, token: str) -> None:
    for day in (1, 15, 22):
        site.profiles.save([{"startDate": f"2026-11-{day:02d}T00:00:00.000Z", "defaultProfile": "d", "store": {}}])
    query = f"token={token}&count=1&find[startDate][$lte]=2026-11-21T10:00:00Z"
    [shown] = site.client().get(f"/api/v1/profiles.json?{query}").json()
    assert shown["startDate"] == "2026-11-15T00:00:00.000Z"


@pytest.mark.quirk("a pump that is null is left out")
def test_a_pump_that_is_null_would_crash_it(site: Site, token: str) -> None:
    site.device_status.save([{"device": "d", "created_at": START_MS, "pump": None, "uploader": {"battery": 5}}])
    [shown] = site.client().get(f"/api/v1/devicestatus.json?token={token}&count=1").json()
    assert "pump" not in shown
    assert shown["uploader"] == {"battery": 5}


def test_the_size_of_the_database(site: Site, token: str) -> None:
    answer = site.client().get(f"/api/v2/properties/dbsize?token={token}")
    only_plain_numbers(answer.text)
    size = answer.json()["dbsize"]
    assert {"totalDataSize", "dataPercentage", "details"} <= size.keys()
    assert type(size["dataPercentage"]) is int


def test_its_web_token_from_the_status_opens_remote_commands(site: Site) -> None:
    permissions = ["*:*:read", "notifications:loop:push"]
    site.owner.post("/api/v2/authorization/roles", json={"name": "caregiver", "permissions": permissions})
    site.owner.post(SUBJECTS, json={"name": "LoopFollow", "roles": ["caregiver"]})
    token = site.owner.get(SUBJECTS).json()[0]["accessToken"]
    authorized = site.client().get(f"/api/v1/status.json?token={token}").json()["authorized"]
    assert authorized["permissionGroups"] == [permissions, []]
    answer = commanded(site.client(Authorization=f"Bearer {authorized['token']}"))
    assert (answer.status_code, answer.text) == (500, "Loop notification failed: LOOP_APNS_KEY not set.")


def test_who_may_only_read_gives_no_commands(site: Site) -> None:
    token = token_of(site)
    web_token = site.client().get(f"/api/v1/status.json?token={token}").json()["authorized"]["token"]
    for client in (site.client(Authorization=f"Bearer {web_token}"), site.client()):
        assert commanded(client).status_code == 401


def test_loopcaregiver_commands_with_the_hashed_secret(site: Site) -> None:
    answer = commanded(site.client(api_secret=SECRET_DIGEST, Accept="application/json"))
    assert (answer.status_code, answer.text) == (500, "Loop notification failed: LOOP_APNS_KEY not set.")
    assert commanded(site.client(api_secret="0" * 40)).status_code == 401


def test_loopcaregiver_reads_pages_of_5760(loops: Site) -> None:
    loops.treatments.save([done(5 * n, "Temp Basal", rate=0.5, duration=5) for n in range(1, 400)])
    client = loops.client(api_secret=SECRET_DIGEST, Accept="application/json", Content_Type="application/json")
    window = "find[created_at][$gte]=2026-11-19T10:00:00Z&find[created_at][$lte]=2026-11-21T10:00:00Z&count=5760"
    assert len(client.get(f"/api/v1/treatments?{window}").json()) == 399
    [status] = client.get(f"/api/v1/devicestatus?{window}").json()
    assert {type(status[name]) for name in ("_id", "created_at", "device")} == {str}
    current = client.get("/api/v1/profile/current").json()
    assert {"_id", "startDate", "units", "store"} <= current.keys()


def commanded(client: httpx.Client) -> httpx.Response:
    return client.post("/api/v2/notifications/loop", json=BOLUS, headers={"Content-Type": "application/json"})

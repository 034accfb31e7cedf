"""The OpenAPS rig: curl, odd queries, ISO text in a conditional header."""

from __future__ import annotations

import re

import httpx
import pytest

from tests.clocks import START_MS
from tests.compat.conftest import SECRET_DIGEST, Site


@pytest.fixture
def rig(site: Site) -> httpx.Client:
    client = site.client(api_secret=SECRET_DIGEST, Accept="*/*")
    client.base_url = httpx.URL(f"{site.url}/api/v1/")
    return client


def treatment(at: str, **more: object) -> dict[str, object]:
    return {"eventType": "Note", "created_at": at, "enteredBy": "openaps://rig"} | more


@pytest.mark.parametrize("path", ["status.json?", "entries/sgv.json?count=3", "profile/current", "treatments.json?"])
def test_reports_with_and_without_a_query(rig: httpx.Client, path: str) -> None:
    assert rig.get(path).status_code == 200


@pytest.mark.quirk("?? before a query is one ?")
def test_its_own_newest_treatment_by_pattern_after_two_question_marks(site: Site, rig: httpx.Client) -> None:
    site.treatments.save([treatment("2026-11-21T09:00:00Z"), treatment("2026-11-21T09:30:00Z", enteredBy="mum")])
    shown = rig.get("treatments.json??find[enteredBy]=/openaps:\\/\\//&count=1").json()
    assert [one["enteredBy"] for one in shown] == ["openaps://rig"]


@pytest.mark.quirk("a bare + in the offset of a date is understood")
def test_temp_targets_since_a_minute_with_a_bare_plus(site: Site, rig: httpx.Client) -> None:
    site.treatments.save([treatment("2026-11-21T00:11:00Z", eventType="Temporary Target", duration=30),
                          treatment("2026-11-21T00:10:59Z", eventType="Temporary Target", duration=20)])  # fmt: skip
    shown = rig.get(
        "treatments.json?find[created_at][$gte]=2026-11-21T00:11+00:00&find[eventType]=Temporary+Target"
    ).json()
    assert [one["duration"] for one in shown] == [30]


def test_carb_history(site: Site, rig: httpx.Client) -> None:
    site.treatments.save([treatment("2026-11-21T09:00:00Z", carbs=20), treatment("2026-11-21T09:30:00Z")])
    shown = rig.get("treatments.json?find[created_at][$gte]=2026-11-21T00:00&find[carbs][$exists]=true").json()
    assert [one["carbs"] for one in shown] == [20]


def test_autotune_takes_a_day_at_a_time(five_readings: Site, rig: httpx.Client) -> None:
    day = f"find%5Bdate%5D%5B%24gte%5D={START_MS - 86_400_000}&find%5Bdate%5D%5B%24lte%5D={START_MS}&count=1500"
    assert len(rig.get(f"entries/sgv.json?{day}").json()) == 5
    five_readings.treatments.save([treatment("2026-11-21T09:00:00Z")])
    at = "find%5Bcreated_at%5D%5B%24"
    day = f"{at}gte%5D=2026-11-21T06:00+00:00&{at}lte%5D=2026-11-22T06:00+00:00"
    assert len(rig.get(f"treatments.json?{day}").json()) == 1
    assert len(rig.get("entries.json?find[type][$eq]=sgv").json()) == 5
    assert len(rig.get(f"entries.json?find[date][$gte]={START_MS - 300_000}&count=1000").json()) == 2


def test_unchanged_readings_are_not_sent_again(five_readings: Site, rig: httpx.Client) -> None:
    fresh = rig.get("entries/sgv.json?count=36", headers={"If-Modified-Since": "2026-11-21T09:55:00.000Z"})
    assert len(fresh.json()) == 5
    same = rig.get("entries/sgv.json?count=36", headers={"If-Modified-Since": "2026-11-21T10:00:00.000Z"})
    assert (same.status_code, same.content) == (304, b"")


def test_uploads_with_and_without_a_suffix(site: Site, rig: httpx.Client) -> None:
    reading = {
        "type": "sgv",
        "sgv": 117,
        "glucose": 117,
        "date": START_MS,
        "dateString": "2026-11-21T11:00:00+01:00",
        "device": "openaps://rig",
    }
    status = {
        "device": "openaps://rig",
        "created_at": "2026-11-21T10:00:00.000Z",
        "uploader": {},
        "openaps": {"iob": {"iob": 0.5, "time": "2026-11-21T09:59:00Z"}, "suggested": {"mills": START_MS, "bg": 117}},
    }
    for path, sent in (
        ("entries.json", [reading]),
        ("entries", [reading]),
        ("treatments.json", [treatment("2026-11-21T09:00:00+01:00")]),
        ("devicestatus.json", [status]),
    ):
        answer = rig.post(path, json=sent)
        assert answer.status_code == 200
        assert re.fullmatch("[0-9a-f]{24}", answer.json()[0]["_id"])
    assert (site.entries.count(), site.treatments.count(), site.device_status.count()) == (1, 1, 1)


def test_an_old_rigs_list_of_iob_stays_a_list(site: Site, rig: httpx.Client) -> None:
    rig.post("devicestatus.json", json=[{"device": "openaps://old", "openaps": {"iob": [{"iob": 0.5}]}}])
    assert rig.get("devicestatus.json").json()[0]["openaps"]["iob"] == [{"iob": 0.5}]


def test_its_profile_goes_back_with_texts(site: Site, rig: httpx.Client) -> None:
    site.profiles.save(
        [{"defaultProfile": "Default", "startDate": "2026-11-20T00:00:00.000Z", "store": {"Default": {}}}]
    )
    profile = rig.get("profile/current").json()
    del profile["_id"]
    profile["store"]["OpenAPS Autosync"] = {"basal": [{"time": "00:00", "value": "0.85"}]}
    profile["startDate"] = "2026-11-21T00:00:00.000Z"
    assert rig.post("profile", json=profile).status_code == 200
    assert rig.get("profile/current").json()["store"] == profile["store"]


def test_doubles_are_found_by_their_exact_time_and_deleted(site: Site, rig: httpx.Client) -> None:
    at = "2026-11-21T09:00:00.000Z"
    site.house.store.collection("treatments").insert_many([treatment(at), treatment(at)])
    shown = rig.get(f"treatments.json?count=10&find[created_at]={at}").json()
    assert len(shown) == 2
    assert rig.delete(f"treatments/{shown[0]['_id']}").status_code == 200
    assert site.treatments.count() == 1


def test_old_device_status_are_swept_by_a_bare_date(site: Site, rig: httpx.Client) -> None:
    site.device_status.save([{"created_at": f"20{year}-06-01T00:00:00Z"} for year in (24, 25, 26)])
    answer = rig.delete("devicestatus.json?find[created_at][$lte]=2026-01-01&count=100000")
    assert answer.json()["deletedCount"] == 2


def test_its_token_is_exchanged(site: Site, token: str) -> None:
    assert re.fullmatch("[a-z0-9_]+-[a-z0-9]{16}", token)
    got = site.client().get(f"/api/v2/authorization/request/{token}").json()
    assert isinstance(got["exp"], int)
    assert isinstance(got["permissionGroups"][0], list)
    assert site.client(api_secret=f"token={token}").get("/api/v1/entries.json").status_code == 200


def test_a_snooze_counts_in_seconds(rig: httpx.Client) -> None:
    """The rig looks for its own snoozes of the last minutes, by the second they began in."""
    snooze = {"date": START_MS // 1000, "device": "openaps://rig", "snooze": "carbsReq"}
    assert rig.post("devicestatus.json", json=snooze).status_code == 200
    [shown] = rig.get("devicestatus.json?count=100").json()
    assert {name: shown[name] for name in snooze} == snooze
    assert type(shown["date"]) is int
    assert shown["created_at"] == "2026-11-21T10:00:00.000Z"


def test_it_says_so_by_its_exit_code_alone_when_an_upload_is_refused(site: Site) -> None:
    """Its upload of entries garbles the header with the secret: nothing arrives, and nothing may break."""
    client = site.client(Accept="*/*", Content_Type="application/json")
    answer = client.post("/api/v1/entries.json", content=b'[{"type":"sgv","sgv":1,"date":1}]')
    assert answer.status_code == 401
    assert answer.json()["message"] == "Unauthorized"
    assert site.entries.count() == 0


def test_a_token_in_the_query_uploads(site: Site) -> None:
    permissions = [f"api:{name}:{act}" for name in ("treatments", "devicestatus") for act in ("read", "create")]
    site.owner.post("/api/v2/authorization/roles", json={"name": "oref0rig", "permissions": permissions})
    site.owner.post("/api/v2/authorization/subjects", json={"name": "rig", "roles": ["oref0rig"]})
    token = site.owner.get("/api/v2/authorization/subjects").json()[0]["accessToken"]
    client = site.client(Accept="*/*", Content_Type="application/json")
    got = client.get(f"/api/v2/authorization/request/{token}").json()
    assert set(permissions) <= set(got["permissionGroups"][0])
    for path, status in (("treatments.json", 200), ("devicestatus.json", 200), ("entries.json", 401)):
        assert client.post(f"/api/v1/{path}?token={token}", content=b"[{}]").status_code == status


def test_temp_basals_come_again_with_the_next_upload(site: Site, rig: httpx.Client) -> None:
    """The rig sends what it culled since its own newest treatment, which it has sent before."""
    at = "2026-11-21T09:00:00+01:00"
    said = {"timestamp": at, "medtronic": "mm://openaps/mm-format-ns-treatments/Temp Basal"}
    basal = treatment(at, eventType="Temp Basal", rate=0.5, absolute=0.5, duration=30, **said)
    ids = {rig.post("treatments.json", json=[basal]).json()[0]["_id"] for _ in range(3)}
    assert len(ids) == 1
    [shown] = rig.get("treatments.json").json()
    assert (shown["created_at"], shown["timestamp"], shown["utcOffset"]) == (
        "2026-11-21T08:00:00.000Z", basal["timestamp"], 60,
    )  # fmt: skip
    assert shown["medtronic"] == basal["medtronic"]

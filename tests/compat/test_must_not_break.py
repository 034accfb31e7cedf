"""What real apps count on, one check for each point: if one of these fails, somebody's app stops working."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Callable
from hashlib import sha1, sha512
from typing import Any

import httpx
import pytest

from tests.clocks import START_MS
from tests.compat.conftest import NOW_ISO, SECRET_DIGEST, Site
from tests.conftest import API_SECRET

HEX = "6f1d0c2ab7e94e3f8a5d1c20"
UUID = "3f2504e0-4f89-41d3-9a0c-0305e82c3301"
READING = {"type": "sgv", "sgv": 117, "date": START_MS, "dateString": NOW_ISO, "direction": "Flat", "device": "x"}
NOTE = {"eventType": "Note", "created_at": "2026-11-21T09:00:00.000Z", "notes": "n", "enteredBy": "mum"}


@pytest.fixture
def filled(site: Site, api: httpx.Client) -> httpx.Client:
    site.entries.save([READING])
    site.treatments.save([NOTE])
    site.device_status.save([{"device": "d", "created_at": NOW_ISO}])
    site.profiles.save([{"startDate": "2026-11-20T00:00:00.000Z", "defaultProfile": "D", "store": {"D": {}}}])
    return api


def test_every_successful_write_is_200(site: Site, api: httpx.Client) -> None:
    answers = [
        api.post("entries", json=[READING]),
        api.post("treatments", json=NOTE),
        api.put("treatments", json=NOTE | {"_id": HEX}),
        api.post("devicestatus", json={}),
        api.post("profile", json={"startDate": "2026"}),
        api.put("profile", json={"startDate": "2026", "_id": HEX}),
        api.delete(f"treatments/{HEX}"),
        api.delete("treatments?find[notes]=n"),
        api.delete("entries?find[sgv]=117"),
        api.delete("devicestatus/*"),
        api.delete(f"profile/{HEX}"),
        api.post("food", json={"type": "food"}),
        api.put("food", json={"type": "food", "_id": HEX}),
        api.delete(f"food/{HEX}"),
        api.post("activity", json={"steps": 1}),
        api.put("activity", json={"steps": 1, "_id": HEX}),
        api.delete(f"activity/{HEX}"),
        site.owner.post("/api/v2/authorization/subjects", json={"name": "n", "roles": []}),
        site.owner.post("/api/v2/authorization/roles", json={"name": "n", "permissions": []}),
    ]
    assert [answer.status_code for answer in answers] == [200] * len(answers)


@pytest.mark.parametrize(
    "path",
    ["api/v1/entries.json", "api/v1/treatments", "api/v1/devicestatus", "api/v1/profile", "api/v1/food",
     "api/v1/activity", "api/v1/status.json", "api/v1/experiments/test", "api/v2/properties", "api/v2/summary",
     "api/v2/ddata/at", "api/v2/entries.json", "api/v2/authorization/subjects", "pebble"],
)  # fmt: skip
def test_a_wrong_secret_is_401_even_on_a_readable_site(site_with: Callable[..., Site], path: str) -> None:
    site = site_with(AUTH_DEFAULT_ROLES="readable")
    assert site.client(api_secret="0" * 40).get(f"/{path}").status_code == 401


@pytest.mark.quirk("a secret can be tried at experiments/test")
def test_experiments_test_and_verifyauth_exist(site: Site) -> None:
    for secret, status in ((SECRET_DIGEST, 200), ("wrong", 401), ("", 401)):
        client = site.client(api_secret=secret)
        assert client.get("/api/v1/experiments/test").status_code == status
        verified = client.get("/api/v1/verifyauth")
        assert (verified.status_code, verified.json()["message"]["canRead"]) == (200, status == 200)


@pytest.mark.parametrize("since", ["Sat, 21 Nov 2026 10:00:00 GMT", NOW_ISO])
@pytest.mark.parametrize("path", ["entries.json", "entries/sgv.json", "treatments.json"])
def test_an_unchanged_list_can_be_304(filled: httpx.Client, path: str, since: str) -> None:
    answer = filled.get(path, headers={"If-Modified-Since": since})
    assert (answer.status_code, answer.content) == (304, b"")
    assert filled.get(path).status_code == 200


@pytest.mark.parametrize(
    "path", ["api/v1/entries.json", "api/v1/treatments", "api/v1/status.json", "api/v2/properties", "pebble"]
)
def test_a_numeric_date_header_is_ignored(site: Site, path: str) -> None:
    assert site.owner.get(f"/{path}", headers={"Date": "1768374309123"}).status_code == 200


def test_a_numeric_date_header_is_ignored_when_uploading(api: httpx.Client) -> None:
    assert api.post("entries", json=[READING], headers={"Date": "1768374309123"}).status_code == 200


def test_lists_say_when_they_last_changed(filled: httpx.Client) -> None:
    assert filled.get("entries.json").headers["Last-Modified"] == "Sat, 21 Nov 2026 10:00:00 GMT"
    assert filled.get("treatments").headers["Last-Modified"] == "Sat, 21 Nov 2026 09:00:00 GMT"


@pytest.mark.parametrize(
    "path",
    ["entries", "entries/sgv", "treatments", "devicestatus", "profile", "profiles", "profile/current", "status",
     "food", "activity", "verifyauth", "adminnotifies"],
)  # fmt: skip
def test_json_is_called_json(filled: httpx.Client, path: str) -> None:
    for suffix, accept in ((".json", "*/*"), ("", "application/json"), ("", "application/json, text/plain, */*")):
        answer = filled.get(path + suffix, headers={"Accept": accept})
        assert answer.headers["Content-Type"].split(";")[0] == "application/json"
        answer.json()


@pytest.mark.quirk("entries are text for who does not ask for JSON")
def test_entries_are_text_for_anything_and_all_else_is_json_or_html(filled: httpx.Client) -> None:
    row = f'"{NOW_ISO}"\t{START_MS}\t117\t"Flat"\t"x"'
    for accept in ({"Accept": "*/*"}, {}):
        for path in ("entries", "entries/sgv"):
            assert filled.get(path, headers=accept).text == row
        for path in ("treatments", "devicestatus", "profile", "profile/current", "food", "activity"):
            assert filled.get(path, headers=accept).headers["Content-Type"].startswith("application/json")
        assert filled.get("status", headers=accept).headers["Content-Type"].startswith("text/html")
    assert filled.get("entries.txt").text == filled.get("entries.tsv").text == row
    assert filled.get("entries.csv").text == row.replace("\t", ",")


def test_what_an_entry_lacks_is_an_empty_column(site: Site, api: httpx.Client) -> None:
    site.entries.save([{"type": "cal", "date": START_MS, "slope": 800, "dateString": NOW_ISO}])
    assert api.get("entries").text == f'"{NOW_ISO}"\t{START_MS}\t\t\t'


def test_other_sites_are_let_in_by_the_option_alone(site: Site, site_with: Callable[..., Site]) -> None:
    assert "Access-Control-Allow-Origin" not in site.owner.get("/api/v1/entries.json").headers
    opened = site_with(ENABLE="cors")
    for client, path in ((opened.owner, "v1/entries.json"), (opened.client(), "v1/entries.json"),
                         (opened.owner, "v1/nothing"), (opened.owner, "v1/entries.json?find[$where]=1"),
                         (opened.client(), "v2/properties")):  # fmt: skip
        assert client.get(f"/api/{path}").headers["Access-Control-Allow-Origin"] == "*"
    preflight = opened.client().options("/api/v1/entries.json")
    assert "api-secret" in preflight.headers["Access-Control-Allow-Headers"]
    assert "PATCH" in preflight.headers["Access-Control-Allow-Methods"]


def test_gzip_and_chunks_are_taken_and_we_do_not_pose_as_express(api: httpx.Client) -> None:
    packed = gzip.compress(json.dumps([READING]).encode())
    headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    answer = api.post("entries", content=iter([packed[:9], packed[9:]]), headers=headers)
    assert (answer.status_code, len(answer.json())) == (200, 1)
    assert "X-Powered-By" not in answer.headers


@pytest.mark.parametrize("body", [b"", b"{}"])
def test_a_json_type_without_a_body_is_fine_on_get_and_delete(filled: httpx.Client, body: bytes) -> None:
    headers = {"Content-Type": "application/json"}
    for path in ("profile/current", "entries.json", "status.json", "treatments", "devicestatus", "activity"):
        assert filled.request("GET", path, content=body, headers=headers).status_code == 200
    assert filled.request("DELETE", "treatments?find[notes]=n", content=body, headers=headers).status_code == 200


@pytest.mark.parametrize(
    "path", ["entries.json?find[sgv]=117&count=0", "treatments.json?find[notes]=n", "devicestatus.json?find[device]=d"]
)
def test_a_suffix_on_delete(filled: httpx.Client, path: str) -> None:
    assert filled.delete(path).json()["deletedCount"] == 1


@pytest.mark.quirk("answers to uploads have the length and order of the request")
@pytest.mark.parametrize("path", ["entries", "treatments", "devicestatus", "profile", "food", "activity"])
def test_a_post_answers_each_document_in_order_with_its_id(api: httpx.Client, path: str) -> None:
    sent = [
        {"type": "sgv", "date": START_MS - 60_000 * n, "created_at": START_MS - 60_000 * n, "startDate": "2026", "n": n}
        for n in (3, 1, 2, 1)
    ]
    saved = api.post(path, json=sent).json()
    assert [one["n"] for one in saved] == [3, 1, 2, 1]
    assert all(re.fullmatch("[0-9a-f]{24}", one["_id"]) for one in saved)


@pytest.mark.parametrize("foreign", [HEX, HEX.upper(), UUID, UUID.upper(), "aZ09kLmNoPqRsTuVwXyZ012q"])
def test_foreign_ids_are_accepted_and_ours_are_hex(api: httpx.Client, foreign: str) -> None:
    for path, document in (("entries", READING), ("treatments", NOTE)):
        [saved] = api.post(path, json=[document | {"_id": foreign}]).json()
        assert re.fullmatch("[0-9a-f]{24}", saved["_id"])
        assert (saved["_id"] == foreign.lower()) is (foreign.lower() == HEX)
    if foreign != "aZ09kLmNoPqRsTuVwXyZ012q":
        assert len(api.get(f"treatments?find[_id]={foreign}").json()) == 1
    assert api.delete(f"treatments/{foreign}").json()["deletedCount"] == 1


def test_a_repeat_replaces_but_device_status_adds(api: httpx.Client) -> None:
    for n in range(2):
        api.post("treatments", json=NOTE | {"notes": f"n{n}"})
        api.post("entries", json=READING | {"sgv": 100 + n})
        api.post("devicestatus", json={"device": "d", "created_at": NOW_ISO})
    assert [one["notes"] for one in api.get("treatments").json()] == ["n1"]
    assert [one["sgv"] for one in api.get("entries.json").json()] == [101]
    assert len(api.get("devicestatus").json()) == 2


def test_times_are_utc_with_milliseconds_and_keep_their_offset(api: httpx.Client) -> None:
    [by_event_time] = api.post(
        "treatments", json={"eventType": "Note", "eventTime": "2026-11-21T09:00:00+01:00"}
    ).json()
    [now] = api.post("treatments", json={"eventType": "Other"}).json()
    [entry] = api.post("entries", json=READING | {"dateString": "2026-11-21T10:00:00.000+0100"}).json()
    [status] = api.post("devicestatus", json={"created_at": "2026-11-21T10:00:00-05:30"}).json()
    assert (by_event_time["created_at"], by_event_time["utcOffset"]) == ("2026-11-21T08:00:00.000Z", 60)
    assert now["created_at"] == NOW_ISO
    assert (entry["dateString"], entry["utcOffset"]) == ("2026-11-21T09:00:00.000Z", 60)
    assert (status["created_at"], status["utcOffset"]) == ("2026-11-21T15:30:00.000Z", -330)
    written = "2026-11-21T10:00:00+01:00"
    assert api.post("activity", json={"created_at": written}).json()[0]["created_at"] == written
    assert [one["created_at"] for one in api.get("activity").json()] == [written]


UNKNOWN: dict[str, Any] = {
    "syncIdentifier": "s",
    "id": "i",
    "uuid": "u",
    "pumpId": 4102,
    "endId": 4103,
    "pumpSerial": "A",
    "NSCLIENT_ID": 1768374309123,
    "pump_event_id": "7",
    "delta": -1.5,
    "rssi": 100,
    "trendRate": 0.5,
    "absorptionTime": 180,
    "profileJson": '{"a":1}',
    "bolusCalculatorResult": '{"b":2}',
    "loopSettings": {"x": [1, None, True]},
    "mills": "1768374309123",
    "store": {"D": {"carbs_hr": "20", "delay": "20", "basal": [{"time": "00:00", "value": "0.5"}]}},
}


@pytest.mark.parametrize("path", ["entries", "treatments", "devicestatus", "profile", "food", "activity"])
def test_members_nobody_here_knows_come_back_as_they_were(api: httpx.Client, path: str) -> None:
    api.post(path, json=UNKNOWN | {"type": "sgv", "date": START_MS, "created_at": NOW_ISO, "startDate": "2026"})
    [shown] = api.get(f"{path}.json").json()
    assert {name: shown[name] for name in UNKNOWN} == UNKNOWN
    assert [type(shown[name]) for name in UNKNOWN] == [type(value) for value in UNKNOWN.values()]


def test_treatments_have_carbs_and_insulin_and_no_timestamp_of_ours(filled: httpx.Client) -> None:
    [shown] = filled.get("treatments").json()
    assert (shown["carbs"], shown["insulin"]) == (None, None)
    assert "timestamp" not in shown


def test_no_pump_is_null(site: Site, api: httpx.Client) -> None:
    api.post("devicestatus", json={"device": "d", "pump": None})
    site.house.store.collection("devicestatus").insert_one({"device": "old", "pump": None, "created_at": NOW_ISO})
    assert ["pump" in one for one in api.get("devicestatus").json()] == [False, False]


def test_whole_numbers_are_whole_everywhere(api: httpx.Client) -> None:
    headers = {"Content-Type": "application/json"}
    body = b'{"type":"sgv","sgv":117.0,"date":1795255200000.0,"startDate":"2026","deep":[{"n":-3.0}]}'
    for path in ("entries", "treatments", "devicestatus", "profile", "food", "activity"):
        for answer in (api.post(path, content=body, headers=headers), api.get(f"{path}.json"), api.get("status.json")):
            assert not re.search(rb"\d\.0[,}\]]", answer.content), path


def test_profiles_are_the_newest_first_and_current_is_one(site: Site, api: httpx.Client) -> None:
    site.profiles.save(
        [
            {"startDate": f"2026-11-{day}T00:00:00.000Z", "defaultProfile": "D", "store": {"D": {}}}
            for day in (18, 20, 19)
        ]
    )
    for path in ("profile", "profiles"):
        assert [one["startDate"][8:10] for one in api.get(path).json()] == ["20", "19", "18"]
    current = api.get("profile/current").json()
    assert (current["startDate"][8:10], current["defaultProfile"], current["store"]) == ("20", "D", {"D": {}})


@pytest.mark.quirk("status.json has versionNum")
def test_status_says_what_apps_read(site: Site) -> None:
    site.owner.post("/api/v2/authorization/subjects", json={"name": "app", "roles": ["readable"]})
    [subject] = site.owner.get("/api/v2/authorization/subjects").json()
    status = site.client().get(f"/api/v1/status.json?token={subject['accessToken']}").json()
    assert (status["status"], int(status["version"].split(".")[0]) >= 15, status["versionNum"] >= 150_000) == (
        "ok",
        True,
        True,
    )
    assert {"name", "serverTime", "serverTimeEpoch"} <= status.keys()
    assert {"units", "authDefaultRoles"} <= status["settings"].keys()
    assert {"token", "permissionGroups"} <= status["authorized"].keys()


def test_every_kind_of_credential_opens(site: Site) -> None:
    site.owner.post("/api/v2/authorization/subjects", json={"name": "app", "roles": ["readable"]})
    [subject] = site.owner.get("/api/v2/authorization/subjects").json()
    token = subject["accessToken"]
    web_token = site.client().get(f"/api/v2/authorization/request/{token}").json()["token"]
    digests = (SECRET_DIGEST, sha512(API_SECRET.encode()).hexdigest(), sha1(token.encode()).hexdigest())
    for secret in (*digests, token, f"token={token}"):
        assert site.client(api_secret=secret).get("/api/v1/treatments").status_code == 200
    for query in (f"token={token}", f"secret={SECRET_DIGEST}", f"secret={token}"):
        assert site.client().get(f"/api/v1/treatments?{query}").status_code == 200
    for version in ("v1", "v2"):
        assert site.client(Authorization=f"Bearer {web_token}").get(f"/api/{version}/treatments").status_code == 200


def test_a_subject_is_valid_at_once_and_its_token_is_derived(site: Site) -> None:
    posted = site.owner.post("/api/v2/authorization/subjects", json={"name": "My App 2!", "roles": ["readable"]}).json()
    token = "myapp2-" + sha1((SECRET_DIGEST + posted["_id"]).encode()).hexdigest()[:16]
    got = site.client().get(f"/api/v2/authorization/request/{token}").json()
    assert isinstance(got["permissionGroups"][0], list)
    assert {type(got[name]) for name in ("iat", "exp")} == {int}
    assert got["sub"] == "My App 2!"

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


def test_every_successful_write_is_200(api: httpx.Client) -> None:
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
    ]
    assert [answer.status_code for answer in answers] == [200] * len(answers)


@pytest.mark.parametrize(
    "path", ["entries.json", "treatments", "devicestatus", "profile", "status.json", "experiments/test"]
)
def test_a_wrong_secret_is_401_even_on_a_readable_site(site_with: Callable[..., Site], path: str) -> None:
    site = site_with(AUTH_DEFAULT_ROLES="readable")
    assert site.client(api_secret="0" * 40).get(f"/api/v1/{path}").status_code == 401


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


def test_a_numeric_date_header_is_ignored(filled: httpx.Client) -> None:
    assert filled.get("entries.json", headers={"Date": "1768374309123"}).status_code == 200


def test_lists_say_when_they_last_changed(filled: httpx.Client) -> None:
    assert filled.get("entries.json").headers["Last-Modified"] == "Sat, 21 Nov 2026 10:00:00 GMT"
    assert filled.get("treatments").headers["Last-Modified"] == "Sat, 21 Nov 2026 09:00:00 GMT"


@pytest.mark.parametrize(
    "path", ["entries", "entries/sgv", "treatments", "devicestatus", "profile", "profile/current", "status"]
)
def test_json_is_called_json(filled: httpx.Client, path: str) -> None:
    for suffix, accept in ((".json", "*/*"), ("", "application/json"), ("", "application/json, text/plain, */*")):
        answer = filled.get(path + suffix, headers={"Accept": accept})
        assert answer.headers["Content-Type"].split(";")[0] == "application/json"
        answer.json()


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


def test_other_sites_are_let_in_by_the_option_alone(site: Site, site_with: Callable[..., Site]) -> None:
    assert "Access-Control-Allow-Origin" not in site.owner.get("/api/v1/entries.json").headers
    opened = site_with(ENABLE="cors")
    assert opened.client().get("/api/v1/entries.json").headers["Access-Control-Allow-Origin"] == "*"
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
    assert filled.request("GET", "profile/current", content=body, headers=headers).status_code == 200
    assert filled.request("DELETE", "treatments?find[notes]=n", content=body, headers=headers).status_code == 200


@pytest.mark.parametrize(
    "query",
    [
        "find[type][$eq]=sgv",
        "find%5Btype%5D%5B%24eq%5D=sgv",
        "find%5Btype%5D%5B$eq%5D=sgv",
        "?find[type]=sgv",
        "",
        "count=1&",
        "rr=1&ts=2&now=3&sort$desc=x&api_secret=y",
        "token=",
        "token=&count=1",
    ],
)
def test_addresses_come_in_every_spelling(filled: httpx.Client, query: str) -> None:
    for path in ("entries.json", "entries/.json", "entries/sgv.json"):
        assert len(filled.get(f"{path}?{query}").json()) == 1


@pytest.mark.parametrize(
    "query",
    [
        "find[notes][$eq]=n",
        "find[notes][$ne]=x",
        "find[created_at][$gt]=2026-11-21T08:00:00Z",
        "find[created_at][$gte]=2026-11-21",
        "find[created_at][$lt]=2026-11-22",
        "find[created_at][$lte]=2026-11-22",
        "find[notes][$in][]=n&find[notes][$in][]=m",
        "find[notes][$nin][]=x",
        "find[notes][$exists]=true",
        "find[notes][$regex]=^n",
        "find[carbs][$not][$exists]=true",
        "find[$and][0][notes]=n&find[$and][1][enteredBy]=mum",
        "find[$or][0][notes]=x&find[$or][1][notes]=n",
        "find[enteredBy][$ne]=a&find[enteredBy][$ne]=b",
        "find[boluscalc.carbs]=5",
        "find[eventType]=/^No/",
        "find[notes]=/N/i",
        "find[enteredBy]=/mu/",
        "find[uuid]=u",
        "find[id]=i",
        "find[pump_event_id]=p",
        "find[creation_date]=c",
        "find[created_at]=2026-11-21T09:00:00.000Z",
    ],
)
def test_the_query_language(site: Site, api: httpx.Client, query: str) -> None:
    known = {"uuid": "u", "id": "i", "pump_event_id": "p", "creation_date": "c", "boluscalc": {"carbs": "5"}}
    site.treatments.save(
        [NOTE | known, NOTE | {"notes": "x", "created_at": "2026-11-20T12:00:00Z", "eventType": "Other"}]
    )
    found = [one["notes"] for one in api.get(f"treatments?{query}").json()]
    assert "n" in found
    assert api.get(f"treatments?{query}").status_code == 200


@pytest.mark.parametrize("bound", ["2026-11-21T09:00:00Z", "2026-11-21T09:00:00.000Z", "2026-11-21T10:00:00%2B01:00",
                                   "2026-11-21T10:00:00+01:00", "2026-11-21T09:00+00:00"])  # fmt: skip
@pytest.mark.parametrize("operator", ["[$gte]", "[$lte]", "[$eq]", ""])
def test_date_bounds_come_in_every_spelling(filled: httpx.Client, bound: str, operator: str) -> None:
    assert len(filled.get(f"treatments?find[created_at]{operator}={bound}").json()) == 1


@pytest.mark.parametrize("path", ["treatments", "devicestatus", "activity", "entries.json"])
def test_a_date_nobody_can_read_is_the_clients_fault(filled: httpx.Client, path: str) -> None:
    field = "date" if path.startswith("entries") else "created_at"
    assert filled.get(f"{path}?find[{field}][$gte]=yesterday").status_code == 400


@pytest.mark.parametrize(
    ("path", "count"),
    [
        ("entries.json", 10),
        ("entries.json?count=", 10),
        ("devicestatus", 10),
        ("treatments", 100),
        ("treatments?find[eventType]=Note", 105),
        ("entries.json?count=0&find[sgv][$gt]=0", 12),
        ("entries.json?count=4294967296", 12),
        ("treatments?count=100000", 105),
    ],
)
def test_how_many_come(site: Site, api: httpx.Client, path: str, count: int) -> None:
    site.entries.save([READING | {"date": START_MS - n, "dateString": ""} for n in range(12)])
    site.device_status.save([{"device": "d"} for _ in range(12)])
    site.treatments.save([NOTE | {"created_at": START_MS - 1000 * n} for n in range(105)])
    assert len(api.get(path).json()) == count


@pytest.mark.parametrize(
    "path", ["entries.json?find[sgv]=117&count=0", "treatments.json?find[notes]=n", "devicestatus.json?find[device]=d"]
)
def test_a_suffix_on_delete(filled: httpx.Client, path: str) -> None:
    assert filled.delete(path).json()["deletedCount"] == 1


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

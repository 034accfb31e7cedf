"""Activity over v1: its time as it was written, found by its moment."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import pytest

from app.actor import system_actor
from app.records.activity import Activity
from tests.clocks import START_MS, SettableClock
from tests.compat.conftest import NOW_ISO, Site

HEX = "6f1d0c2ab7e94e3f8a5d1c20"


def steps(n: int, at: str = NOW_ISO, **more: object) -> dict[str, object]:
    return {"created_at": at, "steps": n} | more


@pytest.fixture
def activity(site: Site) -> Activity:
    return Activity(site.house.store, site.house.clock, system_actor("test"))


def shown(answer: httpx.Response) -> list[int]:
    assert answer.status_code == 200, answer.text
    return [one["steps"] for one in answer.json()]


def test_posting_answers_a_list_with_ids_and_the_times_as_written(api: httpx.Client) -> None:
    times = ["2026-11-21T10:30:00+01:00", "2026-11-21 09:30:00+00:00", "2026-11-21T09:30:00.123Z"]
    posted = api.post("activity", json=[steps(n, at) for n, at in enumerate(times)]).json()
    assert [one["created_at"] for one in posted] == times
    assert [len(one["_id"]) for one in posted] == [24] * 3
    assert sorted(one["created_at"] for one in api.get("activity").json()) == sorted(times)


def test_a_bare_object_is_answered_with_a_list_and_dated_now(api: httpx.Client) -> None:
    [posted] = api.post("activity.json", json={"steps": 5}).json()
    assert posted["created_at"] == NOW_ISO
    assert api.post("activity", json=[]).json() == []


def test_forms_are_taken_too(api: httpx.Client) -> None:
    [posted] = api.post("activity", data={"steps": "5", "created_at": NOW_ISO}).json()
    assert (posted["steps"], posted["created_at"]) == ("5", NOW_ISO)


def test_sending_again_doubles_nothing(activity: Activity, api: httpx.Client) -> None:
    sent = [steps(5, "2026-11-21T10:30:00+01:00"), steps(6)]
    first, again = (api.post("activity", json=sent).json() for _ in range(2))
    assert first == again
    assert activity.count() == 2


@pytest.mark.quirk("activity has no default count")
def test_all_of_four_days_come_the_newest_first(activity: Activity, api: httpx.Client) -> None:
    activity.save([steps(n, f"2026-11-{n}T09:00:00Z") for n in (17, 21, 19, 18, 20)])
    activity.save([steps(100 + n, f"2026-11-20T10:{n // 60:02d}:{n % 60:02d}Z") for n in range(200)])
    assert shown(api.get("activity.json")) == [21, *range(299, 99, -1), 20, 19, 18]


def test_the_window_is_one_of_moments(activity: Activity, api: httpx.Client) -> None:
    activity.save([steps(1, "2026-11-17T22:30:00+12:00"), steps(2, "2026-11-16T21:30:00-12:00")])
    assert shown(api.get("activity")) == [1]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("count=2", [4, 3]),
        ("count=0", [4, 3, 2, 1]),
        ("count=-3", [4, 3, 2]),
        ("count=100000&find[created_at][$gte]=2026-11-20", [4, 3, 2, 1]),
        ("sort[created_at]=1&count=1", [1]),
        ("sort[steps]=1", [1, 2, 3, 4]),
        ("find[created_at][$gte]=2026-11-21T11:00:00%2B01:00", [4, 3, 2]),
        ("find[created_at][$gte]=2026-11-21T11:00:00+01:00", [4, 3, 2]),
        ("find[created_at][$gte]=2026-11-21T11:00:00+01:00&find[created_at][$lte]=2026-11-21T10:30:00Z", [3, 2]),
        ("find[created_at][$lt]=2026-11-21T05:00:00-05:00", [1]),
        ("find[created_at]=2026-11-21T10:00:00Z", [2]),
        ("find[created_at]=1795255200000", [2]),
        ("find[enteredBy]=Pump (tconnectsync)&find[activityType]=tconnect_iob", [3]),
        ("find[type]=steps-total", [4]),
        ("find[profilePlugin][$ne]=x&count=3", [4, 3, 2]),
        ("find[$or][0][created_at][$lt]=2026-11-21T10:00:00Z&find[$or][1][type]=steps-total", [4, 1]),
        ("find[created_at][$gte]=2026-11-21T12:00:00Z", []),
    ],
)
def test_filters(activity: Activity, api: httpx.Client, query: str, expected: list[int]) -> None:
    activity.save(
        [
            steps(1, "2026-11-20T21:30:00-12:00"),
            steps(2, "2026-11-21T11:00:00+01:00"),
            steps(3, "2026-11-21T22:30:00+12:00", enteredBy="Pump (tconnectsync)", activityType="tconnect_iob"),
            steps(4, "2026-11-21T11:00:00Z", type="steps-total"),
        ]
    )
    assert shown(api.get(f"activity?{query}")) == expected


@pytest.mark.parametrize(
    "query", ["find[created_at][$gte]=yesterday", "find[$where]=1", "sort[created_at]=x", "find=1"]
)
def test_what_nobody_understands_is_refused(api: httpx.Client, query: str) -> None:
    assert api.get(f"activity?{query}").status_code == 400


def test_the_newest_moment_dates_the_answer(activity: Activity, api: httpx.Client) -> None:
    activity.save([steps(1, "2026-11-20T21:30:00-12:00"), steps(2, "2026-11-21T11:00:00+01:00")])
    for query in ("", "?sort[created_at]=1"):
        assert api.get(f"activity{query}").headers["Last-Modified"] == "Sat, 21 Nov 2026 10:00:00 GMT"
    for since in ("Sat, 21 Nov 2026 10:00:00 GMT", "2026-11-21T11:00:00+01:00"):
        answer = api.get("activity", headers={"If-Modified-Since": since})
        assert (answer.status_code, answer.content) == (304, b"")
    assert api.get("activity", headers={"If-Modified-Since": "2026-11-21T09:59:59Z"}).status_code == 200


def test_nothing_is_never_unchanged_since(api: httpx.Client) -> None:
    answer = api.get("activity", headers={"If-Modified-Since": "Sat, 21 Nov 2026 10:00:00 GMT"})
    assert (answer.status_code, answer.json()) == (200, [])
    assert "Last-Modified" not in answer.headers


def test_putting_answers_the_object_and_replaces_by_id(activity: Activity, api: httpx.Client) -> None:
    activity.save([steps(5, _id=HEX, device="watch")])
    put = api.put("activity", json=steps(6, "2026-11-21T11:00:00+01:00", _id=HEX)).json()
    assert put == {"_id": HEX, "steps": 6, "created_at": "2026-11-21T11:00:00+01:00"}
    [kept] = api.get("activity").json()
    assert "device" not in kept
    assert len(api.put("activity", json=steps(7)).json()["_id"]) == 24
    assert api.put("activity", json=[steps(8)]).status_code == 400


def test_deleting_answers_an_empty_object(activity: Activity, api: httpx.Client) -> None:
    activity.save([steps(5, _id=HEX), steps(6)])
    assert [api.delete(f"activity/{HEX}").json() for _ in range(2)] == [{}, {}]
    assert shown(api.get("activity")) == [6]
    answer = api.delete("activity/*")
    assert (answer.status_code, answer.json()["description"]) == (400, "Must be 24-character hex string. Got: *")
    assert api.delete("activity?find[steps]=6").status_code == 404
    assert activity.count() == 1


def test_what_the_original_stored_with_its_id_as_text_can_be_deleted(site: Site, api: httpx.Client) -> None:
    site.house.store.collection("activity").insert_one({"_id": HEX, **steps(5)})
    assert shown(api.get(f"activity?find[_id]={HEX}")) == [5]
    assert api.delete(f"activity/{HEX}").json() == {}
    assert shown(api.get("activity")) == []


@pytest.mark.quirk("an _id that is none is refused in Nightscout's words")
@pytest.mark.parametrize("method", ["POST", "PUT"])
@pytest.mark.parametrize("foreign", ["3F2504E0-4F89-41D3-9A0C-0305E82C3301", "x", 5])
def test_a_foreign_id_is_refused(activity: Activity, api: httpx.Client, method: str, foreign: object) -> None:
    answer = api.request(method, "activity", json=steps(5, _id=foreign))
    assert (answer.status_code, answer.json()["message"]) == (400, "Invalid _id format")
    assert activity.count() == 0


def test_deleted_activity_is_never_shown(site: Site, api: httpx.Client) -> None:
    site.house.store.collection("activity").insert_one(steps(5, isValid=False))
    assert shown(api.get("activity")) == shown(api.get("activity?find[steps][$ne]=x")) == []
    assert api.get("count/activity/where").json() == []


def test_without_the_care_portal_it_can_only_be_read(site_with: Callable[..., Site]) -> None:
    owner = site_with(DISABLE="careportal").owner
    assert owner.get("/api/v1/activity").json() == []
    for method, path in (("POST", "activity"), ("PUT", "activity"), ("DELETE", f"activity/{HEX}")):
        answer = owner.request(method, f"/api/v1/{path}", json=steps(5))
        assert answer.status_code == 404
        assert f"Cannot {method} /api/v1/{path}" in answer.text


def test_other_ways_of_looking_know_activity(activity: Activity, api: httpx.Client) -> None:
    activity.save([steps(1, "2026-11-20T21:30:00-12:00"), steps(2, "2026-11-21T11:00:00+01:00", type="steps-total")])
    assert api.get("count/activity/where?find[created_at][$gte]=2026-11-21T10:00:00Z").json()[0]["count"] == 1
    assert api.get("count/activity/where").json()[0]["count"] == 2
    echoed = api.get("echo/activity?find[created_at][$gte]=2026-11-21T11:00:00%2B01:00&find[date]=5").json()
    assert (echoed["storage"], echoed["query"]) == ("activity", {"created_at": {"$gte": NOW_ISO}, "date": 5})
    assert shown(api.get("slice/activity/type/steps-total/steps.json")) == [2]


@pytest.mark.parametrize("right", ["read", "create", "update", "delete"])
def test_each_act_wants_its_right(site: Site, right: str) -> None:
    grants = sorted({"api:activity:read", f"api:activity:{right}"})
    site.owner.post("/api/v2/authorization/roles", json={"name": "walker", "permissions": grants})
    site.owner.post("/api/v2/authorization/subjects", json={"name": "watch", "roles": ["walker"]})
    [subject] = site.owner.get("/api/v2/authorization/subjects").json()
    client = site.client(api_secret=subject["accessToken"])
    may = {
        "read": client.get("/api/v1/activity").status_code,
        "create": client.post("/api/v1/activity", json=[]).status_code,
        "update": client.put("/api/v1/activity", json=steps(1)).status_code,
        "delete": client.delete(f"/api/v1/activity/{HEX}").status_code,
    }
    assert may == {name: 200 if name in ("read", right) else 401 for name in may}


def test_stamps_are_shown_when_reading_and_are_ours(
    activity: Activity, api: httpx.Client, clock: SettableClock
) -> None:
    api.post("activity", json=steps(5, srvModified=1, srvCreated=1))
    [kept] = api.get("activity").json()
    assert kept["srvCreated"] == kept["srvModified"] == START_MS

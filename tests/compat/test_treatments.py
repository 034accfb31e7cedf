"""Treatments over v1."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import pytest

from tests.clocks import START_MS, SettableClock
from tests.compat.conftest import NOW_ISO, Site

UUID = "3F2504E0-4F89-41D3-9A0C-0305E82C3301"
HEX = "6f1d0c2ab7e94e3f8a5d1c20"


def note(minutes: int = 0, **more: object) -> dict[str, object]:
    seconds = 36_000 + 60 * minutes
    at = f"2026-11-21T{seconds // 3600:02d}:{seconds // 60 % 60:02d}:00.000Z"
    return {"eventType": "Note", "created_at": at, "notes": f"n{minutes}"} | more


def notes(answer: httpx.Response) -> list[object]:
    assert answer.status_code == 200, answer.text
    return [treatment.get("notes") for treatment in answer.json()]


@pytest.mark.quirk("treatments always have carbs and insulin, null where there are none")
def test_every_treatment_has_carbs_and_insulin_and_mills(site: Site, api: httpx.Client) -> None:
    site.treatments.save([note(), note(-1, carbs=20), note(-2, insulin=0.5)])
    shown = api.get("treatments").json()
    assert [(one["carbs"], one["insulin"]) for one in shown] == [(None, None), (20, None), (None, 0.5)]
    assert shown[0]["mills"] == START_MS
    assert all("timestamp" not in one for one in shown)


@pytest.mark.quirk("1,000 treatments with a filter")
@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("", 100),
        ("find[eventType]=Note", 110),
        ("count=105", 105),
        ("find[eventType]=Note&count=3", 3),
        ("count=0", 0),
        ("count=0&find[eventType]=Note", 110),
        ("count=4294967296", 110),
    ],
)
def test_a_hundred_come_and_a_thousand_where_one_filters(site: Site, api: httpx.Client, query: str, count: int) -> None:
    site.treatments.save([note(-n) for n in range(110)])
    assert len(notes(api.get(f"treatments?{query}"))) == count


def test_the_newest_come_first_unless_asked_otherwise(site: Site, api: httpx.Client) -> None:
    site.treatments.save([note(-1), note(-3), note(-2)])
    assert notes(api.get("treatments")) == ["n-1", "n-2", "n-3"]
    assert notes(api.get("treatments?sort[created_at]=1")) == ["n-3", "n-2", "n-1"]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("find[created_at]=2026-11-21T09:58:00.000Z", ["n-2"]),
        ("find[created_at]=2026-11-21T09:58:00Z", ["n-2"]),
        ("find[created_at][$eq]=2026-11-21T10:58:00%2B01:00", ["n-2"]),
        ("find[created_at][$gte]=2026-11-21T09:59+00:00", ["n0", "n-1"]),
        ("find[created_at][$gte]=2026-11-21", ["n0", "n-1", "n-2"]),
        ("find[created_at][$lt]=2026", []),
        ("find[notes]=/n-/&find[eventType]=Note", ["n-1", "n-2"]),
        ("find[id]=x1", ["n-1"]),
        ("find[notes][$in][]=n0&find[notes][$in][]=n-1", ["n0", "n-1"]),
        ("find[boluscalc.carbs][$exists]=true", ["n0"]),
        ("find[$and][0][notes][$ne]=n0&find[$and][1][notes][$ne]=n-1", ["n-2"]),
        ("find[duration]=30", []),
    ],
)
def test_filters(site: Site, api: httpx.Client, query: str, found: list[str]) -> None:
    site.treatments.save([note(0, boluscalc={"carbs": 1}), note(-1, id="x1"), note(-2, duration=30)])
    assert notes(api.get(f"treatments?{query}")) == found


@pytest.mark.parametrize(
    "query",
    [
        "find[created_at][$gte]=yesterday",
        "find[created_at]=x",
        "find[carbs][$gt]=x",
        "find[$where]=1",
        "find[notes]=/(/",
    ],
)
def test_a_query_nobody_understands_is_an_error_and_not_no_data(api: httpx.Client, query: str) -> None:
    assert api.get(f"treatments?{query}").status_code == 400
    assert api.delete(f"treatments?{query}").status_code == 400


def test_posting_answers_a_list_and_putting_the_object(api: httpx.Client) -> None:
    [posted] = api.post("treatments", json=note()).json()
    put = api.put("treatments", json=note(_id=posted["_id"], notes="changed")).json()
    assert put["_id"] == posted["_id"]
    assert notes(api.get("treatments")) == ["changed"]
    assert not {"srvCreated", "srvModified"} & (posted.keys() | put.keys())


def test_an_override_is_known_by_its_uuid(site: Site, api: httpx.Client) -> None:
    override = {"eventType": "Temporary Override", "created_at": NOW_ISO, "reason": "Run", "_id": UUID}
    [posted] = api.post("treatments", json=[override]).json()
    assert posted["identifier"] == UUID
    assert "-" not in posted["_id"]
    api.put("treatments", json=override | {"reason": "Walk"})
    [found] = api.get(f"treatments?find[_id]={UUID}").json()
    assert (found["_id"], found["reason"]) == (posted["_id"], "Walk")
    assert api.delete(f"treatments/{UUID}").json()["deletedCount"] == 1
    assert site.treatments.count() == 0


@pytest.mark.parametrize(
    ("path", "count"),
    [
        ("treatments?find[notes]=n0", 1),
        ("treatments.json?find[created_at][$eq]=2026-11-21T10:00:00.000Z", 1),
        ("treatments/*", 2),
        ("treatments/*?find[eventType]=Note&count=1", 2),
        (f"treatments/{HEX}", 1),
        (f"treatments/{HEX.upper()}", 1),
        ("treatments/000000000000000000000000", 0),
        ("treatments/nobody", 0),
    ],
)
def test_deleting_tells_how_many(site: Site, api: httpx.Client, path: str, count: int) -> None:
    site.treatments.save([note(), note(-1, _id=HEX)])
    assert api.delete(path).json() == {"acknowledged": True, "deletedCount": count}
    assert site.treatments.count() == 2 - count


def test_deleting_without_saying_what_deletes_nothing(site: Site, api: httpx.Client) -> None:
    site.treatments.save([note()])
    assert api.delete("treatments").status_code == 400
    assert site.treatments.count() == 1


def test_old_treatments_are_found_by_id_and_time_only(site: Site, api: httpx.Client, clock: SettableClock) -> None:
    site.treatments.save([note(_id=HEX)])
    clock.advance(days=30)
    assert notes(api.get("treatments")) == notes(api.get("treatments?find[eventType]=Note")) == []
    assert notes(api.get(f"treatments?find[_id]={HEX}")) == ["n0"]
    assert notes(api.get("treatments?find[created_at][$gte]=2026-11-01")) == ["n0"]


def test_without_the_care_portal_treatments_are_read_only(site_with: Callable[..., Site]) -> None:
    site = site_with(DISABLE="careportal")
    site.treatments.save([note()])
    assert site.owner.get("/api/v1/treatments").status_code == 200
    for method, path in (
        ("POST", "treatments"),
        ("PUT", "treatments"),
        ("DELETE", "treatments/*"),
        ("DELETE", "treatments?find[a]=1"),
    ):
        assert site.owner.request(method, f"/api/v1/{path}", json=note()).status_code == 404
    assert site.treatments.count() == 1


def test_uuids_can_be_left_alone(site_with: Callable[..., Site]) -> None:
    site = site_with(UUID_HANDLING="false")
    [posted] = site.owner.post("/api/v1/treatments", json=note(_id=UUID)).json()
    assert "identifier" not in posted
    assert site.owner.get(f"/api/v1/treatments?find[_id]={UUID}").json() == []
    assert "identifier" not in site.owner.put("/api/v1/treatments", json=note(_id=UUID)).json()
    assert site.treatments.count() == 1


@pytest.mark.quirk("a UUID names a treatment in a path")
@pytest.mark.parametrize(("handling", "deleted"), [("true", 1), ("false", 0)])
def test_a_treatment_is_deleted_by_its_uuid_where_uuids_are_handled(
    site_with: Callable[..., Site], handling: str, deleted: int
) -> None:
    site = site_with(UUID_HANDLING=handling)
    site.treatments.save([note(identifier=UUID)])
    assert site.owner.delete(f"/api/v1/treatments/{UUID}").json()["deletedCount"] == deleted
    site.house.store.collection("treatments").insert_one({"_id": UUID, **note()})
    assert site.owner.delete(f"/api/v1/treatments/{UUID}").json()["deletedCount"] == 1
    assert site.treatments.count() == 1 - deleted

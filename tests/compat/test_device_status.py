"""Device status over v1."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import pytest

from tests.clocks import START_MS
from tests.compat.conftest import NOW_ISO, Site

HEX = "6f1d0c2ab7e94e3f8a5d1c20"


def status(minute: int = 0, **more: object) -> dict[str, object]:
    return {"device": "openaps://rig", "created_at": f"2026-11-21T09:{minute:02d}:00.000Z"} | more


def test_posting_answers_a_list_with_ids(api: httpx.Client) -> None:
    [posted] = api.post("devicestatus", json={"uploader": {"battery": 92}}).json()
    assert (posted["created_at"], posted["utcOffset"], len(posted["_id"])) == (NOW_ISO, 0, 24)
    assert len(api.post("devicestatus", json=[status(1), status(2)]).json()) == 2


def test_ten_come_the_newest_first_with_mills(site: Site, api: httpx.Client) -> None:
    site.device_status.save([status(n) for n in range(12)])
    shown = api.get("devicestatus").json()
    assert [one["created_at"][14:16] for one in shown] == [f"{n:02d}" for n in range(11, 1, -1)]
    assert shown[0]["mills"] == START_MS - 49 * 60_000
    assert len(api.get("devicestatus.json?count=1").json()) == 1


def test_mills_inside_are_not_mistaken_for_mills(site: Site, api: httpx.Client) -> None:
    site.device_status.save([status(0, openaps={"suggested": {"mills": 5}})])
    [shown] = api.get("devicestatus").json()
    assert shown["mills"] == START_MS - 3_600_000
    assert shown["openaps"] == {"suggested": {"mills": 5}}


@pytest.mark.quirk("a pump that is null is left out")
def test_a_pump_that_is_null_is_never_shown(site: Site, api: httpx.Client) -> None:
    site.house.store.collection("devicestatus").insert_one(status(pump=None))
    [shown] = api.get("devicestatus").json()
    assert "pump" not in shown


@pytest.mark.parametrize(
    "query",
    [
        "find[$or][0][uploaderBattery][$exists]=true&find[$or][1][uploader][$exists]=true",
        "find[loop][$exists]=true&find[loop.failureReason][$not][$exists]=true",
        "find[device]=openaps://rig&find[created_at][$gte]=2026-11-21T09:00:00Z",
    ],
)
def test_filters(site: Site, api: httpx.Client, query: str) -> None:
    site.device_status.save(
        [status(1, uploader={}, loop={"iob": 1}), status(1, device="x", loop={"failureReason": "y"})]
    )
    [shown] = api.get(f"devicestatus.json?{query}").json()
    assert shown["device"] == "openaps://rig"


@pytest.mark.parametrize("foreign", ["3F2504E0-4F89-41D3-9A0C-0305E82C3301", "x", 5, ""])
def test_a_foreign_id_is_refused_with_the_whole_upload(site: Site, api: httpx.Client, foreign: object) -> None:
    answer = api.post("devicestatus", json=[status(), status(1, _id=foreign)])
    assert answer.status_code == 400
    assert answer.json() == {
        "status": 400,
        "message": "Invalid _id format",
        "description": f"Must be 24-character hex string or omit for auto-generation. Got: {foreign}",
    }
    assert site.device_status.count() == 0


@pytest.mark.parametrize(
    ("path", "count"),
    [
        (f"devicestatus/{HEX}", 1),
        ("devicestatus/*", 2),
        ("devicestatus.json?find[created_at][$lte]=2026-11-21&count=100000", 0),
        ("devicestatus?find[created_at][$lte]=2026-11-22", 2),
        ("devicestatus/000000000000000000000000", 0),
    ],
)
def test_deleting_tells_how_many(site: Site, api: httpx.Client, path: str, count: int) -> None:
    site.device_status.save([status(0, _id=HEX), status(1)])
    assert api.delete(path).json() == {"acknowledged": True, "deletedCount": count}
    assert site.device_status.count() == 2 - count


def test_deleting_what_is_no_id_is_refused(api: httpx.Client) -> None:
    answer = api.delete("devicestatus/nobody")
    assert answer.status_code == 400
    assert answer.json()["description"] == "Must be 24-character hex string. Got: nobody"
    assert api.delete("devicestatus").status_code == 400


def test_predictions_are_cut_to_the_setting(site_with: Callable[..., Site]) -> None:
    site = site_with(PREDICTIONS_MAX_SIZE="3")
    sent = status(openaps={"suggested": {"predBGs": {"IOB": [1, 2, 3, 4, 5]}}})
    [posted] = site.owner.post("/api/v1/devicestatus", json=sent).json()
    assert posted["openaps"]["suggested"]["predBGs"]["IOB"] == [1, 2, 3]

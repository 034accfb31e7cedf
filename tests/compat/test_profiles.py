"""Profiles over v1."""

from __future__ import annotations

import httpx
import pytest

from tests.compat.conftest import NOW_ISO, Site

HEX = "6f1d0c2ab7e94e3f8a5d1c20"


def profile(month: int, **more: object) -> dict[str, object]:
    return {
        "defaultProfile": "Default",
        "startDate": f"2026-{month:02d}-01T00:00:00.000Z",
        "store": {"Default": {"dia": 6}},
    } | more


def test_posting_answers_a_list_with_ids_and_a_time(api: httpx.Client) -> None:
    [posted] = api.post("profile", json=profile(1)).json()
    assert (posted["created_at"], len(posted["_id"])) == (NOW_ISO, 24)
    assert len(api.post("profile.json", json=[profile(2), profile(3)]).json()) == 2


def test_the_newest_come_first_whenever_they_began(site: Site, api: httpx.Client) -> None:
    site.profiles.save([profile(month) for month in range(1, 12)])
    months = [one["startDate"][5:7] for one in api.get("profile.json").json()]
    assert months == [f"{month:02d}" for month in range(11, 1, -1)]
    assert len(api.get("profile?count=1&find[startDate][$gte]=2030").json()) == 1
    assert [len(api.get(f"profile?count={count}").json()) for count in ("0", "-3", "x", "")] == [11, 3, 11, 10]


def test_current_is_one_object_or_null(site: Site, api: httpx.Client) -> None:
    assert api.get("profile/current").json() is None
    site.profiles.save([profile(3), profile(5), profile(4)])
    current = api.request("GET", "profile/current", content=b"{}", headers={"Content-Type": "application/json"}).json()
    assert (current["startDate"][:7], current["defaultProfile"]) == ("2026-05", "Default")


def test_profiles_searches_and_looks_four_days_back(site: Site, api: httpx.Client) -> None:
    site.profiles.save([profile(3), profile(4), profile(11, startDate="2026-11-20T00:00:00.000Z")])
    assert len(api.get("profiles").json()) == 1
    shown = api.get("profiles.json?find[startDate][$lte]=2026-04-15&count=1").json()
    assert [one["startDate"][:7] for one in shown] == ["2026-04"]
    assert len(api.get("profiles?find[startDate][$gte]=2026-01-01T00:00:00Z&sort[startDate]=1").json()) == 3


def test_putting_replaces_by_id(site: Site, api: httpx.Client) -> None:
    site.profiles.save([profile(1, _id=HEX, units="mmol")])
    put = api.put("profile", json=profile(2, _id=HEX)).json()
    assert (put["_id"], put["startDate"][:7]) == (HEX, "2026-02")
    [shown] = api.get("profile").json()
    assert "units" not in shown
    assert len(api.put("profile", json=profile(3)).json()["_id"]) == 24


@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_a_foreign_id_is_refused(api: httpx.Client, method: str) -> None:
    answer = api.request(method, "profile", json=profile(1, _id="x"))
    assert answer.status_code == 400
    assert answer.json()["message"] == "Invalid _id format"


def test_deleting_answers_an_empty_object(site: Site, api: httpx.Client) -> None:
    site.profiles.save([profile(1, _id=HEX)])
    assert [api.delete(f"profile/{HEX}").json() for _ in range(2)] == [{}, {}]
    assert site.profiles.count() == 0
    assert api.delete("profile/x").status_code == 400

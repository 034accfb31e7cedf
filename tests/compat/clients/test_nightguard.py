"""nightguard: fractions of a millisecond in bounds, properties it decodes without looking, targets, changes of site."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tests.clocks import START_MS
from tests.compat.conftest import NOW_ISO, Site
from tests.compat.reading_present import EVERYTHING, only_plain_numbers
from tests.live.uploads import done


def test_it_asks_with_fractions_of_a_millisecond(five_readings: Site, token: str) -> None:
    client = five_readings.client()
    query = f"find[date][$gt]={START_MS - 600_000}.456&find[date][$lte]={START_MS}.001&count=1440&token={token}"
    assert [one["sgv"] for one in client.get(f"/api/v1/entries.json?{query}").json()] == [120, 119]
    assert len(client.get(f"/api/v1/entries.json?count=20&token={token}").json()) == 5


def test_it_learns_the_unit_first(site_with: Callable[..., Site], token: str) -> None:
    for given, read in (("mg/dl", "mg/dl"), ("mmol", "mmol")):
        status = site_with(DISPLAY_UNITS=given).client().get(f"/api/v1/status.json?token={token}")
        assert status.json()["settings"]["units"] == read


def test_without_a_token_it_is_told_401_and_nothing_else_is_an_error_to_it(five_readings: Site) -> None:
    for path in ("v1/status.json", "v1/entries.json?count=20", "v2/properties", "v1/treatments.json"):
        assert five_readings.client().get(f"/api/{path}").status_code == 401


def test_its_first_screen(loops: Site, token: str) -> None:
    loops.treatments.save([done(60, "Meal Bolus", insulin=2, carbs=20)])
    answer = loops.client().get(f"/api/v2/properties?token={token}")
    only_plain_numbers(answer.text)
    shown: dict[str, Any] = answer.json()
    assert [type(shown["bgnow"][name]) for name in ("last", "mills")] == [int, int]
    assert shown["bgnow"]["sgvs"][0]["direction"] == "Flat"
    assert "errors" not in shown["bgnow"]
    assert (type(shown["delta"]["mgdl"]), shown["delta"]["display"]) == (int, "+1")
    assert (shown["upbat"]["display"], shown["iob"]["display"]) == ("55%", "1.50")
    assert type(shown["cob"]["display"]) is not str
    assert shown["cob"]["display"] == 25


def test_a_site_without_readings_still_has_bgnow(site_with: Callable[..., Site], token: str) -> None:
    """It tells its user "Invalid JSON" where ``bgnow`` is missing."""
    assert site_with(ENABLE=EVERYTHING).client().get(f"/api/v2/properties?token={token}").json()["bgnow"] == {}


def test_the_pump_is_in_the_first_status_that_has_one(pumps: Site, token: str) -> None:
    pumps.device_status.save([{"device": "phone", "created_at": NOW_ISO, "uploader": {"battery": 50}}])
    shown = pumps.client().get(f"/api/v1/devicestatus.json?count=5&token={token}").json()
    first = next(one for one in shown if "pump" in one)
    assert first["pump"]["extended"]["ActiveProfile"] == "Weekday"
    assert first["pump"]["extended"]["BaseBasalRate"] == 0.8


@pytest.fixture
def sent(site: Site) -> Callable[[dict[str, Any]], httpx.Response]:
    return lambda treatment: site.owner.post(f"/api/v1/treatments?now={START_MS}", json=treatment)


def test_it_sets_and_cancels_a_target(site: Site, sent: Callable[[dict[str, Any]], httpx.Response]) -> None:
    target = {"eventType": "Temporary Target", "enteredBy": "nightguard"}
    assert (
        sent(target | {"duration": 60, "reason": "Too Low", "targetTop": 145, "targetBottom": 145}).status_code == 200
    )
    [kept] = site.owner.get("/api/v1/treatments.json").json()
    assert (kept["duration"], kept["targetTop"], kept["created_at"]) == (60, 145, NOW_ISO)
    assert sent(target | {"duration": 0, "reason": "Canceled", "targetTop": 0, "targetBottom": 0}).status_code == 200
    [kept] = site.owner.get("/api/v1/treatments.json").json()
    assert kept["duration"] == 0
    assert "targetTop" not in kept


def test_it_looks_for_the_last_change_of_site_by_a_bare_date(
    site: Site, sent: Callable[[dict[str, Any]], httpx.Response]
) -> None:
    change = {
        "eventType": "Site Change",
        "enteredBy": "nightguard",
        "created_at": "2026-11-20T07:05:09Z",
        "mills": 1795158309000,
        "carbs": None,
        "insulin": None,
    }
    assert sent(change).status_code == 200
    assert sent(change | {"created_at": "2026-11-15T07:05:09Z", "mills": 1794726309000}).status_code == 200
    query = "find[eventType]=Site%20Change&find[created_at][$gte]=2026-11-14&count=1"
    shown = site.owner.get(f"/api/v1/treatments?{query}").json()
    assert [(one["mills"], one["created_at"]) for one in shown] == [(1795158309000, "2026-11-20T07:05:09.000Z")]

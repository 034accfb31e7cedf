"""tconnectsync: bare objects, the plain secret in the address, times with an offset, JSON for ``*/*``."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.clocks import START_MS
from tests.compat.conftest import SECRET_DIGEST, Site

BY = "Pump (tconnectsync)"
PLAIN = "api_secret=this%20is%20my%20long%20pass%20phrase"
PLUSES = pytest.mark.parametrize("plus", ["%2B", "+"])  # the newer releases escape it, the older ones do not


class Pump:
    """The program's two ways to talk: writing it announces JSON, reading it accepts anything."""

    def __init__(self, site: Site) -> None:
        self._writer = site.client(api_secret=SECRET_DIGEST, Accept="application/json", Content_Type="application/json")
        self._reader = site.client(api_secret=SECRET_DIGEST, Accept="*/*")

    def write(self, method: str, path: str, document: dict[str, Any]) -> httpx.Response:
        answer = self._writer.request(method, f"/api/v1/{path}?{PLAIN}", json=document)
        assert answer.status_code == 200, answer.text
        return answer

    def last(self, path: str) -> Any:
        answer = self._reader.get(f"/api/v1/{path}&ts=1795255200.123456")
        assert answer.status_code == 200, answer.text
        assert answer.headers["Content-Type"].split(";")[0] == "application/json"
        return answer.json()


@pytest.fixture
def pump(site: Site) -> Pump:
    return Pump(site)


def test_it_looks_at_the_status_first(site: Site) -> None:
    assert site.client(api_secret=SECRET_DIGEST).get("/api/v1/status.json").json()["status"] == "ok"


def test_the_plain_secret_in_the_address_opens_nothing(site: Site) -> None:
    assert site.client().post(f"/api/v1/treatments?{PLAIN}", json={}).status_code == 401


@PLUSES
def test_a_basal_rate_again_and_again_is_one(site: Site, pump: Pump, plus: str) -> None:
    basal = {"eventType": "Temp Basal", "reason": "algorithm", "duration": 4.983333, "absolute": 0.8, "rate": 0.8,
             "created_at": "2026-11-21 10:00:00+01:00", "carbs": None, "insulin": None, "enteredBy": BY,
             "pump_event_id": "77"}  # fmt: skip
    for _ in range(2):
        pump.write("POST", "treatments", basal)
    [shown] = pump.last(
        f"treatments?count=1&find[enteredBy]={BY}&find[eventType]=Temp Basal"
        f"&find[created_at][$gte]=2026-11-21T09:00:00{plus}01:00&find[created_at][$lte]=2026-11-21T12:00:00{plus}01:00"
    )
    assert (shown["created_at"], shown["utcOffset"]) == ("2026-11-21T09:00:00.000Z", 60)
    assert (shown["duration"], shown["pump_event_id"], shown["carbs"]) == (4.983333, "77", None)
    assert site.treatments.count() == 1


def test_a_bolus_has_glucose_as_text_and_comes_back(pump: Pump) -> None:
    bolus = {"eventType": "Combo Bolus", "created_at": "2026-11-21T10:00:00+01:00", "carbs": 0, "insulin": 2.5,
             "notes": "Standard/Correction", "enteredBy": BY, "glucose": "118", "glucoseType": "Finger"}  # fmt: skip
    pump.write("POST", "treatments", bolus)
    [shown] = pump.last(f"treatments?count=1&find[enteredBy]={BY}&find[eventType]=Combo%20Bolus")
    assert (shown["insulin"], shown["carbs"], shown["glucose"], shown["glucoseType"]) == (2.5, None, 118, "Finger")


def test_it_takes_back_the_sleep_it_wrote(site: Site, pump: Pump) -> None:
    sleep = {"eventType": "Sleep", "reason": "Sleep", "notes": "Sleep", "duration": 30.5, "enteredBy": BY,
             "created_at": "2026-11-21T09:00:00+00:00"}  # fmt: skip
    pump.write("POST", "treatments", sleep)
    [shown] = pump.last(f"treatments?count=1&find[enteredBy]={BY}&find[eventType]=Sleep")
    assert shown["duration"] == 30.5
    pump.write("DELETE", f"treatments/{shown['_id']}", {})
    assert site.treatments.count() == 0


@PLUSES
def test_a_reading_is_found_by_device_and_text(pump: Pump, plus: str) -> None:
    reading = {"type": "sgv", "sgv": 117, "date": START_MS, "dateString": "2026-11-21T11:00:00+0100", "device": BY,
               "pump_event_id": "5"}  # fmt: skip
    assert pump.write("POST", "entries", reading).json()[0]["sgv"] == 117
    query = (
        f"entries.json?count=1&find[device]={BY}&find[dateString][$gte]=2026-11-21T10:00:00{plus}01:00"
        f"&find[dateString][$lte]=2026-11-21T12:00:00{plus}01:00"
    )
    [shown] = pump.last(query)
    assert (shown["dateString"], shown["utcOffset"]) == ("2026-11-21T10:00:00.000Z", 60)
    assert pump.last(query.replace("$gte]=2026-11-21T10", "$gte]=2026-11-21T11:30")) == []


@PLUSES
def test_a_device_status_is_found_by_device(pump: Pump, plus: str) -> None:
    battery = {"voltage": 3.9, "percent": None, "status": "80%"}
    status = {"device": BY, "created_at": "2026-11-21T10:00:00+01:00", "pump": {"battery": battery}}
    pump.write("POST", "devicestatus", status)
    shown = pump.last(f"devicestatus?find[device]={BY}&find[created_at][$gte]=2026-11-21T09:00:00{plus}01:00")
    assert [(one["created_at"], one["pump"]) for one in shown] == [
        ("2026-11-21T09:00:00.000Z", {"battery": battery}),
    ]


@PLUSES
def test_it_compares_the_time_of_activity_letter_by_letter(pump: Pump, plus: str) -> None:
    at = ["2026-11-21T04:30:00-05:00", "2026-11-21T04:00:00-05:00", "2026-11-20T23:30:00-05:00"]
    for n, created_at in enumerate(reversed(at)):
        iob = {"activityType": "tconnect_iob", "iob": 1.5 + n, "created_at": created_at, "enteredBy": BY}
        pump.write("POST", "activity", iob)
    query = (
        f"activity?find[enteredBy]={BY}&find[activityType]=tconnect_iob"
        f"&find[created_at][$gte]=2026-11-21T00:00:00{plus}00:00"
    )
    kept = pump.last(query)
    assert [one["created_at"] for one in kept] == at
    assert pump.write("DELETE", f"activity/{kept[-1]['_id']}", {}).json() == {}
    assert len(pump.last(query)) == 2


def test_its_profile_is_added_or_put_in_place(site: Site, pump: Pump) -> None:
    def current() -> Any:
        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        owner = site.client(api_secret=SECRET_DIGEST)
        return owner.request("GET", f"/api/v1/profile/current?{PLAIN}", content=b"{}", headers=headers).json()

    assert current() is None
    store = {"School": {"dia": "5.0", "carbs_hr": "20", "delay": "20", "basal": [{"time": "00:00", "value": 0.8}]}}
    profile = {"defaultProfile": "School", "startDate": "2026-11-21T09:00:00.800189+00:00", "store": store}
    pump.write("POST", "profile", profile)
    kept = current()
    assert (kept["store"], kept["startDate"]) == (store, profile["startDate"])
    pump.write("PUT", "profile", kept | {"defaultProfile": "Home"})
    assert (current()["defaultProfile"], site.profiles.count()) == ("Home", 1)


@pytest.mark.quirk("the refusal of a date says: as a valid ISO-8601 date")
def test_it_knows_a_date_it_has_to_write_otherwise_by_these_words(site: Site) -> None:
    client = site.client(api_secret=SECRET_DIGEST, Accept="*/*")
    answer = client.get("/api/v1/treatments?count=1&find[created_at][$gte]=2026-11-21T10:00:00x01:00")
    assert answer.status_code == 400
    assert "as a valid ISO-8601 date" in answer.text

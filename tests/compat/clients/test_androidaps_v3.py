"""AndroidAPS on API v3: the log-in dance, the first load, increments, uploads, deletions; as its Gson reads them."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import httpx
import pytest

from tests.clocks import START_MS, SettableClock
from tests.compat.conftest import Site

MINUTE_MS = 60_000
WHOLE = (
    "date",
    "mills",
    "srvCreated",
    "srvModified",
    "utcOffset",
    "duration",
    "durationInMilliseconds",
    "pumpId",
    "endId",
)

SMB: dict[str, Any] = {
    **{"eventType": "Correction Bolus", "date": 1768374309123, "utcOffset": 60, "app": "AAPS", "isValid": True},
    **{"isReadOnly": False, "insulin": 0.35, "type": "SMB", "isBasalInsulin": False, "pumpId": 4102},
    **{"pumpType": "DANA_I", "pumpSerial": "AAB00001CC"},
}
TEMP_BASAL: dict[str, Any] = {
    **{"eventType": "Temp Basal", "date": 1768374400000, "utcOffset": 60, "app": "AAPS", "isValid": True},
    **{"isReadOnly": False, "duration": 30, "durationInMilliseconds": 1800000, "rate": 0.0, "absolute": 0.0},
    **{"type": "NORMAL", "pumpId": 4103, "endId": 4104},
}
SWITCH: dict[str, Any] = {
    **{"eventType": "Profile Switch", "date": 1768374500000, "utcOffset": 60, "app": "AAPS", "isValid": True},
    **{"profile": "Weekday", "profileJson": '{"dia":5}', "originalProfileName": "Weekday", "timeshift": 0},
    **{"percentage": 100, "originalDuration": 0, "isReadOnly": False},
}
SGV: dict[str, Any] = {
    **{"type": "sgv", "sgv": 117, "date": 1768374309000, "utcOffset": 60, "app": "AAPS", "device": "Libre3"},
    **{"direction": "Flat", "filtered": 0.0, "unfiltered": 0.0, "noise": 0.0, "units": "mg/dl"},
    **{"isValid": True, "isReadOnly": False},
}
STATUS: dict[str, Any] = {
    **{"date": 1768374309500, "utcOffset": 60, "app": "AAPS", "device": "openaps://samsung SM-A515F"},
    **{"uploaderBattery": 81, "isCharging": False},
    "pump": {
        **{"clock": "2026-01-14T07:05:09.500Z", "reservoir": 143.2, "battery": {"percent": 75}},
        "status": {"status": "normal", "timestamp": "2026-01-14T07:05:01.000Z"},
        "extended": {"Version": "3.4.2.2", "ActiveProfile": "Weekday", "BaseBasalRate": 0.8},
    },
    "openaps": {
        "iob": {"iob": 1.12, "time": "2026-01-14T07:05:02.000Z"},
        "suggested": {"bg": 117, "rate": 0, "duration": 30},
        "enacted": {"rate": 0, "duration": 30},
    },
    "configuration": {"pump": "DanaI", "version": "3.4.2.2"},
}
PROFILE: dict[str, Any] = {
    **{"date": START_MS, "utcOffset": 60, "app": "AAPS", "defaultProfile": "Weekday", "mills": START_MS},
    **{"startDate": "2026-11-21T10:00:00.000Z", "store": {"Weekday": {"dia": 5, "units": "mg/dl"}}},
}


class Phone:
    """The client: its clock in every request, its token or none, its reading of the answers."""

    def __init__(self, site: Site) -> None:
        self._http = site.client(Date=str(START_MS), Authorization="Bearer")
        self._http.base_url = httpx.URL(f"{site.url}/api/")

    def ask(self, method: str, path: str, **how: Any) -> httpx.Response:
        answer = self._http.request(method, path, **how)
        tag = answer.headers.get("ETag")
        if tag is not None and path.startswith("v3/"):
            assert int(tag[3:-1]) > 0
        return answer

    def sign_in(self, access_token: str) -> dict[str, Any]:
        assert self.ask("GET", "v3/status").status_code in (401, 403)
        granted = self.ask("GET", f"v2/authorization/request/{access_token}").json()
        assert isinstance(granted["iat"], int)
        assert granted["exp"] > granted["iat"]
        self._http.headers["Authorization"] = f"Bearer {granted['token']}"
        status: dict[str, Any] = self.page("v3/status")
        return status

    def page(self, path: str) -> Any:
        answer = self.ask("GET", path)
        assert answer.status_code == 200, answer.text
        return _as_gson_reads(answer.json()["result"])

    def upload(self, collection: str, document: dict[str, Any]) -> dict[str, Any]:
        answer = self.ask("POST", f"v3/{collection}", json=document)
        assert answer.status_code in (200, 201), answer.text
        told: dict[str, Any] = answer.json()
        assert told["status"] == answer.status_code
        assert told["identifier"]
        assert isinstance(told["lastModified"], int)
        return told


def _as_gson_reads(read: Any) -> Any:
    for one in read if isinstance(read, list) else ():
        for name in WHOLE:
            assert isinstance(one.get(name, 0), int), (name, one)
        assert isinstance(one["identifier"], str)
    return read


@pytest.fixture
def access_token(site: Site) -> str:
    site.owner.post("/api/v2/authorization/subjects", json={"name": "AAPS", "roles": ["admin"]})
    [subject] = site.owner.get("/api/v2/authorization/subjects").json()
    return str(subject["accessToken"])


@pytest.fixture
def phone(site: Site, access_token: str) -> Phone:
    phone = Phone(site)
    phone.sign_in(access_token)
    return phone


def test_the_log_in_dance(site: Site, access_token: str) -> None:
    status = Phone(site).sign_in(access_token)
    assert isinstance(status["version"], str)
    assert isinstance(status["apiVersion"], str)
    assert isinstance(status["srvDate"], int)
    assert all(isinstance(status["storage"][name], str) for name in ("storage", "version"))
    for name in ("devicestatus", "entries", "food", "profile", "settings", "treatments"):
        assert status["apiPermissions"][name] == "crud"


def test_a_wrong_access_token_is_told_from_a_site_that_is_down(site: Site) -> None:
    assert Phone(site).ask("GET", "v2/authorization/request/app-0000000000000000").status_code in (401, 403)


def test_the_first_load_is_ascending_whoever_wrote(site: Site, phone: Phone) -> None:
    site.entries.save([{"type": "sgv", "sgv": 100 + n, "date": START_MS - n * MINUTE_MS - 0.291} for n in range(5)])
    site.treatments.save([{"eventType": "Note", "created_at": START_MS - n * MINUTE_MS} for n in range(5)])
    phone.upload("profile", PROFILE)
    assert len(phone.page("v3/entries?sort$desc=date&type=sgv")) == 5
    readings = phone.page(f"v3/entries?sort=date&date$gt={START_MS - 100 * 86_400_000}&limit=500")
    assert all(one["date"] < other["date"] for one, other in pairwise(readings))
    assert phone.page(f"v3/entries?sort=date&date$gt={readings[-1]['date']}&limit=500") == []
    notes = phone.page("v3/treatments?sort=created_at&created_at$gt=2026-08-13T10:00:00.000Z&limit=500")
    assert [note["created_at"] for note in notes] == sorted(note["created_at"] for note in notes)
    assert len(notes) == 5
    assert phone.page("v3/profile?sort$desc=date&limit=1")[0]["defaultProfile"] == "Weekday"
    assert phone.page("v3/food?limit=1000") == []


def test_increments_bring_what_others_did(site: Site, phone: Phone, clock: SettableClock) -> None:
    last = phone.page("v3/lastModified")
    assert isinstance(last["srvDate"], int)
    site.treatments.save(
        [{"eventType": "Temporary Target", "duration": 30, "targetTop": 120, "enteredBy": "nightguard"}]
    )
    site.entries.save([{"type": "sgv", "sgv": 117, "date": START_MS + 0.5}])
    site.profiles.save([PROFILE])
    collections = phone.page("v3/lastModified")["collections"]
    assert all(isinstance(at_ms, int) for at_ms in collections.values())
    for name in ("entries", "treatments", "profile"):
        since = f"v3/{name}/history/{START_MS - 1}?limit={10 if name == 'profile' else 500}"
        [told] = phone.page(since)
        assert told["srvModified"] == collections[name] or name == "entries"
        assert phone.page(f"v3/{name}/history/{told['srvModified']}?limit=500") == []
    assert phone.page(f"v3/devicestatus/history/{clock.now_ms() - 7 * MINUTE_MS}") == []


@pytest.mark.parametrize(
    ("collection", "document"),
    [("treatments", SMB), ("treatments", TEMP_BASAL), ("treatments", SWITCH), ("entries", SGV),
     ("devicestatus", STATUS), ("profile", PROFILE)],
)  # fmt: skip
def test_what_it_uploads_comes_back_and_a_retry_is_recognised(
    phone: Phone, collection: str, document: dict[str, Any]
) -> None:
    first = phone.upload(collection, document)
    again = phone.upload(collection, document)
    assert first["status"] == 201
    assert (again["identifier"], again["isDeduplication"]) == (first["identifier"], True)
    [kept] = phone.page(f"v3/{collection}/history/1")
    assert document.items() <= kept.items()


def test_a_missing_offset_is_told_in_the_words_it_looks_for(phone: Phone) -> None:
    answer = phone.ask("POST", "v3/treatments", json=SMB | {"utcOffset": 5000})
    assert answer.status_code == 400
    assert "Bad or missing utcOffset field" in answer.text
    phone.upload("treatments", SMB | {"utcOffset": 0})


@pytest.mark.quirk("DELETE of v3 is 200 with a body, as often as it is asked")
def test_what_became_invalid_is_deleted_and_the_queue_goes_on(phone: Phone) -> None:
    identifier = phone.upload("treatments", SMB)["identifier"]
    for status in (200, 200):
        answer = phone.ask("DELETE", f"v3/treatments/{identifier}")
        assert (answer.status_code, answer.json()) == (status, {"status": 200})
    assert phone.ask("DELETE", "v3/treatments/unknown").status_code == 404
    [told] = phone.page("v3/treatments/history/1")
    assert (told["identifier"], told["isValid"]) == (identifier, False)


def test_an_edit_sends_the_whole_document_but_its_moment(phone: Phone) -> None:
    identifier = phone.upload("treatments", TEMP_BASAL)["identifier"]
    edit = {name: value for name, value in TEMP_BASAL.items() if name not in ("date", "utcOffset")}
    edit |= {"identifier": identifier, "duration": 10, "durationInMilliseconds": 600_000}
    answer = phone.ask("PATCH", f"v3/treatments/{identifier}", json=edit)
    assert (answer.status_code, answer.json()) == (200, {"status": 200})
    [told] = phone.page("v3/treatments/history/1")
    assert (told["duration"], told["durationInMilliseconds"], told["date"]) == (10, 600_000, TEMP_BASAL["date"])


def test_what_v1_deletes_reaches_the_phone(site: Site, phone: Phone) -> None:
    told = phone.upload("treatments", SMB | {"date": START_MS})
    answer = site.owner.delete("/api/v1/treatments?find[eventType]=Correction Bolus&find[created_at][$gte]=2026-11-21")
    assert answer.status_code == 200
    [after] = phone.page(f"v3/treatments/history/{told['lastModified']}?limit=500")
    assert (after["identifier"], after["isValid"], after["insulin"]) == (told["identifier"], False, 0.35)

"""AndroidAPS on the sockets: NSClient on the root namespace, NSClientV3 on ``/storage`` and ``/alarm``."""

from __future__ import annotations

from typing import Any

import pytest

from app.compat.sockets.full_set import recent_statuses
from tests.compat.conftest import SECRET_DIGEST
from tests.compat.sockets.conftest import Site


def bolus(site: Site, key: int) -> dict[str, Any]:
    at_ms = site.ms(5)
    return {
        "eventType": "Correction Bolus", "insulin": 0.35, "created_at": site.iso(5), "date": at_ms, "isValid": True,
        "isSMB": True, "pumpId": 4102, "pumpType": "DANA_I", "pumpSerial": "AAB00001CC", "NSCLIENT_ID": key,
    }  # fmt: skip


def test_nsclient_s_conversation(site: Site) -> None:
    site.glucose(117, minutes_ago=10)
    site.glucose(119, minutes_ago=5)
    phone = site.connect(transports=["polling", "websocket"])
    message = {"client": "Android_phone", "history": 48, "status": True, "from": 0, "secret": SECRET_DIGEST}
    assert phone.ask("authorize", message) == {"read": True, "write": True, "write_treatment": True}
    full = phone.next("dataUpdate")
    assert "delta" not in full
    assert full["status"]["versionNum"] >= 150000
    assert [one["mgdl"] for one in full["sgvs"]] == [117, 119]
    for reading in full["sgvs"]:
        assert type(reading["mgdl"]) is int
        assert type(reading["mills"]) is int
        assert {"_id", "device", "direction"} <= set(reading)
    added = phone.ask("dbAdd", {"collection": "treatments", "data": bolus(site, key=1768374309123)})
    assert isinstance(added, list)
    delta = phone.next("dataUpdate")
    assert [(one["_id"], one.get("action")) for one in delta["treatments"]] == [(added[0]["_id"], None)]
    again = phone.ask("dbAdd", {"collection": "treatments", "data": bolus(site, key=1768374309123)})
    assert again[0]["_id"] == added[0]["_id"]
    named = {"collection": "treatments", "_id": added[0]["_id"]}
    assert phone.ask("dbUpdate", {**named, "data": {"insulin": 0.4}}) == {"result": "success"}
    changed = phone.next("dataUpdate")["treatments"]
    assert [(one["insulin"], one["action"]) for one in changed] == [(0.4, "update")]
    assert phone.ask("dbUpdateUnset", {**named, "data": {"isSMB": 1}}) == {"result": "success"}
    assert "isSMB" not in phone.next("dataUpdate")["treatments"][0]
    assert phone.ask("dbRemove", named) == {"result": "success"}
    removed = phone.next("dataUpdate")["treatments"]
    assert removed == [{"_id": added[0]["_id"], "mills": site.ms(5), "action": "remove"}]


def test_nsclient_v3_s_two_connections(site: Site) -> None:
    token = site.token("*:*:read", "api:*:create,update,delete")
    storage = site.connect("/storage", transports=["polling", "websocket"])
    alarm = site.connect("/alarm", transports=["polling", "websocket"])
    names = ["devicestatus", "entries", "profile", "treatments", "foods", "settings"]
    asked = {"accessToken": token, "collections": names}
    granted = storage.ask("subscribe", asked, namespace="/storage")
    assert granted == {"success": True, "collections": ["devicestatus", "entries", "profile", "treatments"]}
    answer = alarm.ask("subscribe", {"accessToken": token}, namespace="/alarm")
    assert (answer["success"], type(answer["message"])) == (True, str)
    target = {"eventType": "Temporary Target", "duration": 60, "targetTop": 145, "targetBottom": 145}
    site.owner.post("/api/v1/treatments", json=[{**target, "enteredBy": "nightguard"}])
    name, body = storage.next()
    assert (name, body["colName"], body["doc"]["enteredBy"]) == ("create", "treatments", "nightguard")
    assert type(body["doc"]["srvModified"]) is int
    site.glucose(117)
    assert storage.next("create")["doc"]["date"] == site.ms()
    alarm.io.emit("ack", (2, "default", 60_000), namespace="/alarm")
    assert alarm.next("clear_alarm")["group"] == "default"


def status(device: str, mills: int, *kinds: str) -> dict[str, Any]:
    return {"device": device, "mills": mills, **{kind: {} for kind in kinds}}


@pytest.mark.parametrize("kind", ["uploader", "pump", "openaps", "loop", "xdripjs"])
def test_ten_statuses_of_each_device_and_kind_are_recent(kind: str) -> None:
    many = [status(device, n, kind) for n in range(15) for device in ("a", "b")]
    chosen = recent_statuses(many, now_ms=13)
    assert [one["mills"] for one in chosen if one["device"] == "a"] == list(range(4, 14))
    assert [one["mills"] for one in chosen] == sorted(one["mills"] for one in chosen)


def test_a_status_that_says_two_things_stays_as_long_as_one_of_them_is_recent() -> None:
    both, pumps = status("a", 0, "pump", "loop"), [status("a", n, "pump") for n in range(1, 12)]
    assert recent_statuses([both, *pumps], now_ms=99)[0] is both
    assert recent_statuses([status("a", 0, "mmtune")], now_ms=99) == []

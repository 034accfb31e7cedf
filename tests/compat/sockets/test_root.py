"""The root namespace: who is let in, the full set, deltas, and what is said to whom."""

from __future__ import annotations

import pytest

from tests.compat.conftest import SECRET_DIGEST
from tests.compat.sockets.conftest import Serve, Site
from tests.waiting import wait_until

FULL = {"devicestatus", "sgvs", "cals", "profiles", "mbgs", "food", "treatments", "dbstats"}


def test_authorizing_is_answered_with_the_rights_after_connected_and_the_full_set(site: Site) -> None:
    site.glucose(117, minutes_ago=5, noise=1, rssi=100, filtered=1000, unfiltered=2000)
    client = site.connect()
    assert client.authorize(status=True) == {"read": True, "write": True, "write_treatment": True}
    heard = [client.next() for _ in range(2)]
    names = [name for name, _ in heard if name != "clients"]
    assert names[0] == "connected"
    full = client.next("dataUpdate") if "dataUpdate" not in names else dict(heard)["dataUpdate"]
    assert set(full) == FULL | {"status"}
    reading = full["sgvs"][0]
    assert {name: reading[name] for name in ("mgdl", "mills", "device", "direction", "type", "noise")} == {
        "mgdl": 117,
        "mills": site.ms(5),
        "device": "Libre3",
        "direction": "Flat",
        "type": "sgv",
        "noise": 1,
    }
    assert len(reading["_id"]) == 24


@pytest.mark.quirk("the status on the socket has versionNum")
def test_the_status_is_the_servers_and_comes_only_when_asked_for(site: Site) -> None:
    client = site.connect()
    client.authorize(status=True)
    status = client.next("dataUpdate")["status"]
    assert (status["status"], status["version"], status["versionNum"]) == ("ok", "15.0.7", 150007)
    assert {"name", "serverTime", "apiEnabled", "careportalEnabled", "boluscalcEnabled", "settings"} < set(status)
    assert "activeProfile" not in status
    other = site.connect()
    assert set(other.all_told()) == FULL


@pytest.mark.quirk("whatever history is asked for, two days are sent")
@pytest.mark.parametrize("history", [{"history": 48}, {"history": 1}, {"history": None}, {"from": 0}])
def test_everybody_is_sent_everything_whatever_history_is_asked_for(site: Site, history: dict[str, object]) -> None:
    site.glucose(117, minutes_ago=47 * 60)
    client = site.connect()
    client.authorize(**history)
    assert [one["mgdl"] for one in client.next("dataUpdate")["sgvs"]] == [117]


@pytest.mark.parametrize(
    "bad", [{"secret": "0" * 40}, {"secret": "", "token": "a.b.c"}, {"secret": "", "token": "app-0123456789abcdef"}]
)
def test_bad_credentials_are_put_out_without_an_answer(site: Site, bad: dict[str, str]) -> None:
    client = site.connect()
    answers: list[object] = []
    client.io.emit("authorize", {"client": "test", **bad}, callback=answers.append)
    assert client.gone.wait(5)
    assert client.heard_nothing_but("clients")
    assert answers == []
    wait_until(lambda: site.sessions() == 0)


def test_a_raw_access_token_counts_as_secret_and_its_web_token_as_token(site: Site) -> None:
    token = site.token("*:*:read")
    readers = {"read": True, "write": False, "write_treatment": False}
    assert site.connect().authorize(secret=token) == readers
    web_token = site.owner.get(f"/api/v2/authorization/request/{token}").json()["token"]
    assert site.connect().authorize(secret="", token=web_token) == readers


@pytest.mark.parametrize(
    ("permissions", "rights"),
    [
        (["*:*:read"], (True, False, False)),
        (["api:entries:read"], (False, False, False)),
        (["api:treatments:create,update,delete"], (False, False, True)),
        (["api:*:create,update,delete"], (False, True, True)),
        (["api:*:read", "api:*:create,update,delete"], (True, True, True)),
    ],
)
def test_rights_are_those_of_the_roles(site: Site, permissions: list[str], rights: tuple[bool, bool, bool]) -> None:
    site.glucose(117)
    client = site.connect()
    answer = client.authorize(secret=site.token(*permissions))
    assert tuple(answer.values()) == rights
    assert client.next("connected") is None
    client.ask("loadRetro", {"loadedMills": 0})
    assert client.heard_nothing_but("clients", "dataUpdate", "retroUpdate") is True
    assert ("dataUpdate" in dict(client.heard.queue)) is rights[0]


def test_nobody_has_the_default_roles(serve: Serve) -> None:
    readable = serve(AUTH_DEFAULT_ROLES="readable")
    readable.glucose(117)
    client = readable.connect()
    assert client.authorize(secret="")["read"] is True
    assert client.next("dataUpdate")["sgvs"]


def test_without_default_roles_nobody_sees_anything(site: Site) -> None:
    site.glucose(117)
    client = site.connect()
    assert client.authorize(secret=None) == {"read": False, "write": False, "write_treatment": False}
    site.glucose(118)
    witness = site.connect()
    witness.all_told()
    assert client.heard_nothing_but("clients", "connected")


def test_deltas_hold_what_is_new_and_nothing_else(site: Site) -> None:
    site.glucose(110, minutes_ago=5)
    client = site.connect()
    client.all_told()
    site.glucose(117)
    delta = client.next("dataUpdate")
    assert (delta["delta"], delta["lastUpdated"], set(delta)) == (True, site.ms(), {"delta", "lastUpdated", "sgvs"})
    assert [one["mgdl"] for one in delta["sgvs"]] == [117]
    site.house.store.collection("entries").insert_one({"type": "mbg", "mbg": 99, "date": site.ms(1)})
    assert [one["mgdl"] for one in client.next("dataUpdate")["mbgs"]] == [99]
    site.house.store.collection("entries").insert_one(
        {"type": "cal", "slope": 850, "intercept": 30000, "scale": 1, "date": site.ms(1)}
    )
    assert [one["slope"] for one in client.next("dataUpdate")["cals"]] == [850]


def test_a_treatment_is_new_then_changed_then_removed(site: Site) -> None:
    client = site.connect()
    client.all_told()
    made = site.treatment("Meal Bolus", minutes_ago=3, insulin=2, carbs=20)
    [new] = client.next("dataUpdate")["treatments"]
    assert (new["insulin"], new["mills"], "action" in new) == (2, site.ms(3), False)
    site.treatment("Meal Bolus", minutes_ago=3, insulin=3, carbs=20)
    [changed] = client.next("dataUpdate")["treatments"]
    assert (changed["_id"], changed["insulin"], changed["action"]) == (str(made["_id"]), 3, "update")
    site.house.store.collection("treatments").delete_one({"_id": made["_id"]})
    assert client.next("dataUpdate")["treatments"] == [
        {"_id": str(made["_id"]), "mills": site.ms(3), "action": "remove"}
    ]


def test_a_deleted_treatment_is_removed_and_one_that_only_became_old_is_not(site: Site) -> None:
    site.treatment("Note", minutes_ago=60 * 60 - 1, notes="old")
    young = site.treatment("Note", minutes_ago=10, notes="young")
    client = site.connect()
    assert len(client.all_told()["treatments"]) == 2
    site.clock.advance(minutes=5)
    site.house.store.collection("treatments").update_one({"_id": young["_id"]}, {"$set": {"isValid": False}})
    assert [one["_id"] for one in client.next("dataUpdate")["treatments"]] == [str(young["_id"])]


def test_a_new_reading_makes_no_treatment_another_though_it_moves_on_the_curve(site: Site) -> None:
    site.glucose(100, minutes_ago=5)
    site.treatment("Correction Bolus", minutes_ago=2, insulin=1)
    client = site.connect()
    client.all_told()
    site.glucose(180)
    assert set(client.next("dataUpdate")) == {"delta", "lastUpdated", "sgvs"}


def test_nothing_is_sent_when_nothing_changed(site: Site) -> None:
    site.glucose(117)
    client = site.connect()
    client.all_told()
    store = site.house.store
    store.collection("entries").update_one({"sgv": 117}, {"$set": {"rawbg": 5}})
    store.collection("food").insert_one({"name": "apple", "type": "food"})
    site.glucose(120, minutes_ago=-1)
    assert [one["mgdl"] for one in client.next("dataUpdate")["sgvs"]] == [120]


def test_profiles_come_whole_and_the_active_one_with_the_status(site: Site) -> None:
    client = site.connect()
    client.all_told()
    by_hand = {"dia": 4, "timezone": "UTC", "basal": [{"time": "00:00", "value": 1}]}
    profile = {
        "defaultProfile": "Day",
        "startDate": site.iso(60),
        "store": {"Day": by_hand, "Sick": by_hand, "Day@@@@@1": by_hand},
    }
    site.owner.post("/api/v1/profile", json=[profile])
    delta = client.next("dataUpdate")
    assert set(delta["profiles"][0]["store"]) == {"Day", "Sick"}
    site.treatment("Profile Switch", profile="Sick", duration=0)
    assert client.next("dataUpdate")["status"]["activeProfile"] == "Sick"


def test_device_status_in_the_full_set_is_the_latest_ten_of_each_device_and_kind(site: Site) -> None:
    for minutes in range(12, 0, -1):
        site.status(minutes, pump={"reservoir": minutes}, uploaderBattery=50)
        site.status(minutes, device="phone", uploader={"battery": minutes})
    client = site.connect()
    statuses = client.all_told()["devicestatus"]
    assert [one["uploader"]["battery"] for one in statuses if one["device"] == "phone"] == [*range(10, 0, -1)]
    pumps = [one for one in statuses if "pump" in one]
    assert [one["pump"]["reservoir"] for one in pumps] == [*range(10, 0, -1)]
    assert pumps[0]["uploader"] == {"battery": 50}
    assert "uploaderBattery" not in pumps[0]
    assert pumps[-1]["mills"] == site.ms(1)
    assert client.ask("loadRetro", {"loadedMills": site.ms()}) == {"result": "success"}
    assert len(client.next("retroUpdate")["devicestatus"]) == 24


def test_retro_is_for_who_may_read(site: Site) -> None:
    site.status(1, pump={"reservoir": 1})
    client = site.connect()
    assert client.ask("loadRetro", {"loadedMills": 0}) == {"result": "success"}
    client.authorize(secret=site.token("api:treatments:create"))
    assert client.ask("loadRetro", {"loadedMills": 0}) == {"result": "success"}
    assert client.ask("loadRetro") == {"result": "success"}
    assert client.heard_nothing_but("clients", "connected")


def test_everybody_is_told_how_many_there_are(site: Site) -> None:
    first = site.connect()
    assert first.next("clients") == 1
    second = site.connect()
    while first.next("clients") != 2:
        continue
    second.io.disconnect()
    while first.next("clients") != 1:
        continue


def test_a_client_that_authorizes_anew_is_who_it_says_last(site: Site) -> None:
    client = site.connect()
    client.all_told()
    assert client.authorize(secret=site.token("api:treatments:create"))["read"] is False
    site.glucose(117)
    witness = site.connect()
    witness.all_told()
    assert client.heard_nothing_but("clients", "connected")


def test_who_comes_back_finds_what_it_missed(site: Site) -> None:
    first = site.connect()
    first.all_told()
    first.io.disconnect()
    site.glucose(117)
    assert [one["mgdl"] for one in site.connect().all_told()["sgvs"]] == [117]


@pytest.mark.parametrize("message", [None, "text", 5, ["secret"], {"secret": {"$ne": ""}}, {"secret": 7, "token": []}])
def test_a_message_that_is_none_presents_nothing(site: Site, message: object) -> None:
    client = site.connect()
    assert client.ask("authorize", message)["read"] is False


def test_the_owner_reads_over_polling_and_over_an_upgraded_connection(site: Site) -> None:
    site.glucose(117)
    for transports in (["polling"], ["polling", "websocket"]):
        client = site.connect(transports=transports)
        assert client.all_told()["sgvs"]
        assert client.io.transport() == transports[-1]
        site.glucose(120, minutes_ago=len(transports))
        assert client.next("dataUpdate")["sgvs"][0]["mgdl"] == 120


def test_a_secret_in_any_case_is_the_secret(site: Site) -> None:
    assert site.connect().authorize(secret=SECRET_DIGEST.upper())["write"] is True

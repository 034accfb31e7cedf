"""Moving in: a database of Nightscout 15 is served as it is, read whole, never rewritten, and can be gone back to."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha1
from pathlib import Path
from typing import Any

import httpx
import pymongo
import pytest
from bson import Decimal128, Int64, MinKey, ObjectId, Regex

from tests.compat.nightscout_database import (
    CUSTOM_INDEX,
    DEFAULT_NAMES,
    OVERRIDE,
    TEXT_ID,
    UUID_KEY,
    Nightscout,
    Snapshot,
    as_node_keeps,
    snapshot_of,
    text_id,
)
from tests.compat.own_process import served
from tests.mongodb import fresh_database, replica_set_server, standalone_server  # noqa: F401 - fixtures
from tests.waiting import wait_until

pytestmark = pytest.mark.mongodb

SECRET = "this is my long pass phrase"
DIGEST = sha1(SECRET.encode()).hexdigest()
OWN_NAMES = {name: f"child_{name}" for name in DEFAULT_NAMES} | {
    "auth_subjects": "child_auth_subjects",
    "auth_roles": "child_auth_roles",
}
OWN_NAMES_TOLD = {
    "MONGO_COLLECTION": "child_entries",
    "MONGO_TREATMENTS_COLLECTION": "child_treatments",
    "MONGO_PROFILE_COLLECTION": "child_profile",
    "MONGO_DEVICESTATUS_COLLECTION": "child_devicestatus",
    "MONGO_FOOD_COLLECTION": "child_food",
    "MONGO_ACTIVITY_COLLECTION": "child_activity",
    "MONGO_SETTINGS_COLLECTION": "child_settings",
    "MONGO_AUTHENTICATION_COLLECTIONS_PREFIX": "child_auth_",
}
ENV_FILE = """\
API_SECRET={secret}
MONGODB_URI={uri}
DISPLAY_UNITS=mmol
ENABLE=careportal basal iob cob bwp cage sage iage bage pump openaps loop rawbg cors
BG_HIGH=260
BG_LOW=55
AUTH_DEFAULT_ROLES=denied
INSECURE_USE_HTTP=true
AUTH_FAIL_DELAY=0
THEME=colors
"""
ALL = {
    "entries": "entries.json?count=1000&find[date][$gte]=0",
    "treatments": "treatments.json?count=1000&find[created_at][$gte]=2000",
    "devicestatus": "devicestatus.json?count=1000&find[created_at][$gte]=2000",
    "profile": "profile.json?count=1000",
    "food": "food.json",
    "activity": "activity.json?find[created_at][$gte]=2000",
}


@dataclass
class Moved:
    """A Nightscout's database, as it was, and Nightlight on it."""

    nightscout: Nightscout
    folder: Path
    before: Snapshot
    indexes_before: dict[str, dict[str, Any]]
    url: str

    @property
    def rows(self) -> pymongo.database.Database[Any]:
        return self.nightscout.rows

    def client(self, **headers: str) -> httpx.Client:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return httpx.Client(base_url=self.url, headers={"Connection": "close", **named})

    def get(self, path: str) -> Any:
        answer = self.client(api_secret=DIGEST).get(path)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def stored(self, name: str) -> list[dict[str, Any]]:
        """Return the documents of one of Nightscout's collections that are not deleted."""
        return [one for one in self.rows[self.nightscout.names[name]].find({}) if one.get("isValid") is not False]


@contextmanager
def moved(server: str, folder: Path, *, own_names: bool) -> Iterator[Moved]:
    with fresh_database(server) as uri, pymongo.MongoClient[Any](uri) as client:
        rows = client.get_default_database()
        names = OWN_NAMES if own_names else DEFAULT_NAMES
        nightscout = Nightscout(rows, int(time.time() * 1000), names)
        nightscout.fill()
        before = snapshot_of(rows)
        indexes = {name: rows[name].index_information() for name in names.values()}
        (folder / ".env").write_text(ENV_FILE.format(secret=SECRET, uri=uri))
        with served(folder, **(OWN_NAMES_TOLD if own_names else {})) as url:
            yield Moved(nightscout, folder, before, indexes, url)


@pytest.fixture(scope="module", params=["standalone", "replica set, own names"])
def home(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Moved]:
    """A database that is only read."""
    alone = request.param == "standalone"
    server: str = request.getfixturevalue("standalone_server" if alone else "replica_set_server")
    with moved(server, tmp_path_factory.mktemp("home"), own_names=not alone) as home:
        yield home


@pytest.fixture(scope="module")
def lived_in(replica_set_server: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Moved]:  # noqa: F811
    """A database that is written to."""
    with moved(replica_set_server, tmp_path_factory.mktemp("lived in"), own_names=False) as home:
        yield home


def plain(value: Any) -> Any:
    """Return a stored value as JSON shows it."""
    if isinstance(value, dict):
        return {name: plain(one) for name, one in value.items()}
    if isinstance(value, list):
        return [plain(one) for one in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


@pytest.mark.parametrize("name", ALL)
def test_every_document_is_shown_as_it_was_stored(home: Moved, name: str) -> None:
    shown = {one["_id"]: one for one in home.get(f"/api/v1/{ALL[name]}")}
    stored = {text_id(one["_id"]): one for one in home.stored(name)}
    assert shown.keys() == stored.keys()
    for id, document in stored.items():
        changed = {"_id", *(field for field in ("pump", "dateString") if document.get(field) is None)}
        kept = {field: plain(value) for field, value in document.items() if field not in changed}
        assert {field: shown[id][field] for field in kept} == kept
        assert shown[id].keys() - document.keys() <= {"mills", "carbs", "insulin", "dateString"}


def test_what_is_deleted_is_not_shown(home: Moved) -> None:
    for name, path in (("entries", ALL["entries"]), ("treatments", ALL["treatments"])):
        shown = home.get(f"/api/v1/{path}")
        assert len(shown) == home.rows[home.nightscout.names[name]].count_documents({}) - 1
        assert not any("deleted" in one.get("identifier", "") for one in shown)


def test_the_present_is_worked_out_of_it(home: Moved) -> None:
    told = home.get("/api/v2/properties")
    assert (told["bgnow"]["last"], told["iob"]["display"], told["upbat"]["display"]) == (120, "1.50", "55%")
    assert told["bgnow"]["sgvs"][0]["scaled"] == 6.7
    assert told["basal"]["display"] == "T: 0.350U"
    assert home.get("/pebble")["bgs"][0]["sgv"] == "120"
    assert len(home.get("/api/v2/ddata/at")["sgvs"]) >= 10
    assert home.get("/api/v2/summary")["profile"]["basal"][0]["value"] == 0.9
    assert home.get("/api/v1/profile/current")["enteredBy"] == "Loop"
    assert [one["name"] for one in home.get("/api/v1/food/quickpicks.json")] == ["Breakfast"]


def test_its_settings_are_understood(home: Moved) -> None:
    settings = home.get("/api/v1/status.json")["settings"]
    assert (settings["units"], settings["theme"], settings["authDefaultRoles"]) == ("mmol", "colors", "denied")
    assert home.client().get("/api/v1/entries.json").status_code == 401


@pytest.mark.parametrize(
    ("name", "groups", "may_read"),
    [
        ("Test Reader!", [["*:*:read"], []], True),
        ("admin", [["*"], []], True),
        ("nobody", [[]], False),
        ("rig", [["api:treatments:read", "api:treatments:create"], "api:entries:read", []], True),
    ],
)
def test_tokens_that_were_handed_out_go_on_working(home: Moved, name: str, groups: list[Any], may_read: bool) -> None:
    token = home.nightscout.token(name, SECRET)
    assert {one["name"]: one["accessToken"] for one in home.get("/api/v2/authorization/subjects")}[name] == token
    got = home.client().get(f"/api/v2/authorization/request/{token}").json()
    assert (got["sub"], got["permissionGroups"]) == (name, groups)
    status = 200 if may_read else 401
    for client, query in (
        (home.client(), f"?token={token}"),
        (home.client(api_secret=token), ""),
        (home.client(api_secret=sha1(token.encode()).hexdigest()), ""),
        (home.client(Authorization=f"Bearer {got['token']}"), ""),
    ):
        assert client.get(f"/api/v1/entries.json{query}").status_code == status


def test_ids_of_every_kind_are_found(home: Moved) -> None:
    for id in (UUID_KEY, OVERRIDE):
        assert len(home.get(f"/api/v1/treatments.json?find[_id]={id}")) == 1
    assert len(home.get(f"/api/v1/devicestatus.json?find[_id]={TEXT_ID}")) == 1
    [entry, *_] = home.stored("entries")
    assert [one["_id"] for one in home.get(f"/api/v1/entries/{entry['_id']}.json")] == [str(entry["_id"])]


def test_nothing_of_it_is_rewritten(home: Moved) -> None:
    """By starting, by every read, by a refused credential, by pages people look at."""
    for path in (*(f"/api/v1/{path}" for path in ALL.values()), "/api/v2/properties", "/api/v2/ddata/at", "/pebble"):
        home.get(path)
    home.client(api_secret="0" * 40).get("/api/v1/entries.json")
    home.client().get("/")
    now = snapshot_of(home.rows)
    assert {name: now[name] for name in home.before} == home.before
    assert not any(now[name] for name in now.keys() - home.before.keys() if not name.startswith("nl_"))


def test_its_indexes_stay_and_ours_are_beside_them(home: Moved) -> None:
    for name, before in home.indexes_before.items():
        now = home.rows[name].index_information()
        assert {index: now[index] for index in before} == before
        assert not any(index.get("unique") for index in now.values())
        keys = [tuple(index["key"]) for index in now.values()]
        assert len(keys) == len(set(keys))
    assert CUSTOM_INDEX in home.rows[home.nightscout.names["entries"]].index_information()


def kept_of(home: Moved, collection: str, /, **filter: Any) -> dict[str, Any]:
    """Return the one document of a collection that matches, as it is stored."""
    [found] = home.rows[collection].find(filter)
    return dict(found)


def test_what_we_write_nightscout_can_read(lived_in: Moved) -> None:
    """The same names and types as its own documents, and nothing beside them but the stamps of its API v3."""
    night = lived_in.nightscout
    sent: dict[str, dict[str, Any]] = {
        "entries": {"type": "sgv", "sgv": 101, "date": night.at(0), "direction": "Flat"},
        "treatments": {"eventType": "Meal Bolus", "carbs": 20, "insulin": 1.5, "enteredBy": "new"},
        "devicestatus": {"uploaderBattery": 50},
        "profile": {"defaultProfile": "D", "startDate": night.iso(0), "store": {"D": {"dia": "4"}}},
        "food": {"type": "food", "name": "Apple", "carbs": 12.5},
        "activity": {"created_at": night.local(0), "steps": 4102},
    }
    for name, document in sent.items():
        document["device"] = "new"
        assert lived_in.client(api_secret=DIGEST).post(f"/api/v1/{name}", json=[document]).status_code == 200
        kept = kept_of(lived_in, name, device="new")
        assert {field: kept[field] for field in document} == document
        assert isinstance(kept["_id"], ObjectId)
        added = kept.keys() - document.keys() - {"_id"}
        assert added <= {"sysTime", "utcOffset", "created_at", "srvCreated", "srvModified"}
        assert {type(kept[field]) for field in added & {"sysTime", "created_at"}} <= {str}
        assert all(isinstance(kept[stamp], int | float) for stamp in ("srvCreated", "srvModified"))
    newest = {"type": "sgv", "date": {"$lte": float(night.at(0))}}
    assert lived_in.rows["entries"].find_one(newest, sort=[("date", -1)])["device"] == "new"


def test_uploads_that_come_again_are_its_own_documents(lived_in: Moved) -> None:
    night, owner = lived_in.nightscout, lived_in.client(api_secret=DIGEST)
    reading = {"type": "sgv", "sgv": 120, "date": night.at(1), "dateString": night.iso(1), "device": "again"}
    basal = {"eventType": "Temp Basal", "created_at": night.iso(20), "duration": 5, "rate": 0.35}
    for name, document, filter in (
        ("entries", reading, {"sysTime": night.iso(1)}),
        ("treatments", basal, {"created_at": night.iso(20)}),
    ):
        before = kept_of(lived_in, name, **filter)
        [answered] = owner.post(f"/api/v1/{name}", json=[document]).json()
        assert kept_of(lived_in, name, **filter)["_id"] == before["_id"]
        assert answered["_id"] == str(before["_id"])
    assert kept_of(lived_in, "entries", sysTime=night.iso(1))["filtered"] == 117000
    assert kept_of(lived_in, "treatments", created_at=night.iso(20))["duration"] == 5


def test_rows_with_ids_of_every_kind_are_edited_and_deleted(lived_in: Moved) -> None:
    owner = lived_in.client(api_secret=DIGEST)
    for id, filter in ((UUID_KEY, {"_id": UUID_KEY}), (OVERRIDE, {"identifier": OVERRIDE})):
        stored = kept_of(lived_in, "treatments", **filter)
        edited = {"_id": id, "eventType": "Temporary Override", "created_at": stored["created_at"], "duration": 7}
        assert owner.put("/api/v1/treatments", json=edited).status_code == 200
        now = kept_of(lived_in, "treatments", **filter)
        assert (now["_id"], now["duration"]) == (stored["_id"], 7)
        assert owner.delete(f"/api/v1/treatments/{id}").json()["deletedCount"] == 1
        assert kept_of(lived_in, "treatments", **filter)["isValid"] is False  # its followers are told
    assert owner.delete(f"/api/v1/devicestatus/{TEXT_ID}").json()["deletedCount"] == 1
    assert lived_in.rows["devicestatus"].count_documents({"_id": TEXT_ID}) == 0


def test_a_subject_made_here_has_the_token_nightscout_would_give_it(lived_in: Moved) -> None:
    owner, path = lived_in.client(api_secret=DIGEST), "/api/v2/authorization/subjects"
    made = owner.post(path, json={"name": "New One", "roles": ["readable"], "notes": "n"}).json()
    kept = kept_of(lived_in, "auth_subjects", name="New One")
    assert kept.keys() == {"_id", "name", "roles", "notes", "created_at"}
    assert (str(kept["_id"]), type(kept["created_at"])) == (made["_id"], str)
    token = lived_in.nightscout.token("New One", SECRET)
    assert lived_in.client().get(f"/api/v1/entries.json?token={token}").status_code == 200
    renamed = {"_id": str(lived_in.nightscout.subject("admin")["_id"]), "name": "admin", "roles": ["readable"]}
    before = lived_in.nightscout.token("admin", SECRET)
    assert owner.put(path, json=renamed).status_code == 200
    assert lived_in.nightscout.token("admin", SECRET) == before


def test_what_nightscout_writes_meanwhile_is_shown(lived_in: Moved) -> None:
    """Both may run side by side for as long as the family wants to compare."""
    question = "/api/v1/entries.json?count=1"
    lived_in.get(question)
    now = int(time.time() * 1000)
    night = Nightscout(lived_in.rows, now, DEFAULT_NAMES)
    iso = night.iso(0)
    written = {"type": "sgv", "sgv": 222, "date": now, "dateString": iso, "sysTime": iso, "utcOffset": 0}
    lived_in.rows["entries"].insert_one(as_node_keeps(written))
    wait_until(lambda: lived_in.get(question)[0]["sgv"] == 222)


def test_what_other_tools_put_into_it_breaks_nothing(lived_in: Moved) -> None:
    """Imports and scripts leave types Node's driver never writes."""
    night = lived_in.nightscout
    odd = {
        "type": "sgv",
        "sgv": Int64(100),
        "date": Int64(night.at(2.5)),
        "at": datetime(2026, 1, 2, 3, 4, 5, 678_000),  # noqa: DTZ001 - as the driver writes it: UTC
        "exact": Decimal128("1.5"),
        "bytes": b"\x00\x01",
        "pattern": Regex("^a", "i"),
        "least": MinKey(),
        "endless": float("nan"),
    }
    lived_in.rows["entries"].insert_one(odd)
    shown = lived_in.get(f"/api/v1/entries.json?find[date]={night.at(2.5)}")
    assert [(one["sgv"], one["date"], one["at"], one["endless"]) for one in shown] == [
        (100, night.at(2.5), "2026-01-02T03:04:05.678Z", None)
    ]
    lived_in.get("/api/v2/properties")


def test_a_person_can_go_back_and_come_again(
    standalone_server: str,  # noqa: F811
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """Without our collections it is a database of Nightscout with a few documents more; keys may be lost with them."""
    with moved(standalone_server, tmp_path_factory.mktemp("before"), own_names=False) as home:
        home.client(api_secret=DIGEST).post("/api/v1/treatments", json=[{"eventType": "Note", "notes": "here"}])
        uri = (home.folder / ".env").read_text()
        names = set(home.rows.list_collection_names())
        assert {name for name in names if not name.startswith("nl_")} == set(DEFAULT_NAMES)
        for name in names - set(DEFAULT_NAMES):
            home.rows.drop_collection(name)
        left = snapshot_of(home.rows)
        for name, documents in home.before.items():
            assert {id: left[name][id] for id in documents} == documents
            assert len(left[name]) - len(documents) == (name == "treatments")
        again = tmp_path_factory.mktemp("again")
        (again / ".env").write_text(uri)
        with served(again) as url:
            token = home.nightscout.token("Test Reader!", SECRET)
            assert len(httpx.get(f"{url}/api/v1/entries.json?count=3&token={token}").json()) == 3

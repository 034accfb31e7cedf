"""What the original Nightscout does with what it is sent: what it recognises, what it doubles, what it refuses."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from app.clock import iso_of
from app.records.times import read_instant
from tests.emulators.server import Asked, Reply

Documents = dict[str, list[dict[str, Any]]]

_HEX = re.compile(r"[0-9a-f]{24}")
_LIMITS = {"devicestatus": 1_000_000, "profile": 1_000_000, "food": 100_000, "activity": 100_000}
_NEEDS_HEX = ("devicestatus", "profile", "food", "activity")
_MONGO = Reply({"status": 500, "message": "Mongo Error", "description": {}}, 500)
_IMMUTABLE = ("date", "utcOffset", "eventType", "device", "app")


class Writes:
    """Keeps what is written through either API in the very lists of documents it is given."""

    def __init__(self, kept: Documents, new_id: Callable[[], str], stamp: Callable[[], int]) -> None:
        self._kept = kept
        self._new_id = new_id
        self._stamp = stamp
        self.has_careportal = True
        self.largest_bytes = 50_000_000
        """What a server in front of it lets through."""

    def v1(self, asked: Asked, collection: str) -> Reply:
        if collection in ("treatments", "activity") and not self.has_careportal:
            return Reply(status=404, headers={"Content-Type": "text/html"}, raw="Cannot POST")
        if asked.method == "DELETE":
            return self._removed(collection, asked.path.rpartition("/")[2])
        if len(json.dumps(asked.body)) > min(self.largest_bytes, _LIMITS.get(collection, 50_000_000)):
            return Reply(status=413, headers={"Content-Type": "text/html"}, raw="<h1>Payload Too Large</h1>")
        documents = asked.body if isinstance(asked.body, list) else [asked.body]
        if collection in _NEEDS_HEX and any("_id" in one and not _HEX.fullmatch(one["_id"]) for one in documents):
            return Reply({"status": 400, "message": "Invalid _id format"}, 400)
        save = self._put if asked.method == "PUT" else getattr(self, f"_post_{collection}")
        saved = []
        for one in documents:
            if any(name.startswith("$") or name == "poison" for name in one) or not save(collection, dict(one)):
                return _MONGO
            saved.append(one)
        return Reply(saved)

    def _removed(self, collection: str, id: str) -> Reply:
        before = len(self._kept[collection])
        self._kept[collection][:] = [one for one in self._kept[collection] if one["_id"] != id]
        return Reply({"acknowledged": True, "deletedCount": before - len(self._kept[collection])})

    def _insert(self, collection: str, document: dict[str, Any]) -> bool:
        if any(one["_id"] == document.get("_id") for one in self._kept[collection]):
            return False  # E11000
        self._kept[collection].append({"_id": document.get("_id") or self._new_id(), **document})
        return True

    def _in_utc(self, document: dict[str, Any], name: str) -> dict[str, Any]:
        instant = read_instant(document.get(name))
        return document if instant is None else document | {name: instant.iso, "utcOffset": instant.offset_min}

    def _post_entries(self, collection: str, entry: dict[str, Any]) -> bool:
        instant = read_instant(entry.get("dateString") or entry.get("date"))
        entry = self._in_utc(entry, "dateString") | {"sysTime": instant.iso if instant else None}
        for one in self._kept[collection]:
            if (one.get("sysTime"), one.get("type")) == (entry["sysTime"], entry.get("type")):
                one |= {name: value for name, value in entry.items() if name != "_id"}
                return "_id" not in entry or entry["_id"] == one["_id"]
        return self._insert(collection, entry)

    def _post_treatments(self, collection: str, treatment: dict[str, Any]) -> bool:
        treatment = self._in_utc(treatment, "created_at")
        identifier = treatment.get("identifier")
        if identifier:
            treatment.pop("_id", None)

        def is_it(one: dict[str, Any]) -> bool:
            if identifier:
                return identifier in (one.get("identifier"), one["_id"])
            if "_id" in treatment:
                return bool(one["_id"] == treatment["_id"])
            same = ("created_at", "eventType")
            return all(one.get(name) == treatment.get(name) for name in same)

        for place, one in enumerate(self._kept[collection]):
            if is_it(one):
                self._kept[collection][place] = {**treatment, "_id": one["_id"]}
                return True
        return self._insert(collection, treatment)

    def _post_devicestatus(self, collection: str, status: dict[str, Any]) -> bool:
        return self._insert(collection, self._in_utc(status, "created_at"))

    def _post_profile(self, collection: str, profile: dict[str, Any]) -> bool:
        return self._insert(collection, {"created_at": iso_of(self._stamp()), **profile})

    def _post_food(self, collection: str, food: dict[str, Any]) -> bool:
        return self._insert(collection, food | {"created_at": iso_of(self._stamp())})

    def _post_activity(self, collection: str, activity: dict[str, Any]) -> bool:
        for one in self._kept[collection]:
            if "_id" in activity and (one["_id"], one["created_at"]) == (activity["_id"], activity["created_at"]):
                one |= activity
                return True
        return self._insert(collection, activity)

    def _put(self, collection: str, document: dict[str, Any]) -> bool:
        if collection == "treatments":
            return self._post_treatments(collection, document)
        for place, one in enumerate(self._kept[collection]):
            if one["_id"] == document.get("_id"):
                self._kept[collection][place] = document
                return True
        return self._insert(collection, document)

    def v3(self, asked: Asked, collection: str) -> Reply:
        if collection == "activity":
            return Reply({"status": 404, "message": "Bad operation or collection"}, 404)
        if asked.method == "DELETE":
            found = self._named(collection, asked.path.rpartition("/")[2])
            if found is None:
                return Reply({"status": 404}, 404)
            found |= {"isValid": False, "srvModified": self._stamp()}
            return Reply({"status": 200})
        return self._created(collection, dict(asked.body))

    def _named(self, collection: str, identifier: str) -> dict[str, Any] | None:
        for one in self._kept[collection]:
            if one.get("identifier") == identifier or (one["_id"] == identifier and not one.get("identifier")):
                return one
        return None

    def _created(self, collection: str, document: dict[str, Any]) -> Reply:
        document.pop("_id", None)
        instant = read_instant(document.get("date")) or read_instant(document.get("created_at"))
        if instant is None:
            return Reply({"status": 400, "message": "Bad or missing date field"}, 400)
        document |= {"date": instant.at_ms, "created_at": instant.iso}
        document.setdefault("utcOffset", instant.offset_min)
        if "poison" in document:
            return Reply({"status": 500, "message": "Database error"}, 500)
        for name in ("app", "identifier"):
            if not str(document.get(name) or "").strip():
                return Reply({"status": 400, "message": f"Bad or missing {name} field"}, 400)
        found = self._named(collection, document["identifier"])
        stamp_ms = self._stamp()
        if found is None:
            self._insert(collection, document | {"srvCreated": stamp_ms, "srvModified": stamp_ms})
            return Reply({"status": 201, "identifier": document["identifier"], "lastModified": stamp_ms}, 201)
        for name in _IMMUTABLE:
            if (
                name in found
                and name in document
                and found[name] != document[name]
                and found.get("isValid") is not False
            ):
                return Reply({"status": 400, "message": f"Field {name} cannot be modified by the client"}, 400)
        id = found["_id"]
        found.clear()
        found |= {"_id": id, **document, "srvModified": stamp_ms}
        return Reply({"status": 200, "identifier": document["identifier"], "isDeduplication": True})

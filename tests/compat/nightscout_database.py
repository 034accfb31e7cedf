"""A database as Nightscout 15 leaves it, written straight through the driver: every shape its years have produced.

Node's driver keeps whole numbers beyond 32 bits as doubles; so does this. Times are told in minutes before ``now_ms``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from hashlib import sha1
from typing import Any

from bson import ObjectId
from pymongo import ASCENDING, DESCENDING
from pymongo.database import Database

from app.clock import iso_of

Document = dict[str, Any]
Rows = Database[Any]

DEFAULT_NAMES = {
    name: name
    for name in ("entries", "treatments", "devicestatus", "profile", "food", "activity", "settings", "auth_subjects",
                 "auth_roles")
}  # fmt: skip

UUID_KEY = "3F2504E0-4F89-41D3-9A0C-0305E82C3301"
OVERRIDE = "4F2504E0-4F89-41D3-9A0C-0305E82C3302"
TEXT_ID = "5f1d0c2ab7e94e3f8a5d1c55"
CUSTOM_INDEX = "somebodys own"
PROFILE_JSON = (
    '{"units":"mg\\/dl","dia":5,"timezone":"Europe\\/Berlin","sens":[{"time":"00:00","timeAsSeconds":0,"value":45}],'
    '"carbratio":[{"time":"00:00","timeAsSeconds":0,"value":9}],"basal":[{"time":"00:00","timeAsSeconds":0,"value":0.9}],'
    '"target_low":[{"time":"00:00","timeAsSeconds":0,"value":100}],'
    '"target_high":[{"time":"00:00","timeAsSeconds":0,"value":110}]}'
)

_INDEXES: dict[str, Iterable[Any]] = {
    "entries": ("date", "type", "sgv", "mbg", "sysTime", "dateString", "identifier", "srvModified", "isValid",
                [("type", ASCENDING), ("date", DESCENDING), ("dateString", ASCENDING)]),
    "treatments": ("created_at", "eventType", "insulin", "carbs", "glucose", "enteredBy", "boluscalc.foods._id",
                   "notes", "NSCLIENT_ID", "percent", "absolute", "duration", "identifier", "srvModified", "isValid",
                   [("eventType", ASCENDING), ("duration", ASCENDING), ("created_at", ASCENDING)]),
    "devicestatus": ("created_at", "NSCLIENT_ID", "identifier", "srvModified", "isValid"),
    "profile": ("startDate", "identifier", "srvModified", "isValid"),
    "food": ("type", "position", "hidden"),
    "activity": ("created_at",),
    "settings": ("identifier", "srvModified", "isValid"),
    "auth_subjects": ("name",),
    "auth_roles": ("name",),
}  # fmt: skip


def as_node_keeps(value: Any) -> Any:
    """Return a value as Node's driver hands it to the database."""
    if isinstance(value, dict):
        return {name: as_node_keeps(one) for name, one in value.items()}
    if isinstance(value, list):
        return [as_node_keeps(one) for one in value]
    if type(value) is int and not -(2**31) <= value < 2**31:
        return float(value)
    return value


@dataclass(frozen=True)
class Nightscout:
    """A family's Nightscout: ``names`` are its collections by Nightscout's own names for them."""

    rows: Rows
    now_ms: int
    names: Mapping[str, str]

    def fill(self) -> None:
        """Make the indexes Nightscout makes, and all of the family's documents."""
        for name, paths in _INDEXES.items():
            for path in paths:
                self.rows[self.names[name]].create_index(path)
        for name, documents in self._documents().items():
            self.rows[self.names[name]].insert_many([as_node_keeps(one) for one in documents])
        self.rows[self.names["entries"]].create_index("device", name=CUSTOM_INDEX)

    def subject(self, name: str) -> Document:
        """Return a stored subject."""
        found = self.rows[self.names["auth_subjects"]].find_one({"name": name})
        assert found is not None
        return dict(found)

    def token(self, name: str, secret: str) -> str:
        """Return the access token Nightscout derives for a subject."""
        digest = sha1((sha1(secret.encode()).hexdigest() + str(self.subject(name)["_id"])).encode()).hexdigest()
        return f"{''.join(c for c in name.lower() if c.isalnum() or c == '_')[:10]}-{digest[:16]}"

    def at(self, minutes: float) -> int:
        return self.now_ms - round(minutes * 60_000)

    def iso(self, minutes: float) -> str:
        return iso_of(self.at(minutes))

    def local(self, minutes: float) -> str:
        zone = timezone(timedelta(hours=1))
        return datetime.fromtimestamp(self.at(minutes) // 1000, UTC).astimezone(zone).isoformat()

    def _documents(self) -> dict[str, list[Document]]:
        return {
            "entries": self._entries(),
            "treatments": self._treatments(),
            "devicestatus": self._statuses(),
            "profile": self._profiles(),
            "food": _food(),
            "activity": self._activity(),
            "settings": [self._by_v3({"identifier": "aaps", "date": self.at(60), "app": "AAPS", "units": "mg/dl"})],
            "auth_subjects": self._subjects(),
            "auth_roles": self._roles(),
        }

    def _sgv(self, minutes: float, mgdl: float, **fields: Any) -> Document:
        at, iso = self.at(minutes), self.iso(minutes)
        return {"type": "sgv", "sgv": mgdl, "date": at, "dateString": iso, "sysTime": iso, "utcOffset": 60,
                "direction": "Flat", "device": "xDrip-DexcomG6", **fields}  # fmt: skip

    def _by_v3(self, document: Document) -> Document:
        """A document as API v3 keeps one."""
        return document | {
            "srvCreated": self.at(4), "srvModified": self.at(4), "subject": "AndroidAPS", "isValid": True,
        } | {name: document[name] for name in ("isValid",) if name in document}  # fmt: skip

    def _entries(self) -> list[Document]:
        phone = {"noise": 1, "filtered": 117000, "unfiltered": 117000.5, "rssi": 100, "delta": -1.502}
        aaps = {"type": "sgv", "date": self.at(14), "app": "AAPS", "device": "Libre3", "utcOffset": 60, "noise": 0.0}
        double = self._sgv(30, 130)
        return [
            *(self._sgv(5 * n + 1, 120 + n, **phone) for n in range(6)),
            {"type": "mbg", "mbg": 118, "date": self.at(40), "dateString": self.iso(40), "device": "Contour"},
            {"type": "cal", "slope": 850.5, "intercept": 30000, "scale": 1, "date": self.at(41),
             "dateString": self.iso(41)},
            self._by_v3(aaps | {"identifier": "11f0c2a1-9d0f-5b1e-8f4c-1d2e3f405162", "sgv": 117}),
            self._by_v3(aaps | {"identifier": "deleted-entry", "sgv": 40, "date": self.at(15), "isValid": False}),
            {**self._sgv(20, 111), "date": self.at(20) + 0.709, "trend": 4, "trendRate": 0.5},
            double,
            dict(double),
            {"type": "sgv", "sgv": 99, "date": self.at(60), "dateString": "Sat Nov 21 10:00:00 GMT+01:00 2020"},
            self._sgv(61, 98, sysTime=None, utcOffset=None, dateString=None),
            self._sgv(400 * 24 * 60, 97),
        ]  # fmt: skip

    def _treatments(self) -> list[Document]:
        def done(minutes: float, event_type: str, **fields: Any) -> Document:
            return {
                "eventType": event_type,
                "created_at": self.iso(minutes),
                "utcOffset": 0,
                "enteredBy": "Mum",
                **fields,
            }

        loop = {"enteredBy": "loop://iPhone", "timestamp": self.iso(20), "syncIdentifier": "74656d70"}
        aaps = {"date": self.at(25), "app": "AAPS", "pumpId": 1768374309123, "pumpType": "DANA_I", "utcOffset": 60}
        override = {
            "reason": "🏃 Running",
            "duration": 60,
            "correctionRange": [140, 160],
            "insulinNeedsScaleFactor": 0.5,
        }
        foods = {"carbs": 30, "foods": [{"_id": "5f1d0c2ab7e94e3f8a5d1c01", "name": "Bread", "portion": 30.5}]}
        return [
            done(10, "Meal Bolus", carbs=30, insulin=2.5, notes="Frühstück &amp; Saft", boluscalc=foods),
            done(20, "Temp Basal", rate=0.35, absolute=0.35, duration=29.85, temp="absolute", **loop),
            {"_id": UUID_KEY, **done(90, "Temporary Override", **override)},
            done(80, "Temporary Override", identifier=OVERRIDE, **override),
            self._by_v3(done(25, "Profile Switch", identifier="aaps-1", profileJson=PROFILE_JSON, **aaps)),
            self._by_v3(done(26, "Bolus", insulin=5, identifier="deleted-bolus", **aaps) | {"isValid": False}),
            done(50, "Note", notes="NSClient", NSCLIENT_ID=1768374309123),
            {"created_at": self.iso(55), "notes": "without a type"},
            {**done(70, "Site Change"), "created_at": self.local(70)},
            done(400 * 24 * 60, "Sensor Change", transmitterId="80ABCD"),
        ]

    def _statuses(self) -> list[Document]:
        said = self.iso(3)
        return [
            {"device": "loop://iPhone", "created_at": said, "utcOffset": 0,
             "loop": {"name": "Loop", "version": "3.4", "timestamp": said, "iob": {"timestamp": said, "iob": 1.5},
                      "predicted": {"startDate": said, "values": [118, 119.5]}},
             "pump": {"clock": said, "reservoir": 101.5, "pumpID": "1F08"}, "uploader": {"battery": 55}},
            {"device": "openaps://edison", "created_at": self.iso(8), "utcOffset": 0, "pump": None,
             "openaps": {"iob": [{"iob": 0.83, "time": said}], "suggested": {"predBGs": {"IOB": [101, 99]}}}},
            {"_id": TEXT_ID, "device": "xdrip", "created_at": self.iso(9), "uploaderBattery": 71,
             "mills": self.at(9)},
            self._by_v3({"identifier": "aaps-status", "created_at": self.iso(10), "date": self.at(10), "app": "AAPS",
                         "device": "openaps://samsung", "configuration": {"pump": "DanaI"}}),
        ]  # fmt: skip

    def _profiles(self) -> list[Document]:
        hours = [{"time": "00:00", "value": "0.5", "timeAsSeconds": 0}, {"time": "06:30", "value": 0.8}]
        flat = {"dia": 3, "carbratio": 9, "carbs_hr": 30, "sens": 17, "basal": 0.6, "target_low": 80}
        store = {"dia": "4", "carbs_hr": "20", "delay": "20", "timezone": "Europe/Berlin", "units": "mg/dl",
                 **dict.fromkeys(("basal", "carbratio", "sens", "target_low", "target_high"), hours)}  # fmt: skip
        return [
            {**flat, "startDate": "2014-01-01T00:00:00.000Z", "created_at": "2014-01-01T00:00:00.000Z"},
            {"defaultProfile": "Default", "startDate": self.iso(30 * 24 * 60), "units": "mg/dl",
             "mills": str(self.at(30 * 24 * 60)), "created_at": self.iso(30 * 24 * 60), "store": {"Default": store}},
            {"defaultProfile": "Default", "startDate": self.iso(600), "units": "mg/dL", "enteredBy": "Loop",
             "mills": str(self.at(600)), "store": {"Default": store | {"timezone": "ETC/GMT-1"}},
             "loopSettings": {"dosingEnabled": True, "deviceToken": "ab", "overridePresets": [], "minimumBGGuard": 75}},
        ]  # fmt: skip

    def _activity(self) -> list[Document]:
        return [
            {"created_at": self.local(30), "activityType": "tconnect_iob", "iob": 1.5},
            {"created_at": self.iso(20), "type": "hr-bpm", "bpm": 71, "timeStamp": self.at(20)},
        ]

    def _subjects(self) -> list[Document]:
        made = {"notes": "", "created_at": self.iso(5000)}
        return [
            {"name": "Test Reader!", "roles": ["readable"], **made},
            {"name": "admin", "roles": ["admin"], **made},
            {"name": "nobody", "roles": None, **made},
            {"name": "rig", "roles": ["rig", "plain"], **made},
        ]

    def _roles(self) -> list[Document]:
        made = {"notes": "", "created_at": self.iso(5000)}
        return [
            {"name": "rig", "permissions": ["api:treatments:read", "api:treatments:create"], **made},
            {"name": "plain", "permissions": "api:entries:read", **made},
        ]


def _food() -> list[Document]:
    made = {"created_at": "2025-06-01T00:00:00.000Z"}
    return [
        {"type": "food", "category": "", "subcategory": "", "name": "Bread", "portion": 30, "carbs": 15.5, "fat": 0,
         "protein": 0, "energy": 0, "gi": 2, "unit": "g", **made},
        {"type": "quickpick", "name": "Breakfast", "foods": [{"name": "Bread", "portions": 2}], "hidden": "false",
         "hideafteruse": True, "position": 0, "carbs": 31, **made},
        {"type": "quickpick", "name": "Hidden", "foods": [], "hidden": "true", "position": 1, "carbs": 0, **made},
    ]  # fmt: skip


Snapshot = dict[str, dict[Any, bytes]]


def snapshot_of(rows: Rows) -> Snapshot:
    """Return every document of a database, byte by byte, by collection and ``_id``."""
    from bson.codec_options import CodecOptions
    from bson.raw_bson import RawBSONDocument

    raw = CodecOptions(document_class=RawBSONDocument)
    return {
        name: {repr(one["_id"]): one.raw for one in rows.get_collection(name, codec_options=raw).find({})}
        for name in rows.list_collection_names()
    }


def text_id(id: Any) -> str:
    """Return an ``_id`` as it is shown."""
    return str(id) if isinstance(id, ObjectId) else id

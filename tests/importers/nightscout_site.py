"""A small Nightscout site, and everything its records can be written as: answers, exports, dumps."""

from __future__ import annotations

import gzip
import io
import json
import struct
import zipfile
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import bson
from bson import Int64, ObjectId, json_util

from app.clock import iso_of
from tests.clocks import START_MS

Site = dict[str, list[dict[str, Any]]]

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS
_END = struct.pack("<i", -1)
_MAGIC = struct.pack("<I", 0x8199E26D)


def id_of(number: int) -> ObjectId:
    return ObjectId(f"5f0c52f46c0e4c0a9d{number:06x}")


def small_site() -> Site:
    """Records of one day as a loop, a phone and a person left them, each with the ``_id`` its database gave."""
    readings = [
        {
            "_id": id_of(place),
            "device": "xDrip-DexcomG6",
            "date": float(START_MS - DAY_MS + place * 5 * MINUTE_MS),
            "dateString": iso_of(START_MS - DAY_MS + place * 5 * MINUTE_MS),
            "sgv": 100 + place,
            "direction": "Flat",
            "type": "sgv",
            "noise": 1,
            "sysTime": iso_of(START_MS - DAY_MS + place * 5 * MINUTE_MS),
            "utcOffset": 60,
        }
        for place in range(12)
    ]
    at = iso_of(START_MS - DAY_MS)
    later = iso_of(START_MS - DAY_MS + HOUR_MS)
    return {
        "entries": [
            *readings,
            {
                "_id": id_of(100),
                "type": "mbg",
                "mbg": 110,
                "date": START_MS - DAY_MS + 7 * MINUTE_MS,
                "device": "meter",
            },
            {"_id": id_of(101), "type": "cal", "slope": 850.5, "intercept": 3e4, "scale": 1, "date": START_MS - DAY_MS},
        ],
        "treatments": [
            {
                "_id": id_of(200),
                "eventType": "Meal Bolus",
                "created_at": at,
                "insulin": 2.5,
                "carbs": 30,
                "utcOffset": 60,
            },
            {"_id": id_of(201), "eventType": "SMB", "created_at": later, "insulin": 0.15, "identifier": "smb-1"},
            {"_id": id_of(202), "eventType": "Temp Basal", "created_at": later, "absolute": 0.0, "duration": 30},
            {"_id": id_of(203), "eventType": "Note", "created_at": later, "notes": "Pizza: «très bon» 🍕"},
        ],
        "devicestatus": [
            {"_id": id_of(300), "device": "openaps://rig", "created_at": at, "openaps": {"iob": {"iob": 1.25}}},
            {"_id": id_of(301), "device": "phone", "created_at": later, "uploaderBattery": 77},
        ],
        "profile": [
            {
                "_id": id_of(400),
                "defaultProfile": "Default",
                "startDate": "2026-01-01T00:00:00.000Z",
                "created_at": "2026-01-01T00:00:00.000Z",
                "store": {"Default": {"dia": 5, "basal": [{"time": "00:00", "value": "0.8"}]}},
                "units": "mmol",
            }
        ],
        "food": [
            {
                "_id": id_of(500),
                "type": "food",
                "category": "Fruit",
                "name": "Apple",
                "carbs": "14",
                "created_at": "2020-05-05T05:05:05.000Z",
            }
        ],
        "activity": [{"_id": id_of(600), "created_at": at, "steps": 1200, "heartrate": 88}],
    }


def copy_of(site: Mapping[str, Iterable[Mapping[str, Any]]]) -> Site:
    return {name: [dict(one) for one in documents] for name, documents in site.items()}


def as_answered(collection: str, document: Mapping[str, Any]) -> dict[str, Any]:
    """A document as API v1 shows it."""
    shown = {**document, "_id": str(document["_id"])}
    if collection == "treatments":
        shown = {"carbs": None, "insulin": None, **shown, "mills": START_MS}
    return {
        name: int(value) if isinstance(value, float) and value.is_integer() else value for name, value in shown.items()
    }


def as_v3(collection: str, document: Mapping[str, Any]) -> dict[str, Any]:
    """A document as API v3 shows it: under an identifier, with stamps, without its ``_id``."""
    shown = {"identifier": str(document["_id"]), **as_answered(collection, document)}
    return {name: value for name, value in shown.items() if name != "_id"} | {"srvModified": START_MS, "srvCreated": 1}


def extended(mode: str) -> Callable[[Any], str]:
    options = {
        "canonical": json_util.CANONICAL_JSON_OPTIONS,
        "relaxed": json_util.RELAXED_JSON_OPTIONS,
        "legacy": json_util.LEGACY_JSON_OPTIONS,
    }[mode]
    return lambda document: json_util.dumps(document, json_options=options)


def answer(site: Site, collection: str) -> str:
    return json.dumps([as_answered(collection, one) for one in site[collection]], ensure_ascii=False)


def answer_of_v3(site: Site, collection: str) -> str:
    return json.dumps({"status": 200, "result": [as_v3(collection, one) for one in site[collection]]})


def lines(site: Site, collection: str, mode: str = "relaxed", end: str = "\n") -> str:
    return "".join(extended(mode)(one) + end for one in site[collection])


def listed(site: Site, collection: str, mode: str = "canonical") -> str:
    return "[" + ",\n".join(map(extended(mode), site[collection])) + "]\n"


def scattered(site: Site, collection: str) -> str:
    written = (json.loads(extended("relaxed")(one)) for one in site[collection])
    return "\n".join(json.dumps(one, indent=2) for one in written)


def together(site: Site) -> str:
    whole = {name: [as_answered(name, one) for one in documents] for name, documents in site.items()}
    return json.dumps({"exported_at": "2026-11-21", "version": 3, **whole}, indent=1)


def dump(site: Site, collection: str) -> bytes:
    return b"".join(map(bson.encode, site[collection]))


def packed(files: Mapping[str, bytes | str]) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as zipped:
        for name, content in files.items():
            zipped.writestr(name, content)
    return made.getvalue()


def dump_folder(site: Site, database: str = "nightscout", *, gzipped: bool = False) -> dict[str, bytes]:
    """The files of ``mongodump``, with those of Nightscout's accounts and of MongoDB itself."""
    accounts = [{"_id": id_of(900), "name": "Reader", "roles": ["readable"], "created_at": iso_of(START_MS)}]
    files: dict[str, bytes] = {}
    for name in [*site, "auth_subjects"]:
        content = b"".join(map(bson.encode, site.get(name, accounts)))
        ending = ".bson.gz" if gzipped else ".bson"
        files[f"dump/{database}/{name}{ending}"] = gzip.compress(content) if gzipped else content
        files[f"dump/{database}/{name}.metadata.json"] = b'{"options":{},"indexes":[{"v":2,"key":{"_id":1}}]}'
    return files


def _block(database: str, collection: str, documents: Iterable[Mapping[str, Any]], *, over: bool = False) -> bytes:
    header = {"db": database, "collection": collection, "EOF": over, "CRC": Int64(0)}
    return bson.encode(header) + b"".join(map(bson.encode, documents)) + _END


def archive(sites: Mapping[str, Site]) -> bytes:
    """An archive of ``mongodump`` in which the blocks of collections lie between each other."""
    head = {"concurrent_collections": 4, "version": "0.1", "server_version": "6.0.27", "tool_version": "100.9.4"}
    named = [
        {"db": database, "collection": name, "metadata": "{}", "size": 1, "type": "collection"}
        for database, site in sites.items()
        for name in site
    ]
    blocks = []
    for database, site in sites.items():
        for start in (0, 5, 10):
            blocks += [_block(database, name, site[name][start : start + 5]) for name in site if site[name][start:]]
        blocks += [_block(database, name, (), over=True) for name in site]
    return _MAGIC + b"".join(map(bson.encode, [head, *named])) + _END + b"".join(blocks)

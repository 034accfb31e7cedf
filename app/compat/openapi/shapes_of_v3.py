"""The shapes of API v3: documents by identifier, the envelope around every answer, failures."""

from __future__ import annotations

from app.compat.openapi.describing import Schema, list_of, named
from app.compat.openapi.documents import INTEGER, MILLISECONDS, MOMENT, TEXT
from app.records.identified import COLLECTIONS

_ACTS: Schema = {"type": "string", "pattern": "^c?r?u?d?$"}
_STAMPS: dict[str, Schema] = {
    "srvCreated": MILLISECONDS | {"description": "When we received it: milliseconds since 1970."},
    "srvModified": MILLISECONDS | {"description": "When we last changed it: milliseconds since 1970."},
}
_USUAL: dict[str, Schema] = {
    "identifier": {
        "type": "string",
        "minLength": 1,
        "pattern": r"\S",
        "description": "The client's name for it. Without one it is the UUID v5 of `device_date_eventType`.",
        "examples": ["f3a1c2d4-5b6e-4f70-8a91-b2c3d4e5f607"],
    },
    "date": {
        "type": "integer",
        "minimum": 1_000_000_000_000,
        "maximum": 4_000_000_000_000,
        "description": "Milliseconds since 1970; seconds and ISO text are understood.",
        "examples": [1795255200000],
    },
    "utcOffset": {"type": "integer", "minimum": -1440, "maximum": 1440, "description": "Minutes."},
    "app": {"type": "string", "minLength": 1, "pattern": r"\S", "examples": ["AAPS"]},
    "device": TEXT,
    "eventType": TEXT,
    "created_at": MOMENT,
    "isValid": {"type": "boolean", "description": "`false` where it has been deleted."},
    "isReadOnly": {"type": "boolean", "description": "`true` where nobody may change it any more."},
}


def _answered(what: str, status: int, **members: Schema) -> Schema:
    """Return the schema of an envelope with these members."""
    return {
        "type": "object",
        "description": what,
        "required": ["status", *members],
        "properties": {"status": {"const": status}, **members},
    }


_VERSION: dict[str, Schema] = {
    "version": TEXT,
    "apiVersion": TEXT,
    "srvDate": MILLISECONDS,
    "storage": {
        "type": "object",
        "required": ["storage", "version"],
        "properties": {"storage": TEXT, "version": TEXT},
    },
}
_IN_EACH: Schema = {"type": "object", "required": [*COLLECTIONS], "properties": dict.fromkeys(COLLECTIONS, _ACTS)}

SHAPES_OF_V3: dict[str, Schema] = {
    "IdentifiedDocument": {
        "type": "object",
        "description": "A document of API v3; beside these members it has those of its collection, as in v1.",
        "required": ["date", "utcOffset", "app"],
        "properties": _USUAL,
    },
    "Changes": {
        "type": "object",
        "description": "Members to set. `identifier date utcOffset eventType device app` cannot be changed.",
        "minProperties": 1,
        "properties": {"isReadOnly": _USUAL["isReadOnly"]},
    },
    "ShownDocument": {
        "type": "object",
        "description": "A document as it is shown; with `fields` only the members that were asked for.",
        "properties": {"identifier": TEXT, **_STAMPS},
    },
    "OneDocument": _answered("A document.", 200, result=named("ShownDocument")),
    "ManyDocuments": _answered("Documents.", 200, result=list_of(named("ShownDocument"))),
    "Created": _answered("A new document was kept.", 201, identifier=TEXT, lastModified=MILLISECONDS),
    "Recognised": {
        **_answered(
            "It took the place of the document it is.",
            200,
            identifier=TEXT,
            lastModified=MILLISECONDS,
            isDeduplication={"const": True},
        ),
        "description": "It took the place of the one it is; `deduplicatedIdentifier` is the name that had until then.",
    },
    "Replaced": _answered("It took the place of the one of this name.", 200, lastModified=MILLISECONDS),
    "Done": {**_answered("It is done.", 200), "maxProperties": 1},
    "VersionOfV3": _answered(
        "The versions, and the time here.",
        200,
        result={"type": "object", "required": [*_VERSION], "properties": _VERSION},
    ),
    "StatusOfV3": _answered(
        "The versions, and for each collection the letters of what may be done: create, read, update, delete.",
        200,
        result={
            "type": "object",
            "required": [*_VERSION, "apiPermissions"],
            "properties": {**_VERSION, "apiPermissions": _IN_EACH},
        },
    ),
    "LastModified": _answered(
        "When each collection that may be read changed last; empty ones are left out.",
        200,
        result={
            "type": "object",
            "required": ["srvDate", "collections"],
            "properties": {
                "srvDate": MILLISECONDS,
                "collections": {
                    "type": "object",
                    "propertyNames": {"enum": [*COLLECTIONS]},
                    "additionalProperties": MILLISECONDS,
                },
            },
        },
    ),
    "FailureOfV3": {
        "type": "object",
        "description": "A failure; without `message` where the number says it all.",
        "required": ["status"],
        "properties": {"status": INTEGER, "message": TEXT},
        "additionalProperties": False,
    },
}
"""By the name of the component."""

"""The shapes of answers that are no health documents: counts, settings, credentials, what is worked out, failures."""

from __future__ import annotations

from collections.abc import Mapping

from app.compat.openapi.describing import Schema, list_of, named
from app.compat.openapi.documents import DOCUMENTS, HEX_ID, INTEGER, MILLISECONDS, MOMENT, NUMBER, OPEN, TEXT
from app.compat.openapi.shapes_of_v3 import SHAPES_OF_V3

BOOLEAN: Schema = {"type": "boolean"}
TEXTS: Schema = {"type": "array", "items": TEXT}
MAYBE_TEXT: Schema = {"type": ["string", "null"]}
MAYBE_NUMBER: Schema = {"type": ["number", "null"]}
OPEN_LIST: Schema = {"type": "array", "items": OPEN}
NOTHING: Schema = {"type": "object", "maxProperties": 0}


def shape(what: str, needed: Mapping[str, Schema], allowed: Mapping[str, Schema] | None = None) -> Schema:
    """Return the schema of an object with members that are always there, and some that may be."""
    return {
        "type": "object",
        "description": what,
        "required": [*needed],
        "properties": {**needed, **(allowed or {})},
    }


_AGE = shape("Age of a part.", {"found": BOOLEAN, "age": INTEGER}, {"treatmentDate": {"type": ["integer", "null"]}})

_ADMINISTRATION: dict[str, Schema] = {
    "WebToken": shape(
        "A web token and what it allows; it ends at `exp`.",
        {"token": TEXT, "sub": TEXT, "permissionGroups": {"type": "array"}, "iat": INTEGER, "exp": INTEGER},
    ),
    "Subject": shape("Who gets an access token.", {"name": TEXT}, {"_id": HEX_ID, "roles": TEXTS, "notes": TEXT}),
    "KeptSubject": shape(
        "A subject and its access token.", {"_id": HEX_ID, "name": {}, "accessToken": TEXT, "roles": {}}
    ),
    "Role": shape("A name for permissions.", {"name": TEXT}, {"_id": HEX_ID, "permissions": TEXTS, "notes": TEXT}),
    "KeptRole": {
        "type": "object",
        "description": "A role; one that is built in has no `_id`.",
        "properties": {"_id": HEX_ID},
    },
    "Administered": shape("The document as it was kept.", {"_id": HEX_ID, "created_at": {}}),
}

_STATE: dict[str, Schema] = {
    "Status": shape(
        "That the server is up, what it is, and its public settings.",
        {
            "status": {"const": "ok"},
            "name": {"const": "nightscout"},
            "version": TEXT,
            "versionNum": INTEGER,
            "serverTime": MOMENT,
            "serverTimeEpoch": MILLISECONDS,
            "apiEnabled": BOOLEAN,
            "careportalEnabled": BOOLEAN,
            "boluscalcEnabled": BOOLEAN,
            "settings": shape(
                "Public settings.",
                {
                    "units": {"enum": ["mg/dl", "mmol"]},
                    "thresholds": shape(
                        "mg/dL, whatever `units` says.",
                        {"bgHigh": NUMBER, "bgTargetTop": NUMBER, "bgTargetBottom": NUMBER, "bgLow": NUMBER},
                    ),
                    "enable": TEXTS,
                    "alarmTypes": TEXTS,
                },
            ),
            "extendedSettings": {"type": "object", "additionalProperties": OPEN},
            "authorized": {"anyOf": [named("WebToken"), {"type": "null"}]},
            "runtimeState": {"const": "loaded"},
        },
    ),
    "Verified": shape(
        "What the credential allows.",
        {
            "status": {"const": 200},
            "message": shape(
                "",
                {
                    "canRead": BOOLEAN,
                    "canWrite": BOOLEAN,
                    "isAdmin": BOOLEAN,
                    "message": {"enum": ["OK", "UNAUTHORIZED"]},
                    "rolefound": {"enum": ["FOUND", "NOTFOUND"]},
                    "permissions": {"enum": ["DEFAULT", "ROLE"]},
                },
            ),
        },
    ),
    "Notices": shape(
        "How many notices there are for administrators, and what they say to them.",
        {
            "status": {"const": 200},
            "message": shape(
                "",
                {
                    "notifies": list_of(
                        shape(
                            "A notice.",
                            {"title": TEXT, "message": TEXT, "count": INTEGER, "lastRecorded": MILLISECONDS},
                            {"persistent": BOOLEAN},
                        )
                    ),
                    "notifyCount": INTEGER,
                },
            ),
        },
    ),
    "Versions": list_of(shape("A version of the API.", {"version": TEXT, "url": TEXT})),
}

_SELECTIONS: dict[str, Schema] = {
    "Deleted": shape("How many went.", {"acknowledged": {"const": True}, "deletedCount": INTEGER}),
    "Counted": list_of(shape("How many match.", {"_id": {"type": "null"}, "count": INTEGER}), most=1),
    "Echo": shape("How a query is understood.", {"query": OPEN, "input": OPEN, "params": OPEN, "storage": TEXT}),
    "Patterns": shape(
        "The patterns `times` would use.",
        {"req": shape("", {"params": OPEN, "query": OPEN}), "pattern": TEXTS},
    ),
}

_WORKED_OUT: dict[str, Schema] = {
    "Properties": shape(
        "Only what an enabled feature offers and can be worked out now is there.",
        {},
        {
            "bgnow": OPEN,
            "delta": shape("", {"display": TEXT, "mgdl": NUMBER, "scaled": NUMBER}),
            "buckets": OPEN_LIST,
            "rawbg": OPEN,
            "direction": shape("", {"display": {"type": "null"}, "label": TEXT, "entity": TEXT}),
            "upbat": shape("", {"display": TEXT, "devices": OPEN}),
            "ar2": OPEN,
            "iob": OPEN,
            "cob": OPEN,
            "pump": OPEN,
            "openaps": OPEN,
            "sensorState": OPEN,
            "loop": OPEN,
            "bwp": OPEN,
            "cage": _AGE,
            "sage": OPEN,
            "iage": _AGE,
            "bage": _AGE,
            "basal": OPEN,
            "dbsize": OPEN,
            "runtimestate": OPEN,
        },
    ),
    "RuntimeData": shape(
        "Everything of two days, every list oldest first.",
        {
            **dict.fromkeys(
                ("sgvs", "treatments", "mbgs", "cals", "profiles", "devicestatus", "food", "activity", "entries"),
                OPEN_LIST,
            ),
            "dbstats": OPEN,
            "lastUpdated": MILLISECONDS,
            "lastProfileFromSwitch": MAYBE_TEXT,
            **dict.fromkeys(
                (
                    "sitechangeTreatments",
                    "insulinchangeTreatments",
                    "batteryTreatments",
                    "sensorTreatments",
                    "profileTreatments",
                    "combobolusTreatments",
                    "tempbasalTreatments",
                    "tempTargetTreatments",
                ),
                OPEN_LIST,
            ),
        },
        {"page": shape("Of a moment of the past.", {"frame": {"const": True}, "after": MILLISECONDS})},
    ),
    "Summary": shape(
        "Some hours, small enough for a watch; durations in seconds.",
        {
            "sgvs": list_of(shape("", {"sgv": NUMBER, "mills": MILLISECONDS})),
            "treatments": shape(
                "",
                {
                    "tempBasals": list_of(shape("", {"start": MILLISECONDS, "duration": NUMBER, "absolute": NUMBER})),
                    "treatments": list_of(shape("", {"mills": MILLISECONDS})),
                    "targets": list_of(shape("", {"duration": NUMBER, "mills": MILLISECONDS})),
                },
            ),
            "profile": OPEN,
            "state": {"type": "object", "additionalProperties": NUMBER},
        },
    ),
    "Watch": shape(
        "What a watch shows; every type is as the first Pebble watches read it.",
        {
            "status": list_of(shape("", {"now": MILLISECONDS}), most=1),
            "bgs": list_of(
                shape(
                    "A reading; what follows `datetime` is in the first alone.",
                    {"sgv": TEXT, "trend": {"type": "integer", "minimum": 0, "maximum": 9}, "datetime": MILLISECONDS},
                    {
                        "direction": TEXT,
                        "bgdelta": {"type": ["number", "string"]},
                        "battery": TEXT,
                        "iob": {"type": ["string", "number"]},
                        "bwp": TEXT,
                        "bwpo": {"type": ["string", "number"]},
                        "cob": {"type": ["string", "number"]},
                    },
                )
            ),
            "cals": list_of(shape("", {"slope": MAYBE_NUMBER, "intercept": MAYBE_NUMBER, "scale": MAYBE_NUMBER})),
        },
    ),
}

_COMMANDS: dict[str, Schema] = {
    "Command": shape(
        "A remote command to Loop, as Nightscout takes it. Every value may be text.",
        {
            "eventType": {
                "type": "string",
                "enum": [
                    "Remote Bolus Entry",
                    "Remote Carbs Entry",
                    "Temporary Override",
                    "Temporary Override Cancel",
                ],
            }
        },
        {
            "remoteBolus": {"type": ["number", "string"], "description": "Units."},
            "remoteCarbs": {"type": ["number", "string"], "description": "Grams."},
            "remoteAbsorption": {"type": ["number", "string"], "description": "Hours."},
            "otp": {"type": ["string", "number"]},
            "reason": {"type": "string", "description": "Name of the override."},
            "reasonDisplay": TEXT,
            "duration": {"type": ["number", "string"], "description": "Minutes."},
            "notes": TEXT,
            "enteredBy": TEXT,
            "created_at": TEXT,
        },
    ),
    "GivenCommand": shape(
        "A command and what became of it.",
        {
            "id": TEXT,
            "eventType": TEXT,
            "what": TEXT,
            "amount": MAYBE_NUMBER,
            "enteredBy": MAYBE_TEXT,
            "notes": MAYBE_TEXT,
            "givenBy": TEXT,
            "created_at": MOMENT,
            "expiration": MOMENT,
            "state": {"enum": ["queued", "sent", "seen", "done", "refused", "expired"]},
            "times": {"type": "object", "additionalProperties": MOMENT},
            "reason": TEXT,
            "detail": TEXT,
            "afterwards": TEXT,
        },
    ),
}

_FAILURES: dict[str, Schema] = {
    "Failure": shape("", {"status": INTEGER, "message": TEXT}, {"description": {"description": "Why, in words."}}),
    "MalformedBody": shape("", {"error": shape("", {"message": TEXT, "status": {"const": 400}})}),
    "UnknownId": shape("", {"status": {"const": 500}, "message": {"const": "Mongo Error"}, "description": {}}),
    "Document": {"type": "object", "description": "A document of this kind.", "required": ["openapi", "paths"]},
}

SHAPES: dict[str, Schema] = {
    **DOCUMENTS,
    **_SELECTIONS,
    **_STATE,
    **_WORKED_OUT,
    **_COMMANDS,
    **_ADMINISTRATION,
    **_FAILURES,
    **SHAPES_OF_V3,
}
"""Every component schema by name."""

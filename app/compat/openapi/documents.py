"""The shapes of health documents: what an upload usually holds, and what an answer always holds.

Documents are open: members nobody knows are kept and come back as they were sent. So an upload's shape types what is
usual, and the shape of what is stored types only what is promised whatever was uploaded.
"""

from __future__ import annotations

from app.compat.openapi.describing import Schema

ID: Schema = {"type": "string", "description": "24 hex characters; text of another kind in databases of old."}
HEX_ID: Schema = {"type": "string", "pattern": "^[0-9a-f]{24}$", "examples": ["6f1d0c2ab7e94e3f8a5d1c20"]}
NUMBER: Schema = {"type": "number"}
INTEGER: Schema = {"type": "integer"}
TEXT: Schema = {"type": "string"}
MOMENT: Schema = {
    "type": "string",
    "description": "ISO 8601; answered in UTC with milliseconds.",
    "examples": ["2026-11-21T10:00:00.000Z"],
}
MILLISECONDS: Schema = {"type": "integer", "description": "Milliseconds since 1970.", "examples": [1795255200000]}
OPEN: Schema = {"type": "object"}

Members = dict[str, Schema]

_STAMPS: Members = {
    "srvCreated": {"description": "When we received it: milliseconds since 1970. Not in answers to writes."},
    "srvModified": {"description": "When we last changed it. Not in answers to writes."},
}
_ENTRY: Members = {
    "type": {"type": "string", "description": "sgv, mbg, cal or an app's own.", "examples": ["sgv"]},
    "date": {"type": "number", "description": "Milliseconds since 1970.", "examples": [1795255200000]},
    "dateString": MOMENT,
    "sgv": {"type": "number", "description": "mg/dL.", "examples": [117]},
    "mbg": {"type": "number", "description": "A finger-stick value, mg/dL."},
    "direction": {"type": "string", "examples": ["Flat"]},
    "device": TEXT,
    "noise": {"type": "number", "description": "1 clean, 2 light, 3 medium, 4 heavy."},
    "filtered": NUMBER,
    "unfiltered": NUMBER,
    "rssi": NUMBER,
    "slope": NUMBER,
    "intercept": NUMBER,
    "scale": NUMBER,
}
_TREATMENT: Members = {
    "eventType": {"type": "string", "examples": ["Meal Bolus"]},
    "created_at": MOMENT,
    "identifier": {"type": "string", "description": "An app's own name for it; a UUID as _id becomes this."},
    "enteredBy": TEXT,
    "notes": TEXT,
    "insulin": {"type": "number", "description": "Units."},
    "carbs": {"type": "number", "description": "Grams."},
    "glucose": NUMBER,
    "glucoseType": {"type": "string", "examples": ["Finger", "Sensor"]},
    "units": {"type": "string", "examples": ["mg/dl", "mmol"]},
    "duration": {"type": "number", "description": "Minutes."},
    "percent": NUMBER,
    "absolute": {"type": "number", "description": "Units per hour."},
    "relative": NUMBER,
    "preBolus": {"type": "number", "description": "Minutes until the carbs, which become a second treatment."},
    "targetTop": NUMBER,
    "targetBottom": NUMBER,
    "profile": TEXT,
    "reason": TEXT,
}
_DEVICE_STATUS: Members = {
    "device": TEXT,
    "created_at": MOMENT,
    "uploader": OPEN,
    "pump": OPEN,
    "openaps": OPEN,
    "loop": OPEN,
    "override": OPEN,
}
_PROFILE: Members = {
    "defaultProfile": TEXT,
    "startDate": {"type": "string", "examples": ["2026-11-20T00:00:00.000Z"]},
    "store": {"type": "object", "description": "Profiles by name.", "additionalProperties": OPEN},
    "units": {"type": "string", "examples": ["mg/dl", "mmol"]},
    "created_at": TEXT,
    "loopSettings": {"type": "object", "description": "What remote commands need to know of the phone."},
}
_FOOD: Members = {
    "type": {"type": "string", "enum": ["food", "quickpick"]},
    "name": TEXT,
    "category": TEXT,
    "subcategory": TEXT,
    "portion": {"type": ["number", "string"]},
    "carbs": {"type": ["number", "string"], "description": "Grams."},
    "unit": TEXT,
    "gi": {"type": ["number", "string"]},
    "hidden": {"type": ["boolean", "string"], "description": "Of a quick pick; as text in Nightscout's editor."},
    "position": {"type": ["number", "string"], "description": "Of a quick pick."},
    "foods": {"type": "array", "items": OPEN, "description": "Of a quick pick."},
}
_ACTIVITY: Members = {
    "created_at": {"type": "string", "description": "Comes back letter by letter."},
    "type": TEXT,
    "heartrate": NUMBER,
    "steps": NUMBER,
    "device": TEXT,
}

_SENT_ID: Schema = HEX_ID | {"description": "Leave it out to get one."}
_ANY_ID: Schema = {
    "type": "string",
    "description": "24 hex characters, or an app's own name, which becomes identifier.",
}


def _upload(title: str, members: Members, id: Schema) -> Schema:
    return {"type": "object", "description": title, "properties": {"_id": id} | members}


def _kept(upload: str, members: Members, promised: Members) -> Schema:
    """Return the shape of a stored document: what is promised with its type, the rest with its meaning alone."""
    told = {
        name: {"description": schema.get("description", f"As uploaded: see {upload}.")}
        for name, schema in members.items()
        if name not in promised
    }
    return {"type": "object", "required": [*promised], "properties": promised | told | _STAMPS}


def _amount_or_null(what: str) -> Schema:
    return {"type": ["number", "null"], "description": f"{what}; null when there is none. The member is always there."}


_WRITTEN_AT: Members = {"created_at": MOMENT, "utcOffset": {"type": "integer", "description": "Minutes."}}

DOCUMENTS: dict[str, Schema] = {
    "Entry": _upload("A reading, a finger-stick value or a calibration.", _ENTRY, _ANY_ID),
    "StoredEntry": _kept("Entry", _ENTRY, {"_id": ID}),
    "WrittenEntry": _kept(
        "Entry",
        _ENTRY,
        {"_id": HEX_ID, "sysTime": {"type": ["string", "null"]}, "utcOffset": {"type": ["integer", "null"]}},
    ),
    "Treatment": _upload("What was eaten, injected, changed or noted.", _TREATMENT, _ANY_ID),
    "StoredTreatment": _kept(
        "Treatment",
        _TREATMENT,
        {"_id": ID, "carbs": _amount_or_null("Grams"), "insulin": _amount_or_null("Units")},
    ),
    "WrittenTreatment": _kept("Treatment", _TREATMENT, {"_id": ID, "created_at": MOMENT}),
    "DeviceStatus": _upload("What a loop, a pump or a phone reports about itself.", _DEVICE_STATUS, _SENT_ID),
    "StoredDeviceStatus": _kept("DeviceStatus", _DEVICE_STATUS, {"_id": ID}),
    "WrittenDeviceStatus": _kept("DeviceStatus", _DEVICE_STATUS, {"_id": HEX_ID} | _WRITTEN_AT),
    "Profile": _upload("Basal rates, ratios, sensitivities and targets.", _PROFILE, _SENT_ID),
    "StoredProfile": _kept("Profile", _PROFILE, {"_id": ID}),
    "Food": _upload("Food, or a quick pick made of it. JSON, or a form in which everything is text.", _FOOD, _SENT_ID),
    "StoredFood": _kept("Food", _FOOD, {"_id": ID}),
    "Activity": _upload("Heart rate, steps, motion.", _ACTIVITY, _SENT_ID),
    "StoredActivity": _kept("Activity", _ACTIVITY, {"_id": ID}),
}

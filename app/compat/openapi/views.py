"""What no code says of the views: one line a view. A view that is missing here fails a test; one that is gone, mypy."""

from __future__ import annotations

from collections.abc import Mapping

from app.compat import pebble, versions
from app.compat.openapi import publishing
from app.compat.openapi.asking import COUNT, SEARCH, SELECTING
from app.compat.openapi.describing import (
    HTML,
    TEXT,
    Answer,
    Body,
    Described,
    Parameter,
    Schema,
    View,
    json,
    list_of,
    named,
    one_or_more,
)
from app.compat.openapi.shapes import NOTHING, TEXTS
from app.compat.openapi.usual_answers import USUAL
from app.compat.openapi.views_of_v3 import VIEWS_OF_V3
from app.compat.v1 import (
    activity,
    admin_notices,
    device_status,
    entries,
    food,
    notifications,
    profiles,
    selections,
    status,
    treatments,
    verification,
)
from app.compat.v2 import authorization, ddata, summary
from app.compat.v2 import notifications as commands
from app.compat.v2.properties import routes as properties

_TEXT: Schema = {"type": "string"}
_ROWS: Schema = {
    "type": "string",
    "description": "Columns dateString, date, sgv, direction, device; CRLF between rows; no header line.",
}
_WORD = {TEXT: {"const": "OK"}}
_READS_TOO = "The right to read the collection is needed too."
_CAREPORTAL = {404: USUAL["NoSuchRoute"][1]}
_MONGO_ERROR = Answer("No such id, or no id at all.", {"application/json": named("UnknownId")})


def _documents(name: str) -> Answer:
    return json("The documents, newest first.", list_of(named(f"Stored{name}")))


def _written(name: str, schema: Schema | None = None) -> Answer:
    return json("What was kept, in the order sent.", list_of(schema or named(f"Written{name}")))


def _upload(name: str) -> Body:
    return Body("A document or a list of them.", one_or_more(named(name)))


def _one(name: str) -> Body:
    return Body("One document.", named(name))


_ENTRIES = Answer(
    "The entries, newest first: JSON when it was asked for, else text.",
    {
        TEXT: _ROWS,
        "text/tab-separated-values": _ROWS,
        "text/csv": _ROWS,
        "application/json": list_of(named("StoredEntry")),
    },
)
_DELETED = json("How many went.", named("Deleted"))
_EMPTY = json("It is gone, or was not there.", NOTHING)
_STATUS = Answer(
    "All is well.",
    {
        HTML: _TEXT,
        "application/javascript": _TEXT,
        TEXT: {"const": "STATUS OK"},
        "application/json": named("Status"),
    },
)

_V1: Mapping[View, Described] = {
    entries.list_entries: Described(_ENTRIES, SEARCH),
    entries.current_entry: Described(_ENTRIES),
    entries.entries_of: Described(_ENTRIES, SEARCH, others={500: _MONGO_ERROR}),
    entries.add_entries: Described(
        _written("Entry"),
        body=_upload("Entry"),
        notes="A bare entry without `date` is dropped, and the answer is `[]`.",
    ),
    entries.preview_entries: Described(
        json("As understood; nothing is kept.", list_of({"type": "object"})), body=_upload("Entry")
    ),
    entries.delete_entries: Described(_DELETED, SELECTING, notes="Without `find` it is 400."),
    entries.delete_entries_of: Described(_DELETED, SELECTING),
    selections.echo: Described(json("How the query is understood.", named("Echo")), SEARCH, notes=_READS_TOO),
    selections.times: Described(_ENTRIES, SEARCH),
    selections.times_echo: Described(json("The patterns.", named("Patterns"))),
    selections.slice_of: Described(
        _ENTRIES, SEARCH, notes=f"Other collections than entries are always JSON. {_READS_TOO}"
    ),
    selections.count: Described(
        json("The count; an empty list for none.", named("Counted")), SELECTING, notes=_READS_TOO
    ),
    treatments.list_treatments: Described(
        _documents("Treatment"), SEARCH, notes="100, or 1,000 with a filter, unless `count` says otherwise."
    ),
    treatments.add_treatments: Described(_written("Treatment"), body=_upload("Treatment"), others=_CAREPORTAL),
    treatments.put_treatment: Described(
        json("What was kept.", named("WrittenTreatment")), body=_one("Treatment"), others=_CAREPORTAL
    ),
    treatments.delete_treatments: Described(_DELETED, SELECTING, others=_CAREPORTAL, notes="Without `find` it is 400."),
    treatments.delete_treatment: Described(_DELETED, SELECTING, others=_CAREPORTAL),
    device_status.list_device_status: Described(_documents("DeviceStatus"), SEARCH),
    device_status.add_device_status: Described(_written("DeviceStatus"), body=_upload("DeviceStatus")),
    device_status.delete_device_statuses: Described(_DELETED, SELECTING, notes="Without `find` it is 400."),
    device_status.delete_device_status: Described(_DELETED, SELECTING),
    profiles.list_profiles: Described(_documents("Profile"), (COUNT,)),
    profiles.search_profiles: Described(_documents("Profile"), SEARCH),
    profiles.current_profile: Described(
        json("The profile, or null.", {"anyOf": [named("StoredProfile"), {"type": "null"}]})
    ),
    profiles.add_profiles: Described(_written("Profile", named("StoredProfile")), body=_upload("Profile")),
    profiles.put_profile: Described(json("What was kept.", named("StoredProfile")), body=_one("Profile")),
    profiles.delete_profile: Described(_EMPTY),
    food.list_food: Described(json("All of it, as it was made.", list_of(named("StoredFood")))),
    food.list_regular_food: Described(json("The food, as it was made.", list_of(named("StoredFood")))),
    food.list_quick_picks: Described(json("The quick picks, by position.", list_of(named("StoredFood")))),
    food.add_food: Described(_written("Food", named("StoredFood")), body=_upload("Food")),
    food.put_food: Described(_written("Food", named("StoredFood")), body=_upload("Food")),
    food.delete_food: Described(_EMPTY),
    activity.list_activity: Described(_documents("Activity"), SEARCH),
    activity.add_activity: Described(
        _written("Activity", named("StoredActivity")), body=_upload("Activity"), others=_CAREPORTAL
    ),
    activity.put_activity: Described(
        json("What was kept.", named("StoredActivity")), body=_one("Activity"), others=_CAREPORTAL
    ),
    activity.delete_activity: Described(_EMPTY, others=_CAREPORTAL),
    notifications.acknowledge: Described(
        Answer("The alarms keep quiet.", _WORD),
        (
            Parameter("level", "1 warning, 2 urgent.", {"enum": [1, 2]}, needed=True),
            Parameter("group", "Which alarms.", {"type": "string", "default": "default", "maxLength": 80}),
            Parameter(
                "time",
                "For how long, in milliseconds; a day at most.",
                {"type": "integer", "default": 1_800_000, "minimum": 1, "maximum": 86_400_000},
            ),
        ),
        dated=False,
    ),
    admin_notices.list_notices: Described(json("The notices.", named("Notices"))),
    status.show_status: Described(
        _STATUS,
        others={
            302: Answer(
                "To a badge, for who asks for `image/png` or `image/svg+xml`.", headers={"Location": "The picture."}
            ),
            406: Answer("None of the formats is liked.", {"application/json": named("Failure")}),
        },
    ),
    verification.verify: Described(json("What the credential allows; always 200.", named("Verified"))),
    verification.experiment: Described(json("The credential may do everything.", {"const": {"status": "ok"}})),
}

_V2: Mapping[View, Described] = {
    authorization.request_token: Described(json("A web token.", named("WebToken")), others={401: USUAL["Refused"][1]}),
    authorization.list_permissions: Described(json("The permissions, sorted.", TEXTS)),
    authorization.permissions_trie: Described(json("The same, nested.", {"type": "object", "required": ["data"]})),
    authorization.check_permission: Described(
        json("It is held.", {"const": {"check": True}}), others={401: USUAL["Refused"][1]}
    ),
    authorization.list_subjects: Described(json("The subjects, by name.", list_of(named("KeptSubject")))),
    authorization.list_roles: Described(json("The roles, by name.", list_of(named("KeptRole")))),
    **{
        add: Described(
            json("What was kept.", named("Administered")),
            body=_one(name),
            others={409: Answer("There is one with this `_id`.", {"application/json": named("Failure")})},
        )
        for add, name in ((authorization.add_subject, "Subject"), (authorization.add_role, "Role"))
    },
    **{
        put: Described(json("What was kept.", named("Administered")), body=_one(name), others={500: _MONGO_ERROR})
        for put, name in ((authorization.put_subject, "Subject"), (authorization.put_role, "Role"))
    },
    **dict.fromkeys(
        (authorization.delete_subject, authorization.delete_role), Described(_EMPTY, others={500: _MONGO_ERROR})
    ),
    commands.give_command: Described(
        Answer("Apple took it.", _WORD),
        body=_one("Command"),
        others={
            500: Answer("It was not given; the text says why and may be shown.", {TEXT: _TEXT}),
        },
    ),
    commands.list_commands: Described(
        json("The commands of the last day, newest first.", list_of(named("GivenCommand")))
    ),
    properties.show_properties: Described(
        json("The properties.", named("Properties")), (Parameter("pretty", "Anything: indented.", {"type": "string"}),)
    ),
    ddata.show_runtime_data: Described(json("The runtime data.", named("RuntimeData"))),
    summary.show_summary: Described(
        json("The summary.", named("Summary")),
        (Parameter("hours", "How far back; 48 at most.", {"type": "number", "default": 6}),),
    ),
}

_BESIDE: Mapping[View, Described] = {
    pebble.show_watch: Described(
        json("The readings, newest first.", named("Watch")),
        (
            Parameter("units", "Of the readings.", {"enum": ["mgdl", "mmol"]}),
            Parameter("count", "How many readings.", {"type": "integer", "default": 1}),
        ),
    ),
    versions.list_versions: Described(json("The versions.", named("Versions")), stored=False),
    publishing.show_version: Described(json("The document.", named("Document")), stored=False),
    publishing.show_json: Described(json("The document.", named("Document")), stored=False),
    publishing.show_yaml: Described(Answer("The document.", {"application/yaml": named("Document")}), stored=False),
    publishing.show_page: Described(Answer("The page.", {HTML: _TEXT}), stored=False),
    publishing.show_page_of_v3: Described(Answer("The page.", {HTML: _TEXT}), stored=False),
}

VIEWS: Mapping[View, Described] = {**_V1, **_V2, **VIEWS_OF_V3, **_BESIDE}
"""By view, as the URL map holds it."""

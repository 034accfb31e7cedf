"""What no code says about the views of API v3: what they take and answer."""

from __future__ import annotations

from collections.abc import Mapping

from app.compat.openapi.asking import (
    FIELDS,
    FILTER,
    IF_MODIFIED_SINCE,
    IF_NONE_MATCH,
    IF_UNMODIFIED_SINCE,
    LIMIT,
    PAGE,
    SINCE,
)
from app.compat.openapi.describing import JSON, Answer, Body, Described, Parameter, View, json, named
from app.compat.openapi.usual_answers import USUAL_OF_V3
from app.compat.v3 import about, documents, walking

_CHANGED = {"Last-Modified": "When what is answered changed last, in whole seconds."}
_TAGGED = {**_CHANGED, "ETag": '`W/"<milliseconds>"`: the latest `srvModified` in it; there is no other ETag in v3.'}
_TABLE = {
    "text/csv": {"type": "string", "description": "The members of the first document are the columns."},
    "application/xml": {},
}
_UNACCEPTABLE, _NOT_THERE, _GONE, _CHANGED_MEANWHILE, _READ_ONLY, _NOT_MODIFIED = (
    USUAL_OF_V3[name] for name in ("NotAcceptable", "NotThere", "Gone", "ChangedMeanwhile", "ReadOnly", "AsBefore")
)
_LIST_OF_CHANGES = Answer(
    "What has changed, by `srvModified`, deleted documents too. Documents of one save share a stamp and are never "
    "parted: there may be more of them than `limit`.",
    {JSON: named("ManyDocuments"), **_TABLE},
    _TAGGED,
)
_CREATED = Answer("A new document was kept.", {JSON: named("Created")}, {**_CHANGED, "Location": "Its path."})
_UPLOAD = Body("One document.", named("IdentifiedDocument"), (JSON,))


def _told(name: str, what: str) -> Answer:
    return Answer(what, {JSON: named(name)}, _CHANGED)


VIEWS_OF_V3: Mapping[View, Described] = {
    about.show_version: Described(json("The versions.", named("VersionOfV3"))),
    about.show_status: Described(json("The versions, and what the client may do.", named("StatusOfV3"))),
    about.show_last_modified: Described(json("The moments.", named("LastModified"))),
    about.test_access: Described(Answer("Entries may be read; there is no body."), stored=False),
    about.lead_to_contract: Described(
        Answer("To the page.", headers={"Location": "The page about this version."}), status=307, stored=False
    ),
    walking.search: Described(
        Answer("The documents; deleted ones never.", {JSON: named("ManyDocuments"), **_TABLE}),
        (FILTER, *PAGE, FIELDS),
        others=dict([_UNACCEPTABLE]),
    ),
    walking.history_since: Described(
        _LIST_OF_CHANGES, (LIMIT, FIELDS), headers=(IF_NONE_MATCH,), others=dict([_UNACCEPTABLE, _NOT_MODIFIED])
    ),
    walking.history_since_header: Described(
        _LIST_OF_CHANGES,
        (LIMIT, FIELDS),
        headers=(SINCE, IF_NONE_MATCH),
        others=dict([_UNACCEPTABLE, _NOT_MODIFIED]),
    ),
    documents.create_document: Described(
        _told("Recognised", "It is one that was there already, and took its place."),
        body=_UPLOAD,
        others={201: _CREATED, **dict([_READ_ONLY])},
    ),
    documents.read_document: Described(
        Answer("The document.", {JSON: named("OneDocument"), **_TABLE}, _CHANGED),
        (FIELDS,),
        headers=(IF_MODIFIED_SINCE,),
        others=dict([_UNACCEPTABLE, _NOT_MODIFIED, _NOT_THERE, _GONE]),
    ),
    documents.replace_document: Described(
        _told("Replaced", "It took the place of the one of this name."),
        headers=(IF_UNMODIFIED_SINCE,),
        body=_UPLOAD,
        others={201: _CREATED, **dict([_GONE, _CHANGED_MEANWHILE, _READ_ONLY])},
    ),
    documents.patch_document: Described(
        _told("Done", "The members are set."),
        headers=(IF_UNMODIFIED_SINCE,),
        body=Body("Members to set; others stay.", named("Changes"), (JSON,)),
        others=dict([_NOT_THERE, _GONE, _CHANGED_MEANWHILE, _READ_ONLY]),
    ),
    documents.delete_document: Described(
        json("It is deleted, also when it was already.", named("Done")),
        (
            Parameter(
                "permanent", "`true`: no trace stays, and who follows never learns of it.", {"enum": ["true", "false"]}
            ),
        ),
        others=dict([_NOT_THERE, _READ_ONLY]),
    ),
}
"""By view, as the URL map holds it."""

"""What a client may say when it asks: the parameters of queries and paths, and where a credential goes."""

from __future__ import annotations

from app.compat.openapi.describing import Parameter, Schema
from app.compat.openapi.documents import INTEGER
from app.compat.services import STORAGES
from app.compat.v3.asking import MOST_SKIPPED, OPERATORS
from app.records.identified import COLLECTIONS

_TEXT_OR_OPERATORS: Schema = {
    "anyOf": [{"type": "string"}, {"type": "object", "additionalProperties": {"type": "string"}}]
}

FIND = Parameter(
    "find",
    "A filter, in brackets: `find[type]=sgv`, `find[sgv][$gte]=120`, `find[type][$in][]=sgv`, "
    "`find[$or][0][eventType]=Note`. Operators: `$eq $ne $gt $gte $lt $lte $in $nin $exists $regex $options $and $or "
    "$nor $not $elemMatch $type`; any other is 400. Without a word about the date or an `_id` it means the last four "
    "days (food: all).",
    {"type": "object", "additionalProperties": _TEXT_OR_OPERATORS, "examples": [{"type": "sgv"}]},
    nested=True,
)
COUNT = Parameter(
    "count", "How many at most. With a filter 0 is all and −n is n; without one 0 and below is nothing.", INTEGER
)
SORT = Parameter(
    "sort",
    "Which come first: `sort[created_at]=1` the oldest, `-1` the newest.",
    {"type": "object", "additionalProperties": {"enum": ["1", "-1"]}, "examples": [{"created_at": "-1"}]},
    nested=True,
)
SEARCH = (FIND, COUNT, SORT)
SELECTING = (FIND,)

_MEMBER = "[A-Za-z_][A-Za-z0-9_.]{0,30}"

FILTER = Parameter(
    "filter",
    "Conditions, each a parameter of its own; all count: `type=sgv`, `date$gte=2026-11-21T10:00:00Z`, "
    "`eventType$in=Note|Exercise`, `notes$re=^lunch`. A number, `true` and `false` are what they look like, `'117'` is "
    "text; `date`, `srvModified`, `srvCreated` and `created_at` mean their moment in every spelling. Any other "
    "operator is 400.",
    {
        "type": "object",
        "propertyNames": {"pattern": rf"^{_MEMBER}(\$({'|'.join(sorted(OPERATORS))}))?$"},
        "additionalProperties": {"type": "string"},
        "examples": [{"date$gte": "1795255200000"}],
    },
)
LIMIT = Parameter(
    "limit",
    "How many at most; unless it says less, as many as the site's `API3_MAX_LIMIT`.",
    {"type": "integer", "minimum": 1, "maximum": 1000},
)
PAGE = (
    Parameter("sort", "The member to sort by, the smallest first.", {"type": "string"}),
    Parameter("sort$desc", "The same, the largest first; only one of the two.", {"type": "string"}),
    LIMIT,
    Parameter("skip", "How many to pass over.", {"type": "integer", "minimum": 0, "maximum": MOST_SKIPPED}),
)
FIELDS = Parameter(
    "fields",
    "The members to show, separated by commas, with dots for what is within; `_all` for all.",
    {"type": "string", "examples": ["identifier,date,sgv"]},
)
_HTTP_DATE: Schema = {
    "type": "string",
    "description": "A date of HTTP or ISO 8601, or milliseconds since 1970.",
    "examples": ["Sat, 21 Nov 2026 10:00:00 GMT"],
}
IF_MODIFIED_SINCE = Parameter("If-Modified-Since", "Only if it has changed since; else 304.", _HTTP_DATE)
IF_UNMODIFIED_SINCE = Parameter("If-Unmodified-Since", "Only if it has not changed since; else 412.", _HTTP_DATE)
IF_NONE_MATCH = Parameter(
    "If-None-Match", "The `ETag` the client has; 304 if it is the same.", {"type": "string", "examples": ['W/"1"']}
)
SINCE = Parameter(
    "Last-Modified",
    "Since when, as a header of the request; what changed in that very second comes too.",
    _HTTP_DATE,
    needed=True,
)

_SEGMENT = "^[A-Za-z0-9_-]{1,24}$"
_PATTERN: Schema = {"type": "string", "pattern": "^[A-Za-z0-9_:{},-]{1,24}$"}

IN_PATHS: dict[str, Schema] = {
    "storage": {"type": "string", "enum": [*STORAGES], "description": "A collection; any other name means entries."},
    "spec": {
        "type": "string",
        "pattern": _SEGMENT,
        "description": "An `_id` of 24 hex characters, or a type of entry; `*` of any type, when deleting.",
        "examples": ["sgv"],
    },
    "id": {"type": "string", "pattern": "^([0-9a-f]{24}|[*])$", "description": "The document's `_id`."},
    "name": {
        "type": "string",
        "pattern": "^([0-9a-f]{24}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|[*])$",
        "description": "An `_id`, a UUID an app chose, or `*` for whatever `find` matches.",
    },
    "model": {"type": "string", "pattern": _SEGMENT, "description": "A type of entry."},
    "type": {"type": "string", "pattern": _SEGMENT, "description": "A type of entry."},
    "field": {"type": "string", "pattern": _SEGMENT, "description": "A member.", "examples": ["dateString"]},
    "prefix": _PATTERN | {"description": "What it begins with, with shell braces.", "examples": ["2026-{10..11}"]},
    "regex": _PATTERN | {"description": "A pattern after that, with shell braces.", "examples": ["T{00..05}:"]},
    "token": {"type": "string", "pattern": _SEGMENT, "description": "An access token, or a web token still good."},
    "permission": {"type": "string", "pattern": "^[a-z*:,]{1,40}$", "examples": ["api:entries:read"]},
    "names": {
        "type": "string",
        "pattern": "^[a-zA-Z0-9,]{1,60}$",
        "description": "Names of properties, separated by commas.",
        "examples": ["bgnow,delta"],
    },
    "when": {"type": "string", "format": "date-time", "description": "An ISO 8601 moment."},
    "collection": {"type": "string", "enum": [*COLLECTIONS], "description": "A collection of API v3."},
    "identifier": {
        "type": "string",
        "pattern": "^[A-Za-z0-9_-]{1,36}$",
        "description": "A document's name: its `identifier`, or the `_id` it has in v1.",
    },
    "since": {
        "type": "string",
        "pattern": "^1[0-9]{12}$",
        "description": "Milliseconds since 1970; seconds and ISO text are understood.",
        "examples": ["1795255200000"],
    },
}
"""The variables of paths, by the name a rule gives them."""

SECURITY: dict[str, Schema] = {
    "apiSecret": {
        "type": "apiKey",
        "in": "header",
        "name": "api-secret",
        "description": "The SHA-1 (or SHA-512) of the API secret in hex, an access token or a device token.",
    },
    "secret": {"type": "apiKey", "in": "query", "name": "secret", "description": "The same as `api-secret`."},
    "token": {"type": "apiKey", "in": "query", "name": "token", "description": "An access token or a device token."},
    "bearer": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "A web token from `/api/v2/authorization/request/{token}`, or a device token. API v3 takes "
        "nothing else.",
    },
}
"""Where a credential goes. Beside each stand the permissions it must hold."""

OF_V3 = ("bearer",)
"""What API v3 looks at."""

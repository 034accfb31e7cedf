"""Every index there is, in one list; ``migrations/`` create them.

Nightscout's indexes keep the names MongoDB generates, so that creating them on a database of the original changes
nothing. No index on a person's documents is unique: existing databases hold duplicates. A row added after a release
needs a migration that calls ``create_all`` again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from app.store.interface import Index, Store


def _each(*paths: str) -> tuple[Index, ...]:
    return tuple(Index(((path, 1),)) for path in paths)


def _compound(*keys: tuple[str, int]) -> Index:
    return Index(keys)


_V3 = (
    *_each("identifier", "srvModified", "isValid"),
    _compound(("identifier", 1), ("created_at", 1), ("date", 1)),  # the order of every search of API v3
)
_ENDS = Index((("expires_at", 1),), expire_after_s=0)
_V3_NEWEST = _compound(("date", -1), ("identifier", -1), ("created_at", -1))  # and of one for the newest
_NEWEST_OF_TYPE = _compound(("eventType", 1), ("created_at", -1))

INDEXES: Mapping[str, Sequence[Index]] = {
    "entries": (
        *_each("date", "type", "sgv", "mbg", "sysTime", "dateString"),
        _compound(("type", 1), ("date", -1), ("dateString", 1)),
        _compound(("sysTime", 1), ("type", 1)),
        _V3_NEWEST,
        *_V3,
    ),
    "treatments": (
        *_each("created_at", "eventType", "insulin", "carbs", "glucose", "enteredBy", "boluscalc.foods._id", "notes"),
        *_each("NSCLIENT_ID", "percent", "absolute", "duration", "date"),
        _compound(("eventType", 1), ("duration", 1), ("created_at", 1)),
        _compound(("created_at", 1), ("eventType", 1)),
        _NEWEST_OF_TYPE,
        _V3_NEWEST,
        *_V3,
    ),
    "devicestatus": (*_each("created_at", "NSCLIENT_ID", "date"), _V3_NEWEST, *_V3),
    "profile": (*_each("startDate", "created_at", "date"), *_V3),
    "food": (*_each("type", "position", "hidden", "created_at"), *_V3),
    "activity": (*_each("created_at"), *_V3),
    "settings": _V3,
    "auth_roles": _each("name"),
    "auth_subjects": _each("name"),
    "nl_accounts": (Index((("name_key", 1),), unique=True),),
    "nl_sessions": (*_each("account_id"), _ENDS),
    "nl_tokens": tuple(Index(((path, 1),), unique=True) for path in ("sha256", "sha1", "sha512")),
    "nl_throttle": (_ENDS,),
    "nl_audit": (_compound(("at_ms", -1), ("_id", -1)), _compound(("about", 1), ("at_ms", -1))),
    "nl_shares": (Index((("sha256", 1),), unique=True),),
    "nl_visits": (_ENDS,),
    "nl_alarms": (_ENDS,),
    "nl_commands": _each("at_ms", "state"),
    "nl_imports": _each("stage", "sha256"),
    "nl_import_files": (*_each("import"), Index((("expires_at", 1),), expire_after_s=0)),
    "nl_uploader_seen": (*_each("uploader"), Index((("expires_at", 1),), expire_after_s=0)),
}

FEW_VALUED = frozenset({"isValid"})
"""Paths with so few values that looking them up gains nothing: the embedded store keeps their key, but no index."""


def create_all(store: Store) -> None:
    """Have every index of the list. Safe to call again."""
    for collection, indexes in INDEXES.items():
        store.collection(collection, actor="migrations").create_indexes(indexes)

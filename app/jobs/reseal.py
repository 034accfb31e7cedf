"""Sealing every stored secret with the newest key, so that an old key can be taken away after a rotation."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from app.keyring import KeyRing, SealBroken
from app.logs import told
from app.store.interface import Document, Store

log = logging.getLogger(__name__)

SEALED: Mapping[str, tuple[str, ...]] = {
    "nl_uploaders": ("sealed", "session", "sign_in.sealed"),
    "nl_accounts": ("totp.sealed", "totp_draft.sealed"),
}
"""Where sealed secrets lie: dotted paths by collection."""

_MARKS = "nl_keys"
_MARK_ID = "resealed"
_ACTOR = "reseal"


def reseal(store: Store, keyring: KeyRing) -> int:
    """Seal anew what was sealed with an older key, once for each newest key, and return how many secrets that were."""
    marks = store.collection(_MARKS, actor=_ACTOR)
    newest = keyring.fingerprints[0]
    mark = marks.find_one({"_id": _MARK_ID})
    if mark is not None and mark["fingerprint"] == newest:
        return 0
    count = sum(_resealed(store, keyring, collection, path) for collection, paths in SEALED.items() for path in paths)
    marks.replace_one({"_id": _MARK_ID}, {"fingerprint": newest}, upsert=True)
    if count:
        log.info("secrets were sealed with the newest key", extra=told(count=count))
    return count


def _resealed(store: Store, keyring: KeyRing, collection: str, path: str) -> int:
    rows = store.collection(collection, actor=_ACTOR)
    count = 0
    for row in list(rows.find({path: {"$type": "string"}}, fields=[path])):
        old = _at(row, path)
        try:
            new = keyring.reseal(old)
        except SealBroken:
            log.warning("a secret could not be sealed anew", extra=told(where=collection, id=str(row["_id"])))
            continue
        # Only where the old one still stands: it may have been entered anew in between.
        count += rows.update_one({"_id": row["_id"], path: old}, {"$set": {path: new}}).matched
    return count


def _at(row: Document, path: str) -> Any:
    found: Any = row
    for part in path.split("."):
        found = found[part]
    return found

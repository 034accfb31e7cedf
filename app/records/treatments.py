"""Treatments: what was eaten, injected, changed or noted.

Identity is, in this order: the ``identifier`` a client chose (a UUID sent as ``_id`` counts), the ``_id``, or the
moment and the event type. Uploading a treatment again replaces the stored one wholesale.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, ClassVar

from app.actor import Actor
from app.clock import Clock, iso_of
from app.records.collection import FOLLOWED_MS, Records
from app.records.ids import settle_ids
from app.records.numbers import js_number
from app.records.plan import Key, Plan
from app.records.replacing import Identity, id_key, identity_by_id, plan_replacements, stored_with_ids
from app.records.sanitising import cleaned
from app.records.stamps import without_stamps
from app.records.times import Instant, instant_at, read_instant
from app.store.interface import Document, Filter, Sort, Store

_AMOUNTS = ("glucose", "targetTop", "targetBottom", "carbs", "insulin", "percent", "absolute", "relative")
_NUMBERS = (*_AMOUNTS, "duration", "preBolus")
_GONE_WHEN_EMPTY = ("targetTop", "targetBottom", "carbs", "insulin", "percent", "relative", "notes", "preBolus")
_MINUTE_MS = 60_000


class Treatments(Records):
    """Keeps and finds treatments; ``uuid_handling`` keeps an ``_id`` that is none of ours as ``identifier``."""

    collection: ClassVar[str] = "treatments"
    newest_first: ClassVar[Sort] = (("created_at", -1),)

    def __init__(self, store: Store, clock: Clock, actor: Actor, *, uuid_handling: bool = True) -> None:
        super().__init__(store, clock, actor)
        self._uuid_handling = uuid_handling

    def _followed(self) -> Filter:
        return {"created_at": {"$gte": iso_of(self._clock.now_ms() - FOLLOWED_MS)}}

    def _normalised(self, document: Mapping[str, Any]) -> list[Document]:
        return _split(self._whole(document))

    def _whole(self, document: Mapping[str, Any]) -> Document:
        treatment = self._as_kept(document)
        if treatment.get("identifier"):
            treatment.pop("_id", None)
        return treatment

    def _as_kept(self, document: Mapping[str, Any]) -> Document:
        treatment = without_stamps(cleaned(document))
        settle_ids(treatment, keep_foreign=self._uuid_handling)
        self._set_moment(treatment)
        _set_numbers(treatment)
        if treatment.get("eventType") == "Announcement":
            treatment["isAnnouncement"] = True
        return treatment

    def _set_moment(self, treatment: Document) -> None:
        """Set ``created_at`` and ``utcOffset`` from ``created_at``, or ``eventTime`` when there is one; else now."""
        instant = read_instant(treatment.get("created_at")) or Instant(self._clock.now_ms())
        event_time = treatment.pop("eventTime", None)
        instant = read_instant(event_time) or instant
        treatment["created_at"] = instant.iso
        treatment["utcOffset"] = instant.offset_min

    def _plan(self, batch: Sequence[Document], stamp_ms: int) -> Plan:
        return plan_replacements(batch, self._stored(batch), stamp_ms, identity_of=_identity, keys_of=_keys_of)

    def _stored(self, batch: Sequence[Document]) -> Iterator[Document]:
        identifiers = [treatment["identifier"] for treatment in batch if treatment.get("identifier")]
        if identifiers:
            yield from self._kept.find({"identifier": {"$in": identifiers}})
            yield from self._kept.find({"_id": {"$in": identifiers}})
        yield from stored_with_ids(self._kept, batch)
        moments = sorted({t["created_at"] for t in batch if not t.get("identifier") and "_id" not in t})
        if moments:
            yield from self._kept.find({"created_at": {"$in": moments}})


def _set_numbers(treatment: Document) -> None:
    if treatment.get("absolute", 0) is None:
        # JavaScript reads null as 0, which would turn a rate nobody gave into a basal of nothing.
        del treatment["absolute"]
    for name in _NUMBERS:
        if name in treatment:
            number = js_number(treatment[name])
            if number is None:
                del treatment[name]
            else:
                treatment[name] = number
    for name in _GONE_WHEN_EMPTY:
        if name in treatment and not treatment[name]:
            del treatment[name]
    if not treatment.get("glucose"):
        for name in ("glucose", "glucoseType", "units"):
            treatment.pop(name, None)


def _split(treatment: Document) -> list[Document]:
    """Return the treatment, and the meal of a pre-bolus as a second one at the time it is eaten."""
    if not treatment.get("preBolus") or "carbs" not in treatment:
        return [treatment]
    given, wait_ms = read_instant(treatment["created_at"]), treatment["preBolus"] * _MINUTE_MS
    eaten = instant_at(given.at_ms + int(wait_ms)) if given and math.isfinite(wait_ms) else None
    if eaten is None:
        return [treatment]
    meal = {"created_at": eaten.iso, "carbs": treatment.pop("carbs")}
    meal |= {name: treatment[name] for name in ("eventType", "notes") if name in treatment}
    return [treatment, meal]


def _identity(treatment: Document) -> Identity | None:
    identifier = treatment.get("identifier")
    if identifier:
        return Identity(("identifier", identifier), {"$or": [{"identifier": identifier}, {"_id": identifier}]})
    if "_id" in treatment:
        return identity_by_id(treatment)
    event_type = treatment.get("eventType")
    # $eq compares with the value; a bare object would be read as operators. None also matches "has none", and as one of
    # a list it does not become a member of what is stored.
    wanted = {"$in": [None]} if event_type is None else {"$eq": event_type}
    return Identity(_moment_key(treatment), {"created_at": treatment["created_at"], "eventType": wanted})


def _moment_key(treatment: Document) -> Key:
    return ("moment", treatment.get("created_at"), repr(treatment.get("eventType")))


def _keys_of(treatment: Document) -> Iterable[Key]:
    if treatment.get("identifier"):
        yield ("identifier", treatment["identifier"])
    if "_id" in treatment:
        yield id_key(treatment["_id"])
        yield ("identifier", treatment["_id"])
    yield _moment_key(treatment)

"""The kinds of records people switch on and off for a source, and which kind a document is of."""

from __future__ import annotations

from collections.abc import Mapping

from app.store.interface import Document

GLUCOSE, BOLUSES, CARBS, BASALS, EVENTS, PROFILE, STATUS, FOOD, ACTIVITY = (
    "glucose",
    "boluses",
    "carbs",
    "basals",
    "events",
    "profile",
    "status",
    "food",
    "activity",
)
KINDS = (GLUCOSE, BOLUSES, CARBS, BASALS, EVENTS, PROFILE, STATUS, FOOD, ACTIVITY)

ALONE, ALWAYS, NEVER = "alone", "always", "never"
"""How a kind is taken: while nobody else brings it, always, or not at all."""

COLLECTION_OF: Mapping[str, str] = {
    GLUCOSE: "entries",
    BOLUSES: "treatments",
    CARBS: "treatments",
    BASALS: "treatments",
    EVENTS: "treatments",
    PROFILE: "profile",
    STATUS: "devicestatus",
    FOOD: "food",
    ACTIVITY: "activity",
}
"""The collection in which the documents of each kind live."""

COLLECTIONS = ("entries", "treatments", "devicestatus", "profile", "food", "activity")
_WHOLE_COLLECTIONS = {
    "entries": GLUCOSE,
    "devicestatus": STATUS,
    "profile": PROFILE,
    "food": FOOD,
    "activity": ACTIVITY,
}


def kind_of(collection: str, document: Document) -> str:
    """Return the kind a document is of; a treatment is what it holds: insulin before carbs, a rate before both."""
    whole = _WHOLE_COLLECTIONS.get(collection)
    if whole:
        return whole
    if "Temp Basal" in str(document.get("eventType")):
        return BASALS
    if document.get("insulin") or document.get("enteredinsulin"):
        return BOLUSES
    return CARBS if document.get("carbs") else EVENTS


def taken_kinds(taken: Mapping[str, str]) -> dict[str, str]:
    """Return how each kind is taken, less those that are not."""
    return {kind: how for kind, how in taken.items() if how != NEVER}

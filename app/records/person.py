"""The person whose data this is: name, zone, unit and limits. One document, kept apart from the settings.

What nobody has entered yet comes from the settings an existing Nightscout has.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

from app.actor import Actor
from app.config import Settings
from app.errors import BadDocument
from app.glucose.thresholds import Thresholds, nightscout_thresholds
from app.glucose.units import Unit, unit_named
from app.records.times import zone_named
from app.store.interface import Document, Store

COLLECTION = "nl_person"
PERSON_ID = "person"
LONGEST_NAME = 80


@dataclass(frozen=True, slots=True)
class Person:
    """Whose data this is. ``zone`` is an IANA zone, ``unit`` what people see who chose none, ``thresholds`` mg/dL."""

    name: str
    zone: str
    unit: Unit
    thresholds: Thresholds


def read_person(store: Store, settings: Settings) -> Person:
    """Return the person as entered, or as the settings say where nobody has entered anything."""
    kept = store.collection(COLLECTION).find_one({"_id": PERSON_ID})
    return _from_document(kept) if kept else _from_settings(settings)


def is_entered(store: Store) -> bool:
    """Tell whether somebody has said whose data this is, and where they live."""
    return store.collection(COLLECTION).find_one({"_id": PERSON_ID}) is not None


def save_person(store: Store, person: Person, actor: Actor) -> Person:
    """Keep the person, the zone in its proper spelling, and return it. Raises ``BadDocument``."""
    zone = zone_named(person.zone)
    if zone is None:
        raise BadDocument(f"There is no time zone {person.zone!r}", hint="For instance Europe/Berlin.")
    name = person.name.strip()
    if len(name) > LONGEST_NAME:
        raise BadDocument(f"The name is longer than {LONGEST_NAME} characters")
    kept = Person(name, zone, person.unit, person.thresholds)
    document = {"name": name, "zone": zone, "unit": kept.unit.value, "thresholds": asdict(kept.thresholds)}
    store.collection(COLLECTION, actor=actor.label).replace_one({"_id": PERSON_ID}, document, upsert=True)
    return kept


def _from_document(kept: Document) -> Person:
    return Person(kept["name"], kept["zone"], Unit(kept["unit"]), Thresholds(**kept["thresholds"]))


def _from_settings(settings: Settings) -> Person:
    unit = unit_named(settings["DISPLAY_UNITS"])
    return Person(
        name="",
        zone="UTC",
        unit=unit,
        thresholds=nightscout_thresholds(
            unit,
            bg_low=settings["BG_LOW"],
            bg_target_bottom=settings["BG_TARGET_BOTTOM"],
            bg_target_top=settings["BG_TARGET_TOP"],
            bg_high=settings["BG_HIGH"],
        ),
    )

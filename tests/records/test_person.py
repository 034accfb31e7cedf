"""Whose data this is."""

from __future__ import annotations

import pytest

from app.actor import system_actor
from app.config import Settings, load_settings
from app.errors import BadDocument
from app.glucose.thresholds import Thresholds
from app.glucose.units import Unit
from app.records.person import Person, read_person, save_person
from app.store.interface import Store

ACTOR = system_actor("test")
MIA = Person("Mia", "Europe/Berlin", Unit.MMOLL, Thresholds(54, 70, 180, 250))


def test_before_anybody_entered_anything_the_settings_speak(store: Store, settings: Settings) -> None:
    assert read_person(store, settings) == Person("", "UTC", Unit.MGDL, Thresholds(55, 80, 180, 260))


def test_limits_given_in_mmol_are_kept_in_mgdl(store: Store) -> None:
    given = {"DISPLAY_UNITS": "mmol", "BG_HIGH": "14", "BG_TARGET_TOP": "10", "BG_TARGET_BOTTOM": "4", "BG_LOW": "3"}
    person = read_person(store, load_settings(given))
    assert (person.unit, person.thresholds) == (Unit.MMOLL, Thresholds(54, 72, 180, 252))


def test_what_was_entered_stays(store: Store, settings: Settings) -> None:
    assert save_person(store, MIA, ACTOR) == MIA
    assert read_person(store, settings) == MIA


def test_entering_again_replaces(store: Store, settings: Settings) -> None:
    save_person(store, MIA, ACTOR)
    save_person(store, Person("Ben", "America/New_York", Unit.MGDL, Thresholds()), ACTOR)
    assert read_person(store, settings).name == "Ben"


def test_a_zone_and_a_name_are_tidied(store: Store) -> None:
    kept = save_person(store, Person("  Mia ", "europe/berlin", Unit.MGDL, Thresholds()), ACTOR)
    assert (kept.name, kept.zone) == ("Mia", "Europe/Berlin")


@pytest.mark.parametrize(("name", "zone"), [("Mia", "Mars/Olympus"), ("Mia", ""), ("M" * 81, "UTC")])
def test_what_cannot_be_is_refused(store: Store, name: str, zone: str) -> None:
    with pytest.raises(BadDocument):
        save_person(store, Person(name, zone, Unit.MGDL, Thresholds()), ACTOR)

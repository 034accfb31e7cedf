"""Pruning goes by the settings, and is one of the jobs."""

from __future__ import annotations

from app.config import load_settings
from app.house import House
from app.jobs.pruning import kept_days, prune
from app.jobs.schedule import Running
from tests.clocks import START_MS
from tests.jobs.conftest import eventually

DAY_MS = 86_400_000


def with_settings(house: House, **environment: str) -> House:
    return House(load_settings(environment), house.store, house.clock, house.keyring)


def test_only_collections_with_a_setting_are_pruned(house: House) -> None:
    for collection in ("entries", "devicestatus"):
        house.store.collection(collection).insert_one({"date": START_MS - 10 * DAY_MS})
    assert prune(house) == 0
    assert prune(with_settings(house, API3_AUTOPRUNE_DEVICESTATUS="7.5")) == 1
    assert house.store.collection("entries").count_documents({}) == 1


def test_the_settings_are_nightscouts() -> None:
    settings = load_settings(
        {"API3_AUTOPRUNE_DEVICESTATUS": "60", "API3_AUTOPRUNE_ENTRIES": "365", "API3_AUTOPRUNE_FOOD": "0"}
    )
    assert kept_days(settings) == {"devicestatus": 60, "entries": 365}
    assert kept_days(load_settings({})) == {}


def test_a_process_that_works_prunes(live_house: House) -> None:
    old = live_house.store.collection("treatments")
    old.insert_one({"date": START_MS - 4000 * DAY_MS})
    running = Running(with_settings(live_house, API3_AUTOPRUNE_TREATMENTS="3650"))
    try:
        eventually(lambda: not old.count_documents({}))
    finally:
        running.stop()

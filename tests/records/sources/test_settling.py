"""One event told by several sources is one record: of the better source, whichever came first; tested in pairs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import permutations
from typing import Any

import pytest

from app.actor import NOBODY, system_actor
from app.clock import iso_of
from app.house import House
from app.records.entries import Entries
from app.records.sources.acts import bolus, carb_correction, event, temp_basal
from app.records.sources.documents import sensor_entry
from app.records.sources.keeping import Keeping
from app.records.sources.kinds import ALONE, ALWAYS, KINDS
from app.records.sources.neighbours import Neighbours, uploader
from app.records.sources.ranks import COLLECTED, LIVE, MIRROR, SLOW, read_ranks
from app.records.sources.settling import Settling
from app.records.treatments import Treatments
from app.store.interface import Document
from tests.clocks import START_MS

MINUTE_MS = 60_000
AT_MS = START_MS - 90 * MINUTE_MS
SOURCES = {"mirror": MIRROR, "live": LIVE, "slow": SLOW, "collected": COLLECTED}
APP = "app"
"""What an app or a person writes here."""

ORDER = [APP, *SOURCES]
PAIRS = [*permutations(ORDER, 2)]


class Writers:
    """Everybody who brings records to one household."""

    def __init__(self, house: House, taken: str = ALONE) -> None:
        self.house = house
        rows = house.store.collection("nl_uploaders", actor="test")
        for name, rank in SOURCES.items():
            rows.insert_one({"_id": name, "rank": rank, "taken": dict.fromkeys(KINDS, taken)})
        self._taken = dict.fromkeys(KINDS, taken)

    def write(self, who: str, collection: str, document: Document) -> None:
        house = self.house
        if who == APP:
            plain = {name: value for name, value in document.items() if name != "identifier"}
            records = {"entries": Entries, "treatments": Treatments}[collection]
            saved = records(house.store, house.clock, NOBODY).save([plain])
            self.settle(collection, saved)
            return
        bringer = uploader(who, SOURCES[who], self._taken, 5 * MINUTE_MS)
        keeping = Keeping(house.store, house.clock, system_actor(f"uploader:{who}"), bringer.stamp)
        ranks = read_ranks(house.store)
        verdict = Neighbours(keeping.records, house.clock, bringer, ranks).judged(collection, [document])
        keeping.write(collection, verdict.new)
        keeping.complete(verdict.completions)
        self.settle(collection, [document])

    def settle(self, collection: str, documents: Sequence[Document]) -> None:
        keeping = Keeping(self.house.store, self.house.clock, system_actor("settling"), ("nl_uploader", ""))
        Settling(keeping, read_ranks(self.house.store)).settle(collection, documents)

    def told_by(self, collection: str) -> list[str]:
        """Return who tells each record that is left, in order of time."""
        records = {"entries": Entries, "treatments": Treatments}[collection]
        found = records(self.house.store, self.house.clock, NOBODY).search(sort=(("_id", 1),))
        return [one.get("nl_uploader", APP) for one in found]


@pytest.fixture
def writers(house: House) -> Writers:
    return Writers(house)


def act(who: str, at_ms: int = AT_MS) -> dict[str, Any]:
    return {"identifier": f"{who}-{at_ms}", "at_ms": at_ms, "entered_by": who}


def reading(who: str, at_ms: int = AT_MS, mgdl: int = 120, **more: Any) -> Document:
    made = sensor_entry(identifier=f"{who}-{at_ms}", at_ms=at_ms, glucose_mgdl=mgdl, device=f"nightlight-{who} Dexcom")
    return made | more


SAME: dict[str, tuple[str, Callable[[str], Document], Callable[[str], Document]]] = {
    "a reading": ("entries", reading, lambda who: reading(who, AT_MS + 20_000, 121)),
    "a bolus": (
        "treatments",
        lambda who: bolus(insulin_u=2.5, **act(who)),
        lambda who: bolus(insulin_u=2.5, **act(who, AT_MS + 90_000)),
    ),
    "a meal bolus": (
        "treatments",
        lambda who: bolus(insulin_u=4, carbs_g=45, **act(who)),
        lambda who: bolus(insulin_u=4, carbs_g=45, **act(who, AT_MS - 60_000)),
    ),
    "carbs": (
        "treatments",
        lambda who: carb_correction(carbs_g=12, **act(who)),
        lambda who: carb_correction(carbs_g=12, **act(who, AT_MS + 60_000)),
    ),
    "a site change": (
        "treatments",
        lambda who: event("Site Change", **act(who)),
        lambda who: event("Site Change", **act(who, AT_MS + 20 * MINUTE_MS)),
    ),
    "a temp basal": (
        "treatments",
        lambda who: temp_basal(rate_u_per_h=0.4, duration_min=30, **act(who)),
        lambda who: temp_basal(rate_u_per_h=0.4, duration_min=25, **act(who, AT_MS + 4 * MINUTE_MS)),
    ),
}


@pytest.mark.parametrize("what", SAME)
@pytest.mark.parametrize(("first", "second"), PAIRS)
def test_of_two_sources_the_better_one_tells_it_whichever_came_first(
    writers: Writers, what: str, first: str, second: str
) -> None:
    collection, one, other = SAME[what]
    writers.write(first, collection, one(first))
    writers.write(second, collection, other(second))
    assert writers.told_by(collection) == [min(first, second, key=ORDER.index)]
    writers.write(first, collection, one(first)) if first != APP else None
    assert writers.told_by(collection) == [min(first, second, key=ORDER.index)]


@pytest.mark.parametrize("order", [*permutations([APP, "live", "collected"])])
def test_of_three_the_best_is_left(writers: Writers, order: tuple[str, ...]) -> None:
    for who in order:
        writers.write(who, "treatments", bolus(insulin_u=1.2, **act(who)))
    assert writers.told_by("treatments") == [APP]


@pytest.mark.parametrize(("first", "second"), PAIRS)
def test_what_differs_stays_beside_each_other(writers: Writers, first: str, second: str) -> None:
    writers.write(first, "treatments", bolus(insulin_u=2.5, **act(first)))
    writers.write(second, "treatments", bolus(insulin_u=2.8, **act(second, AT_MS + MINUTE_MS)))
    writers.write(first, "treatments", bolus(insulin_u=2.5, **act(first, AT_MS + 30 * MINUTE_MS)))
    assert sorted(writers.told_by("treatments")) == sorted([first, second, first])


def test_what_the_loser_alone_knew_completes_the_winner(writers: Writers) -> None:
    writers.write("collected", "entries", reading("collected", direction="FortyFiveUp"))
    writers.write("live", "entries", reading("live"))
    (left,) = Entries(writers.house.store, writers.house.clock, NOBODY).search()
    assert (left["nl_uploader"], left["direction"]) == ("live", "FortyFiveUp")


def test_two_brands_on_one_body_are_two_readings(writers: Writers) -> None:
    writers.write("live", "entries", reading("live"))
    libre = sensor_entry(identifier="l", at_ms=AT_MS + 1000, glucose_mgdl=120, device="nightlight-librelinkup")
    writers.write("mirror", "entries", libre)
    assert sorted(writers.told_by("entries")) == ["live", "mirror"]


def test_while_a_loop_tells_its_basals_a_cloud_tells_none(writers: Writers) -> None:
    writers.write("live", "treatments", temp_basal(rate_u_per_h=1.2, duration_min=60, **act("live")))
    loop = temp_basal(rate_u_per_h=0.3, duration_min=30, **act(APP, AT_MS + 10 * MINUTE_MS))
    writers.write(APP, "treatments", loop)
    assert writers.told_by("treatments") == [APP]


def test_basals_that_are_wanted_always_stay_beside_a_loops(house: House) -> None:
    writers = Writers(house, ALWAYS)
    writers.write("live", "treatments", temp_basal(rate_u_per_h=1.2, duration_min=60, **act("live")))
    loop = temp_basal(rate_u_per_h=0.3, duration_min=30, **act(APP, AT_MS + 10 * MINUTE_MS))
    writers.write(APP, "treatments", loop)
    assert sorted(writers.told_by("treatments")) == [APP, "live"]


def test_what_apps_and_people_wrote_twice_is_their_own_business(writers: Writers) -> None:
    for minute in (0, 1):
        writers.write(APP, "treatments", bolus(insulin_u=1, **act(APP, AT_MS + minute * MINUTE_MS)))
    assert writers.told_by("treatments") == [APP, APP]


def test_of_two_sources_of_one_rank_the_first_stays(house: House) -> None:
    SOURCES["other live"] = LIVE
    try:
        writers = Writers(house)
        writers.write("other live", "treatments", bolus(insulin_u=1, **act("other live")))
        writers.write("live", "treatments", bolus(insulin_u=1, **act("live", AT_MS + 1000)))
        assert writers.told_by("treatments") == ["other live"]
    finally:
        del SOURCES["other live"]


def test_what_made_way_is_marked_so_that_followers_learn_of_it(writers: Writers) -> None:
    writers.write("live", "treatments", bolus(insulin_u=1, **act("live")))
    writers.write(APP, "treatments", bolus(insulin_u=1, **act(APP, AT_MS + 1000)))
    stored = list(writers.house.store.collection("treatments").find({"isValid": False}))
    assert [one["nl_uploader"] for one in stored] == ["live"]


def test_sources_years_apart_are_settled_day_by_day(writers: Writers) -> None:
    times = [START_MS - days * 86_400_000 for days in (1, 400, 800)]
    for at_ms in times:
        writers.write("live", "treatments", bolus(insulin_u=1, **act("live", at_ms)))
    Treatments(writers.house.store, writers.house.clock, NOBODY).save(
        {"eventType": "Correction Bolus", "insulin": 1, "created_at": iso_of(at_ms + 1000)} for at_ms in times
    )
    writers.settle("treatments", [{"created_at": iso_of(at_ms)} for at_ms in times])
    assert writers.told_by("treatments") == [APP, APP, APP]

"""Glooko's graph in place of records it does not give: what is sure is taken, what is a picture is not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from app.clock import iso_of
from app.uploaders.errors import SchemaChanged
from app.uploaders.glooko.source import GlookoSource
from app.uploaders.guard import Limits
from app.uploaders.vendor import Page
from tests.clocks import START_MS, SettableClock
from tests.emulators.glooko import PATIENT, GlookoEmulator
from tests.uploaders.conftest import Kept
from tests.uploaders.test_glooko import cursors_of, documents_in, values_in

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS
GRAPH = "/graph/data"
MakeSource = Callable[..., GlookoSource]


@pytest.fixture
def glooko(clock: SettableClock) -> Iterator[GlookoEmulator]:
    with GlookoEmulator(clock).running() as emulator:
        yield emulator


@pytest.fixture
def source(glooko: GlookoEmulator, clock: SettableClock, line: Any, kept: Kept) -> MakeSource:
    def make(**options: Any) -> GlookoSource:
        secrets = {"email": glooko.email, "password": glooko.password}
        quick = line("Glooko", limits=Limits(total_s=2.0, connect_s=2.0, rest_s=0))
        return GlookoSource(kept.access("glooko", quick, {"server": glooko.url, **options}, secrets, clock))

    return make


def point(glooko: GlookoEmulator, at_ms: int, **fields: Any) -> dict[str, Any]:
    """A point of the graph: its second is counted on the wall clock."""
    offset_ms = HOUR_MS
    return {"x": (at_ms + offset_ms) // 1000, "timestamp": glooko.wall(at_ms), **fields}


def show(glooko: GlookoEmulator) -> None:
    at_ms = START_MS - HOUR_MS
    glooko.graph = {
        "cgmNormal": [point(glooko, at_ms, y=7.1, value=12800)],
        "cgmHigh": [point(glooko, at_ms + 5 * MINUTE_MS, y=13.9, value=25000, calculated=False)],
        "cgmLow": [point(glooko, at_ms + 10 * MINUTE_MS, y=2.2, value=3900)],
        "bgNormal": [point(glooko, at_ms, y=6.2, value=11200)],
        "deliveredBolus": [point(glooko, at_ms, y=22.5, insulinDelivered=3.2, carbsInput=40)],
        "automaticBolus": [point(glooko, at_ms + MINUTE_MS, y=3.1, insulinDelivered=0.4)],
        "carbNonManual": [
            point(glooko, at_ms + MINUTE_MS, y=11, carbs=40),
            point(glooko, at_ms + 30 * MINUTE_MS, y=11, carbs=15),
        ],
        "setSiteChange": [point(glooko, at_ms, y=1)],
        "reservoirChange": [point(glooko, at_ms, y=1)],
        "pumpAlarm": [point(glooko, at_ms, y=1, alarmType="Occlusion")],
    }


def events_in(pages: list[Page]) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for document in documents_in(pages, "treatments"):
        found.setdefault(document["eventType"], []).append(document)
    return found


@pytest.mark.parametrize("status", [403, 404])
def test_where_no_records_are_given_the_graph_is_read(source: MakeSource, glooko: GlookoEmulator, status: int) -> None:
    show(glooko)
    glooko.refused = {"/api/v2/": status}
    pages = list(source().pages({}))
    assert values_in(pages) == [250, 128, 39]
    times = {entry["sgv"]: entry["date"] for entry in documents_in(pages, "entries") if entry["type"] == "sgv"}
    assert times[128] == START_MS - HOUR_MS
    found = events_in(pages)
    assert {kind: len(made) for kind, made in found.items()} == {
        "BG Check": 1,
        "Meal Bolus": 1,
        "Correction Bolus": 1,
        "Carb Correction": 1,
        "Site Change": 1,
        "Insulin Change": 1,
        "Note": 1,
    }
    assert (found["Meal Bolus"][0]["insulin"], found["Meal Bolus"][0]["carbs"]) == (3.2, 40)
    assert found["Correction Bolus"][0]["automatic"] is True
    assert found["Carb Correction"][0]["carbs"] == 15


def test_the_graph_is_asked_in_the_wall_clocks_time_for_the_patient(source: MakeSource, glooko: GlookoEmulator) -> None:
    glooko.refused = {"/cgm/egvs": 403}
    list(source(first_days="2").pages({}))
    asked = next(one for one in glooko.asked if GRAPH in one.path)
    assert asked.query["patient"] == PATIENT
    assert (asked.query["startDate"], asked.query["endDate"]) == (
        "2026-11-19T11:00:00.000Z",
        "2026-11-21T11:00:00.000Z",
    )
    assert [value for name, value in asked.pairs if name == "series[]"] == ["cgmHigh", "cgmNormal", "cgmLow"]


def test_only_what_is_refused_comes_from_the_graph(source: MakeSource, glooko: GlookoEmulator) -> None:
    show(glooko)
    glooko.add("pumps/normal_boluses", START_MS - HOUR_MS, insulinDelivered=3.2, carbsInput=40)
    glooko.refused = {"/cgm/egvs": 403}
    pages = list(source().pages({}))
    assert values_in(pages) == [250, 128, 39]
    assert [one["eventType"] for one in documents_in(pages, "treatments")] == ["Meal Bolus"]
    assert [why for page in pages for why in page.unusable] == ["Glooko does not give egvs"]


def test_a_long_time_is_read_in_spans_oldest_first_and_then_a_day_again(
    source: MakeSource, glooko: GlookoEmulator, kept: Kept
) -> None:
    glooko.refused = {"/cgm/egvs": 403}
    pages = [page for page in source(first_days="14").pages({}) if "graph" in page.cursors]
    assert [page.cursors["graph"] for page in pages] == [
        START_MS - 11 * DAY_MS,
        START_MS - 8 * DAY_MS,
        START_MS - 5 * DAY_MS,
        START_MS - 2 * DAY_MS,
        START_MS,
    ]
    glooko.asked.clear()
    list(source().pages({"graph": START_MS}))
    assert glooko.count("/cgm/egvs") == 0
    [asked] = [one for one in glooko.asked if GRAPH in one.path]
    assert asked.query["startDate"] == "2026-11-20T11:00:00.000Z"


def test_what_was_given_before_is_not_given_up_for_one_refusal(
    source: MakeSource, glooko: GlookoEmulator, clock: SettableClock
) -> None:
    show(glooko)
    glooko.readings(118)
    cursors = cursors_of(list(source().pages({})))
    glooko.refused = {"/cgm/egvs": 403}
    for _ in range(2):
        assert values_in(list(source().pages(cursors))) == []
    assert glooko.count(GRAPH) == 0
    clock.advance(minutes=40)
    glooko.graph["cgmNormal"].append(point(glooko, START_MS + 30 * MINUTE_MS, value=13300))
    assert values_in(list(source().pages(cursors))) == [133]


def test_a_refusal_that_passes_is_forgotten(source: MakeSource, glooko: GlookoEmulator, kept: Kept) -> None:
    glooko.readings(118)
    cursors = cursors_of(list(source().pages({})))
    for _ in range(4):
        glooko.refused = {"/cgm/egvs": 403}
        list(source().pages(cursors))
        glooko.refused = {}
        assert values_in(list(source().pages(cursors))) == [118]
    assert glooko.count(GRAPH) == 0


def test_an_account_that_gives_nothing_at_all_says_so(source: MakeSource, glooko: GlookoEmulator) -> None:
    glooko.refused = {"/api/v2/": 403, GRAPH: 403}
    with pytest.raises(SchemaChanged):
        list(source().pages({}))
    asked = glooko.count("/api/v2/") - glooko.log_ins
    assert asked == 3


def test_a_look_falls_back_to_the_graph(source: MakeSource, glooko: GlookoEmulator) -> None:
    show(glooko)
    glooko.refused = {"/cgm/egvs": 404}
    assert [entry["sgv"] for entry in source().look()] == [128, 250, 39]


def test_the_height_of_a_point_is_no_dose_no_carbs_and_no_glucose(source: MakeSource, glooko: GlookoEmulator) -> None:
    at_ms = START_MS - HOUR_MS
    bare = [point(glooko, at_ms, y=5.5)]
    glooko.graph = dict.fromkeys(
        ("cgmNormal", "deliveredBolus", "automaticBolus", "carbNonManual", "scheduledBasal"), bare
    )
    glooko.refused = {"/api/v2/": 404}
    pages = list(source().pages({}))
    assert not documents_in(pages, "entries")
    assert not documents_in(pages, "treatments")
    assert pages[-1].unusable
    assert pages[-1].whole == {}


def rates(glooko: GlookoEmulator) -> None:
    start_ms = START_MS - 3 * HOUR_MS
    fives = [point(glooko, start_ms + n * 5 * MINUTE_MS, y=0.5, rate=0.5, duration=300) for n in range(24)]
    glooko.graph = {
        "scheduledBasal": fives,
        "temporaryBasal": [],
        "suspendBasal": [point(glooko, start_ms + 30 * MINUTE_MS, duration=600)],
    }
    glooko.refused = {"_basals": 404}


def test_rates_of_the_graph_are_joined_within_the_hour_and_are_all_there_is(
    source: MakeSource, glooko: GlookoEmulator
) -> None:
    rates(glooko)
    [page] = [page for page in source(first_days="2").pages({}) if "graph" in page.cursors]
    told = [(one["created_at"], one["absolute"], one["duration"]) for one in page.documents["treatments"]]
    assert told == [
        ("2026-11-21T07:00:00.000Z", 0.5, 30),
        ("2026-11-21T07:30:00.000Z", 0, 10),
        ("2026-11-21T07:40:00.000Z", 0.5, 20),
        ("2026-11-21T08:00:00.000Z", 0.5, 60),
    ]
    assert page.whole == {"basals": (START_MS - 2 * DAY_MS, START_MS)}


def test_rates_not_all_understood_take_nothing_away(source: MakeSource, glooko: GlookoEmulator) -> None:
    rates(glooko)
    glooko.graph["temporaryBasal"].append(point(glooko, START_MS - HOUR_MS, percentage=150, duration=600))
    [page] = [page for page in source(first_days="2").pages({}) if "graph" in page.cursors]
    assert page.documents["treatments"]
    assert page.whole == {}


def test_bad_points_cost_themselves_alone(source: MakeSource, glooko: GlookoEmulator) -> None:
    show(glooko)
    glooko.graph["cgmNormal"] += [None, 7, {}, {"x": "soon"}, point(glooko, START_MS - HOUR_MS, value="HIGH")]
    glooko.refused = {"/api/v2/": 404}
    assert 128 in values_in(list(source().pages({})))


def test_a_reading_of_records_and_of_the_graph_is_at_one_instant(source: MakeSource, glooko: GlookoEmulator) -> None:
    at_ms = START_MS - HOUR_MS
    guid = glooko.add("cgm/egvs", at_ms, glucoseValue=12800)
    [entry] = documents_in(list(source().pages({})), "entries")
    assert entry["sysTime"] == iso_of(at_ms)
    del glooko.records["/api/v2/cgm/egvs"][guid]
    glooko.graph = {"cgmNormal": [point(glooko, at_ms, value=12800)]}
    glooko.refused = {"/cgm/egvs": 404}
    [again] = documents_in(list(source().pages({})), "entries")
    assert again["sysTime"] == entry["sysTime"]

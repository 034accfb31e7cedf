"""What the log of a Tandem pump becomes: boluses, basal insulin, readings, changes, modes, status, settings."""

from __future__ import annotations

from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.glucose.wall_clock import WallClock
from app.records.sources.documents import DAY_MS, HOUR_MS, BadRecord, ms_of
from app.store.interface import Document
from app.uploaders.tandem_source.events import event_of
from app.uploaders.tandem_source.mapper import Mapped, PumpLog, documents_of
from app.uploaders.tandem_source.settings import profiles_in
from app.uploaders.tandem_source.timeline import timed
from tests.clocks import START_MS
from tests.emulators.tandem import TandemPump, profile_of, settings_of

BERLIN = WallClock.in_zone(ZoneInfo("Europe/Berlin"))
MINUTE_MS = 60_000
HOUR_AGO_MS = START_MS - HOUR_MS
DAY_AGO_MS, NEXT_HOUR_MS = START_MS - DAY_MS, START_MS + HOUR_MS


def whole_of(
    pump: TandemPump, from_ms: int = DAY_AGO_MS, end_ms: int = NEXT_HOUR_MS, *, now_ms: int = START_MS
) -> Mapped:
    events = timed([event_of(one) for one in pump.events], BERLIN, now_ms).events
    return documents_of(PumpLog(pump.id, "t:slim X2", events), from_ms, end_ms, now_ms)


def treatments_of(pump: TandemPump, **how: Any) -> list[Document]:
    return sorted(whole_of(pump, **how).documents["treatments"], key=lambda one: one["created_at"])


def entries_of(pump: TandemPump, **how: Any) -> list[Document]:
    return sorted(whole_of(pump, **how).documents["entries"], key=lambda one: one["date"])


def minutes(document: Document) -> float:
    """How many minutes before the present a treatment was."""
    at_ms = ms_of(document["created_at"])
    assert at_ms is not None
    return (START_MS - at_ms) / MINUTE_MS


# Boluses


def test_a_bolus_with_carbs_is_a_meal_bolus_of_what_was_given() -> None:
    pump = TandemPump()
    pump.bolus(HOUR_AGO_MS, 7, 3.2, carbs=40)
    [meal] = treatments_of(pump)
    assert (meal["eventType"], meal["insulin"], meal["carbs"]) == ("Meal Bolus", 3.2, 40)
    assert (meal["created_at"], meal["utcOffset"]) == ("2026-11-21T09:00:00.000Z", 60)
    assert meal["enteredBy"] == "nightlight-tandem-source"
    assert "automatic" not in meal
    assert "notes" not in meal


@pytest.mark.parametrize(("kind", "options"), [(2, 0), (0, 3), (2, 3), (0, 6)])
def test_a_bolus_control_iq_asked_for_is_automatic(kind: int, options: int) -> None:
    pump = TandemPump()
    pump.bolus(HOUR_AGO_MS, 7, 0.35, kind=kind, options=options)
    [bolus] = treatments_of(pump)
    assert (bolus["eventType"], bolus["automatic"]) == ("Correction Bolus", True)


@pytest.mark.parametrize("kind", [0, 1, 3, 77])
def test_a_bolus_a_person_asked_for_is_not(kind: int) -> None:
    pump = TandemPump()
    pump.bolus(HOUR_AGO_MS, 7, 0.35, kind=kind, options=4)
    [bolus] = treatments_of(pump)
    assert "automatic" not in bolus


@pytest.mark.parametrize(
    ("status", "word"),
    [(0, "by the user"), (1, "by an alarm"), (2, "by a malfunction"), (6, "by a predicted low"), (99, "early")],
)
def test_of_a_bolus_that_was_stopped_counts_what_was_given(status: int, word: str) -> None:
    pump = TandemPump()
    pump.bolus(HOUR_AGO_MS, 7, 1.1, carbs=40, asked=4, status=status)
    [bolus] = treatments_of(pump)
    assert (bolus["insulin"], bolus["carbs"]) == (1.1, 40)
    assert bolus["notes"] == f"The bolus of 4 U was stopped {word}"


def test_of_a_bolus_that_was_stopped_before_it_began_the_carbs_stay() -> None:
    pump = TandemPump()
    pump.bolus(HOUR_AGO_MS, 7, 0, carbs=40, asked=4, status=0)
    pump.bolus(HOUR_AGO_MS + MINUTE_MS, 8, 0, asked=4, status=5)
    [carbs] = treatments_of(pump)
    assert (carbs["eventType"], carbs["carbs"]) == ("Carb Correction", 40)
    assert "insulin" not in carbs


def test_a_bolus_that_is_still_being_given_is_not_told_yet() -> None:
    pump = TandemPump()
    pump.bolus(HOUR_AGO_MS, 7, 3.2, carbs=40)
    pump.events = [one for one in pump.events if one["eventCode"] not in (20, 280)]
    assert treatments_of(pump) == []


def test_an_extended_bolus_is_one_record_from_its_beginning_to_its_end() -> None:
    pump = TandemPump()
    pump.bolus(START_MS - 90 * MINUTE_MS, 9, 2.0, carbs=60, options=1, duration=120)
    pump.extended_begins(START_MS - 90 * MINUTE_MS, 9, 1.5)
    [running] = treatments_of(pump)
    assert (running["eventType"], running["insulin"], running["enteredinsulin"]) == ("Combo Bolus", 2, 3.5)
    assert (running["duration"], running["relative"], running["splitNow"]) == (120, 0.75, 57)
    assert "still running" in running["notes"]
    pump.extended_ends(START_MS - 30 * MINUTE_MS, 9, 0.7, asked=1.5, status=0)
    [stopped] = treatments_of(pump)
    assert stopped["identifier"] == running["identifier"]
    assert stopped["created_at"] == running["created_at"]
    assert (stopped["insulin"], stopped["enteredinsulin"], stopped["duration"]) == (2, 2.7, 60)
    assert stopped["notes"] == "The extended part of 1.5 U was stopped by the user"


def test_an_extended_bolus_with_nothing_at_once_counts_too() -> None:
    pump = TandemPump()
    pump.log(64, START_MS - 120 * MINUTE_MS, bolusId=9, bolusType=1, carbAmount=30)
    pump.extended_begins(START_MS - 119 * MINUTE_MS, 9, 3)
    pump.extended_ends(START_MS - 59 * MINUTE_MS, 9, 3)
    [combo] = treatments_of(pump)
    assert (combo["eventType"], combo["insulin"], combo["enteredinsulin"], combo["carbs"]) == ("Combo Bolus", 0, 3, 30)
    assert (combo["duration"], minutes(combo)) == (60, 119)


def test_an_extended_part_of_which_only_the_end_is_known_is_not_lost() -> None:
    pump = TandemPump()
    pump.extended_ends(HOUR_AGO_MS, 9, 1.5)
    [bolus] = treatments_of(pump)
    assert bolus["insulin"] == 1.5


@pytest.mark.parametrize(
    ("duration", "told"), [(90, 90), (5400, 90), ("90", 90), (None, None), (-1, None), (1e9, None)]
)
def test_how_long_it_runs_is_minutes_or_seconds_whatever_can_be(duration: Any, told: int | None) -> None:
    pump = TandemPump()
    pump.bolus(HOUR_AGO_MS, 9, 2.0, duration=duration)
    pump.extended_begins(HOUR_AGO_MS, 9, 1.5)
    [bolus] = treatments_of(pump)
    assert bolus.get("duration") == told
    assert bolus.get("enteredinsulin", bolus["insulin"]) == 3.5


def test_without_the_messages_of_what_was_asked_a_bolus_is_one_all_the_same() -> None:
    pump = TandemPump()
    pump.log(20, HOUR_AGO_MS, bolusID="7", insulinDelivered="2.5")
    [bolus] = treatments_of(pump)
    assert (bolus["eventType"], bolus["insulin"]) == ("Correction Bolus", 2.5)


def test_without_its_end_the_pumps_own_summary_counts() -> None:
    pump = TandemPump()
    pump.log(280, HOUR_AGO_MS, bolusId=7, bolusDeliveryStatus=1, deliveredTotal=0, bolusSource=1)
    assert treatments_of(pump) == []
    pump.log(280, HOUR_AGO_MS, bolusId=7, bolusDeliveryStatus=0, deliveredTotal=2500, bolusSource=7)
    [bolus] = treatments_of(pump)
    assert (bolus["insulin"], bolus["automatic"]) == (2.5, True)


@pytest.mark.parametrize("told", [{"bolusId": 7}, {"insulinDelivered": None}, {"insulinDelivered": 900}])
def test_a_bolus_that_does_not_say_how_much_is_named_and_costs_no_other(told: dict[str, Any]) -> None:
    pump = TandemPump()
    pump.log(20, HOUR_AGO_MS, **told)
    pump.bolus(HOUR_AGO_MS, 8, 1.0)
    found = whole_of(pump)
    assert [one["insulin"] for one in found.documents["treatments"]] == [1.0]
    assert len(found.unusable) == 1


def test_the_number_of_a_bolus_may_begin_anew() -> None:
    pump = TandemPump()
    pump.bolus(START_MS - 40 * DAY_MS, 7, 1.0)
    pump.bolus(START_MS - 20 * HOUR_MS, 7, 2.0)
    pump.group += 1
    pump.bolus(START_MS - 19 * HOUR_MS, 7, 3.0)
    found = treatments_of(pump, from_ms=START_MS - 50 * DAY_MS)
    assert [one["insulin"] for one in found] == [1.0, 2.0, 3.0]
    assert len({one["identifier"] for one in found}) == 3


def test_boluses_of_two_pumps_are_never_one() -> None:
    one, other = TandemPump("one"), TandemPump("other")
    for pump in (one, other):
        pump.bolus(HOUR_AGO_MS, 7, 1.0)
    assert treatments_of(one)[0]["identifier"] != treatments_of(other)[0]["identifier"]


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 1000), st.integers(0, 120)), max_size=12))
def test_the_sums_of_insulin_and_carbs_are_those_of_the_log(boluses: list[tuple[int, int]]) -> None:
    pump = TandemPump()
    for number, (hundredths, carbs) in enumerate(boluses):
        pump.bolus(DAY_AGO_MS + (number + 1) * HOUR_MS, number, hundredths / 100, carbs=carbs)
    found = treatments_of(pump)
    assert sum(one.get("insulin", 0) for one in found) == pytest.approx(sum(one for one, _ in boluses) / 100)
    assert sum(one.get("carbs", 0) for one in found) == sum(carbs for _, carbs in boluses)


# Basal insulin


def test_equal_rates_are_one_record_and_none_reaches_over_an_hour() -> None:
    pump = TandemPump()
    pump.basals(START_MS - 70 * MINUTE_MS, 850, 850, 850, 850, 0, 0, 1200)
    found = [(minutes(one), one["absolute"], one["duration"]) for one in treatments_of(pump)]
    assert found == [(70, 0.85, 10), (60, 0.85, 10), (50, 0, 10), (40, 1.2, 5)]
    assert all("insulin" not in one for one in treatments_of(pump))


def test_a_rate_holds_until_the_next_and_no_longer_than_five_minutes_without_one() -> None:
    pump = TandemPump()
    pump.basal(START_MS - 50 * MINUTE_MS, 850)
    pump.basal(START_MS - 47 * MINUTE_MS, 900)
    pump.basal(START_MS - 30 * MINUTE_MS, 950)
    found = [(minutes(one), one["absolute"], one["duration"]) for one in treatments_of(pump)]
    assert found == [(50, 0.85, 3), (47, 0.9, 5), (30, 0.95, 5)]


def test_a_suspended_pump_gives_nothing_until_it_is_resumed() -> None:
    pump = TandemPump()
    pump.basal(START_MS - 50 * MINUTE_MS, 850)
    pump.suspended(START_MS - 48 * MINUTE_MS)
    pump.basal(START_MS - 45 * MINUTE_MS, 0, source=0)
    pump.resumed(START_MS - 20 * MINUTE_MS)
    pump.basal(START_MS - 15 * MINUTE_MS, 850)
    found = [(minutes(one), one["absolute"], one["duration"]) for one in treatments_of(pump)]
    assert found == [(50, 0.85, 2), (48, 0, 28), (15, 0.85, 5)]


def test_a_pump_that_is_suspended_now_gives_nothing_as_far_as_its_log_goes() -> None:
    pump = TandemPump()
    pump.suspended(START_MS - 50 * MINUTE_MS)
    pump.glucose(START_MS - 20 * MINUTE_MS, 120)
    [suspended] = treatments_of(pump)
    assert (minutes(suspended), suspended["absolute"], suspended["duration"]) == (50, 0, 30)


def test_a_rate_that_is_told_again_ends_a_suspension_nobody_ended() -> None:
    pump = TandemPump()
    pump.suspended(START_MS - 50 * MINUTE_MS)
    pump.basal(START_MS - 30 * MINUTE_MS, 850)
    pump.glucose(START_MS - 5 * MINUTE_MS, 120)
    found = [(minutes(one), one["absolute"], one["duration"]) for one in treatments_of(pump)]
    assert found == [(50, 0, 20), (30, 0.85, 5)]


def test_nobody_knows_what_a_pump_gave_that_was_put_away() -> None:
    pump = TandemPump()
    pump.suspended(START_MS - 5 * DAY_MS)
    pump.glucose(START_MS - 5 * MINUTE_MS, 120)
    found = treatments_of(pump, from_ms=START_MS - 6 * DAY_MS)
    assert sum(one["duration"] for one in found) == 24 * 60


@pytest.mark.parametrize("rate", [None, "fast", -5, 10**9, {}])
def test_a_rate_that_cannot_be_is_named_and_costs_no_other(rate: Any) -> None:
    pump = TandemPump()
    pump.basal(START_MS - 50 * MINUTE_MS, 850)
    pump.basal(START_MS - 45 * MINUTE_MS, rate)
    pump.basal(START_MS - 40 * MINUTE_MS, 900)
    found = whole_of(pump)
    assert [one["absolute"] for one in found.documents["treatments"]] == [0.85, 0.9]
    assert len(found.unusable) == 1


@settings(deadline=None)
@given(st.lists(st.integers(0, 4000), min_size=1, max_size=200))
def test_the_sum_of_rate_times_duration_is_what_the_log_tells(rates: list[int]) -> None:
    pump = TandemPump()
    pump.basals(START_MS - 20 * HOUR_MS, *rates)
    units = sum(one["absolute"] * one["duration"] / 60 for one in treatments_of(pump))
    assert units == pytest.approx(sum(rates) / 1000 / 12, abs=0.01)


# Windows


def lived_in(pump: TandemPump) -> TandemPump:
    """A day and a half of everything."""
    begin_ms = START_MS - 36 * HOUR_MS
    for hour in range(36):
        at_ms = begin_ms + hour * HOUR_MS
        pump.basals(at_ms, *[700 + 50 * (hour % 5)] * 6, *[900] * 6)
        if hour % 6 == 0:
            pump.bolus(at_ms + 61 * MINUTE_MS, hour, 2.0, carbs=30, duration=180)
            pump.extended_begins(at_ms + 61 * MINUTE_MS, hour, 1.0)
            pump.extended_ends(at_ms + 241 * MINUTE_MS, hour, 1.0)
        pump.glucose(at_ms + 59 * MINUTE_MS, 100 + hour)
        if hour in (3, 20):
            pump.suspended(at_ms + 59 * MINUTE_MS)
            pump.resumed(at_ms + 125 * MINUTE_MS)
            pump.log(229, at_ms + 59 * MINUTE_MS, currentUserMode=1, previousUserMode=0, requestedAction=1)
            pump.log(229, at_ms + 300 * MINUTE_MS, currentUserMode=0, previousUserMode=1, requestedAction=2)
            pump.log(63, at_ms + 62 * MINUTE_MS, primeSize=-1, completionStatus=3)
            pump.log(61, at_ms + 65 * MINUTE_MS, primeSize=0.3, completionStatus=3)
    pump.events.sort(key=lambda one: one["pumpDateTime"])
    for number, one in enumerate(pump.events):
        one["sequenceNumber"] = number
    return pump


@settings(deadline=None, max_examples=30)
@given(cuts=st.lists(st.integers(0, 38), min_size=1, max_size=4, unique=True))
def test_windows_put_together_are_the_whole_wherever_they_are_cut(cuts: list[int]) -> None:
    pump = lived_in(TandemPump())
    begin_ms, end_ms = START_MS - 38 * HOUR_MS, START_MS + HOUR_MS
    whole = whole_of(pump, begin_ms, end_ms).documents
    edges = [begin_ms, *sorted(begin_ms + cut * HOUR_MS for cut in cuts), end_ms]
    for collection in ("entries", "treatments"):
        parts: dict[str, Document] = {}
        for from_ms, until_ms in pairwise(edges):
            nearby = TandemPump()
            # As they are fetched: with half a day before the window.
            first = nearby.local(from_ms - 12 * HOUR_MS).isoformat()
            last = nearby.local(until_ms + 14 * HOUR_MS).isoformat()
            nearby.events = [one for one in pump.events if first <= one["pumpDateTime"] <= last]
            parts |= {one["identifier"]: one for one in whole_of(nearby, from_ms, until_ms).documents[collection]}
        assert parts == {one["identifier"]: one for one in whole[collection]}


# Readings


@pytest.mark.parametrize(
    ("code", "sensor"), [(256, "Dexcom G6"), (399, "Dexcom G7"), (372, "Libre 2"), (480, "Libre 3")]
)
def test_a_reading_names_its_sensor(code: int, sensor: str) -> None:
    pump = TandemPump()
    pump.glucose(HOUR_AGO_MS, 131, code=code)
    [reading] = entries_of(pump)
    assert (reading["sgv"], reading["date"], reading["device"]) == (
        131,
        HOUR_AGO_MS,
        f"nightlight-tandem-source {sensor}",
    )
    assert "direction" not in reading


@pytest.mark.parametrize(
    ("told", "status", "mgdl"),
    [(0, 2, 39), (0, 1, 401), (55, 2, 39), (36, 0, 39), (410, 0, 401), (40, 0, 40), (400, 0, 400), ("95", "0", 95)],
)
def test_low_and_high_are_below_and_above_everything(told: Any, status: Any, mgdl: int) -> None:
    pump = TandemPump()
    pump.glucose(HOUR_AGO_MS, told, status=status)
    assert [one["sgv"] for one in entries_of(pump)] == [mgdl]


@pytest.mark.parametrize(("told", "status"), [(0, 0), (120, 6), (None, 0), (0, None)])
def test_no_reading_is_none_and_no_error(told: Any, status: Any) -> None:
    pump = TandemPump()
    pump.glucose(HOUR_AGO_MS, told, status=status)
    found = whole_of(pump)
    assert (found.documents["entries"], found.unusable) == ([], [])


def test_a_reading_in_a_state_nobody_knows_is_not_shown_and_named() -> None:
    pump = TandemPump()
    pump.glucose(HOUR_AGO_MS, 120, status=9)
    found = whole_of(pump)
    assert not found.documents["entries"]
    assert len(found.unusable) == 1


def test_readings_the_pump_caught_up_on_lie_where_they_were_measured() -> None:
    pump = TandemPump()
    pump.glucose(HOUR_AGO_MS, 130)
    pump.glucose(HOUR_AGO_MS - 30 * MINUTE_MS, 110, logged_ms=HOUR_AGO_MS + MINUTE_MS)
    pump.glucose(HOUR_AGO_MS - 25 * MINUTE_MS, 115, logged_ms=HOUR_AGO_MS + MINUTE_MS)
    assert [(one["sgv"], one["date"]) for one in entries_of(pump)] == [
        (110, HOUR_AGO_MS - 30 * MINUTE_MS),
        (115, HOUR_AGO_MS - 25 * MINUTE_MS),
        (130, HOUR_AGO_MS),
    ]


def test_a_reading_that_is_logged_twice_is_one() -> None:
    pump = TandemPump()
    pump.glucose(HOUR_AGO_MS, 130)
    pump.glucose(HOUR_AGO_MS, 130, logged_ms=HOUR_AGO_MS + MINUTE_MS)
    [once] = entries_of(pump)
    assert once["identifier"] == entries_of(pump)[0]["identifier"]


def test_a_reading_without_a_time_of_its_own_has_that_of_the_event() -> None:
    pump = TandemPump()
    pump.glucose(HOUR_AGO_MS, 130)
    del pump.events[0]["eventProperties"]["egvTimeStamp"]
    assert [one["date"] for one in entries_of(pump)] == [HOUR_AGO_MS]


@pytest.mark.parametrize("seconds", [1, 10**6, 10**12, 1e300])
def test_a_reading_from_another_time_than_its_event_is_named(seconds: float) -> None:
    pump = TandemPump()
    pump.glucose(HOUR_AGO_MS, 130)
    pump.events[0]["eventProperties"]["egvTimeStamp"] = seconds
    found = whole_of(pump)
    assert not found.documents["entries"]
    assert len(found.unusable) == 1


def test_a_reading_from_the_future_is_refused() -> None:
    pump = TandemPump()
    pump.glucose(START_MS + 6 * MINUTE_MS, 130)
    found = whole_of(pump)
    assert not found.documents["entries"]
    assert found.unusable == ["the time is in the future"]


def test_a_glucose_somebody_typed_in_is_a_finger_stick_and_one_from_the_sensor_is_not() -> None:
    pump = TandemPump()
    pump.log(16, HOUR_AGO_MS, BG=142, bgEntryType=0, IOB=1.0)
    pump.log(16, HOUR_AGO_MS + MINUTE_MS, BG=150, bgEntryType=1, IOB=1.0)
    [stick] = entries_of(pump)
    [check] = treatments_of(pump)
    assert (stick["type"], stick["mbg"], stick["date"]) == ("mbg", 142, HOUR_AGO_MS)
    assert (check["eventType"], check["glucose"], check["units"]) == ("BG Check", 142, "mg/dl")


# Changes and modes


def test_a_filled_cartridge_is_an_insulin_change() -> None:
    pump = TandemPump()
    pump.log(33, HOUR_AGO_MS, insulinVolume=250, v2Volume=0)
    [change] = treatments_of(pump)
    assert (change["eventType"], change["notes"]) == ("Insulin Change", "Cartridge filled with 250 U")


def test_tubing_and_cannula_together_are_one_change_of_the_site() -> None:
    pump = TandemPump()
    pump.log(63, HOUR_AGO_MS, primeSize=-1, completionStatus=3)
    [tubing] = treatments_of(pump)
    assert (tubing["eventType"], tubing["notes"]) == ("Site Change", "Tubing filled")
    pump.log(63, HOUR_AGO_MS + 5 * MINUTE_MS, primeSize=-1, completionStatus=3)
    pump.log(61, HOUR_AGO_MS + 10 * MINUTE_MS, primeSize=0.3, completionStatus=3)
    [site] = treatments_of(pump)
    assert site["identifier"] == tubing["identifier"]
    assert (minutes(site), site["notes"]) == (50, "Cannula filled with 0.3 U")


def test_a_second_cannula_is_a_second_change_and_so_is_tubing_hours_later() -> None:
    pump = TandemPump()
    pump.log(61, START_MS - 10 * HOUR_MS, primeSize=0.3, completionStatus=3)
    pump.log(61, START_MS - 10 * HOUR_MS + 20 * MINUTE_MS, primeSize=0.3, completionStatus=3)
    pump.log(63, START_MS - 5 * HOUR_MS, primeSize=-1, completionStatus=3)
    pump.log(61, START_MS - 2 * HOUR_MS, primeSize=0.5)
    assert [one["eventType"] for one in treatments_of(pump)] == ["Site Change"] * 4


def test_a_filling_that_was_given_up_is_no_change() -> None:
    pump = TandemPump()
    pump.log(61, HOUR_AGO_MS, primeSize=0, completionStatus=0)
    assert treatments_of(pump) == []


def test_sleep_and_exercise_last_from_their_start_to_their_end() -> None:
    pump = TandemPump()
    pump.log(229, START_MS - 10 * HOUR_MS, currentUserMode=1, previousUserMode=0, requestedAction=1)
    pump.log(229, START_MS - 3 * HOUR_MS, currentUserMode=2, previousUserMode=1, requestedAction=3)
    pump.log(229, START_MS - 2 * HOUR_MS, currentUserMode=0, previousUserMode=2, requestedAction=4)
    sleep, exercise = treatments_of(pump)
    assert (sleep["eventType"], sleep["notes"], sleep["duration"]) == ("Note", "Sleep mode of the pump", 420)
    assert (exercise["eventType"], exercise["duration"], minutes(exercise)) == ("Exercise", 60, 180)


def test_a_mode_that_lasts_has_no_duration_yet_unless_it_was_set_for_a_time() -> None:
    pump = TandemPump()
    pump.log(229, HOUR_AGO_MS, currentUserMode=1, previousUserMode=0)
    [sleep] = treatments_of(pump)
    assert "duration" not in sleep
    pump.log(229, HOUR_AGO_MS + MINUTE_MS, currentUserMode=2, exerciseChoice=1, exerciseTime=90)
    ended, exercise = treatments_of(pump)
    assert ended["identifier"] == sleep["identifier"]
    assert (ended["duration"], exercise["duration"]) == (1, 90)


def test_modes_are_known_by_what_was_asked_for_where_their_state_is_not_told() -> None:
    pump = TandemPump()
    pump.log(229, HOUR_AGO_MS, requestedAction=3)
    pump.log(229, HOUR_AGO_MS + 30 * MINUTE_MS, requestedAction=5)
    pump.log(229, HOUR_AGO_MS + 40 * MINUTE_MS, requestedAction=0)
    pump.log(229, HOUR_AGO_MS + 50 * MINUTE_MS, currentUserMode=17)
    [exercise] = treatments_of(pump)
    assert (exercise["eventType"], exercise["duration"]) == ("Exercise", 30)


def test_a_mode_that_was_on_before_does_not_begin_anew() -> None:
    pump = TandemPump()
    pump.log(229, HOUR_AGO_MS, currentUserMode=1, previousUserMode=1)
    assert treatments_of(pump) == []


@pytest.mark.parametrize(("code", "notes"), [(212, "Dexcom sensor"), (404, "Libre sensor")])
def test_a_sensor_that_was_started_on_the_pump_is_a_start(code: int, notes: str) -> None:
    pump = TandemPump()
    pump.log(code, HOUR_AGO_MS, sessionStartTime=5)
    [start] = treatments_of(pump)
    assert (start["eventType"], start["notes"]) == ("Sensor Start", notes)


# The pump itself


def status_of(pump: TandemPump, **how: Any) -> Document:
    [status] = whole_of(pump, **how).documents["devicestatus"]
    return status


def test_the_status_is_that_of_the_newest_event() -> None:
    pump = TandemPump()
    pump.basal(HOUR_AGO_MS, 850)
    status = status_of(pump)
    assert status["created_at"] == status["pump"]["clock"] == "2026-11-21T09:00:00.000Z"
    assert status["pump"]["status"] == {"status": "normal", "suspended": False}
    assert (status["pump"]["manufacturer"], status["pump"]["model"]) == ("Tandem", "t:slim X2")
    assert "reservoir" not in status["pump"]
    pump.suspended(HOUR_AGO_MS + MINUTE_MS)
    assert status_of(pump)["pump"]["status"] == {"status": "suspended", "suspended": True}


def test_the_reservoir_is_what_the_pump_said_less_what_it_gave_since() -> None:
    pump = TandemPump()
    pump.resumed(HOUR_AGO_MS, left=120)
    assert status_of(pump)["pump"]["reservoir"] == 120
    pump.bolus(HOUR_AGO_MS + 5 * MINUTE_MS, 7, 10)
    pump.basals(HOUR_AGO_MS + 10 * MINUTE_MS, *[6000] * 2)
    pump.log(61, HOUR_AGO_MS + 20 * MINUTE_MS, primeSize=0.5, completionStatus=3)
    status = status_of(pump)
    assert status["pump"]["reservoir"] == 108  # 120 - 10 - 1 - 0.5, and no more than that
    assert status["tandem"] == {"reservoirTold": 120, "reservoirToldAt": "2026-11-21T09:00:00.000Z"}


def test_after_a_filling_of_unknown_size_the_reservoir_is_unknown_until_the_pump_says_it() -> None:
    pump = TandemPump()
    pump.log(33, HOUR_AGO_MS, insulinVolume=250)
    assert status_of(pump)["pump"]["reservoir"] == 250
    pump.log(63, HOUR_AGO_MS + MINUTE_MS, primeSize=-1, completionStatus=3)
    assert "reservoir" not in status_of(pump)["pump"]
    pump.resumed(HOUR_AGO_MS + 2 * MINUTE_MS, left=230)
    assert status_of(pump)["pump"]["reservoir"] == 230


def test_an_old_log_says_nothing_of_how_the_pump_is_now() -> None:
    pump = TandemPump()
    pump.resumed(START_MS - 3 * DAY_MS)
    assert whole_of(pump, from_ms=START_MS - 9 * DAY_MS).documents["devicestatus"] == []


def test_the_battery_is_read_where_the_summary_of_a_day_comes() -> None:
    pump = TandemPump()
    pump.log(81, HOUR_AGO_MS, batteryChargePercentMSBRaw=16, batteryChargePercentLSBRaw=64)
    assert status_of(pump)["pump"]["battery"] == {"percent": 75}


# Settings


def test_settings_are_read_in_their_units() -> None:
    day = profile_of("Day", 0, (0, 800, 45, 10000, 110), (360, 1050, 40, 9000, 105))
    name, [profile] = profiles_in(settings_of(day))
    assert name == profile.name == "Day"
    assert profile.basal == [(0, 0.8), (360, 1.05)]
    assert profile.carb_ratio == [(0, 10), (360, 9)]
    assert profile.sens == [(0, 45), (360, 40)]
    assert profile.target_low == profile.target_high == [(0, 110), (360, 105)]
    assert profile.dia_h == 5


def test_the_profile_that_is_active_is_the_default_one() -> None:
    day, night = profile_of("Day", 0, (0, 800, 45, 10000, 110)), profile_of("Night", 4, (0, 700, 45, 10000, 110))
    name, profiles = profiles_in(settings_of(day, night, active=4))
    assert (name, [one.name for one in profiles]) == ("Night", ["Day", "Night"])


@pytest.mark.parametrize("told", [None, 5, [], {}, {"profiles": []}, {"details": {"profiles": {"profile": 5}}}])
def test_settings_of_another_shape_are_named(told: Any) -> None:
    with pytest.raises(BadRecord):
        profiles_in(told)


# Whatever comes


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5000) | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)
NAMES = (
    "bolusId",
    "insulinDelivered",
    "commandedRate",
    "currentGlucoseDisplayValue",
    "egvTimeStamp",
    "glucoseValueStatus",
)
MORE = (
    "carbAmount",
    "duration",
    "currentUserMode",
    "primeSize",
    "insulinAmount",
    "BG",
    "completionStatus",
    "bolexSize",
)
CODES = (11, 12, 13, 14, 16, 20, 21, 33, 55, 59, 61, 63, 64, 65, 66, 81, 212, 229, 256, 279, 280, 372, 399, 404, 480)


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from(CODES), st.integers(0, 2000), st.dictionaries(st.sampled_from(NAMES), VALUES)),
        max_size=25,
    )
)
def test_no_field_of_any_event_can_stop_the_others(told: list[tuple[int, int, dict[str, Any]]]) -> None:
    pump = TandemPump()
    for code, minutes_ago, properties in told:
        pump.log(code, START_MS - minutes_ago * MINUTE_MS, **properties)
    pump.bolus(START_MS - MINUTE_MS, 999_999, 1.25)
    found = whole_of(pump)
    assert 1.25 in [one.get("insulin") for one in found.documents["treatments"]]
    assert all(DAY_AGO_MS <= one["date"] < NEXT_HOUR_MS for one in found.documents["entries"])

"""What somebody did, entered or announced a moment ago, and the quiet that asks for."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest

from app.alarms.notice import Notice
from app.alarms.rules.finding import NOTHING
from app.alarms.rules.treatments import LONGEST
from app.glucose.levels import Level
from app.glucose.units import Unit
from tests.alarms.situations import found_by, only, readings
from tests.live.device_documents import when
from tests.live.uploads import at, done


def told(*treatments: dict[str, Any], entries: Any = (), **named: Any) -> list[Notice]:
    return [*found_by("treatmentnotify", entries, treatments, **named).notices]


def finger(minutes: float, mgdl: float) -> dict[str, Any]:
    return {"type": "mbg", "mbg": mgdl, "date": at(minutes), "device": "meter"}


def test_every_line_there_can_be() -> None:
    everything = done(
        3, "Snack Bolus", glucose=100, glucoseType="Finger", reason="lunch", targetTop=120, targetBottom=100, carbs=30,
        insulin=2, duration=30, percent=50, absolute=0.7, notes="pasta",
    )  # fmt: skip
    [notice] = told(everything)
    assert notice.title == "Snack Bolus"
    assert notice.message.splitlines() == [
        "BG: 100 (Finger)",
        "Reason: lunch",
        "Target Top: 120",
        "Target Bottom: 100",
        "Carbs: 30g",
        "Insulin: 2.00U",
        "Duration: 30 min",
        "Percent: 50%",
        "Value: 0.7U",
        "Entered By: Mum",
        "Notes: pasta",
    ]
    assert (notice.level, notice.group, notice.is_announcement) == (Level.INFO, "default", False)


def test_a_treatment_that_says_nothing_is_three_dots() -> None:
    [notice] = told({"eventType": "Exercise", "created_at": when(1)})
    assert notice.message == "..."


@pytest.mark.parametrize(
    ("fields", "title"),
    [
        ({"carbs": 20, "insulin": 2}, "Meal Bolus"),
        ({"carbs": 20}, "Carb Correction"),
        ({"insulin": 2}, "Correction Bolus"),
        ({"notes": "x"}, "Note"),
    ],
)
@pytest.mark.parametrize("name", ["", "<none>"])
def test_a_treatment_without_a_type_has_that_of_its_amounts(fields: dict[str, Any], title: str, name: str) -> None:
    assert [notice.title for notice in told(done(1, name, **fields))] == [title]


def test_a_target_of_no_duration_is_a_cancelled_one() -> None:
    [notice] = told(done(1, "Temporary Target", duration=0, targetTop=100))
    assert (notice.title, notice.message) == ("Temporary Target Cancel", "Canceled")
    [other] = told(done(1, "Temporary Target", duration=30, targetTop=100))
    assert other.title == "Temporary Target"


@pytest.mark.parametrize(("minutes", "count"), [(0, 1), (9.9, 1), (10, 0), (-1, 0)])
def test_only_what_was_done_a_moment_ago_is_told(minutes: float, count: int) -> None:
    assert len(told(done(minutes, "Note"))) == count


def test_everything_done_in_these_minutes_is_told_not_only_the_last() -> None:
    notices = told(done(4, "Announcement", notes="school bus"), done(3, "Meal Bolus", insulin=1), done(2, "Note"))
    assert [notice.title for notice in notices] == ["Announcement", "Meal Bolus", "Note"]
    assert len({notice.key for notice in notices}) == 3


@pytest.mark.parametrize("by", ["openaps://phone", "loop://iPhone"])
@pytest.mark.parametrize(
    ("event", "count"),
    [
        ("Temp Basal", 0),
        ("Note", 0),
        ("BG Check", 1),
        ("Meal Bolus", 1),
        ("Carb Correction", 1),
        ("Correction Bolus", 1),
    ],
)
def test_what_a_loop_does_by_itself_is_not_told(by: str, event: str, count: int) -> None:
    assert len(told(done(1, event, enteredBy=by))) == count


@pytest.mark.parametrize(("units", "count"), [(0.99, 0), (1, 1), (2, 1), (None, 0)])
@pytest.mark.parametrize("event", ["Meal Bolus", "Correction Bolus"])
def test_small_boluses_can_be_left_out(event: str, units: float | None, count: int) -> None:
    bolus = done(1, event, insulin=units)
    assert len(told(bolus, TREATMENTNOTIFY_INCLUDE_BOLUSES_OVER="1")) == count
    assert len(told(bolus)) == 1


def test_glucose_is_said_in_the_person_s_unit() -> None:
    in_mmol = done(1, "BG Check", glucose=5.5, units="mmol", glucoseType="Finger")
    assert told(in_mmol)[0].message.startswith("BG: 99 (Finger)")
    in_mgdl = done(1, "BG Check", glucose=100, units="mg/dl", glucoseType="Finger")
    assert told(in_mgdl, unit=Unit.MMOLL)[0].message.startswith("BG: 5.6 (Finger)")


def test_a_finger_stick_is_a_calibration() -> None:
    [notice] = told(entries=[finger(2, 101)])
    assert (notice.title, notice.message, notice.sound) == ("Calibration", "Meter BG: 101 mg/dl", "magic")
    assert told(entries=[finger(10, 101)]) == []
    [in_mmol] = told(entries=[finger(2, 101)], unit=Unit.MMOLL)
    assert in_mmol.message == "Meter BG: 5.6 mmol/L"


def test_two_finger_sticks_of_one_value_are_two() -> None:
    first, second = told(entries=[finger(5, 101), finger(1, 101)])
    assert first.key != second.key


def test_the_hash_is_nightscout_s() -> None:
    [notice] = told(done(1, "Note", timestamp="2026-11-21T09:59:00Z"))
    json = '{"eventType":"Note","timestamp":"2026-11-21T09:59:00Z"}'
    assert notice.notifyhash == notice.key == hashlib.sha1(json.encode()).hexdigest()


def test_two_treatments_of_one_type_are_two_although_they_carry_no_timestamp() -> None:
    first, second = told(done(5, "Note"), done(1, "Note"))
    assert first.key != second.key


def test_a_corrected_treatment_is_the_same() -> None:
    [first] = told(done(1, "Meal Bolus", insulin=1))
    [corrected] = told(done(1, "Meal Bolus", insulin=2, carbs=10))
    assert first.key == corrected.key


def test_a_long_note_is_cut() -> None:
    [notice] = told(done(1, "Announcement", notes="x" * 5000))
    assert len(notice.message) == LONGEST


# Announcements.


@pytest.mark.parametrize(
    ("mgdl", "level", "title"),
    [
        (100, Level.INFO, "Announcement"),
        (180, Level.INFO, "Announcement"),
        (200, Level.WARN, "Announcement"),
        (70, Level.WARN, "Announcement"),
        (300, Level.URGENT, "Urgent Announcement"),
        (50, Level.URGENT, "Urgent Announcement"),
    ],
)
def test_an_announcement_is_as_loud_as_glucose_then(mgdl: int, level: Level, title: str) -> None:
    [notice] = told(done(1, "Announcement", notes="call me"), entries=readings(mgdl, mgdl, ago_min=0))
    assert (notice.level, notice.title, notice.message) == (level, title, "call me")
    assert (notice.group, notice.is_announcement, notice.is_alarm) == ("Announcement", True, False)


def test_an_announcement_without_words_is_a_dot_and_one_without_glucose_informs() -> None:
    [notice] = told(done(1, "Announcement"))
    assert (notice.level, notice.message) == (Level.INFO, ".")


def test_a_treatment_marked_as_announcement_is_one() -> None:
    [notice] = told(done(1, "Note", isAnnouncement=True, notes="x"))
    assert (notice.is_announcement, notice.title) == (True, "Note")


def test_an_announcement_that_could_not_be_sent_at_once_is_told_when_it_comes() -> None:
    late = done(40, "Announcement", notes="no network in the gym", srvCreated=at(1))
    assert [notice.message for notice in told(late)] == ["no network in the gym"]
    assert told(done(61, "Announcement", srvCreated=at(1))) == []
    assert told(done(40, "Announcement", srvCreated=at(39))) == []
    assert told(done(40, "Note", srvCreated=at(1))) == []


# Quiet.


def snoozes(*treatments: dict[str, Any], entries: Any = (), **settings: str) -> list[tuple[Level, str, int]]:
    found = found_by("treatmentnotify", entries, treatments, **settings).snoozes
    return [(snooze.level, snooze.group, snooze.length_ms) for snooze in found]


def test_who_treated_a_moment_ago_knows_of_the_alarm() -> None:
    assert snoozes(done(1, "Carb Correction", carbs=15)) == [(Level.URGENT, "default", 600_000)]
    assert snoozes(done(1, "Note"), TREATMENTNOTIFY_SNOOZE_MINS="20") == [(Level.URGENT, "default", 1_200_000)]


def test_a_treatment_of_longer_ago_asks_for_no_quiet() -> None:
    assert snoozes(done(10, "Carb Correction", carbs=15)) == []
    assert snoozes() == []


def test_a_finger_stick_asks_for_quiet_when_somebody_treats_at_all() -> None:
    assert snoozes(done(180, "Note"), entries=[finger(1, 100)]) == [(Level.URGENT, "default", 600_000)]
    assert snoozes(entries=[finger(1, 100)]) == []


def test_an_announcement_asks_for_no_quiet() -> None:
    assert snoozes(done(2, "Note"), done(1, "Announcement")) == []
    assert snoozes(done(2, "Announcement"), done(1, "Note")) == [(Level.URGENT, "default", 600_000)]


def test_what_a_loop_does_by_itself_asks_for_no_quiet() -> None:
    assert snoozes(done(1, "Temp Basal", enteredBy="loop://iPhone")) == []


def test_nothing_new_is_nothing() -> None:
    assert found_by("treatmentnotify", readings(100)) == NOTHING
    assert only(found_by("treatmentnotify", readings(100), [done(1, "Note")])).title == "Note"

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.glucose.profile import ProfileAt, profile_of
from app.glucose.units import Unit
from tests.glucose.therapy import ODD

BERLIN = ZoneInfo("Europe/Berlin")
HOURLY = [{"time": f"{hour:02}:00", "value": hour} for hour in range(24)]


def ms(text: str) -> int:
    """The moment an ISO text in UTC means."""
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


def profile_at(written: dict[str, object], at: str = "2026-11-21T10:00") -> ProfileAt:
    return profile_of("Default", written).at(ms(at), BERLIN)


def test_a_profile_has_its_values_by_the_clock_of_its_zone() -> None:
    found = profile_at(
        {
            "dia": "4",
            "carbs_hr": "30",
            "timezone": "Europe/Berlin",
            "units": "mg/dl",
            "basal": [{"time": "00:00", "value": "0.5"}, {"time": "11:00", "value": "0.8"}],
            "carbratio": [{"time": "00:00", "value": "10"}],
            "sens": [{"time": "00:00", "value": 50}],
            "target_low": [{"time": "00:00", "value": 100}],
            "target_high": [{"time": "00:00", "value": 120}],
        }
    )
    assert (found.dia_h, found.carbs_g_per_h, found.basal_u_per_h, found.carb_ratio_g_per_u) == (4, 30, 0.8, 10)
    assert (found.sens, found.target_low, found.target_high, found.unit) == (50, 100, 120, Unit.MGDL)


@pytest.mark.parametrize(("utc", "hour"), [("2026-11-21T09:59:29", 10), ("2026-11-21T09:59:30", 11)])
def test_a_moment_is_rounded_to_the_minute(utc: str, hour: int) -> None:
    assert profile_at({"basal": HOURLY}, utc).basal_u_per_h == hour


@pytest.mark.parametrize(("utc", "rate"), [("2026-11-21T09:29", 1), ("2026-11-21T09:30", 2)])
def test_a_schedule_changes_to_the_minute(utc: str, rate: float) -> None:
    basal = [{"time": "00:00", "value": 1}, {"time": "10:30", "value": 2}]
    assert profile_at({"basal": basal}, utc).basal_u_per_h == rate


@pytest.mark.parametrize(
    ("utc", "hour"),
    [
        ("2026-03-29T00:59", 1),
        ("2026-03-29T01:00", 3),  # the clock goes from 2 to 3: a day of 23 hours
        ("2026-03-29T10:00", 12),
        ("2026-10-25T00:30", 2),
        ("2026-10-25T01:30", 2),  # the clock goes from 3 back to 2: a day of 25 hours
        ("2026-10-25T02:00", 3),
        ("2026-10-25T11:00", 12),
    ],
)
def test_schedules_follow_the_clock_on_the_wall_on_days_of_23_and_25_hours(utc: str, hour: int) -> None:
    assert profile_at({"basal": HOURLY}, utc).basal_u_per_h == hour


@pytest.mark.parametrize("dia", [None, 0, "0", -2, "long"])
def test_insulin_acts_three_hours_when_the_profile_does_not_say(dia: object) -> None:
    assert profile_at({"dia": dia}).dia_h == 3


def test_what_a_profile_does_not_say_is_unknown() -> None:
    found = profile_at({})
    assert (found.unit, found.sens, found.basal_u_per_h, found.carb_ratio_g_per_u) == (None, None, None, None)
    assert (found.target_low, found.target_high, found.carbs_g_per_h) == (None, None, None)


@pytest.mark.parametrize(
    ("label", "target", "unit"),
    [
        ("mg/dl", 100, Unit.MGDL),
        ("mmol", 5.5, Unit.MMOLL),
        ("mmol/L", None, Unit.MMOLL),
        ("mg/dL", None, Unit.MGDL),
        ("mg/dl", 5.5, Unit.MMOLL),
        ("mmol", 100, Unit.MGDL),
        (None, 5.5, Unit.MMOLL),
        (None, None, None),
        ("", None, None),
        ("mmol", 0, Unit.MMOLL),
        ("mg/dl", 0, Unit.MGDL),
        ("mg/dl", 29.9, Unit.MMOLL),
        ("mmol", 30, Unit.MGDL),
    ],
)
def test_the_unit_is_the_one_the_targets_can_only_be_in(label: object, target: object, unit: Unit | None) -> None:
    assert profile_of("Default", {"units": label, "target_high": target}).unit is unit


def test_the_label_decides_when_the_targets_contradict_each_other() -> None:
    targets = [{"time": "00:00", "value": 5}, {"time": "12:00", "value": 100}]
    assert profile_of("Default", {"units": "mmol", "target_high": targets}).unit is Unit.MMOLL


def test_glucose_values_are_converted_and_the_others_are_not() -> None:
    given_mmol = profile_at(
        {"units": "mmol", "sens": 2, "target_low": 5, "target_high": 6, "basal": 1, "carbratio": 10}
    )
    found = given_mmol.in_unit(Unit.MGDL)
    assert found.unit is Unit.MGDL
    assert found.sens == pytest.approx(36.03118)
    assert (found.target_low, found.target_high) == pytest.approx((90.07795, 108.09354))
    assert (found.basal_u_per_h, found.carb_ratio_g_per_u) == (1, 10)


def test_without_a_unit_values_are_taken_to_be_in_the_one_asked_for() -> None:
    assert profile_at({"sens": 2}).in_unit(Unit.MMOLL).sens == profile_at({"sens": 2}).in_unit(Unit.MGDL).sens == 2


@given(st.floats(0.5, 20), st.sampled_from(list(Unit)))
def test_converting_there_and_back_changes_nothing(sens: float, unit: Unit) -> None:
    found = profile_at({"units": "mmol", "sens": sens}).in_unit(Unit.MGDL).in_unit(Unit.MMOLL).sens
    assert found == pytest.approx(sens)


def test_a_percentage_changes_insulin_and_what_a_unit_is_good_for() -> None:
    found = profile_at({"units": "mg/dl", "sens": 60, "basal": 1, "carbratio": 12, "target_high": 120}).scaled(150)
    assert (found.basal_u_per_h, found.sens, found.carb_ratio_g_per_u, found.target_high) == (1.5, 40, 8, 120)


@pytest.mark.parametrize("percentage", [None, 0, -50, float("nan")])
def test_a_percentage_without_a_sense_leaves_them_unknown(percentage: float | None) -> None:
    found = profile_at({"units": "mg/dl", "sens": 60, "basal": 1, "carbratio": 12, "target_high": 120}).scaled(
        percentage
    )
    assert (found.basal_u_per_h, found.sens, found.carb_ratio_g_per_u, found.target_high) == (None, None, None, 120)


@given(
    st.fixed_dictionaries(
        dict.fromkeys(("units", "timezone", "dia", "basal", "sens", "carbratio", "target_low", "target_high"), ODD)
    ),
    st.one_of(st.integers(), st.just(10**18), st.just(-(10**18))),
)
def test_odd_profiles_at_odd_moments_are_read_without_an_error(written: dict[str, object], at_ms: int) -> None:
    found = profile_of("Default", written).at(at_ms, BERLIN)
    assert found.dia_h > 0
    assert found.in_unit(Unit.MGDL).unit is Unit.MGDL


def test_a_moment_no_calendar_holds_has_no_values() -> None:
    assert profile_of("Default", {"basal": 1}).at(10**18, BERLIN).basal_u_per_h is None

from __future__ import annotations

import pytest

from app.demo.body import Body, Depot, share_acted

CARB_RISE_MGDL = 8.0


def after(
    minutes: int, *, insulin: float = 0.0, carbs: float = 0.0, exercising: bool = False, start: float = 120
) -> float:
    body = Body(start, start, sensitivity_mgdl=80)
    body.slow_carbs.take(carbs)
    for minute in range(minutes):
        body.minute(
            net_insulin=0.0 if minute else insulin,
            carb_rise_mgdl=CARB_RISE_MGDL,
            exercising=exercising,
            drift_mgdl=0.0,
        )
    return body.glucose


def test_left_alone_glucose_stays() -> None:
    assert after(600) == 120


def test_insulin_lowers_and_carbs_raise() -> None:
    assert after(300, insulin=0.5) < 90
    assert after(120, carbs=5) > 145


def test_a_unit_lowers_by_the_sensitivity_in_the_end() -> None:
    assert after(900, insulin=1, start=200) == pytest.approx(120, abs=1)


def test_what_was_counted_right_comes_back_to_where_it_was() -> None:
    assert after(900, insulin=CARB_RISE_MGDL * 20 / 80, carbs=20) == pytest.approx(120, abs=3)


def test_exercise_lowers() -> None:
    assert after(45, exercising=True) < 90


def test_glucose_never_runs_away() -> None:
    assert after(600, insulin=20) >= 25
    assert after(1500, carbs=60) < 250


def test_the_sensor_follows_the_blood() -> None:
    body = Body(120, 120, sensitivity_mgdl=80)
    body.slow_carbs.take(30)
    for _ in range(40):
        body.minute(net_insulin=0, carb_rise_mgdl=CARB_RISE_MGDL, exercising=False, drift_mgdl=0)
    assert 120 < body.sensed < body.glucose


def test_a_depot_gives_back_what_it_took() -> None:
    depot = Depot(peak_min=55)
    depot.take(2)
    acted = sum(depot.minute() for _ in range(1000))
    assert acted + depot.left == pytest.approx(2)
    assert depot.left < 0.001


def test_what_has_acted_only_ever_grows() -> None:
    shares = [share_acted(minutes, 55) for minutes in range(0, 600, 10)]
    assert shares == sorted(shares)
    assert shares[0] == 0
    assert shares[-1] > 0.99

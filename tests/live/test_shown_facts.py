from __future__ import annotations

import pytest

from app.live.picture import Facts, Picture, Reading
from app.live.shown_facts import ShownFact
from tests.live.pictures import DAY_MS, HOUR_MS, NOW_MS, fact, falling, picture, reading, seen, treatment


def shown(facts: Facts, *readings: Reading) -> dict[str, ShownFact]:
    found = seen(picture(*(readings or falling(100)), facts=facts)).facts
    return {one.name: one for one in found}


def test_eight_facts_come_in_their_order_with_their_units() -> None:
    facts = Facts(
        loop=fact("Loop", 3),
        iob=fact(0.85),
        cob=fact(8.2),
        basal=fact(0.75),
        reservoir=fact(82.4),
        phone_battery=fact(71),
        sensor_started_ms=NOW_MS - 5 * DAY_MS - HOUR_MS,
        site_changed_ms=NOW_MS - 52 * HOUR_MS,
    )
    found = seen(picture(*falling(100), facts=facts)).facts
    assert [(one.name, one.text) for one in found] == [
        ("IOB", "0.85 U"),
        ("COB", "8 g"),
        ("Basal", "0.75 U/h"),
        ("Loop", "3 min"),
        ("Reservoir", "82 U"),
        ("Sensor", "6 of 10 d"),
        ("Site", "2 d 4 h"),
        ("Phone", "71 %"),
    ]
    assert [one.name for one in found if one.level] == ["Site"]
    assert not any(one.grey for one in found)


def test_what_nobody_knows_is_not_shown() -> None:
    assert shown(Facts()) == {}
    assert list(shown(Facts(iob=fact(1)))) == ["IOB"]


@pytest.mark.parametrize(("hours", "level"), [(47, ""), (48, "soon"), (71, "soon"), (72, "now"), (200, "now")])
def test_a_site_wants_changing_on_the_third_day(hours: float, level: str) -> None:
    assert shown(Facts(site_changed_ms=NOW_MS - round(hours * HOUR_MS)))["Site"].level == level


@pytest.mark.parametrize(
    ("days", "text", "level"),
    [(0, "1 of 10 d", ""), (8.9, "9 of 10 d", ""), (9.1, "10 of 10 d", "soon"), (9.95, "10 of 10 d", "now")],
)
def test_a_sensor_wants_changing_before_its_end(days: float, text: str, level: str) -> None:
    sensor = shown(Facts(sensor_started_ms=NOW_MS - round(days * DAY_MS)))["Sensor"]
    assert (sensor.text, sensor.level) == (text, level)


def test_a_sensor_nobody_knows_has_no_end() -> None:
    facts = Facts(sensor_started_ms=NOW_MS - 40 * DAY_MS)
    sensor = shown(facts, reading(2, 100, device="homemade"))["Sensor"]
    assert (sensor.text, sensor.level) == ("41 d", "")


@pytest.mark.parametrize(
    ("units", "text", "level"), [(82.4, "82 U", ""), (10, "10 U", ""), (9.94, "9.9 U", "soon"), (4.9, "4.9 U", "now")]
)
def test_a_reservoir_runs_low(units: float, text: str, level: str) -> None:
    reservoir = shown(Facts(reservoir=fact(units)))["Reservoir"]
    assert (reservoir.text, reservoir.level) == (text, level)


def test_a_reservoir_the_pump_only_bounds_is_shown_as_it_says() -> None:
    assert shown(Facts(reservoir=fact("50+ U")))["Reservoir"].text == "50+ U"


@pytest.mark.parametrize(("percent", "level"), [(31, ""), (30, "soon"), (21, "soon"), (20, "now")])
def test_a_phone_runs_low(percent: float, level: str) -> None:
    assert shown(Facts(phone_battery=fact(percent)))["Phone"].level == level


@pytest.mark.parametrize(
    ("minutes", "text", "level", "grey"),
    [(3, "3 min", "", False), (20, "20 min", "", True), (44, "44 min", "soon", False), (61, "1 h 1 min", "now", False)],
)
def test_a_loop_that_does_not_run_is_told(minutes: float, text: str, level: str, grey: bool) -> None:
    loop = shown(Facts(loop=fact("Loop", minutes)))["Loop"]
    assert (loop.text, loop.level, loop.grey) == (text, level, grey)


def test_a_dose_on_board_nobody_has_confirmed_for_a_while_is_grey_and_then_forgotten() -> None:
    assert not shown(Facts(iob=fact(1, 15)))["IOB"].grey
    assert shown(Facts(iob=fact(1, 16)))["IOB"].grey
    assert shown(Facts(iob=fact(1, 121))) == {}


def test_a_negative_dose_on_board_has_a_true_minus() -> None:
    assert shown(Facts(iob=fact(-0.314)))["IOB"].text == "−0.31 U"
    assert shown(Facts(iob=fact(-0.001)))["IOB"].text == "0 U"


def with_temp_basal(minutes: float, duration: float, rate: float | None) -> Picture:
    done = treatment(minutes, "Temp Basal", absolute=rate, duration_min=duration)
    return picture(*falling(100), treatments=[done])


def test_a_temporary_rate_that_runs_is_the_basal_where_no_device_tells_one() -> None:
    assert [one.text for one in seen(with_temp_basal(10, 30, 0.35)).facts] == ["0.35 U/h"]
    assert [one.text for one in seen(with_temp_basal(10, 30, 0)).facts] == ["0 U/h"]


@pytest.mark.parametrize(("minutes", "duration", "rate"), [(40, 30, 0.35), (10, 0, 0.0), (10, 30, None)])
def test_a_temporary_rate_that_ended_is_not(minutes: float, duration: float, rate: float | None) -> None:
    assert seen(with_temp_basal(minutes, duration, rate)).facts == ()


def test_what_a_device_tells_of_the_basal_comes_first() -> None:
    done = treatment(10, "Temp Basal", absolute=2.0, duration_min=30)
    found = seen(picture(*falling(100), treatments=[done], facts=Facts(basal=fact("scheduled")))).facts
    assert [one.text for one in found] == ["scheduled"]


def test_facts_without_any_glucose_are_as_old_as_they_are_themselves() -> None:
    found = seen(picture(facts=Facts(iob=fact(1), phone_battery=fact(50, 20)))).facts
    assert [(one.name, one.grey) for one in found] == [("IOB", False), ("Phone", True)]

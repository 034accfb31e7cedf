"""Which rules are asked, and that none takes another with it, whatever is in the documents."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.alarms.rules.finding import Finding
from app.alarms.rules.table import RULES, judge
from app.alarms.situation import Situation
from app.glucose.units import Unit
from tests.alarms.situations import ALL_ALERTS, EVERYTHING, readings, situation
from tests.compat.test_present_never_fails import households
from tests.live.uploads import done


def test_the_usual_features_ask_the_forecast_codes_batteries_age_and_size() -> None:
    asked = judge(situation(readings(100))).asked
    assert asked == {"ar2", "errorcodes", "upbat", "timeago", "dbsize", "treatmentnotify"}


def test_an_announcement_is_told_whatever_features_are_on_and_nothing_else_of_what_was_done() -> None:
    uploads = [done(1, "Announcement", notes="Please call"), done(2, "Note"), done(1, "Meal Bolus", insulin=1)]
    for environment in ({}, {"DISABLE": "treatmentnotify"}):
        found = judge(situation(readings(50), uploads, ALARM_TYPES="simple", **environment))
        assert [notice.message for notice in found.said_once] == ["Please call"]
        assert found.snoozes == ()


def test_every_feature_asks_its_rule() -> None:
    found = judge(situation(readings(100), ENABLE=EVERYTHING, ALARM_TYPES="simple predict"))
    assert found.asked == set(RULES)


@pytest.mark.parametrize(
    ("given", "on", "off"),
    [
        ({"ALARM_TYPES": "simple"}, "simplealarms", "ar2"),
        ({"BG_HIGH": "250"}, "simplealarms", "ar2"),
        ({}, "ar2", "simplealarms"),
        ({"ENABLE": "pump", "DISABLE": "errorcodes"}, "pump", "errorcodes"),
    ],
)
def test_features_decide_which_are_asked(given: Mapping[str, str], on: str, off: str) -> None:
    found = judge(situation(readings(100), **given))
    assert on in found.asked
    assert off not in found.asked


def test_alarms_are_sorted_from_what_is_said_once() -> None:
    found = judge(situation(readings(50), [done(1, "Note")], ENABLE="careportal", ALARM_TYPES="simple"))
    assert [notice.title for notice in found.alarms_of("default")] == ["Urgent LOW"]
    assert [notice.title for notice in found.said_once] == ["Note"]


def test_a_rule_that_fails_is_blind_and_takes_no_other_with_it(caplog: pytest.LogCaptureFixture) -> None:
    def fail(found: Situation) -> Finding:
        raise ValueError("120 mg/dl of Anna")

    found = judge(situation(readings(300), ALARM_TYPES="simple"), {"upbat": fail, **RULES, "errorcodes": fail})
    assert found.blind == {"upbat", "errorcodes"} & found.blind
    assert "errorcodes" in found.blind
    assert [notice.title for notice in found.alarms_of("default")] == ["Urgent HIGH"]
    [record] = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert record.__dict__["facts"] == {"rule": "errorcodes", "problem": "ValueError"}
    assert "Anna" not in caplog.text


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
)
@given(households(), st.sampled_from(Unit), st.sampled_from(["UTC", "Pacific/Chatham"]))
def test_no_document_makes_a_rule_fail(
    caplog: pytest.LogCaptureFixture, household: dict[str, list[Any]], unit: Unit, zone: str
) -> None:
    caplog.clear()
    found = situation(
        household["entries"],
        household["treatments"],
        household["statuses"],
        household["profiles"],
        unit=unit,
        zone=zone,
        ENABLE=EVERYTHING,
        ALARM_TYPES="simple predict",
        **ALL_ALERTS,
    )
    with caplog.at_level(logging.WARNING):
        judge(found)
    assert [record for record in caplog.records if record.name.startswith("app.alarms")] == []

"""A sensor that tells a code instead of glucose."""

from __future__ import annotations

from typing import Any

import pytest

from app.alarms.rules.finding import BLIND, NOTHING
from app.glucose.levels import Level
from tests.alarms.situations import found_by, only, readings


@pytest.mark.parametrize(
    ("code", "level", "words", "sound"),
    [
        (1, Level.INFO, "?SN", "gamelan"),
        (2, Level.INFO, "?MD", "gamelan"),
        (3, Level.INFO, "?NA", "gamelan"),
        (5, Level.INFO, "?NC", "intermission"),
        (6, Level.INFO, "?CD", "gamelan"),
        (7, Level.INFO, "7??", "gamelan"),
        (9, Level.URGENT, "?AD", "alien"),
        (10, Level.URGENT, "???", "alien"),
    ],
)
def test_codes_by_the_usual_lists(code: int, level: Level, words: str, sound: str) -> None:
    notice = only(found_by("errorcodes", readings(100, code)))
    assert (notice.level, notice.title, notice.message) == (level, "CGM Error Code", words)
    assert (notice.group, notice.sound) == ("CGM Error Code", sound)
    assert notice.side is None


@pytest.mark.parametrize("mgdl", [12, 20, 38, 39, 100, 401])
def test_what_is_in_no_list_is_no_notice(mgdl: int) -> None:
    assert found_by("errorcodes", readings(100, mgdl)) == NOTHING


@pytest.mark.parametrize(
    ("settings", "code", "level"),
    [
        ({"ERRORCODES_WARN": "5 12"}, 5, Level.WARN),
        ({"ERRORCODES_WARN": "12"}, 12, Level.WARN),
        ({"ERRORCODES_URGENT": "5"}, 5, Level.URGENT),
        ({"ERRORCODES_URGENT": "5"}, 10, None),
        ({"ERRORCODES_INFO": "off"}, 5, None),
        ({"ERRORCODES_URGENT": "off"}, 10, None),
    ],
)
def test_the_lists_can_be_set(settings: dict[str, str], code: int, level: Level | None) -> None:
    found = found_by("errorcodes", readings(100, code), **settings)
    assert [notice.level for notice in found.notices] == ([level] if level else [])


@pytest.mark.parametrize("entries", [[], readings(10, ago_min=10)], ids=["no reading", "an old one"])
def test_without_a_new_reading_nobody_can_tell(entries: Any) -> None:
    assert found_by("errorcodes", entries) == BLIND


def test_a_lasting_code_that_only_informs_is_one_notice() -> None:
    first, second = (only(found_by("errorcodes", readings(5, ago_min=ago))) for ago in (0, 5))
    assert first.key == second.key
    assert only(found_by("errorcodes", readings(1))).key != first.key

"""A store that fills up."""

from __future__ import annotations

import pytest

from app.alarms.rules.finding import BLIND, NOTHING
from app.glucose.levels import Level
from tests.alarms.situations import found_by, only

MIB = 1024 * 1024


@pytest.mark.parametrize(
    ("mib", "level"), [(297, Level.WARN), (371, Level.WARN), (372, Level.URGENT), (600, Level.URGENT)]
)
def test_a_store_near_its_limit(mib: int, level: Level) -> None:
    notice = only(found_by("dbsize", stats={"data_bytes": (mib - 1) * MIB, "index_bytes": MIB}))
    assert (notice.level, notice.title) == (level, f"{level.display} Database Size near its limits!")
    assert notice.message == f"Database size is {mib} MiB out of 496 MiB. Please backup and clean up database!"
    assert notice.group == "Database Size"


def test_a_store_with_room_is_no_alarm_and_one_nobody_looked_at_unknown() -> None:
    assert found_by("dbsize", stats={"data_bytes": 296 * MIB}) == NOTHING
    assert found_by("dbsize") == BLIND


def test_it_is_told_only_where_somebody_switched_it_on() -> None:
    assert found_by("dbsize", stats={"data_bytes": 600 * MIB}, DBSIZE_ENABLE_ALERTS="off") == NOTHING

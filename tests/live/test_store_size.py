"""How full the store is."""

from __future__ import annotations

import pytest

from app.config import load_settings
from app.glucose.levels import Level
from app.live.store_size import StoreSize, store_size

MIB = 1024 * 1024


def size(mib: float, **settings: str) -> StoreSize:
    found = store_size({"data_bytes": int(mib * MIB) - MIB, "index_bytes": MIB}, load_settings(settings))
    assert found
    return found


@pytest.mark.parametrize(
    ("mib", "percent", "level"),
    [
        (60, 12, Level.INFO),
        (296, 59, Level.INFO),
        (297, 59, Level.WARN),
        (371, 74, Level.WARN),
        (372, 75, Level.URGENT),
    ],
)
def test_data_and_indexes_are_measured_against_the_limit(mib: float, percent: int, level: Level) -> None:
    assert size(mib) == StoreSize(mib, 496, percent, level)


def test_the_limit_and_the_levels_are_settings() -> None:
    assert size(60, DBSIZE_MAX="100", DBSIZE_WARN_PERCENTAGE="50").level is Level.WARN
    assert size(60, DBSIZE_MAX="100", DBSIZE_WARN_PERCENTAGE="0", DBSIZE_URGENT_PERCENTAGE="0").level is Level.INFO


@pytest.mark.parametrize("limit", ["0", "-5"])
def test_without_a_limit_there_is_a_great_one(limit: str) -> None:
    assert size(1024, DBSIZE_MAX=limit) == StoreSize(1024, 102_400, 1, Level.INFO)


def test_what_nobody_has_measured_is_unknown() -> None:
    assert store_size({}, load_settings({})) is None

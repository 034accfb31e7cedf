from __future__ import annotations

import pytest

from app.glucose.levels import Level


@pytest.mark.parametrize(
    ("level", "number", "display", "status"),
    [
        (Level.URGENT, 2, "Urgent", "urgent"),
        (Level.WARN, 1, "Warning", "warn"),
        (Level.INFO, 0, "Info", "current"),
        (Level.LOW, -1, "Low", "current"),
        (Level.LOWEST, -2, "Lowest", "current"),
        (Level.NONE, -3, "None", "current"),
    ],
)
def test_a_level_has_a_number_a_name_and_a_state(level: Level, number: int, display: str, status: str) -> None:
    assert (int(level), level.display, level.status) == (number, display, status)

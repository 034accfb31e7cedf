from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from app.glucose.moments import moment_text

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 21, 2, 14, tzinfo=BERLIN)


def ms(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        (NOW - timedelta(minutes=43), "01:31"),
        (NOW - timedelta(hours=3), "23:14"),
        (NOW - timedelta(hours=13), "Fri 13:14"),
        (NOW + timedelta(hours=20), "22:14"),
        (NOW - timedelta(days=6, minutes=1), "15 Nov 02:13"),
        (datetime(2025, 12, 24, 18, 0, tzinfo=BERLIN), "24 Dec 2025 18:00"),
    ],
)
def test_a_moment_is_said_with_as_much_date_as_it_needs(moment: datetime, text: str) -> None:
    assert moment_text(ms(moment), ms(NOW), BERLIN) == text


def test_a_moment_is_said_in_the_persons_zone() -> None:
    assert moment_text(ms(NOW), ms(NOW), ZoneInfo("Asia/Kathmandu")) == "06:59"


def test_the_hour_that_comes_twice_is_said_as_the_clock_showed_it() -> None:
    before = datetime(2026, 10, 25, 0, 30, tzinfo=ZoneInfo("UTC"))
    after = before + timedelta(hours=1)
    assert moment_text(ms(before), ms(after), BERLIN) == moment_text(ms(after), ms(after), BERLIN) == "02:30"

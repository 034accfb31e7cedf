"""Uploaders write the same instant in a dozen ways."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.clock import iso_of
from app.records.times import MS_2000, Instant, instant_at, read_instant, zone_named

AT_MS = 1_768_374_309_123  # 2026-01-14T07:05:09.123Z
WHOLE_S = 1_768_374_309_000


@pytest.mark.parametrize(
    ("written", "at_ms", "offset_min"),
    [
        ("2026-01-14T07:05:09Z", WHOLE_S, 0),
        ("2026-01-14T07:05:09.123Z", AT_MS, 0),
        ("2026-01-14T07:05:09.123456789Z", AT_MS, 0),
        ("2026-01-14T08:05:09.123+0100", AT_MS, 60),
        ("2026-01-14T08:05:09.123+01:00", AT_MS, 60),
        ("2026-01-14T08:05:09.123+01", AT_MS, 60),
        ("2026-01-14T02:35:09,123-0430", AT_MS, -270),
        ("2026-01-14 07:05:09.123", AT_MS, 0),
        ("2026-01-14T07:05:09.123", AT_MS, 0),
        ("20260114T070509.123Z", AT_MS, 0),
        ("  2026-01-14T07:05:09.123z ", AT_MS, 0),
        ("2026-01-14T07:05+00:00", 1_768_374_300_000, 0),
        ("2026-01-14T07:05", 1_768_374_300_000, 0),
        ("2026-01-14T24:00:00Z", 1_768_435_200_000, 0),
        ("2026-01-14", 1_768_348_800_000, 0),
        ("2026-01", 1_767_225_600_000, 0),
        ("Wed, 14 Jan 2026 08:05:09 +0100", WHOLE_S, 60),
        ("Wed, 14 Jan 2026 07:05:09 GMT", WHOLE_S, 0),
        ("14 Jan 2026 07:05:09 GMT", WHOLE_S, 0),
        ("Wed Jan 14 2026 08:05:09 GMT+0100 (CET)", WHOLE_S, 60),
        (AT_MS, AT_MS, 0),
        (1_768_374_309_123.709, AT_MS, 0),
        (str(AT_MS), AT_MS, 0),
        ("1768374309123.709", AT_MS, 0),
        (1_768_374_309, WHOLE_S, 0),
        (1_768_374_309.5, WHOLE_S + 500, 0),
        (datetime(2026, 1, 14, 8, 5, 9, 123_000, timezone(timedelta(hours=1))), AT_MS, 60),
        (datetime(2026, 1, 14, 7, 5, 9, 123_000, UTC), AT_MS, 0),
    ],
)
def test_a_written_instant_is_understood(written: object, at_ms: int, offset_min: int) -> None:
    instant = read_instant(written)
    assert instant is not None
    assert (instant.at_ms, instant.offset_min) == (at_ms, offset_min)


@pytest.mark.parametrize(
    "written",
    [
        None,
        "",
        " ",
        "garbage",
        "2026-13-01T00:00:00Z",
        "2026-02-30",
        "2026-01-14T25:00:00Z",
        "2026-01-14T24:00:01Z",
        "2026-01-14T07:61:00Z",
        "2026-01-14T07:05:09+25:00",
        "2026-01-14T07:05:09+01:75",
        "0000-01-01",
        "Wed, 99 Jan 2026 07:05:09 GMT",
        "٢٠٢٦-٠١-١٤",
        True,
        float("nan"),
        float("inf"),
        1e300,
        "9" * 16,
        [1],
        {"$gt": 1},
        "2026-01-14T07:05:09Z" * 20,
    ],
)
def test_what_is_no_instant_is_none(written: object) -> None:
    assert read_instant(written) is None


def test_a_number_before_2000_is_seconds_unless_seconds_are_before_2000_too() -> None:
    assert read_instant(946_684_800) == instant_at(MS_2000)
    assert read_instant(5) == instant_at(5)


def test_a_number_whose_seconds_lie_beyond_the_calendar_is_milliseconds() -> None:
    assert read_instant(MS_2000 - 1) == instant_at(MS_2000 - 1)


@given(st.integers(MS_2000, 4_102_444_800_000))
def test_our_own_form_comes_back_as_it_was(at_ms: int) -> None:
    instant = read_instant(iso_of(at_ms))
    assert instant is not None
    assert instant.at_ms == at_ms
    assert instant.iso == iso_of(at_ms)


@given(
    st.integers(MS_2000 // 1000, 4_102_444_800),
    st.integers(-14 * 60, 14 * 60),
    st.sampled_from(["%z", ":"]),
    st.sampled_from(["T", " "]),
)
def test_an_offset_moves_the_clock_on_the_wall_and_not_the_instant(
    at_s: int, offset_min: int, colon: str, between: str
) -> None:
    local = datetime.fromtimestamp(at_s, timezone(timedelta(minutes=offset_min)))
    text = local.isoformat(between) if colon == ":" else local.strftime(f"%Y-%m-%d{between}%H:%M:%S%z")
    instant = read_instant(text)
    assert instant is not None
    assert (instant.at_ms, instant.offset_min) == (at_s * 1000, offset_min)


@given(st.text(max_size=40) | st.floats() | st.integers() | st.none() | st.booleans())
def test_nothing_makes_reading_fail(written: object) -> None:
    instant = read_instant(written)
    assert instant is None or instant.iso.endswith("Z")


@pytest.mark.parametrize(
    ("text", "zone"),
    [
        ("Europe/Berlin", "Europe/Berlin"),
        ("europe/berlin", "Europe/Berlin"),
        ("ETC/GMT+5", "Etc/GMT+5"),
        ("America/New York", "America/New_York"),
        (" UTC ", "UTC"),
        ("Mars/Olympus", None),
        ("", None),
    ],
)
def test_a_zone_gets_its_proper_name(text: str, zone: str | None) -> None:
    assert zone_named(text) == zone


@pytest.mark.parametrize(
    ("written", "at_ms"),
    [
        ("2026-01-14T07:05:09.123Z", 1_768_374_309_123),
        ("2026-01-14T24:00:00.000Z", 1_768_435_200_000),
        ("2026-02-30T07:05:09.123Z", None),
        ("2026-01-14T07:65:09.123Z", None),
        ("2026-W0-1T07:05:09.0123Z", None),
        ("٢٠٢٦-01-14T07:05:09.123Z", None),
    ],
)
def test_the_form_nearly_all_write_is_read_as_exactly_as_any_other(written: str, at_ms: int | None) -> None:
    found = read_instant(written)
    assert (found and found.at_ms) == at_ms


@given(st.integers(0, 4_102_444_800_000))
def test_what_we_write_ourselves_is_read_back(at_ms: int) -> None:
    assert read_instant(Instant(at_ms).iso) == Instant(at_ms)

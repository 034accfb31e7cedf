"""What an uploaded entry becomes."""

from __future__ import annotations

import pytest

from app.records.entries import Entries
from app.store.interface import Document
from tests.clocks import START_MS

NOW = "2026-11-21T10:00:00.000Z"


def saved(entries: Entries, **entry: object) -> Document:
    [kept] = entries.save([entry])
    return kept


def test_date_string_sets_time_and_offset_and_is_rewritten_to_utc(entries: Entries) -> None:
    kept = saved(entries, type="sgv", sgv=117, date=1_768_374_309_123, dateString="2026-01-14T08:05:09.123+0100")
    assert kept["dateString"] == kept["sysTime"] == "2026-01-14T07:05:09.123Z"
    assert kept["utcOffset"] == 60


def test_an_offset_that_was_sent_is_overwritten(entries: Entries) -> None:
    assert saved(entries, type="sgv", date=START_MS, utcOffset=120)["utcOffset"] == 0


def test_without_date_string_the_date_gives_the_time_and_no_date_string_is_made(entries: Entries) -> None:
    kept = saved(entries, type="sgv", sgv=117, date=START_MS)
    assert kept["sysTime"] == NOW
    assert "dateString" not in kept


def test_without_any_time_it_is_now_and_no_date_is_made(entries: Entries) -> None:
    kept = saved(entries, type="sgv", sgv=117)
    assert kept["sysTime"] == NOW
    assert "date" not in kept


def test_an_empty_date_string_takes_nothing_away(entries: Entries) -> None:
    saved(entries, type="sgv", date=START_MS, dateString=NOW)
    saved(entries, type="sgv", date=START_MS, dateString="", sgv=118)
    [kept] = entries.search()
    assert kept["dateString"] == NOW


def test_a_date_with_a_fraction_is_kept_as_it_was_sent(entries: Entries) -> None:
    kept = saved(entries, type="sgv", sgv=117, date=1_768_374_309_123.709)
    assert kept["date"] == 1_768_374_309_123.709
    assert kept["sysTime"] == "2026-01-14T07:05:09.123Z"


def test_numbers_without_fraction_are_integers(entries: Entries) -> None:
    kept = saved(entries, type="sgv", sgv=117.0, date=float(START_MS), delta=-1.502)
    assert (repr(kept["sgv"]), repr(kept["date"]), kept["delta"]) == ("117", str(START_MS), -1.502)


def test_readings_sent_as_text_become_numbers(entries: Entries) -> None:
    kept = saved(entries, type="sgv", sgv="117", date=str(START_MS), noise="1", device="5", direction="")
    assert (kept["sgv"], kept["date"], kept["noise"], kept["device"], kept["direction"]) == (117, START_MS, 1, "5", "")


@pytest.mark.parametrize(
    "name", ["delta", "rssi", "trendRate", "isCalibration", "identifier", "app", "units", "isValid"]
)
def test_members_we_do_not_know_are_kept_as_they_are(entries: Entries, name: str) -> None:
    value = {"identifier": "x-1", "isValid": True, "app": "AAPS", "units": "mg/dl", "isCalibration": False}.get(
        name, 0.5
    )
    assert saved(entries, type="sgv", date=START_MS, **{name: value})[name] == value
    assert next(entries.search())[name] == value


def test_stamps_are_ours_alone(entries: Entries) -> None:
    saved(entries, type="sgv", date=START_MS, srvCreated=1, srvModified=2, subject="me", modifiedBy="me")
    [kept] = entries.search()
    assert kept["srvCreated"] == kept["srvModified"] >= START_MS
    assert "subject" not in kept
    assert "modifiedBy" not in kept

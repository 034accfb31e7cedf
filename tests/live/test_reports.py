from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.live.picture import Fact, Facts
from app.live.reports import Report, latest_facts, report_of
from tests.live.test_building import anything

AT_MS = 1_768_374_309_000  # 2026-01-14T07:05:09Z
AT = "2026-01-14T07:05:09.000Z"
MINUTE_MS = 60_000

LOOP = {
    "_id": "a",
    "device": "loop://iPhone",
    "created_at": "2026-01-14T07:05:09Z",
    "pump": {"clock": "2026-01-14T07:05:00Z", "suspended": False, "reservoir": 82.5, "battery": {"percent": 75}},
    "uploader": {"name": "iPhone", "timestamp": AT, "battery": 71},
    "loop": {
        "name": "Loop",
        "version": "3.4",
        "timestamp": "2026-01-14T07:05:05Z",
        "iob": {"timestamp": "2026-01-14T07:05:00Z", "iob": 0.85},
        "cob": {"timestamp": "2026-01-14T07:05:00Z", "cob": 8.2},
        "enacted": {"timestamp": "2026-01-14T07:05:04Z", "rate": 0.35, "duration": 30, "received": True},
        "predicted": {"startDate": AT, "values": [100, 90]},
    },
}

AAPS = {
    "_id": "b",
    "date": AT_MS,
    "created_at": AT,
    "app": "AAPS",
    "device": "openaps://samsung SM-A515F",
    "uploaderBattery": 81,
    "isCharging": False,
    "pump": {
        "clock": AT,
        "reservoir": 143.2,
        "battery": {"percent": 75},
        "status": {"status": "normal", "timestamp": AT},
        "extended": {"BaseBasalRate": 0.8},
    },
    "openaps": {
        "iob": {"iob": 1.12, "time": "2026-01-14T07:05:02.000Z"},
        "suggested": {"bg": 117, "rate": 0, "duration": 30, "COB": 12},
        "enacted": {"rate": 0, "duration": 30},
    },
}


def facts_of(document: dict[str, Any]) -> dict[str, Fact]:
    report = report_of(document)
    assert report is not None
    return dict(report.facts)


def test_loops_status_is_understood() -> None:
    assert facts_of(LOOP) == {
        "phone": Fact("iPhone", AT_MS),
        "phone_battery": Fact(71, AT_MS),
        "pump": Fact("normal", AT_MS - 9000),
        "reservoir": Fact(82.5, AT_MS - 9000),
        "pump_battery": Fact(75, AT_MS - 9000),
        "loop": Fact("Loop", AT_MS - 4000),
        "iob": Fact(0.85, AT_MS - 9000),
        "cob": Fact(8.2, AT_MS - 9000),
        "basal": Fact(0.35, AT_MS),
    }


def test_aaps_status_is_understood() -> None:
    assert facts_of(AAPS) == {
        "phone": Fact("openaps://samsung SM-A515F", AT_MS),
        "phone_battery": Fact(81, AT_MS),
        "pump": Fact("normal", AT_MS),
        "reservoir": Fact(143.2, AT_MS),
        "pump_battery": Fact(75, AT_MS),
        "loop": Fact("AAPS", AT_MS),
        "iob": Fact(1.12, AT_MS - 7000),
        "cob": Fact(12, AT_MS),
        "basal": Fact(0, AT_MS),
    }


def openaps(**fields: Any) -> dict[str, Any]:
    return {"_id": "c", "device": "openaps://rig", "created_at": AT, "openaps": fields}


def test_older_rigs_send_insulin_on_board_as_a_list() -> None:
    iob = [{"iob": 0.5, "timestamp": "2026-01-14T07:05:00Z"}, {"iob": 0.4}]
    assert facts_of(openaps(iob=iob)) == {"iob": Fact(0.5, AT_MS - 9000)}


@pytest.mark.parametrize("iob", [[], None, "1.2", [None], {}])
def test_no_insulin_on_board_is_no_fact(iob: Any) -> None:
    assert facts_of(openaps(iob=iob)) == {}


def test_carbs_on_board_are_those_of_the_newer_run() -> None:
    suggested = {"COB": 10, "timestamp": "2026-01-14T07:05:00Z"}
    enacted = {"COB": 20, "timestamp": "2026-01-14T07:00:00Z"}
    found = facts_of(openaps(suggested=suggested, enacted=enacted))
    assert (found["cob"], found["loop"]) == (Fact(10, AT_MS - 9000), Fact("OpenAPS", AT_MS - 9000))


@pytest.mark.parametrize(
    ("enacted", "basal"),
    [
        ({"rate": 0.6, "duration": 30, "timestamp": "2026-01-14T06:40:00Z"}, 0.6),
        ({"rate": 0.6, "duration": 30, "timestamp": "2026-01-14T06:30:00Z"}, "scheduled"),
        ({"rate": 0, "duration": 0, "timestamp": AT}, "scheduled"),
        ({"rate": 0, "duration": 30, "timestamp": AT}, 0),
    ],
)
def test_the_basal_is_what_runs_now_by_what_was_last_enacted(enacted: dict[str, Any], basal: float | str) -> None:
    assert facts_of(openaps(enacted=enacted))["basal"] == Fact(basal, AT_MS)
    assert facts_of({**LOOP, "loop": {"enacted": enacted}})["basal"] == Fact(basal, AT_MS)


@pytest.mark.parametrize("refused", [{"received": False}, {"recieved": False}])
def test_what_the_pump_did_not_receive_is_not_the_basal(refused: dict[str, Any]) -> None:
    assert "basal" not in facts_of(openaps(enacted={"rate": 2, "duration": 30, **refused}))


def test_a_loop_that_failed_has_not_run() -> None:
    failed = {**LOOP, "loop": {**LOOP["loop"], "failureReason": "pump timeout"}}  # type: ignore[dict-item]
    found = facts_of(failed)
    assert "loop" not in found
    assert found["iob"].value == 0.85


@pytest.mark.parametrize(
    ("pump", "status"),
    [
        ({"suspended": True}, "suspended"),
        ({"status": {"suspended": True, "status": "normal"}}, "suspended"),
        ({"bolusing": True}, "bolusing"),
        ({"status": {"status": "occluded"}}, "occluded"),
        ({"clock": AT}, "normal"),
    ],
)
def test_the_pump_says_what_it_does(pump: dict[str, Any], status: str) -> None:
    assert facts_of({"_id": "d", "created_at": AT, "pump": pump})["pump"].value == status


def test_a_reservoir_that_is_only_bounded_keeps_its_words() -> None:
    pump = {"reservoir": 50, "reservoir_display_override": "50+U"}
    assert facts_of({"_id": "d", "created_at": AT, "pump": pump})["reservoir"].value == "50+U"


def test_a_pump_that_knows_its_insulin_and_rate_is_believed_where_no_loop_is() -> None:
    pump = {"iob": {"bolusiob": 1.5}, "extended": {"TempBasalAbsoluteRate": 0.2, "BaseBasalRate": 0.8}}
    found = facts_of({"_id": "d", "created_at": AT, "pump": pump})
    assert (found["iob"].value, found["basal"].value) == (1.5, 0.2)


@pytest.mark.parametrize(
    "fields",
    [
        {"uploader": {"name": "transmitter", "battery": 92}},
        {"uploader": {}},
        {"uploaderBattery": False},
        {"uploader": None, "pump": None, "openaps": None, "loop": "x"},
    ],
)
def test_what_is_no_phone_is_none(fields: dict[str, Any]) -> None:
    assert facts_of({"_id": "e", "created_at": AT, **fields}) == {}


@pytest.mark.parametrize("battery", ["50 days (voltage: 285/275)", -1, 300, None])
def test_a_battery_in_words_is_no_percentage_but_the_phone_spoke(battery: Any) -> None:
    assert facts_of({"_id": "e", "created_at": AT, "uploader": {"battery": battery, "type": "PHONE"}}) == {
        "phone": Fact("", AT_MS)
    }


def test_a_clock_that_runs_ahead_dates_nothing_after_its_arrival() -> None:
    found = report_of({**LOOP, "srvCreated": AT_MS - 60 * MINUTE_MS})
    assert found is not None
    assert found.at_ms == AT_MS - 60 * MINUTE_MS
    assert {fact.at_ms for fact in found.facts.values()} == {AT_MS - 60 * MINUTE_MS}


@pytest.mark.parametrize("document", [{}, {**LOOP, "isValid": False}, {"_id": "f", "pump": {"reservoir": 1}}])
def test_what_is_deleted_or_timeless_reports_nothing(document: dict[str, Any]) -> None:
    assert report_of(document) is None


def gathered(*reports: Report, until_ms: int = AT_MS) -> Facts:
    return latest_facts(reports, until_ms=until_ms, sensor_started_ms=None, site_changed_ms=None)


def test_the_newest_of_each_fact_counts_in_whatever_order_reports_come() -> None:
    old = Report("1", AT_MS - 9, {"iob": Fact(1, AT_MS - 9), "reservoir": Fact(80, AT_MS - 9)})
    new = Report("2", AT_MS, {"iob": Fact(2, AT_MS)})
    assert gathered(old, new) == gathered(new, old) == Facts(iob=Fact(2, AT_MS), reservoir=Fact(80, AT_MS - 9))


def test_facts_from_the_future_do_not_count() -> None:
    ahead = Report("1", AT_MS + 1, {"iob": Fact(9, AT_MS + 1)})
    now = Report("2", AT_MS, {"iob": Fact(1, AT_MS)})
    assert gathered(now, ahead).iob == Fact(1, AT_MS)


NAMES = (
    "clock reservoir battery status extended iob cob enacted suggested name timestamp rate duration received COB "
    "percent failureReason reservoir_display_override"
)
parts = st.dictionaries(st.sampled_from(NAMES.split()), anything)


@given(
    st.fixed_dictionaries(
        {"created_at": st.just(AT)},
        optional={
            "device": anything,
            "uploaderBattery": anything,
            "srvCreated": anything,
            **dict.fromkeys(("uploader", "pump", "loop", "openaps"), anything | parts),
        },
    )
)
def test_no_status_raises_and_all_its_facts_have_a_place(document: dict[str, Any]) -> None:
    report = report_of(document)
    assert report is not None
    gathered(report)

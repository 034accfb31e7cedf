"""Medtrum over real HTTP: two protocols, whose account, sessions in cookies, rows read by what their parts are."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from app.glucose.units import Unit
from app.records.sources.documents import BadRecord
from app.uploaders.errors import (
    AuthInvalid,
    NoPatient,
    PatientAmbiguous,
    RateLimited,
    SchemaChanged,
    Transient,
    UploaderFailure,
)
from app.uploaders.medtrum.mapper import now_of, row_of, unit_of
from app.uploaders.medtrum.source import MEDTRUM, MedtrumSource
from app.uploaders.vendor import Page
from tests.clocks import START_MS, SettableClock
from tests.emulators.medtrum import OTHER_UID, STATUS_PATHS, UID, MedtrumEmulator
from tests.emulators.server import Reply, cut_off, late, page, too_often
from tests.uploaders.conftest import Kept

MINUTE_MS, HOUR_MS, DAY_MS = 60_000, 3_600_000, 86_400_000
LOGIN, STATUS = "/login", "/status"
MakeSource = Callable[..., MedtrumSource]


@pytest.fixture
def medtrum(clock: SettableClock) -> Iterator[MedtrumEmulator]:
    with MedtrumEmulator(clock).running() as emulator:
        yield emulator


@pytest.fixture
def source(medtrum: MedtrumEmulator, clock: SettableClock, line: Any, kept: Kept) -> MakeSource:
    def make(password: str = "", **options: Any) -> MedtrumSource:
        secrets = {"user": medtrum.user, "password": password or medtrum.password}
        told = {"server": medtrum.url, "account": medtrum.account, "first_days": "1", **options}
        return MedtrumSource(kept.access("medtrum", line("Medtrum"), told, secrets, clock))

    return make


def page_from(source: MedtrumSource, cursors: dict[str, int] | None = None) -> Page:
    [found] = source.pages(cursors or {})
    return found


def values(found: Page) -> list[int]:
    return [entry["sgv"] for entry in found.documents["entries"]]


@pytest.mark.parametrize("account", ["M", "P"])
def test_the_readings_of_a_day_are_fetched_and_the_newest_has_the_arrow(
    source: MakeSource, medtrum: MedtrumEmulator, account: str
) -> None:
    medtrum.account = account
    medtrum.show(5.5, 6.0, 7.1, rate=2)
    found = page_from(source())
    assert values(found) == [99, 108, 128]
    newest = found.documents["entries"][-1]
    assert (newest["date"], newest["direction"]) == (START_MS - MINUTE_MS, "SingleUp")
    assert newest["device"] == "nightlight-medtrum"
    assert all("direction" not in entry for entry in found.documents["entries"][:-1])
    assert found.cursors == {"entries": START_MS - MINUTE_MS, "entries_deep": START_MS}


def test_it_is_said_to_be_an_experiment() -> None:
    assert MEDTRUM.experimental


def test_easyfollow_is_the_way_in_where_easyview_is_gone(
    source: MakeSource, medtrum: MedtrumEmulator, kept: Kept
) -> None:
    medtrum.has_easyview = False
    medtrum.show(5.5, 7.1, rate=5)
    found = page_from(source())
    assert values(found) == [99, 128]
    assert found.documents["entries"][-1]["direction"] == "SingleDown"
    before = medtrum.log_ins
    page_from(source())
    assert medtrum.log_ins == before
    assert kept.session["style"] == "easyfollow"


def test_a_picked_way_in_is_the_only_one(source: MakeSource, medtrum: MedtrumEmulator) -> None:
    medtrum.show(5.5)
    page_from(source(style="easyfollow"))
    assert medtrum.count("/v3/") == 0
    medtrum.has_easyview = False
    with pytest.raises(SchemaChanged):
        page_from(source(style="easyview"))


def test_a_wrong_password_is_not_tried_at_the_other_door(source: MakeSource, medtrum: MedtrumEmulator) -> None:
    with pytest.raises(AuthInvalid):
        page_from(source(password="wrong"))
    assert medtrum.log_ins == 1


def test_a_patients_own_account_has_no_second_door(source: MakeSource, medtrum: MedtrumEmulator) -> None:
    medtrum.account, medtrum.has_easyview = "P", False
    with pytest.raises(SchemaChanged):
        page_from(source())
    assert medtrum.count("/mobile/") == 0


@pytest.mark.parametrize("path", STATUS_PATHS)
def test_the_status_is_found_at_either_address_and_the_address_kept(
    source: MakeSource, medtrum: MedtrumEmulator, kept: Kept, path: str
) -> None:
    medtrum.status_path = path
    medtrum.show(5.5)
    assert values(page_from(source())) == [99]
    asked = medtrum.count(STATUS)
    assert values(page_from(source())) == [99]
    assert medtrum.count(STATUS) == asked + 1


def test_the_session_is_kept_over_runs(source: MakeSource, medtrum: MedtrumEmulator) -> None:
    medtrum.show(5.5)
    page_from(source())
    page_from(source())
    assert medtrum.log_ins == 1


@pytest.mark.parametrize("style", ["easyview", "easyfollow"])
def test_a_session_that_ended_is_opened_anew(source: MakeSource, medtrum: MedtrumEmulator, style: str) -> None:
    medtrum.show(5.5)
    page_from(source(style=style))
    medtrum.end_sessions()
    assert values(page_from(source(style=style))) == [99]
    assert medtrum.log_ins == 2


def test_a_session_that_never_holds_is_passing_trouble(source: MakeSource, medtrum: MedtrumEmulator) -> None:
    medtrum.script("/connections", *[Reply({"error": 4001})] * 9)
    with pytest.raises(Transient):
        page_from(source())
    assert medtrum.log_ins == 1


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (Reply({"error": 1001}), AuthInvalid),
        (Reply({"error": "1001"}), AuthInvalid),
        (Reply({"error": 1009}), AuthInvalid),
        (Reply({"error": 4001}), AuthInvalid),
        (Reply({}, 401), AuthInvalid),
        (Reply({"error": 0}), SchemaChanged),
        (Reply([]), SchemaChanged),
        (page(503), Transient),
        (page(403), Transient),
        (too_often("30"), RateLimited),
        (late({}, 3), Transient),
        (cut_off({"error": 0, "uid": 1}), Transient),
    ],
)
def test_each_refusal_of_a_sign_in_is_understood_and_not_repeated(
    source: MakeSource, medtrum: MedtrumEmulator, reply: Reply, kind: type[UploaderFailure]
) -> None:
    medtrum.script(LOGIN, *[reply] * 5)
    with pytest.raises(UploaderFailure) as failure:
        page_from(source())
    assert type(failure.value) is kind
    assert medtrum.log_ins == 1


def test_a_page_at_both_doors_is_passing_trouble(source: MakeSource, medtrum: MedtrumEmulator) -> None:
    medtrum.script(LOGIN, page(200), page(200))
    with pytest.raises(Transient):
        page_from(source())
    assert medtrum.log_ins == 2


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (page(503), Transient),
        (Reply({}, 500), Transient),
        (page(403), Transient),
        (page(200), Transient),
        (too_often("120"), RateLimited),
        (too_often("Sat, 21 Nov 2026 10:40:00 GMT"), RateLimited),
        (too_often(), RateLimited),
        (Reply({"error": 0}), SchemaChanged),
        (Reply({"error": 5000}), SchemaChanged),
        (Reply([]), SchemaChanged),
        (Reply({"error": 0, "data": []}), SchemaChanged),
    ],
)
def test_each_refusal_of_data_is_understood(
    source: MakeSource, medtrum: MedtrumEmulator, reply: Reply, kind: type[UploaderFailure]
) -> None:
    medtrum.script(STATUS, *[reply] * 9)
    with pytest.raises(UploaderFailure) as failure:
        page_from(source())
    assert type(failure.value) is kind


@pytest.mark.parametrize("reply", [page(503), cut_off({"data": "long enough"}), late({}, 3)])
def test_a_read_that_fails_in_passing_is_tried_again(
    source: MakeSource, medtrum: MedtrumEmulator, reply: Reply
) -> None:
    medtrum.show(5.5)
    medtrum.script(STATUS, reply)
    assert values(page_from(source())) == [99]


@pytest.mark.parametrize("style", ["easyview", "easyfollow"])
def test_with_several_people_the_owner_picks(source: MakeSource, medtrum: MedtrumEmulator, style: str) -> None:
    medtrum.show(5.5)
    medtrum.people.append({"uid": OTHER_UID, "username": "ben", "realname": "Ben Example"})
    with pytest.raises(PatientAmbiguous) as several:
        page_from(source(style=style))
    assert [patient.name for patient in several.value.patients] == ["Ada Example", "Ben Example"]
    assert "Ben" not in several.value.message + several.value.hint
    pages = [page_from(source(style=style, patient_id=patient.id)) for patient in several.value.patients]
    one, other = (found.documents["entries"][0]["identifier"] for found in pages)
    assert one != other
    with pytest.raises(NoPatient):
        page_from(source(style=style, patient_id="gone"))


def test_nobody_who_shares_is_said(source: MakeSource, medtrum: MedtrumEmulator) -> None:
    medtrum.people = []
    with pytest.raises(NoPatient):
        page_from(source())


def test_only_rows_in_which_the_sensor_measures_count(source: MakeSource, medtrum: MedtrumEmulator) -> None:
    medtrum.show(5.5, 6.0, 7.1)
    medtrum.rows[0][-1], medtrum.rows[1][-1] = "H", None
    found = page_from(source())
    assert values(found) == [128]
    assert not found.unusable


def test_one_malformed_row_costs_itself_alone(source: MakeSource, medtrum: MedtrumEmulator) -> None:
    medtrum.show(5.5, 7.1)
    at_s = medtrum.rows[0][0] - 60
    odd: list[Any] = [None, "text", 7, [], [None, 5.5, "C"], [at_s, "C"], [at_s, 0, 0, 0, "C"], [at_s, 90, 0, 0, "C"]]
    medtrum.rows += [*odd, [START_MS // 1000 + 3600, 5.5, 5.5, 5.5, "C"]]
    medtrum.script(STATUS, _answer(medtrum))
    found = page_from(source())
    assert values(found) == [99, 128]
    assert len(found.unusable) == len(odd) + 1


def _answer(medtrum: MedtrumEmulator, **changed: Any) -> Reply:
    chart = {"glucose_unit": medtrum.unit, "sg": medtrum.rows}
    return Reply({"error": 0, "data": {"chart": chart, "sensor_status": medtrum.current, **changed}})


def test_rows_twice_and_out_of_order_are_one_line(source: MakeSource, medtrum: MedtrumEmulator) -> None:
    medtrum.show(5.5, 6.0, 7.1)
    medtrum.rows = [*reversed(medtrum.rows), *medtrum.rows]
    assert values(page_from(source())) == [99, 108, 128]


@pytest.mark.parametrize("chart", [{}, None, {"sg": None}, {"sg": [], "glucose_unit": "mmol/L"}])
def test_without_rows_the_present_reading_counts(
    source: MakeSource, medtrum: MedtrumEmulator, chart: dict[str, Any] | None
) -> None:
    medtrum.show(7.1, rate=4)
    medtrum.script(STATUS, _answer(medtrum, chart=chart))
    [entry] = page_from(source()).documents["entries"]
    assert (entry["sgv"], entry["date"], entry["direction"]) == (128, START_MS - MINUTE_MS, "FortyFiveDown")


def test_warm_up_without_rows_and_without_a_present_reading_is_no_failure(
    source: MakeSource, medtrum: MedtrumEmulator
) -> None:
    medtrum.current = {"glucose": 0, "glucoseRate": 0, "updateTime": 0}
    found = page_from(source())
    assert (values(found), list(found.unusable)) == ([], [])


def test_of_a_rows_values_the_one_the_app_shows_counts_from_then_on(
    source: MakeSource, medtrum: MedtrumEmulator
) -> None:
    medtrum.show(5.5, 7.1)
    for row in medtrum.rows:
        row[1:4] = [11.1, row[1], 3.3]
    assert values(page_from(source())) == [99, 128]
    medtrum.current = {}
    assert values(page_from(source())) == [99, 128]


@pytest.mark.parametrize(("days", "windows"), [("1", 1), ("14", 14)])
def test_history_comes_a_day_at_a_time_oldest_first(
    source: MakeSource, medtrum: MedtrumEmulator, days: str, windows: int
) -> None:
    first_s = START_MS // 1000 - int(days) * 86_400 + 600
    medtrum.rows = [[at_s, 5.5, 5.5, 5.5, "C"] for at_s in range(first_s, START_MS // 1000, 6 * 3600)]
    pages = list(source(first_days=days).pages({}))
    times = [entry["date"] for found in pages for entry in found.documents["entries"]]
    assert times == sorted(times)
    assert len(times) == 4 * int(days)
    assert len(pages) == windows
    assert medtrum.count(STATUS) == windows


def test_later_an_hour_is_read_again_and_once_an_hour_a_day(
    source: MakeSource, medtrum: MedtrumEmulator, clock: SettableClock
) -> None:
    medtrum.show(5.5)
    first = page_from(source())
    clock.advance(minutes=10)
    medtrum.show(6.0, 6.5, every_min=40)
    assert values(page_from(source(), dict(first.cursors))) == [108, 117]
    medtrum.show(6.0, 6.5, every_min=300)
    assert values(page_from(source(), dict(first.cursors))) == [117]
    clock.advance(hours=1)
    deep = [sgv for found in source().pages(dict(first.cursors)) for sgv in values(found)]
    assert deep == [108, 117]


@pytest.mark.parametrize(
    ("unit", "glucose", "mgdl"),
    [
        ("mmol/L", 7.1, 128),
        ("mg/dL", 128, 128),
        ("MG/DL", "128", 128),
        (None, 7.1, 128),
        (None, 128, 128),
        (3, 128, 128),
        ("mmol/L", 1.2, 22),
        ("mg/dL", 600, 600),
    ],
)
def test_the_unit_is_the_one_that_is_told_else_the_one_it_can_only_be(
    source: MakeSource, medtrum: MedtrumEmulator, unit: Any, glucose: Any, mgdl: int
) -> None:
    medtrum.unit = unit
    medtrum.show(5.5)
    medtrum.rows = [[medtrum.rows[0][0], glucose, glucose, glucose, "C"]]
    medtrum.current = {}
    assert values(page_from(source())) == [mgdl]


def test_a_number_that_could_be_both_units_is_none() -> None:
    assert unit_of("", [30.0]) is None
    assert unit_of("", [30.0, 110.0]) is Unit.MGDL
    assert unit_of("", [5.0, 24.0]) is Unit.MMOLL


@pytest.mark.parametrize(("glucose", "unit"), [(1.0, "mmol/L"), (34, "mmol/L"), (19, "mg/dL"), (601, "mg/dL")])
def test_what_no_sensor_measures_is_left_out(
    source: MakeSource, medtrum: MedtrumEmulator, glucose: float, unit: str
) -> None:
    medtrum.show(5.5)
    medtrum.unit, medtrum.current = unit, {}
    medtrum.rows = [[medtrum.rows[0][0], glucose, glucose, glucose, "C"]]
    found = page_from(source())
    assert not found.documents["entries"]
    assert len(found.unusable) == 1


@pytest.mark.parametrize(
    ("rate", "direction"),
    [
        (0, "Flat"),
        (8, "Flat"),
        (1, "FortyFiveUp"),
        (2, "SingleUp"),
        (3, "DoubleUp"),
        (4, "FortyFiveDown"),
        (5, "SingleDown"),
        (6, "DoubleDown"),
        ("5", "SingleDown"),
        (7, "NOT COMPUTABLE"),
        (99, "NOT COMPUTABLE"),
        (None, "NOT COMPUTABLE"),
        ("steady", "NOT COMPUTABLE"),
        (True, "NOT COMPUTABLE"),
    ],
)
def test_a_rate_nobody_knows_is_never_flat(rate: Any, direction: str) -> None:
    now = now_of({"glucose": 5.5, "glucoseRate": rate, "updateTime": START_MS // 1000})
    assert now is not None
    assert now.direction == direction


@pytest.mark.parametrize(
    "raw",
    [
        [START_MS // 1000, 5.5, 5.4, 5.3, "C"],
        [float(START_MS // 1000), "5.5", 5.4, 5.3, "c"],
        [START_MS, 5.5, 5.4, 5.3, "C"],
        ["106-25-34", START_MS // 1000, "C", 5.5, 5.4, 5.3],
        ["106-25-34", "2026-11-21 10:00:00", "C", 5.5, 5.4, 5.3],
        {"time": START_MS // 1000, "a": 5.5, "b": 5.4, "c": 5.3, "status": "C"},
    ],
)
def test_the_parts_of_a_row_are_told_by_what_they_are(raw: Any) -> None:
    row = row_of(raw)
    assert (row.at_ms, row.values, row.state) == (START_MS, (5.5, 5.4, 5.3), "C")


@pytest.mark.parametrize("raw", [None, "C", 5, [], ["C", 5.5], {"glucose": 5.5}])
def test_a_row_without_a_time_is_none(raw: Any) -> None:
    with pytest.raises(BadRecord):
        row_of(raw)


def test_no_password_session_or_name_is_in_a_log(
    source: MakeSource, medtrum: MedtrumEmulator, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    medtrum.password = "marker-password"
    medtrum.people = [{"uid": UID, "username": "marker", "realname": "marker-name"}]
    medtrum.show(5.5)
    medtrum.script(STATUS, page(503), Reply({"error": "marker-error"}))
    with pytest.raises(SchemaChanged) as failure:
        page_from(source())
    page_from(source())
    [session] = medtrum._sessions
    assert session not in caplog.text
    assert "marker" not in caplog.text + failure.value.message

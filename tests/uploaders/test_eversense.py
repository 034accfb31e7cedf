"""Eversense NOW over real HTTP: whose app we would be, who is followed, the one reading there is."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from app.uploaders.constants import built_in_constants
from app.uploaders.errors import (
    ActionRequired,
    AuthInvalid,
    Locked,
    NoPatient,
    PatientAmbiguous,
    RateLimited,
    SchemaChanged,
    Transient,
    UploaderFailure,
)
from app.uploaders.eversense.mapper import direction_of, entry_of
from app.uploaders.eversense.source import EVERSENSE, EversenseSource
from app.uploaders.vendor import Page
from tests.clocks import START_MS, SettableClock
from tests.emulators.eversense import MMOLL, EversenseEmulator
from tests.emulators.server import Reply, cut_off, late, page, too_often
from tests.uploaders.conftest import Kept

MINUTE_MS = 60_000
TOKEN, LIST = "/connect/token", "GetFollowingPatientList"
MakeSource = Callable[..., EversenseSource]


@pytest.fixture
def eversense(clock: SettableClock) -> Iterator[EversenseEmulator]:
    with EversenseEmulator(clock).running() as emulator:
        emulator.following = [emulator.person(START_MS - MINUTE_MS, 112)]
        yield emulator


@pytest.fixture
def source(eversense: EversenseEmulator, clock: SettableClock, line: Any, kept: Kept) -> MakeSource:
    def make(password: str = "", client_secret: str | None = None, **options: Any) -> EversenseSource:
        secrets = {
            "email": eversense.email,
            "password": password or eversense.password,
            "client_secret": eversense.client_secret if client_secret is None else client_secret,
        }
        told = {"server": eversense.url, "client_id": eversense.client_id, **options}
        return EversenseSource(kept.access("eversense", line("Eversense"), told, secrets, clock))

    return make


def page_from(source: EversenseSource) -> Page:
    return next(source.pages({}))


def test_the_latest_reading_is_fetched(source: MakeSource) -> None:
    found = page_from(source())
    [entry] = found.documents["entries"]
    assert (entry["sgv"], entry["date"], entry["direction"]) == (112, START_MS - MINUTE_MS, "Flat")
    assert (entry["device"], "utcOffset" in entry) == ("nightlight-eversense", False)
    assert found.cursors == {"entries": START_MS - MINUTE_MS}


def test_it_is_said_to_be_an_experiment_and_ships_no_key_of_the_vendors_app() -> None:
    assert EVERSENSE.experimental
    constants = built_in_constants("eversense")
    assert constants["client_id"] == constants["client_secret"] == ""


@pytest.mark.parametrize("missing", [{"client_id": ""}, {"client_secret": ""}])
def test_without_the_apps_key_nothing_is_asked_and_it_is_said_where_to_enter_it(
    source: MakeSource, eversense: EversenseEmulator, missing: dict[str, str]
) -> None:
    with pytest.raises(ActionRequired) as wanted:
        page_from(source(**missing))
    assert wanted.value.kind == "client"
    assert "advanced settings" in wanted.value.hint
    assert eversense.asked == []


def test_the_operators_file_may_hold_the_key(source: MakeSource, eversense: EversenseEmulator, kept: Kept) -> None:
    kept.constants = {"client_id": eversense.client_id, "client_secret": eversense.client_secret}
    assert page_from(source(client_id="", client_secret="")).documents["entries"]


def test_a_wrong_key_is_told_from_a_wrong_password(source: MakeSource, eversense: EversenseEmulator) -> None:
    with pytest.raises(ActionRequired, match="client ID"):
        page_from(source(client_secret="wrong"))
    with pytest.raises(AuthInvalid, match="password"):
        page_from(source(password="wrong"))
    assert eversense.count(TOKEN) == 2


def test_the_token_is_kept_until_shortly_before_its_end_and_then_renewed(
    source: MakeSource, eversense: EversenseEmulator, clock: SettableClock
) -> None:
    page_from(source())
    clock.advance(minutes=58)
    page_from(source())
    assert eversense.count(TOKEN) == 1
    clock.advance(minutes=2)
    page_from(source())
    assert (eversense.count(TOKEN), eversense.log_ins) == (2, 1)


@pytest.mark.parametrize("gives_refresh", [True, False])
def test_a_session_that_ended_is_opened_anew(
    source: MakeSource, eversense: EversenseEmulator, gives_refresh: bool
) -> None:
    eversense.gives_refresh = gives_refresh
    page_from(source())
    eversense.end_sessions()
    eversense.forget_refresh_tokens()
    assert page_from(source()).documents["entries"]
    assert eversense.log_ins == 2


def test_a_session_that_never_holds_is_passing_trouble(source: MakeSource, eversense: EversenseEmulator) -> None:
    eversense.script(LIST, *[Reply({}, 401)] * 9)
    with pytest.raises(Transient):
        page_from(source())
    assert eversense.log_ins == 1


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (Reply({"error": "invalid_grant", "error_description": "user is locked out"}, 400), Locked),
        (Reply({"error": "unauthorized_client"}, 400), ActionRequired),
        (Reply({"error": "something_new"}, 400), SchemaChanged),
        (Reply({}, 401), AuthInvalid),
        (Reply({"message": "x"}), SchemaChanged),
        (Reply([]), SchemaChanged),
        (page(503), Transient),
        (page(403), Transient),
        (too_often("30"), RateLimited),
        (late({}, 3), Transient),
        (cut_off({"access_token": "long enough"}), Transient),
        (Reply(raw=""), Transient),
    ],
)
def test_each_refusal_of_a_sign_in_is_understood_and_not_repeated(
    source: MakeSource, eversense: EversenseEmulator, reply: Reply, kind: type[UploaderFailure]
) -> None:
    eversense.script(TOKEN, *[reply] * 5)
    with pytest.raises(UploaderFailure) as failure:
        page_from(source())
    assert type(failure.value) is kind
    assert eversense.count(TOKEN) == 1


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (page(503), Transient),
        (Reply({}, 500), Transient),
        (page(403), Transient),
        (too_often("120"), RateLimited),
        (too_often("Sat, 21 Nov 2026 10:40:00 GMT"), RateLimited),
        (too_often(), RateLimited),
        (Reply({}), SchemaChanged),
        (Reply(None), SchemaChanged),
        (Reply({}, 404), SchemaChanged),
    ],
)
def test_each_refusal_of_data_is_understood(
    source: MakeSource, eversense: EversenseEmulator, reply: Reply, kind: type[UploaderFailure]
) -> None:
    eversense.script(LIST, *[reply] * 3)
    with pytest.raises(UploaderFailure) as failure:
        page_from(source())
    assert type(failure.value) is kind


@pytest.mark.parametrize("reply", [page(503), Reply(raw=""), cut_off([1, 2, 3]), late([], 3)])
def test_a_read_that_fails_in_passing_is_tried_again(
    source: MakeSource, eversense: EversenseEmulator, reply: Reply
) -> None:
    eversense.script(LIST, reply)
    assert page_from(source()).documents["entries"]


def test_with_several_people_the_owner_picks(source: MakeSource, eversense: EversenseEmulator) -> None:
    eversense.following.append(eversense.person(START_MS - MINUTE_MS, 200, user="ben"))
    with pytest.raises(PatientAmbiguous) as several:
        page_from(source())
    assert [patient.name for patient in several.value.patients] == ["Ada Example", "Ben Example"]
    assert "Ben" not in several.value.message + several.value.hint
    [picked] = page_from(source(patient_id="ben@example.org")).documents["entries"]
    [other] = page_from(source(patient_id="ada@example.org")).documents["entries"]
    assert (picked["sgv"], other["sgv"]) == (200, 112)
    assert picked["identifier"] != other["identifier"]
    with pytest.raises(NoPatient):
        page_from(source(patient_id="gone@example.org"))


@pytest.mark.parametrize("following", [[], [None], [{}], [{"userName": ""}]])
def test_nobody_who_is_followed_is_said(source: MakeSource, eversense: EversenseEmulator, following: Any) -> None:
    eversense.following = following
    with pytest.raises(NoPatient):
        page_from(source())


@pytest.mark.parametrize("glucose", [None, 0, ""])
def test_no_reading_at_present_is_no_failure(source: MakeSource, eversense: EversenseEmulator, glucose: Any) -> None:
    eversense.following = [eversense.person(START_MS, glucose, IsTransmitterConnected=False)]
    found = page_from(source())
    assert (list(found.documents["entries"]), list(found.unusable), found.cursors) == ([], [], {})


@pytest.mark.parametrize(
    "changed",
    [
        {"CurrentGlucose": "high"},
        {"CurrentGlucose": True},
        {"CurrentGlucose": 5000},
        {"CGTime": None},
        {"CGTime": "soon"},
        {"CGTime": "2031-01-01T00:00:00+00:00"},
        {"CurrentGlucose": 7.1, "Units": 5},
    ],
)
def test_a_reading_that_makes_no_sense_is_left_out(
    source: MakeSource, eversense: EversenseEmulator, changed: dict[str, Any]
) -> None:
    eversense.following = [eversense.person(START_MS, 112) | changed]
    found = page_from(source())
    assert not found.documents["entries"]
    assert len(found.unusable) == 1


@pytest.mark.parametrize(
    ("changed", "mgdl"),
    [
        ({"CurrentGlucose": 7.1, "Units": MMOLL}, 128),
        ({"CurrentGlucose": "7.1", "Units": "1"}, 128),
        ({"CurrentGlucose": "128", "Units": "0"}, 128),
        ({"CurrentGlucose": 7.1, "Units": "mmol/L"}, 128),
        ({"CurrentGlucose": 128, "Units": None}, 128),
    ],
)
def test_the_unit_is_the_one_that_is_told(eversense: EversenseEmulator, changed: dict[str, Any], mgdl: int) -> None:
    assert entry_of(eversense.person(START_MS, 112) | changed, START_MS)["sgv"] == mgdl


def test_fields_are_known_in_any_spelling(eversense: EversenseEmulator) -> None:
    person = eversense.person(START_MS, 112)
    shouted = {name.upper(): value for name, value in person.items()}
    assert entry_of(shouted, START_MS) == entry_of(person, START_MS)


@pytest.mark.parametrize(
    ("trend", "direction"),
    [
        (0, "NONE"),
        (1, "SingleDown"),
        (2, "FortyFiveDown"),
        (3, "Flat"),
        (4, "FortyFiveUp"),
        (5, "SingleUp"),
        (6, "DoubleDown"),
        (7, "DoubleUp"),
        ("3", "Flat"),
        (8, "NOT COMPUTABLE"),
        ("steady", "NOT COMPUTABLE"),
        (True, "NOT COMPUTABLE"),
        (None, None),
    ],
)
def test_a_trend_nobody_knows_is_never_flat(trend: Any, direction: str | None) -> None:
    assert direction_of(trend) == direction


def test_no_password_token_key_or_name_is_in_a_log(
    source: MakeSource, eversense: EversenseEmulator, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    eversense.password, eversense.client_secret = "marker-password", "marker-secret"
    eversense.following = [eversense.person(START_MS, 112, user="marker")]
    page_from(source())
    eversense.script(LIST, page(503))
    page_from(source())
    with pytest.raises(NoPatient):
        page_from(source(patient_id="marker-nobody"))
    assert "marker" not in caplog.text
    assert "token-" not in caplog.text

"""LibreLinkUp's client over real HTTP: regions, versions, consent, lockout, patients, and what makes a page."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable
from typing import Any

import pytest

from app.records.sources.documents import BadRecord
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
    VersionTooLow,
)
from app.uploaders.librelinkup.client import host_of, is_newer
from app.uploaders.librelinkup.mapper import current_entry, graph_entry, moment_of, sensor_start
from app.uploaders.librelinkup.source import LinkUpSource
from app.uploaders.vendor import Page
from tests.clocks import START_MS, SettableClock
from tests.emulators.linkup import PATIENT_ID, USER_ID, LinkUpEmulator, us_time
from tests.emulators.server import Reply, cut_off, late, page, too_often
from tests.uploaders.conftest import Kept

MINUTE_MS = 60_000
LOGIN = "/llu/auth/login"
LINKUP = built_in_constants("librelinkup")
MakeSource = Callable[..., LinkUpSource]


@pytest.fixture
def source(linkup: LinkUpEmulator, clock: SettableClock, line: Any, kept: Kept) -> MakeSource:
    def make(password: str = "", **options: Any) -> LinkUpSource:
        secrets = {"email": linkup.email, "password": password or linkup.password}
        return LinkUpSource(
            kept.access("librelinkup", line("LibreLinkUp"), {"server": linkup.server, **options}, secrets, clock)
        )

    return make


def page_from(source: LinkUpSource) -> Page:
    return next(source.pages({}))


def test_the_current_reading_has_its_arrow_and_the_graph_fills_the_past(
    source: MakeSource, linkup: LinkUpEmulator
) -> None:
    linkup.show(110, 114, 120, 131, arrow=4)
    found = page_from(source())
    [current] = found.documents["entries"]
    assert (current["sgv"], current["date"], current["direction"]) == (131, START_MS - MINUTE_MS, "FortyFiveUp")
    assert current["utcOffset"] == 60
    assert [entry["sgv"] for entry in found.fillers] == [110, 114, 120]
    assert all("direction" not in entry for entry in found.fillers)
    assert found.cursors == {"entries": START_MS - MINUTE_MS}


def test_the_account_is_found_in_its_region_and_the_region_kept(
    source: MakeSource, linkup: LinkUpEmulator, kept: Kept
) -> None:
    linkup.show(120)
    linkup.region = "de"
    page_from(source())
    assert [asked.path for asked in linkup.asked[:2]] == [f"/any{LOGIN}", f"/de{LOGIN}"]
    assert kept.session["region"] == "de"
    page_from(source())
    assert linkup.log_ins == 2


def test_a_region_we_never_heard_of_is_good_when_its_name_can_be_one(
    source: MakeSource, linkup: LinkUpEmulator, kept: Kept
) -> None:
    linkup.show(120)
    linkup.region = "zz9"
    page_from(source())
    assert kept.session["region"] == "zz9"


@pytest.mark.parametrize("region", ["evil.example.org/", "a", "toolong", "../x", "e u", "@x"])
def test_a_region_that_cannot_be_one_is_sent_no_password(
    source: MakeSource, linkup: LinkUpEmulator, region: str
) -> None:
    linkup.script(LOGIN, Reply({"status": 0, "data": {"redirect": True, "region": region}}))
    with pytest.raises(SchemaChanged, match="impossible"):
        page_from(source())
    assert linkup.log_ins == 1


def test_a_second_move_in_one_sign_in_ends_it(source: MakeSource, linkup: LinkUpEmulator) -> None:
    linkup.always_moves = True
    with pytest.raises(ActionRequired, match="region to region"):
        page_from(source())
    assert linkup.log_ins == 2


def test_hosts_of_regions() -> None:
    assert host_of(LINKUP, "") == "https://api.libreview.io"
    assert host_of(LINKUP, "eu2") == "https://api-eu2.libreview.io"
    assert host_of(LINKUP, "ru") == "https://api.libreview.ru"
    assert host_of(LINKUP, "cn") == "https://api-cn.myfreestyle.cn"
    assert host_of(LINKUP, "de", "https://x.example/{region}/") == "https://x.example/de"


def test_every_call_says_who_it_is(source: MakeSource, linkup: LinkUpEmulator) -> None:
    linkup.show(120)
    page_from(source())
    assert all(asked.headers["version"] == LINKUP["version"] and asked.headers["product"] for asked in linkup.asked)
    assert linkup.asked[-1].headers["account-id"] == hashlib.sha256(USER_ID.encode()).hexdigest()
    assert linkup.asked[-1].headers["authorization"].startswith("Bearer ")


def test_the_ticket_is_kept_and_used_until_it_ends(
    source: MakeSource, linkup: LinkUpEmulator, clock: SettableClock
) -> None:
    linkup.show(120)
    page_from(source())
    page_from(source())
    assert linkup.log_ins == 2  # the first was sent on to the right region
    clock.advance(days=200)
    page_from(source())
    assert linkup.log_ins == 3


def test_a_ticket_the_service_forgot_is_changed_for_a_new_one(source: MakeSource, linkup: LinkUpEmulator) -> None:
    linkup.show(120)
    page_from(source())
    linkup.end_sessions()
    assert page_from(source()).documents["entries"]
    assert linkup.log_ins == 3


def test_a_ticket_that_never_holds_is_passing_trouble(source: MakeSource, linkup: LinkUpEmulator) -> None:
    linkup.script("/llu/connections", *[Reply({"message": "MissingCachedUser"}, 401)] * 9)
    with pytest.raises(Transient):
        page_from(source())
    assert linkup.log_ins == 2


def test_a_version_the_service_names_is_used_once_and_kept(
    source: MakeSource, linkup: LinkUpEmulator, kept: Kept
) -> None:
    linkup.show(120)
    linkup.minimum_version = "4.99.0"
    page_from(source())
    assert kept.session["version"] == "4.99.0"
    refused = linkup.log_ins
    page_from(source())
    assert linkup.log_ins == refused
    assert linkup.asked[-1].headers["version"] == "4.99.0"


def test_a_version_raised_while_a_ticket_is_good_needs_no_new_sign_in(
    source: MakeSource, linkup: LinkUpEmulator, kept: Kept
) -> None:
    linkup.show(120)
    page_from(source())
    before = linkup.log_ins
    linkup.minimum_version = "4.99.0"
    page_from(source())
    assert linkup.log_ins == before
    assert kept.session["version"] == "4.99.0"


def test_a_service_that_names_no_version_stops_us(source: MakeSource, linkup: LinkUpEmulator) -> None:
    linkup.minimum_version, linkup.names_minimum = "9.0.0", False
    with pytest.raises(VersionTooLow) as refused:
        page_from(source())
    assert "version" in refused.value.hint
    assert linkup.log_ins == 1


def test_a_service_that_goes_on_asking_for_more_stops_us(source: MakeSource, linkup: LinkUpEmulator) -> None:
    higher = [Reply({"data": {"minimumVersion": f"{number}.0.0"}, "status": 920}, 403) for number in (5, 6, 7)]
    linkup.script(LOGIN, *higher)
    with pytest.raises(VersionTooLow):
        page_from(source())
    assert linkup.log_ins == 2


def test_a_version_typed_by_the_owner_is_used(source: MakeSource, linkup: LinkUpEmulator) -> None:
    linkup.show(120)
    linkup.minimum_version = "5.1.0"
    page_from(source(version="5.2.0"))
    assert {asked.headers["version"] for asked in linkup.asked} == {"5.2.0"}


@pytest.mark.parametrize(
    ("version", "than", "newer"),
    [
        ("4.17.1", "4.17.0", True),
        ("5.0", "4.17.0", True),
        ("4.9.0", "4.17.0", False),
        ("4.17.0", "4.17.0", False),
        ("evil\r\nheader", "1.0", False),
        ("", "1.0", False),
    ],
)
def test_versions_are_compared_by_number(version: str, than: str, newer: bool) -> None:
    assert is_newer(version, than) is newer


def test_new_terms_are_not_accepted_without_the_owners_consent(source: MakeSource, linkup: LinkUpEmulator) -> None:
    linkup.steps = ["tou", "pp"]
    with pytest.raises(ActionRequired) as wanted:
        page_from(source())
    assert wanted.value.kind == "tou"
    assert linkup.count("/auth/continue") == 0


def test_with_consent_terms_and_policy_are_accepted_and_the_consent_is_spent(
    source: MakeSource, linkup: LinkUpEmulator, kept: Kept
) -> None:
    linkup.show(120)
    linkup.steps = ["tou", "pp"]
    assert page_from(source(accept_terms=True)).documents["entries"]
    assert [asked.path for asked in linkup.asked if "continue" in asked.path] == [
        "/eu/auth/continue/tou",
        "/eu/auth/continue/pp",
    ]
    assert kept.spent == ["accept_terms"]


@pytest.mark.parametrize("step", ["verifyEmail", "realworldevidence", "somethingNew"])
def test_a_step_only_a_person_can_take_is_named(source: MakeSource, linkup: LinkUpEmulator, step: str) -> None:
    linkup.steps = [step]
    with pytest.raises(ActionRequired) as wanted:
        page_from(source(accept_terms=True))
    assert wanted.value.kind == step
    assert linkup.count("/auth/continue") == 0


def test_consent_for_terms_does_not_answer_the_step_after_them(
    source: MakeSource, linkup: LinkUpEmulator, kept: Kept
) -> None:
    linkup.steps = ["tou", "verifyEmail"]
    with pytest.raises(ActionRequired) as wanted:
        page_from(source(accept_terms=True))
    assert wanted.value.kind == "verifyEmail"
    assert kept.spent == ["accept_terms"]


def test_a_wrong_password_is_tried_once(source: MakeSource, linkup: LinkUpEmulator) -> None:
    linkup.region = "any"
    with pytest.raises(AuthInvalid):
        page_from(source(password="wrong"))
    assert linkup.log_ins == 1


def test_a_lockout_in_the_body_says_how_long(source: MakeSource, linkup: LinkUpEmulator) -> None:
    linkup.region, linkup.locks_after = "any", 1
    with pytest.raises(Locked) as locked:
        page_from(source(password="wrong"))
    assert locked.value.until_ms == START_MS + 300_000


def test_a_lockout_without_a_time_says_so(source: MakeSource, linkup: LinkUpEmulator) -> None:
    linkup.script(LOGIN, Reply({"status": 429, "data": {"code": 60, "message": "locked"}}))
    with pytest.raises(Locked) as locked:
        page_from(source())
    assert locked.value.until_ms is None


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (too_often("60"), RateLimited),
        (Reply({"status": 429, "data": {"data": {"lockout": 60}}}, 429), Locked),
        (page(430), RateLimited),
        (page(403), Transient),
        (page(503), Transient),
        (page(500), Transient),
        (page(200), Transient),
        (Reply(raw=""), Transient),
        (cut_off({"status": 0, "data": {}}), Transient),
        (late({}, 3), Transient),
        (Reply({"message": "no"}, 401), AuthInvalid),
        (Reply({"message": "RequiredHeaderMissing"}, 400), SchemaChanged),
        (Reply({"status": 77}), SchemaChanged),
        (Reply({"status": 0}), SchemaChanged),
        (Reply({"status": 0, "data": None}), SchemaChanged),
        (Reply([]), SchemaChanged),
    ],
)
def test_each_refusal_of_a_sign_in_is_understood_and_not_repeated(
    source: MakeSource, linkup: LinkUpEmulator, reply: Reply, kind: type[UploaderFailure]
) -> None:
    linkup.script(LOGIN, *[reply] * 5)
    with pytest.raises(UploaderFailure) as failure:
        page_from(source())
    assert type(failure.value) is kind
    assert linkup.log_ins == 1


@pytest.mark.parametrize("reply", [page(503), page(403), Reply(raw=""), cut_off({"data": "long"}), late({}, 3)])
def test_a_read_that_fails_in_passing_is_tried_again(source: MakeSource, linkup: LinkUpEmulator, reply: Reply) -> None:
    linkup.show(120)
    linkup.script("/graph", reply)
    assert page_from(source()).documents["entries"]


def test_with_several_people_the_owner_picks(source: MakeSource, linkup: LinkUpEmulator) -> None:
    linkup.show(120)
    other = "00000000-3333-4333-8333-00000000dddd"
    linkup.patients.append((other, "Ben"))
    with pytest.raises(PatientAmbiguous) as several:
        page_from(source())
    assert [patient.name for patient in several.value.patients] == ["Ada Example", "Ben Example"]
    assert "Ben" not in several.value.message + several.value.hint
    picked = page_from(source(patient_id=other))
    ours = page_from(source(patient_id=PATIENT_ID))
    assert picked.documents["entries"][0]["identifier"] != ours.documents["entries"][0]["identifier"]


def test_nobody_who_shares_is_said(source: MakeSource, linkup: LinkUpEmulator) -> None:
    linkup.patients = []
    with pytest.raises(NoPatient):
        page_from(source())


def test_a_picked_person_who_is_gone_is_said(source: MakeSource) -> None:
    with pytest.raises(NoPatient):
        page_from(source(patient_id="gone"))


def test_warm_up_with_no_reading_and_no_sensor_is_no_failure(source: MakeSource, linkup: LinkUpEmulator) -> None:
    linkup.current = linkup.sensor = None
    found = page_from(source())
    assert not found.documents["entries"]
    assert not found.documents["treatments"]
    assert not found.unusable
    assert found.cursors == {}


def test_a_graph_point_beside_the_current_reading_is_the_same_reading(
    source: MakeSource, linkup: LinkUpEmulator
) -> None:
    linkup.show(110, 120)
    now_ms = START_MS - MINUTE_MS
    linkup.graph += [linkup.measurement(now_ms - 149_000, 119), linkup.measurement(now_ms - 150_000, 118)]
    assert [entry["sgv"] for entry in page_from(source()).fillers] == [110, 118]


def test_one_bad_point_costs_itself_alone(source: MakeSource, linkup: LinkUpEmulator) -> None:
    linkup.show(110, 120)
    linkup.graph += [None, {}, linkup.measurement(START_MS, "x"), {"FactoryTimestamp": "soon", "ValueInMgPerDl": 100}]
    found = page_from(source())
    assert [entry["sgv"] for entry in found.fillers] == [110]
    assert len(found.unusable) == 4


def test_a_sensor_has_one_start(source: MakeSource, linkup: LinkUpEmulator) -> None:
    started_s = START_MS // 1000 - 86_400
    linkup.sensor = {"sn": "ABC123", "a": started_s, "w": 60, "pt": 4}
    [start] = page_from(source()).documents["treatments"]
    assert start["eventType"] == "Sensor Start"
    assert start["created_at"] == "2026-11-20T10:00:00.000Z"
    [again] = page_from(source()).documents["treatments"]
    assert again == start


@pytest.mark.parametrize("sensor", [{"sn": "", "a": 1_790_000_000}, {"sn": "X", "a": "soon"}, {"sn": "X", "a": True}])
def test_a_sensor_without_number_or_start_has_none(sensor: dict[str, Any]) -> None:
    with pytest.raises(BadRecord):
        sensor_start(sensor, PATIENT_ID, START_MS)


@pytest.mark.parametrize(
    ("arrow", "direction"),
    [
        (1, "SingleDown"),
        (2, "FortyFiveDown"),
        (3, "Flat"),
        (4, "FortyFiveUp"),
        (5, "SingleUp"),
        (0, "NOT COMPUTABLE"),
        (6, "NOT COMPUTABLE"),
        (None, "NOT COMPUTABLE"),
        ("3", "NOT COMPUTABLE"),
    ],
)
def test_an_unknown_arrow_is_never_flat(linkup: LinkUpEmulator, arrow: Any, direction: str) -> None:
    measurement = linkup.measurement(START_MS, 120) | {"TrendArrow": arrow}
    assert current_entry(measurement, PATIENT_ID, START_MS)["direction"] == direction


@pytest.mark.parametrize(
    "text",
    [
        "11/21/2026 2:05:41 PM",
        "11/21/2026 14:05:41",
        "2026-11-21T14:05:41",
        "2026-11-21T14:05:41Z",
        "2026-11-21T14:05:41.000Z",
        "2026-11-21T15:05:41+01:00",
        " 11/21/2026 2:05:41 PM ",
    ],
)
def test_times_of_twelve_and_twenty_four_hours_and_iso_are_one_moment(text: str) -> None:
    assert moment_of(text).isoformat() == "2026-11-21T14:05:41+00:00"


@pytest.mark.parametrize(
    ("hours", "offset_min"), [(0, 0), (1, 60), (-5, -300), (5.75, 345), (-3.5, -210), (14, 840), (30, None)]
)
def test_the_offset_is_what_the_two_times_differ(linkup: LinkUpEmulator, hours: float, offset_min: int | None) -> None:
    measurement = linkup.measurement(START_MS, 120, Timestamp=us_time(START_MS + int(hours * 3_600_000)))
    assert graph_entry(measurement, PATIENT_ID, START_MS).get("utcOffset") == offset_min


def test_a_missing_local_time_leaves_the_offset_out(linkup: LinkUpEmulator) -> None:
    measurement = linkup.measurement(START_MS, 120, Timestamp=None)
    assert "utcOffset" not in graph_entry(measurement, PATIENT_ID, START_MS)


@pytest.mark.parametrize(
    ("changed", "mgdl"),
    [
        ({"ValueInMgPerDl": 39, "isLow": True}, 39),
        ({"ValueInMgPerDl": 501, "isHigh": True}, 501),
        ({"ValueInMgPerDl": None, "Value": 7.1, "GlucoseUnits": 0}, 128),
        ({"ValueInMgPerDl": None, "Value": 128, "GlucoseUnits": 1}, 128),
    ],
)
def test_the_number_is_kept_in_whatever_unit_it_comes(
    linkup: LinkUpEmulator, changed: dict[str, Any], mgdl: int
) -> None:
    assert graph_entry(linkup.measurement(START_MS, 120) | changed, PATIENT_ID, START_MS)["sgv"] == mgdl


def test_no_password_token_or_name_is_in_a_log(
    source: MakeSource, linkup: LinkUpEmulator, kept: Kept, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    linkup.password = "marker-password"
    linkup.patients = [(PATIENT_ID, "marker-name")]
    linkup.show(120)
    linkup.script("/graph", page(503))
    page_from(source())
    kept.session = {"region": "eu"}
    with pytest.raises(AuthInvalid):
        page_from(source(password="marker-wrong"))
    assert "marker" not in caplog.text
    assert "ticket-" not in caplog.text

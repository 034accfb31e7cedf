"""Dexcom Share's client over real HTTP: regions, ids, sessions, every refusal, every shape of a record."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import pytest

from app.records.sources.documents import BadRecord
from app.store.interface import Document
from app.uploaders.constants import built_in_constants
from app.uploaders.dexcom_share.client import NO_ID, region_in
from app.uploaders.dexcom_share.mapper import direction_of, entry_of
from app.uploaders.dexcom_share.source import ShareSource
from app.uploaders.errors import (
    AuthInvalid,
    Locked,
    RateLimited,
    SchemaChanged,
    Transient,
    UploaderFailure,
)
from tests.clocks import START_MS, SettableClock
from tests.emulators.dexcom import ACCOUNT_ID, DexcomEmulator, Shown, fault
from tests.emulators.server import Reply, cut_off, late, page, too_often
from tests.uploaders.conftest import Kept

MINUTE_MS = 60_000
READ = "ReadPublisherLatestGlucoseValues"
MakeSource = Callable[..., ShareSource]


@pytest.fixture
def source(dexcom: DexcomEmulator, clock: SettableClock, line: Any, kept: Kept) -> MakeSource:
    def make(**secrets: str) -> ShareSource:
        options = {"region": "ous", "server": dexcom.url}
        given = {"account": dexcom.account, "password": dexcom.password, **secrets}
        return ShareSource(kept.access("dexcom_share", line("Dexcom"), options, given, clock))

    return make


def entries_of(source: ShareSource, **cursors: int) -> list[Document]:
    return list(next(source.pages(cursors)).documents["entries"])


def test_readings_come_as_entries_oldest_first(source: MakeSource, dexcom: DexcomEmulator) -> None:
    dexcom.show(118, 121, 125)
    entries = entries_of(source())
    assert [entry["sgv"] for entry in entries] == [118, 121, 125]
    newest_ms = START_MS - MINUTE_MS
    assert entries[-1] == {
        "type": "sgv",
        "sgv": 125,
        "date": newest_ms,
        "dateString": "2026-11-21T09:59:00.000Z",
        "sysTime": "2026-11-21T09:59:00.000Z",
        "direction": "Flat",
        "device": "nightlight-dexcom-share",
        "utcOffset": 60,
        "identifier": entries[-1]["identifier"],
    }
    assert len({entry["identifier"] for entry in entries}) == 3


def test_the_session_is_kept_and_used_again(source: MakeSource, dexcom: DexcomEmulator, kept: Kept) -> None:
    dexcom.show(118)
    entries_of(source())
    assert kept.session["account_id"] == ACCOUNT_ID
    entries_of(source())
    assert dexcom.log_ins == 2  # one for the account's id, one for the session
    assert dexcom.count(READ) == 2


def test_an_account_given_as_uuid_saves_a_step(source: MakeSource, dexcom: DexcomEmulator) -> None:
    entries_of(source(account=ACCOUNT_ID.upper()))
    assert dexcom.count("AuthenticatePublisherAccount") == 0
    assert dexcom.count("LoginPublisherAccountById") == 1


def test_ids_may_come_bare_or_in_an_object(source: MakeSource, dexcom: DexcomEmulator) -> None:
    dexcom.wraps_ids = True
    dexcom.show(118)
    assert len(entries_of(source())) == 1


def test_an_id_of_zeros_is_a_refusal(source: MakeSource, dexcom: DexcomEmulator) -> None:
    dexcom.gives_no_ids = True
    with pytest.raises(AuthInvalid):
        entries_of(source())
    assert dexcom.log_ins == 1


def test_a_wrong_password_is_tried_once(source: MakeSource, dexcom: DexcomEmulator) -> None:
    with pytest.raises(AuthInvalid) as refused:
        entries_of(source(password="wrong"))
    assert "region" in refused.value.hint
    assert dexcom.count("AuthenticatePublisherAccount") == 1


def test_another_region_looks_like_a_wrong_password(source: MakeSource, dexcom: DexcomEmulator) -> None:
    dexcom.region_known = False
    with pytest.raises(AuthInvalid):
        entries_of(source())


def test_an_empty_password_is_never_sent(source: MakeSource, dexcom: DexcomEmulator) -> None:
    with pytest.raises(AuthInvalid):
        entries_of(source(password=""))
    assert dexcom.asked == []


def test_a_session_that_ended_is_opened_anew_once(source: MakeSource, dexcom: DexcomEmulator) -> None:
    dexcom.show(118)
    entries_of(source())
    dexcom.end_sessions()
    assert len(entries_of(source())) == 1
    assert dexcom.count("LoginPublisherAccountById") == 2
    assert dexcom.count("AuthenticatePublisherAccount") == 1


def test_a_fresh_session_that_does_not_hold_is_passing_trouble(source: MakeSource, dexcom: DexcomEmulator) -> None:
    dexcom.script(READ, *[fault("SessionNotValid")] * 3)
    with pytest.raises(Transient):
        entries_of(source())
    assert dexcom.count("LoginPublisherAccountById") == 1


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (fault("AccountPasswordInvalid"), AuthInvalid),
        (fault("SSO_AuthenticatePasswordInvalid"), AuthInvalid),
        (fault("SSO_AuthenticateAccountNotFound"), AuthInvalid),
        (fault("SSO_InternalError", "Cannot Authenticate by AccountName"), AuthInvalid),
        (fault("SSO_InternalError", "Cannot Authenticate by AccountId"), AuthInvalid),
        (fault("SSO_InternalError", "Something else"), Transient),
        (fault("InvalidArgument", "accountName"), AuthInvalid),
        (fault("SSO_AuthenticateMaxAttemptsExceeded"), Locked),
        (fault("SomethingNew"), Transient),
        (Reply([], 500), Transient),
        (page(500), Transient),
        (page(502), Transient),
        (page(521), Transient),
        (page(403), Transient),
        (page(200), Transient),
        (too_often("60"), RateLimited),
        (Reply(raw=""), Transient),
        (Reply({"unknown": 1}), SchemaChanged),
        (cut_off("1a2b3c4d-0000-4000-8000-00000000aaaa"), Transient),
        (late("x", 3), Transient),
    ],
)
def test_each_refusal_of_a_sign_in_is_understood_and_not_repeated(
    source: MakeSource, dexcom: DexcomEmulator, reply: Reply, kind: type[UploaderFailure]
) -> None:
    dexcom.script("AuthenticatePublisherAccount", *[reply] * 5)
    with pytest.raises(UploaderFailure) as failure:
        entries_of(source())
    assert type(failure.value) is kind
    assert dexcom.log_ins == 1


def test_a_lockout_says_until_when(source: MakeSource, dexcom: DexcomEmulator) -> None:
    dexcom.script("Authenticate", fault("SSO_AuthenticateMaxAttemptsExceeded"))
    with pytest.raises(Locked) as locked:
        entries_of(source())
    assert locked.value.until_ms == START_MS + 10 * MINUTE_MS


@pytest.mark.parametrize("reply", [page(503), page(200), Reply(raw=""), cut_off([{"Value": 120}]), late([], 3)])
def test_a_read_that_fails_in_passing_is_tried_again(source: MakeSource, dexcom: DexcomEmulator, reply: Reply) -> None:
    dexcom.show(118)
    dexcom.script(READ, reply)
    assert len(entries_of(source())) == 1
    assert dexcom.count("Login") == 1


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (too_often("30"), RateLimited),
        (too_often(), RateLimited),
        (fault("InvalidArgument", "minutes"), SchemaChanged),
        (Reply({"no": "list"}), SchemaChanged),
    ],
)
def test_a_read_that_is_refused_is_not_repeated(
    source: MakeSource, dexcom: DexcomEmulator, reply: Reply, kind: type[UploaderFailure]
) -> None:
    dexcom.script(READ, reply)
    with pytest.raises(kind):
        entries_of(source())
    assert dexcom.count(READ) == 1


def test_no_data_is_no_failure(source: MakeSource) -> None:
    assert entries_of(source()) == []


def test_only_what_came_since_the_cursor_less_an_hour_is_asked_for(source: MakeSource, dexcom: DexcomEmulator) -> None:
    entries_of(source(), entries=START_MS - 10 * MINUTE_MS, entries_deep=START_MS - 20 * MINUTE_MS)
    assert dexcom.asked[-1].query["minutes"] == "70"


def test_once_an_hour_a_whole_day_is_asked_for(source: MakeSource, dexcom: DexcomEmulator) -> None:
    page = next(source().pages({"entries": START_MS, "entries_deep": START_MS - 61 * MINUTE_MS}))
    assert dexcom.asked[-1].query["minutes"] == "1440"
    assert page.cursors["entries_deep"] == START_MS


def test_after_a_long_outage_dexcoms_limits_are_kept(source: MakeSource, dexcom: DexcomEmulator) -> None:
    dexcom.show(*[120] * 288)
    entries = entries_of(source(), entries=START_MS - 20 * 24 * 60 * MINUTE_MS)
    assert len(entries) == 288
    assert dexcom.asked[-1].query["minutes"] == "1440"
    assert dexcom.asked[-1].query["maxCount"] == "288"


def test_one_bad_record_costs_itself_alone(source: MakeSource, dexcom: DexcomEmulator) -> None:
    dexcom.show(118, 121)
    dexcom.extra_records = [{"ST": "garbage", "Value": 1}, None, {"Value": 120}, {"ST": "Date(1)", "Value": 100}]
    page = next(source().pages({}))
    assert [entry["sgv"] for entry in page.documents["entries"]] == [118, 121]
    assert len(page.unusable) == 4


def test_doubled_and_shuffled_records_come_once_and_in_order(source: MakeSource, dexcom: DexcomEmulator) -> None:
    dexcom.show(118, 121, 125)
    dexcom.extra_records = [dexcom.readings[0].record(), dexcom.readings[2].record()]
    assert [entry["sgv"] for entry in entries_of(source())] == [118, 121, 125]


@pytest.mark.parametrize(
    ("trend", "direction"),
    [
        ("None", "NONE"),
        ("DoubleUp", "DoubleUp"),
        ("FortyFiveDown", "FortyFiveDown"),
        ("NotComputable", "NOT COMPUTABLE"),
        ("RateOutOfRange", "RATE OUT OF RANGE"),
        (0, "NONE"),
        (1, "DoubleUp"),
        (4, "Flat"),
        (7, "DoubleDown"),
        (8, "NOT COMPUTABLE"),
        (9, "RATE OUT OF RANGE"),
        ("4", "Flat"),
        (17, "NOT COMPUTABLE"),
        ("Sideways", "NOT COMPUTABLE"),
        ({}, "NOT COMPUTABLE"),
        (None, None),
        ("", None),
    ],
)
def test_every_trend_has_its_direction_and_an_unknown_one_is_never_flat(trend: Any, direction: str | None) -> None:
    assert direction_of(trend) == direction


@pytest.mark.parametrize(
    ("shown", "offset_min"),
    [
        (Shown(START_MS, 100, offset="+0200"), 120),
        (Shown(START_MS, 100, offset="-0330", slashes=True), -210),
        (Shown(START_MS, 100, offset="+0545"), 345),
        (Shown(START_MS, 100, offset=None), None),
        (Shown(START_MS, 100, offset="+9900"), None),
    ],
)
def test_dates_with_and_without_slashes_and_offset_are_read(shown: Shown, offset_min: int | None) -> None:
    entry = entry_of(shown.record(), "account", START_MS)
    assert (entry["date"], entry.get("utcOffset")) == (START_MS, offset_min)


def test_the_other_instant_serves_where_one_is_missing() -> None:
    record = Shown(START_MS, 100).record()
    del record["ST"]
    assert entry_of(record, "account", START_MS)["date"] == START_MS


@pytest.mark.parametrize("value", [39, 401, 40, 400, 5, 120.4])
def test_limits_and_codes_keep_their_number(value: float) -> None:
    assert entry_of(Shown(START_MS, value).record(), "account", START_MS)["sgv"] == int(value + 0.5)


@pytest.mark.parametrize("value", [0, -1, None, "120", True, 5000, float("nan")])
def test_what_is_no_glucose_is_refused(value: Any) -> None:
    with pytest.raises(BadRecord):
        entry_of(Shown(START_MS, value).record(), "account", START_MS)


def test_a_reading_from_the_future_is_refused() -> None:
    with pytest.raises(BadRecord, match="future"):
        entry_of(Shown(START_MS + 6 * MINUTE_MS, 100).record(), "account", START_MS)
    assert entry_of(Shown(START_MS + 4 * MINUTE_MS, 100).record(), "account", START_MS)


def test_a_record_has_one_identifier_for_ever_and_for_its_account_alone() -> None:
    record = Shown(START_MS, 100).record()
    again = Shown(START_MS, 100, slashes=True).record()
    assert entry_of(record, "a", START_MS)["identifier"] == entry_of(again, "a", START_MS)["identifier"]
    assert entry_of(record, "a", START_MS)["identifier"] != entry_of(record, "b", START_MS)["identifier"]


def test_each_region_has_its_host_and_application() -> None:
    constants = built_in_constants("dexcom_share")
    regions = {name: region_in(constants, name) for name in constants["regions"]}
    assert [regions[name].host for name in ("us", "ous", "jp")] == [
        "https://share2.dexcom.com",
        "https://shareous1.dexcom.com",
        "https://share.dexcom.jp",
    ]
    assert regions["jp"].application_id != regions["us"].application_id == regions["ous"].application_id
    assert NO_ID.int == 0


def test_no_password_and_no_session_is_in_a_log(
    source: MakeSource, dexcom: DexcomEmulator, kept: Kept, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    dexcom.password = "marker-password"
    dexcom.show(118)
    dexcom.script(READ, page(503))
    entries_of(source(password="marker-password"))
    dexcom.end_sessions()
    entries_of(source(password="marker-password"))
    session_id = kept.session["session_id"]
    kept.session = {}
    with pytest.raises(AuthInvalid):
        entries_of(source(password="marker-wrong"))
    assert "marker" not in caplog.text
    assert session_id not in caplog.text

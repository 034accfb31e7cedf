"""Glooko's client over real HTTP: three ways in, a kept session, walks through changed records, refusals."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from app.clock import iso_of
from app.glucose.wall_clock import WallClock
from app.store.interface import Document
from app.uploaders.constants import built_in_constants
from app.uploaders.errors import (
    ActionRequired,
    AuthInvalid,
    Locked,
    RateLimited,
    SchemaChanged,
    Transient,
    UploaderFailure,
)
from app.uploaders.glooko.client import FIRST_GUID, Place, place_of
from app.uploaders.glooko.source import GlookoSource
from app.uploaders.guard import Limits
from app.uploaders.vendor import Page
from tests.clocks import START_MS, SettableClock
from tests.emulators.glooko import PATIENT, GlookoEmulator
from tests.emulators.server import Reply, cut_off, late, too_often
from tests.emulators.server import page as html
from tests.uploaders.conftest import Kept

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS
GLOOKO = built_in_constants("glooko")
APP, WEB, FORM = "/api/v2/users/sign_in", "/api/v3/users/sign_in", "/users/sign_in"
EGVS = "/cgm/egvs"
MakeSource = Callable[..., GlookoSource]


@pytest.fixture
def glooko(clock: SettableClock) -> Iterator[GlookoEmulator]:
    with GlookoEmulator(clock).running() as emulator:
        yield emulator


@pytest.fixture
def source(glooko: GlookoEmulator, clock: SettableClock, line: Any, kept: Kept) -> MakeSource:
    def make(password: str = "", **options: Any) -> GlookoSource:
        secrets = {"email": glooko.email, "password": password or glooko.password}
        limits = Limits(total_s=2.0, connect_s=2.0, rest_s=0)
        return GlookoSource(
            kept.access("glooko", line("Glooko", limits=limits), {"server": glooko.url, **options}, secrets, clock)
        )

    return make


def documents_in(pages: Sequence[Page], collection: str) -> list[Document]:
    return [document for page in pages for document in page.documents.get(collection, ())]


def cursors_of(pages: Sequence[Page]) -> dict[str, int]:
    return {name: at_ms for page in pages for name, at_ms in page.cursors.items()}


def values_in(pages: Sequence[Page]) -> list[int]:
    return [entry["sgv"] for entry in documents_in(pages, "entries") if entry["type"] == "sgv"]


def signed_in_by(glooko: GlookoEmulator) -> list[str]:
    return [asked.path for asked in glooko.asked if asked.method == "POST"]


def test_readings_come_in_mgdl_at_the_time_of_the_wall_clock(source: MakeSource, glooko: GlookoEmulator) -> None:
    glooko.readings(118, 131)
    entries = documents_in(list(source().pages({})), "entries")
    assert [(entry["sgv"], entry["date"], entry["utcOffset"]) for entry in entries] == [
        (118, START_MS - 15 * MINUTE_MS, 60),
        (131, START_MS - 10 * MINUTE_MS, 60),
    ]
    assert all("direction" not in entry for entry in entries)
    assert {entry["device"] for entry in entries} == {"nightlight-glooko"}


@pytest.mark.parametrize(("opens", "tried"), [("app", [APP]), ("web", [APP, WEB]), ("form", [APP, WEB, FORM])])
def test_the_ways_in_are_tried_in_order(
    source: MakeSource, glooko: GlookoEmulator, opens: str, tried: list[str]
) -> None:
    glooko.readings(118)
    glooko.opens = opens
    assert values_in(list(source().pages({}))) == [118]
    assert signed_in_by(glooko) == tried


def test_the_form_is_sent_with_its_hidden_fields_and_the_cookie_it_came_with(
    source: MakeSource, glooko: GlookoEmulator
) -> None:
    glooko.opens = "form"
    list(source().pages({}))
    [sent] = [asked for asked in glooko.asked if asked.method == "POST" and asked.path == FORM]
    assert set(sent.body) == {"authenticity_token", "user[email]", "user[password]"}


@pytest.mark.parametrize("opens", ["app", "web", "form"])
def test_a_wrong_password_is_said_once_and_tried_in_no_other_way(
    source: MakeSource, glooko: GlookoEmulator, opens: str
) -> None:
    glooko.opens = opens
    with pytest.raises(AuthInvalid):
        list(source(password="wrong").pages({}))
    assert signed_in_by(glooko)[-1] == {"app": APP, "web": WEB, "form": FORM}[opens]


@pytest.mark.parametrize("opens", ["app", "web", "form"])
def test_a_second_factor_is_left_to_the_owner(source: MakeSource, glooko: GlookoEmulator, opens: str) -> None:
    glooko.opens, glooko.wants_second_factor = opens, True
    with pytest.raises(ActionRequired) as wanted:
        list(source().pages({}))
    assert wanted.value.kind == "twoFaRequired"
    assert glooko.count(EGVS) == 0


def test_a_locked_account_is_left_alone(source: MakeSource, glooko: GlookoEmulator) -> None:
    glooko.is_locked = True
    with pytest.raises(Locked):
        list(source().pages({}))
    assert glooko.log_ins == 1


def test_when_no_way_in_is_open_the_password_is_doubted(source: MakeSource, glooko: GlookoEmulator) -> None:
    glooko.script(FORM, *[Reply({"error": "no"}, 422)] * 2)
    glooko.opens = "form"
    glooko.password = "changed since"
    with pytest.raises(AuthInvalid):
        list(source(password="old").pages({}))


def test_missing_answers_are_not_sent_to_the_vendor(
    glooko: GlookoEmulator, line: Any, kept: Kept, clock: SettableClock
) -> None:
    access = kept.access("glooko", line(), {"server": glooko.url}, {"email": "mum@example.org"}, clock)
    with pytest.raises(AuthInvalid):
        list(GlookoSource(access).pages({}))
    assert not glooko.asked


@pytest.mark.parametrize("opens", ["app", "web", "form"])
def test_the_session_is_kept_and_used_for_a_day(
    source: MakeSource, glooko: GlookoEmulator, kept: Kept, clock: SettableClock, opens: str
) -> None:
    glooko.opens = opens
    list(source().pages({}))
    before = glooko.log_ins
    assert kept.session["ticket"]["cookie"].startswith("cookie-")
    clock.advance(hours=23)
    list(source().pages({}))
    assert glooko.log_ins == before
    clock.advance(hours=2)
    list(source().pages({}))
    assert glooko.log_ins > before


def test_the_session_is_stored_before_it_is_used(source: MakeSource, glooko: GlookoEmulator, kept: Kept) -> None:
    seen: list[bool] = []
    answer = glooko.reply

    def watch(asked: Any) -> Reply:
        if EGVS in asked.path:
            seen.append("ticket" in kept.session)
        return answer(asked)

    glooko.reply = watch  # type: ignore[method-assign]
    list(source().pages({}))
    assert seen == [True]


@pytest.mark.parametrize("status", [401, 421, 302])
def test_a_session_that_ends_in_mid_run_is_renewed_once(
    source: MakeSource, glooko: GlookoEmulator, status: int
) -> None:
    glooko.readings(118)
    list(source().pages({}))
    glooko.script("/readings", Reply({"error": "x"}, status, {"Location": f"{glooko.url}/users/sign_in"}))
    assert values_in(list(source().pages({}))) == [118]
    assert glooko.log_ins == 2


def test_a_session_that_never_holds_is_passing_trouble(source: MakeSource, glooko: GlookoEmulator) -> None:
    list(source().pages({}))
    glooko.script(EGVS, *[Reply({"error": "x"}, 401)] * 9)
    with pytest.raises(Transient):
        list(source().pages({}))
    assert glooko.log_ins == 2


def test_every_call_names_the_matching_page(source: MakeSource, glooko: GlookoEmulator) -> None:
    list(source().pages({}))
    assert all(asked.headers["origin"] == glooko.url for asked in glooko.asked)
    assert all(asked.headers["referer"] == f"{glooko.url}/" for asked in glooko.asked)


def test_the_region_says_which_hosts_are_asked_and_named(
    glooko: GlookoEmulator, line: Any, kept: Kept, clock: SettableClock
) -> None:
    glooko.readings(118)
    kept.constants = {"regions": {"eu": {"api": glooko.url, "web": glooko.url}}}
    secrets = {"email": glooko.email, "password": glooko.password}
    access = kept.access("glooko", line(limits=Limits(rest_s=0)), {"region": "eu"}, secrets, clock)
    assert values_in(list(GlookoSource(access).pages({}))) == [118]


@pytest.mark.parametrize(
    ("region", "server", "place"),
    [
        ("us", "", Place("https://api.glooko.com", "https://my.glooko.com")),
        ("eu", "", Place("https://eu.api.glooko.com", "https://eu.my.glooko.com")),
        ("mars", "", Place("https://api.glooko.com", "https://my.glooko.com")),
        ("us", "https://eu.api.glooko.com/", Place("https://eu.api.glooko.com", "https://eu.my.glooko.com")),
        ("us", "https://jp.api.glooko.com", Place("https://jp.api.glooko.com", "https://jp.my.glooko.com")),
        ("us", "https://api.glooko.work", Place("https://api.glooko.work", "https://my.glooko.work")),
        ("us", "https://ca.my.glooko.com", Place("https://ca.my.glooko.com", "https://ca.my.glooko.com")),
        ("us", "http://127.0.0.1:8080", Place("http://127.0.0.1:8080", "http://127.0.0.1:8080")),
    ],
)
def test_an_api_host_has_the_web_host_of_its_region(region: str, server: str, place: Place) -> None:
    assert place_of(GLOOKO, region, server) == place


@pytest.mark.parametrize("tells", [True, False])
def test_the_patients_code_is_taken_from_wherever_it_is_told(
    source: MakeSource, glooko: GlookoEmulator, kept: Kept, tells: bool
) -> None:
    glooko.tells_patient_at_sign_in = tells
    list(source().pages({}))
    assert kept.session["ticket"]["patient"] == PATIENT
    assert glooko.count("/session/users") == (0 if tells else 1)


def test_a_walk_begins_where_it_was_told_and_each_resource_has_a_cursor_of_its_own(
    source: MakeSource, glooko: GlookoEmulator
) -> None:
    glooko.readings(118, 131)
    glooko.add("notes", START_MS - 2 * HOUR_MS, changed_ms=START_MS - HOUR_MS, text="school")
    pages = list(source().pages({}))
    assert cursors_of(pages) == {"egvs": START_MS - 9 * MINUTE_MS, "notes": START_MS - HOUR_MS}
    asked = next(one for one in glooko.asked if EGVS in one.path)
    assert asked.query["lastUpdatedAt"] == iso_of(START_MS - 14 * DAY_MS)
    assert (asked.query["lastGuid"], asked.query["limit"], asked.query["sendSoftDeleted"]) == (
        FIRST_GUID,
        "500",
        "true",
    )


@pytest.mark.parametrize("repeats", [True, False])
def test_pages_that_repeat_their_last_record_or_do_not_give_each_record_once(
    source: MakeSource, glooko: GlookoEmulator, repeats: bool
) -> None:
    glooko.page_size, glooko.repeats = 4, repeats
    glooko.readings(*range(100, 121))
    pages = [page for page in source().pages({}) if "egvs" in page.cursors]
    assert values_in(pages) == list(range(100, 121))
    assert [page.cursors["egvs"] for page in pages] == sorted(page.cursors["egvs"] for page in pages)


def test_many_records_of_one_change_are_walked_through(source: MakeSource, glooko: GlookoEmulator) -> None:
    glooko.page_size = 4
    for number in range(19):
        glooko.add("cgm/egvs", START_MS - number * 5 * MINUTE_MS, glucoseValue=100 * (100 + number))
    assert sorted(values_in(list(source().pages({})))) == list(range(100, 119))


def test_a_page_that_only_repeats_itself_ends_the_walk(source: MakeSource, glooko: GlookoEmulator) -> None:
    record = {"guid": "a", "displayTime": glooko.wall(START_MS), "updatedAt": iso_of(START_MS), "glucoseValue": 12000}
    glooko.script(EGVS, *[Reply({"egvs": [record, None], "lastPage": False})] * 50)
    assert values_in(list(source().pages({}))) == [120]
    assert glooko.count(EGVS) == 2


def test_records_without_a_time_of_change_end_a_walk_that_needs_one(source: MakeSource, glooko: GlookoEmulator) -> None:
    record = {"guid": "a", "displayTime": glooko.wall(START_MS), "glucoseValue": 12000}
    glooko.script(EGVS, Reply({"egvs": [record], "lastPage": False}))
    with pytest.raises(SchemaChanged):
        list(source().pages({}))


def test_without_the_word_of_the_last_page_a_short_one_is_the_last(source: MakeSource, glooko: GlookoEmulator) -> None:
    record = {"guid": "a", "displayTime": glooko.wall(START_MS), "updatedAt": iso_of(START_MS), "glucoseValue": 12000}
    glooko.script(EGVS, Reply({"anything": [record]}))
    assert values_in(list(source().pages({}))) == [120]
    assert glooko.count(EGVS) == 1


def test_a_walk_goes_on_a_little_before_its_cursor(source: MakeSource, glooko: GlookoEmulator) -> None:
    glooko.readings(118)
    first = cursors_of(list(source().pages({})))
    glooko.asked.clear()
    glooko.readings(131, newest_min_ago=5)
    second = list(source().pages(first))
    assert values_in(second) == [118, 131]
    asked = next(one for one in glooko.asked if EGVS in one.path)
    assert asked.query["lastUpdatedAt"] == iso_of(first["egvs"] - 3 * HOUR_MS)


def test_a_time_of_change_from_the_future_does_not_move_the_cursor_past_now(
    source: MakeSource, glooko: GlookoEmulator
) -> None:
    glooko.add("cgm/egvs", START_MS - HOUR_MS, changed_ms=START_MS + 9 * DAY_MS, glucoseValue=12000)
    assert cursors_of(list(source().pages({})))["egvs"] == START_MS


def test_what_is_deleted_at_glooko_is_named_for_deletion(source: MakeSource, glooko: GlookoEmulator) -> None:
    guid = glooko.add("pumps/normal_boluses", START_MS - HOUR_MS, insulinDelivered=1.5)
    [bolus] = documents_in(list(source().pages({})), "treatments")
    glooko.clock.advance(minutes=30)
    glooko.delete("pumps/normal_boluses", guid)
    pages = list(source().pages({"normal_boluses": START_MS}))
    assert not documents_in(pages, "treatments")
    assert bolus["identifier"] in {name for page in pages for name in page.deleted.get("treatments", ())}


def test_what_was_deleted_before_we_came_is_not_brought(source: MakeSource, glooko: GlookoEmulator) -> None:
    glooko.delete("cgm/egvs", glooko.readings(118)[0])
    assert not documents_in(list(source().pages({})), "entries")


def test_kinds_that_are_switched_off_are_not_fetched(source: MakeSource, glooko: GlookoEmulator) -> None:
    list(source(boluses="never", carbs="never", basals="never").pages({}))
    paths = {asked.path for asked in glooko.asked}
    assert not any("bolus" in path or "basals" in path.removesuffix("injection_basals") for path in paths)
    assert "/api/v2/cgm/egvs" in paths


def test_reads_rest_between_groups(
    glooko: GlookoEmulator, line: Any, kept: Kept, clock: SettableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    one_line = line("Glooko")
    rests: list[tuple[float, int]] = []
    monkeypatch.setattr(one_line, "rest", lambda wanted_s: rests.append((wanted_s, glooko.count("/api/v2/") - 1)))
    secrets = {"email": glooko.email, "password": glooko.password}
    list(GlookoSource(kept.access("glooko", one_line, {"server": glooko.url}, secrets, clock)).pages({}))
    assert rests == [(5.0, count) for count in (3, 6, 9, 12, 15)]


def test_the_clock_is_the_persons_and_the_forms_zone_goes_before_it(
    source: MakeSource, glooko: GlookoEmulator, kept: Kept
) -> None:
    glooko.zone = ZoneInfo("America/New_York")
    glooko.readings(118)
    kept.wall_clock = WallClock.in_zone(ZoneInfo("America/New_York"))
    [entry] = documents_in(list(source().pages({})), "entries")
    assert (entry["date"], entry["utcOffset"]) == (START_MS - 10 * MINUTE_MS, -300)
    kept.wall_clock = WallClock.in_zone(ZoneInfo("Europe/Berlin"))
    [chosen] = documents_in(list(source(zone="America/New_York").pages({})), "entries")
    assert chosen == entry


def test_where_nobody_said_a_zone_the_accounts_counts(source: MakeSource, glooko: GlookoEmulator, kept: Kept) -> None:
    kept.wall_clock = WallClock.in_zone(ZoneInfo("UTC"))
    glooko.readings(118)
    [entry] = documents_in(list(source().pages({})), "entries")
    assert (entry["date"], entry["utcOffset"]) == (START_MS - 10 * MINUTE_MS, 60)
    assert kept.session["zone"] == "Europe/Berlin"
    list(source().pages({}))
    assert glooko.count("/session/users") == 1


@pytest.mark.parametrize("told", [None, "Central Time (US & Canada)"])
def test_a_zone_the_account_does_not_tell_in_words_we_know_is_none(
    source: MakeSource, glooko: GlookoEmulator, kept: Kept, told: str | None
) -> None:
    kept.wall_clock = WallClock.in_zone(ZoneInfo("UTC"))
    glooko.zone, glooko.told_zone = ZoneInfo("UTC"), told
    glooko.readings(118)
    [entry] = documents_in(list(source().pages({})), "entries")
    assert (entry["date"], entry["utcOffset"]) == (START_MS - 10 * MINUTE_MS, 0)


@pytest.mark.parametrize("reply", [Reply({}), Reply([]), Reply({"error": "x"}, 404), Reply({"currentUser": None})])
def test_an_account_that_says_nothing_of_itself_is_read_all_the_same(
    source: MakeSource, glooko: GlookoEmulator, kept: Kept, reply: Reply
) -> None:
    kept.wall_clock = WallClock.in_zone(ZoneInfo("UTC"))
    glooko.zone, glooko.tells_patient_at_sign_in = ZoneInfo("UTC"), False
    glooko.readings(118)
    glooko.script("/session/users", *[reply] * 2)
    assert values_in(list(source().pages({}))) == [118]
    assert kept.session["ticket"]["patient"] == ""


def test_a_look_brings_the_readings_of_the_last_hours_in_order(source: MakeSource, glooko: GlookoEmulator) -> None:
    glooko.readings(*range(100, 400))
    found = source().look()
    assert [entry["sgv"] for entry in found][-1] == 399
    assert [entry["date"] for entry in found] == sorted(entry["date"] for entry in found)
    assert len(glooko.asked) == 2


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (too_often("60"), RateLimited),
        (html(430), RateLimited),
        (html(403), Transient),
        (html(503), Transient),
        (html(500), Transient),
        (html(200), Transient),
        (Reply(raw=""), Transient),
        (cut_off({"success": True}), Transient),
        (late({}, 20), Transient),
        (Reply({"error": "no"}, 401), AuthInvalid),
        (Reply({"error": "no"}, 403), AuthInvalid),
        (Reply({"success": False}), AuthInvalid),
        (Reply({"error": "Your account is locked."}, 423), Locked),
        (Reply({"userLogin": {"twoFaRequired": True}}, 401), ActionRequired),
        (Reply({"message": "teapot"}, 418), SchemaChanged),
        (Reply({"success": True}), SchemaChanged),
    ],
)
def test_each_refusal_of_a_sign_in_is_understood_and_not_repeated(
    source: MakeSource, glooko: GlookoEmulator, reply: Reply, kind: type[UploaderFailure]
) -> None:
    glooko.script("sign_in", *[reply] * 5)
    with pytest.raises(UploaderFailure) as failure:
        list(source().pages({}))
    assert type(failure.value) is kind
    assert glooko.log_ins == 1


@pytest.mark.parametrize(
    ("headers", "after_s"),
    [({"Retry-After": "60"}, 60.0), ({"Retry-After": "Sat, 21 Nov 2026 10:02:00 GMT"}, 120.0), ({}, None)],
)
@pytest.mark.parametrize("status", [422, 429])
def test_a_call_too_many_is_heard_and_nobody_signs_in_again(
    source: MakeSource, glooko: GlookoEmulator, status: int, headers: dict[str, str], after_s: float | None
) -> None:
    glooko.script(EGVS, Reply({"error": "slow down"}, status, headers))
    with pytest.raises(RateLimited) as limited:
        list(source().pages({}))
    assert limited.value.retry_after_s == after_s
    assert glooko.log_ins == 1


@pytest.mark.parametrize("reply", [html(503), html(500), html(200), Reply(raw=""), cut_off({"egvs": []}), late({}, 20)])
def test_a_read_that_fails_in_passing_is_tried_three_times(
    source: MakeSource, glooko: GlookoEmulator, reply: Reply
) -> None:
    glooko.readings(118)
    glooko.script(EGVS, reply)
    assert values_in(list(source().pages({}))) == [118]
    glooko.script(EGVS, *[html(503)] * 5)
    with pytest.raises(Transient):
        list(source().pages({}))


@pytest.mark.parametrize("body", [[], "x", 7, {"egvs": "none"}, {"message": "hello"}])
def test_an_answer_of_another_shape_is_a_changed_schema(source: MakeSource, glooko: GlookoEmulator, body: Any) -> None:
    glooko.script(EGVS, Reply(body))
    with pytest.raises(SchemaChanged):
        list(source().pages({}))


def test_an_account_with_nothing_is_no_failure(source: MakeSource, glooko: GlookoEmulator) -> None:
    assert list(source().pages({})) == []
    assert source().look() == []


def test_no_password_cookie_or_answer_is_in_a_log(
    source: MakeSource, glooko: GlookoEmulator, kept: Kept, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    glooko.password = "marker-password"
    glooko.readings(118)
    glooko.script(EGVS, html(503))
    for opens in ("app", "web", "form"):
        glooko.opens = opens
        kept.session = {}
        list(source().pages({}))
        kept.session = {}
        with pytest.raises(AuthInvalid):
            list(source(password="marker-wrong").pages({}))
    assert "marker" not in caplog.text
    assert "cookie-" not in caplog.text
    assert PATIENT not in caplog.text

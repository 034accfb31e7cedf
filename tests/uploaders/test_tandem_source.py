"""Tandem Source's client over real HTTP: the sign-in and what goes wrong in it, the windows, and what makes a page."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from datetime import date
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import OctKey

from app.records.sources.documents import DAY_MS, HOUR_MS
from app.records.sources.kinds import BASALS
from app.store.interface import Document
from app.uploaders.constants import built_in_constants
from app.uploaders.errors import (
    AuthInvalid,
    Locked,
    NoPatient,
    RateLimited,
    SchemaChanged,
    Transient,
    UploaderFailure,
)
from app.uploaders.tandem_source.client import region_of
from app.uploaders.tandem_source.errors import LOCKED_MS
from app.uploaders.tandem_source.source import TandemSource
from app.uploaders.vendor import Page
from tests.clocks import START_MS, SettableClock
from tests.emulators.server import Reply, cut_off, late, page, too_often
from tests.emulators.tandem import (
    ACCOUNT_ID,
    ACCOUNTS,
    BLOCKED,
    CLIENT_ID,
    PUMPER_ID,
    REDIRECT,
    TandemEmulator,
    TandemPump,
    profile_of,
    settings_of,
    signing_key,
)
from tests.uploaders.conftest import Kept

MINUTE_MS = 60_000
LOGIN, AUTHORIZE, TOKEN = f"{ACCOUNTS}/login", f"{ACCOUNTS}/connect/authorize", f"{ACCOUNTS}/connect/token"
KEYS, PUMPER, LOGS = "/jwks", "/bff/pumper/", "/pump-logs/"
TANDEM = built_in_constants("tandem_source")
MakeSource = Callable[..., TandemSource]


@pytest.fixture
def tandem(clock: SettableClock) -> Iterator[TandemEmulator]:
    with TandemEmulator(clock).running() as emulator:
        emulator.pump.basals(START_MS - HOUR_MS, 850, 850, 900, 900)
        emulator.pump.glucose(START_MS - 10 * MINUTE_MS, 131)
        yield emulator


@pytest.fixture
def source(tandem: TandemEmulator, clock: SettableClock, line: Any, kept: Kept) -> MakeSource:
    def make(password: str = "", **options: Any) -> TandemSource:
        secrets = {"email": tandem.email, "password": password or tandem.password}
        asked = {"server": tandem.url, "region": "us", "first_days": "2", **options}
        return TandemSource(kept.access("tandem_source", line("Tandem Source"), asked, secrets, clock))

    return make


def pages_of(source: TandemSource, cursors: dict[str, int] | None = None) -> list[Page]:
    return list(source.pages(cursors or {}))


def found_in(pages: list[Page], collection: str) -> list[Document]:
    return [one for page in pages for one in page.documents.get(collection, ())]


def cursors_after(pages: list[Page], cursors: dict[str, int] | None = None) -> dict[str, int]:
    after = dict(cursors or {})
    for one in pages:
        after |= one.cursors
    return after


def days_asked(tandem: TandemEmulator) -> list[tuple[date, date]]:
    return [
        (date.fromisoformat(asked.query["startDate"][:10]), date.fromisoformat(asked.query["endDate"][:10]))
        for asked in tandem.log_calls
    ]


# Signing in


def test_a_run_signs_in_and_brings_what_the_pump_wrote(source: MakeSource, kept: Kept) -> None:
    pages = pages_of(source())
    [reading] = found_in(pages, "entries")
    assert (reading["sgv"], reading["date"], reading["utcOffset"]) == (131, START_MS - 10 * MINUTE_MS, 60)
    assert [one["absolute"] for one in found_in(pages, "treatments")] == [0.85, 0.9]
    assert pages[-1].whole == {BASALS: (START_MS - HOUR_MS, START_MS)}
    assert kept.session["ticket"]["pumper_id"] == PUMPER_ID
    assert kept.session["ticket"]["account_id"] == ACCOUNT_ID


def test_the_redirect_is_read_and_not_visited(source: MakeSource, tandem: TandemEmulator) -> None:
    pages_of(source())
    [authorize, callback] = [asked for asked in tandem.asked if "/connect/authorize" in asked.path]
    assert (authorize.query["redirect_uri"], authorize.query["code_challenge_method"]) == (REDIRECT, "S256")
    assert authorize.query["scope"] == "openid profile email"
    assert tandem.count("/auth/callback") == 0
    assert callback.path.endswith("/callback")


def test_an_account_of_the_other_region_is_signed_in_as_that_regions_program(
    source: MakeSource, tandem: TandemEmulator
) -> None:
    tandem.client_id = "1519e414-eeec-492e-8c5e-97bea4815a10"
    tandem.redirect = "https://source.eu.tandemdiabetes.com/authorize/callback"
    assert found_in(pages_of(source(region="eu")), "entries")
    assert tandem.count("/authorize/callback") == 1  # the service's own step, and not the place it sends us to


def test_data_are_asked_for_as_the_web_site_asks(source: MakeSource, tandem: TandemEmulator) -> None:
    pages_of(source())
    data = [asked for asked in tandem.asked if "/api/reports/" in asked.path]
    assert {(asked.headers["origin"], asked.headers["referer"]) for asked in data} == {(tandem.url, f"{tandem.url}/")}
    assert all(asked.headers["authorization"].startswith("Bearer token-") for asked in data)
    assert set(tandem.log_calls[0].query) == {"pumperId", "startDate", "endDate", "eventCodes"}
    assert {"20", "279", "399"} <= set(tandem.log_calls[0].query["eventCodes"].split(","))
    assert "authorization" not in next(asked for asked in tandem.asked if asked.path == LOGIN).headers


def test_the_session_is_kept_and_used_again(source: MakeSource, tandem: TandemEmulator) -> None:
    pages_of(source())
    pages_of(source())
    assert tandem.log_ins == 1


def test_a_token_that_has_ended_is_changed_for_one_with_a_single_sign_in(
    source: MakeSource, tandem: TandemEmulator, clock: SettableClock
) -> None:
    pages_of(source())
    clock.advance(hours=30)
    assert pages_of(source(first_days="14"))
    assert tandem.log_ins == 2


def test_a_session_that_ends_in_the_middle_of_a_run_is_opened_once_more(
    source: MakeSource, tandem: TandemEmulator
) -> None:
    pages_of(source())
    tandem.script(LOGS, Reply({"message": "Unauthorized"}, 401))
    assert found_in(pages_of(source()), "entries")
    assert tandem.log_ins == 2


def test_a_token_that_lasts_a_minute_does_for_a_whole_run(source: MakeSource, tandem: TandemEmulator) -> None:
    tandem.lasts_s = 60
    assert found_in(pages_of(source()), "entries")
    assert tandem.log_ins == 1


def test_a_session_that_never_holds_is_passing_trouble(source: MakeSource, tandem: TandemEmulator) -> None:
    tandem.script(PUMPER, *[Reply({"message": "Unauthorized"}, 401)] * 9)
    with pytest.raises(Transient):
        pages_of(source())
    assert tandem.log_ins == 1


def test_a_kept_session_nobody_knows_any_more_costs_one_sign_in(source: MakeSource, tandem: TandemEmulator) -> None:
    pages_of(source())
    tandem.script(PUMPER, *[Reply({"message": "Unauthorized"}, 401)] * 9)
    with pytest.raises(Transient):
        pages_of(source())
    assert tandem.log_ins == 2


def test_a_wrong_password_is_tried_once(source: MakeSource, tandem: TandemEmulator) -> None:
    with pytest.raises(AuthInvalid) as refused:
        pages_of(source(password="wrong"))
    assert tandem.log_ins == 1
    assert "region" in refused.value.hint


@pytest.mark.parametrize(
    "reply",
    [
        Reply({"status": "FAILURE"}),
        Reply({"status": "MFA_REQUIRED"}),
        Reply({}),
        Reply(["?"]),
        Reply({"message": "Unauthorized"}, 401),
        Reply({"message": "Bad Request"}, 400),
    ],
)
def test_whatever_is_no_welcome_is_a_refusal(source: MakeSource, tandem: TandemEmulator, reply: Reply) -> None:
    tandem.script(LOGIN, reply)
    with pytest.raises(AuthInvalid):
        pages_of(source())
    assert tandem.log_ins == 1


@pytest.mark.parametrize(
    "reply",
    [
        Reply({"status": "FAILURE", "message": "Max attempted logins exceeded"}),
        Reply({"error": "max attempted logins exceeded"}, 401),
        Reply({"error": "Max attempted logins exceeded"}, 403),
        Reply({"status": "LOCKED_OUT"}),
    ],
)
def test_an_account_that_is_locked_is_left_alone_for_hours(
    source: MakeSource, tandem: TandemEmulator, reply: Reply
) -> None:
    tandem.script(LOGIN, reply)
    with pytest.raises(Locked) as locked:
        pages_of(source())
    assert locked.value.until_ms == START_MS + LOCKED_MS
    assert tandem.log_ins == 1


def test_the_lock_of_the_service_itself_is_understood(source: MakeSource, tandem: TandemEmulator) -> None:
    tandem.locks_after = 1
    with pytest.raises(AuthInvalid):
        pages_of(source(password="wrong"))
    with pytest.raises(Locked):
        pages_of(source())


def test_a_firewall_that_blocks_is_no_locked_account(source: MakeSource, tandem: TandemEmulator) -> None:
    tandem.script(LOGIN, Reply(status=403, raw=BLOCKED, headers={"Content-Type": "text/html"}))
    with pytest.raises(RateLimited):
        pages_of(source())


def test_without_a_password_nobody_is_asked(source: MakeSource, tandem: TandemEmulator) -> None:
    made = source()
    made._access.secrets.pop("password")  # type: ignore[attr-defined]
    with pytest.raises(AuthInvalid):
        pages_of(made)
    assert not tandem.asked


@pytest.mark.parametrize("place", ["/", LOGIN, AUTHORIZE, TOKEN, KEYS, PUMPER, LOGS])
@pytest.mark.parametrize(
    ("reply", "failure"),
    [
        (too_often("600"), RateLimited),
        (Reply(status=403, raw=BLOCKED, headers={"Content-Type": "text/html"}), RateLimited),
        (Reply({"message": "Forbidden"}, 403), RateLimited),
        (Reply({"message": "oh"}, 500), Transient),
        (page(503), Transient),
        (cut_off({"status": "SUCCESS"}), Transient),
        (late({}, 5), Transient),
    ],
)
def test_trouble_anywhere_is_named_and_never_answered_with_another_sign_in(
    source: MakeSource, tandem: TandemEmulator, place: str, reply: Reply, failure: type[UploaderFailure]
) -> None:
    tandem.script(place, *[reply] * 20)
    with pytest.raises(failure):
        pages_of(source())
    assert tandem.log_ins <= 1
    assert tandem.count(place) <= (20 if place == "/" else 3)


@pytest.mark.parametrize("place", [KEYS, PUMPER, LOGS])
def test_what_passes_is_tried_again_within_the_run(source: MakeSource, tandem: TandemEmulator, place: str) -> None:
    tandem.script(place, page(503), Reply({"message": "oh"}, 500))
    assert found_in(pages_of(source()), "entries")
    assert tandem.log_ins == 1


@pytest.mark.parametrize(
    ("retry_after", "wait_s"), [("90", 90), ("Sat, 21 Nov 2026 10:05:00 GMT", 300), (None, None), ("soon", None)]
)
def test_how_long_to_wait_is_read_in_every_spelling(
    source: MakeSource, tandem: TandemEmulator, retry_after: str | None, wait_s: float | None
) -> None:
    tandem.script(LOGS, too_often(retry_after))
    with pytest.raises(RateLimited) as limited:
        pages_of(source())
    assert limited.value.retry_after_s == wait_s


# The code, the token, and who it is for


@pytest.mark.parametrize(
    ("location", "failure"),
    [
        ("https://evil.example.org/auth/callback?code=x", SchemaChanged),
        ("https://sso.tandemdiabetes.com/?ReturnUrl=x", SchemaChanged),
        (f"{REDIRECT}?error=login_required", Transient),
        (f"{REDIRECT}?code=x&state=of-somebody-else", SchemaChanged),
        ("", SchemaChanged),
    ],
)
def test_a_way_that_ends_elsewhere_is_not_gone(
    source: MakeSource, tandem: TandemEmulator, location: str, failure: type[UploaderFailure]
) -> None:
    tandem.script(AUTHORIZE, *[Reply(status=302, raw="", headers={"Location": location})] * 9)
    with pytest.raises(failure):
        pages_of(source())
    assert tandem.count(TOKEN) == 0
    assert tandem.log_ins == 1


def test_a_way_in_circles_ends(source: MakeSource, tandem: TandemEmulator) -> None:
    tandem.script(AUTHORIZE, *[Reply(status=302, raw="", headers={"Location": AUTHORIZE})] * 20)
    with pytest.raises(SchemaChanged):
        pages_of(source())
    assert tandem.count(AUTHORIZE) <= 6


@pytest.mark.parametrize(
    "claims",
    [
        {"aud": "somebody-else"},
        {"aud": None},
        {"iss": "https://evil.example.org"},
        {"exp": START_MS // 1000 - 3600},
        {"exp": None},
        {"exp": "tomorrow"},
    ],
)
def test_an_identity_token_that_was_not_made_for_us_is_refused(
    source: MakeSource, tandem: TandemEmulator, kept: Kept, claims: dict[str, Any]
) -> None:
    tandem.claims = claims
    with pytest.raises(SchemaChanged, match="not made for us"):
        pages_of(source())
    assert not kept.session


def test_an_identity_token_signed_by_somebody_else_is_refused(
    source: MakeSource, tandem: TandemEmulator, kept: Kept
) -> None:
    tandem.signs_with = signing_key("other")
    with pytest.raises(SchemaChanged, match="not signed by Tandem"):
        pages_of(source())
    assert not kept.session
    assert tandem.count(PUMPER) == 0


@pytest.mark.parametrize("kind", ["none", "HS256", "no token"])
def test_an_identity_token_with_a_signature_of_no_worth_is_refused(
    source: MakeSource, tandem: TandemEmulator, kind: str
) -> None:
    claims = {"iss": f"{tandem.url}{ACCOUNTS}", "aud": CLIENT_ID, "exp": START_MS // 1000 + 300, "pumperId": PUMPER_ID}
    made = {
        "none": "eyJhbGciOiJub25lIn0." + tandem.id_token().split(".")[1] + ".",
        "HS256": jwt.encode({"alg": "HS256", "kid": "first"}, claims, OctKey.import_key("0" * 40)),
        "no token": "no token",
    }[kind]
    tandem.script(TOKEN, Reply({"access_token": "token-x", "id_token": made, "expires_in": 3600}))
    with pytest.raises(SchemaChanged):
        pages_of(source())


@pytest.mark.parametrize("claims", [{"aud": [CLIENT_ID, "other"]}, {"iss": TANDEM["regions"]["us"]["accounts"]}])
def test_an_identity_token_may_name_us_beside_others_and_the_real_issuer(
    source: MakeSource, tandem: TandemEmulator, claims: dict[str, Any]
) -> None:
    tandem.claims = claims
    assert pages_of(source())


@pytest.mark.parametrize(
    "keys",
    [
        {"keys": []},
        {"keys": None},
        {},
        {"keys": [{"kty": "RSA"}]},
        {"keys": [{"kty": "EC", "kid": "first"}]},
        {"keys": ["?"]},
    ],
)
def test_keys_that_are_none_open_nothing(source: MakeSource, tandem: TandemEmulator, keys: dict[str, Any]) -> None:
    tandem.script(KEYS, Reply(keys))
    with pytest.raises(SchemaChanged):
        pages_of(source())


def test_keys_of_other_kinds_beside_the_right_one_do_no_harm(source: MakeSource, tandem: TandemEmulator) -> None:
    right = signing_key().as_dict(private=False)
    tandem.script(KEYS, Reply({"keys": [{"kty": "EC", "crv": "P-256", "kid": "other"}, right]}))
    assert pages_of(source())


def test_an_account_without_a_pump_user_is_named(source: MakeSource, tandem: TandemEmulator) -> None:
    tandem.claims = {"pumperId": None}
    with pytest.raises(NoPatient):
        pages_of(source())


@pytest.mark.parametrize("told", [{}, {"access_token": "x"}, {"id_token": "x"}, {"access_token": 5, "id_token": "x"}])
def test_an_answer_without_a_token_is_another_shape(
    source: MakeSource, tandem: TandemEmulator, told: dict[str, Any]
) -> None:
    tandem.script(TOKEN, Reply(told))
    with pytest.raises(SchemaChanged):
        pages_of(source())


@pytest.mark.parametrize("lasts", [None, "1200", "?", 0, -5, 1e300])
def test_whatever_is_said_of_how_long_a_token_lasts_it_is_used(
    source: MakeSource, tandem: TandemEmulator, lasts: Any
) -> None:
    tandem.lasts_s = lasts
    assert found_in(pages_of(source()), "entries")


def test_a_region_is_a_set_of_hosts_and_another_server_stands_for_all_of_them() -> None:
    us, eu = region_of(TANDEM, "us"), region_of(TANDEM, "eu")
    assert (us.accounts, us.source) == (
        "https://tdcservices.tandemdiabetes.com/accounts/api",
        "https://source.tandemdiabetes.com",
    )
    assert (eu.accounts, eu.redirect) == (
        "https://tdcservices.eu.tandemdiabetes.com/accounts/api",
        "https://source.eu.tandemdiabetes.com/authorize/callback",
    )
    assert us.client_id != eu.client_id
    other = region_of(TANDEM, "eu", "https://proxy.example.org/")
    assert (other.accounts, other.source) == ("https://proxy.example.org/accounts/api", "https://proxy.example.org")
    assert (other.redirect, other.client_id) == (eu.redirect, eu.client_id)


# What is asked, and what comes


def test_a_renamed_parameter_is_a_changed_interface_and_is_named(source: MakeSource, tandem: TandemEmulator) -> None:
    tandem.parameters = {"pumperId", "startDate", "endDate", "eventIds"}
    with pytest.raises(SchemaChanged, match="eventCodes"):
        pages_of(source())
    assert tandem.log_ins == 1


@pytest.mark.parametrize("reply", [Reply({}), Reply({"events": None}), Reply({"events": {}}), Reply("?"), Reply(5)])
def test_an_answer_without_events_is_another_shape(source: MakeSource, tandem: TandemEmulator, reply: Reply) -> None:
    tandem.script(LOGS, reply)
    with pytest.raises(SchemaChanged):
        pages_of(source())


def test_a_bare_list_of_events_is_read_too(source: MakeSource, tandem: TandemEmulator) -> None:
    tandem.script(LOGS, Reply(list(tandem.pump.events)))
    assert found_in(pages_of(source()), "entries")


@pytest.mark.parametrize("reply", [Reply({}), Reply({"pumps": "?"}), Reply([]), Reply({"pumps": [{"serial": 1}]})])
def test_an_answer_without_pumps_is_another_shape(source: MakeSource, tandem: TandemEmulator, reply: Reply) -> None:
    tandem.script(PUMPER, reply)
    with pytest.raises(SchemaChanged):
        pages_of(source())


def test_an_account_without_pumps_says_so(source: MakeSource, tandem: TandemEmulator) -> None:
    tandem.pumps = []
    with pytest.raises(NoPatient):
        pages_of(source())


def test_a_pump_without_events_is_no_failure(source: MakeSource, tandem: TandemEmulator) -> None:
    tandem.pump.events.clear()
    pages = pages_of(source())
    assert not any(found_in(pages, name) for name in ("entries", "treatments", "devicestatus"))
    assert not any(one.whole for one in pages)


def test_one_malformed_record_costs_no_other(source: MakeSource, tandem: TandemEmulator) -> None:
    good = tandem.pump.events[0]
    tandem.pump.events += [
        None,
        "?",
        [],
        {},
        good | {"eventCode": None},
        good | {"sequenceNumber": "many", "eventProperties": None},
        good | {"pumpDateTime": None, "estimatedDateTime": "yesterday", "sequenceNumber": 9},
        good | {"eventProperties": None, "sequenceNumber": 8},
        good | {"eventProperties": {"commandedRate": "fast"}, "sequenceNumber": 7},
        good | {"eventCode": 99999, "sequenceNumber": 6},
    ]
    pages = pages_of(source())
    assert len(found_in(pages, "entries")) == 1
    assert [one["absolute"] for one in found_in(pages, "treatments")] == [0.85, 0.9]
    assert 5 <= len([why for one in pages for why in one.unusable]) <= 9


def test_numbers_as_text_and_names_in_another_spelling_are_read(source: MakeSource, tandem: TandemEmulator) -> None:
    for event in tandem.pump.events:
        event["eventCode"] = str(event["eventCode"])
        event["sequenceNumber"] = str(event["sequenceNumber"])
        told = event["eventProperties"].items()
        event["eventProperties"] = {
            name.upper().replace("RATE", "_Rate"): str(value) if isinstance(value, int) else value
            for name, value in told
        } | {"something": {"new": [1]}}
    pages = pages_of(source())
    assert [one["sgv"] for one in found_in(pages, "entries")] == [131]
    assert [one["absolute"] for one in found_in(pages, "treatments")] == [0.85, 0.9]


def test_doubled_events_in_any_order_are_read_once(source: MakeSource, tandem: TandemEmulator) -> None:
    expected = pages_of(source())[-1].documents
    tandem.pump.events = [*reversed(tandem.pump.events), *tandem.pump.events]
    assert pages_of(source())[-1].documents == expected


def test_no_answer_asks_for_more_than_four_weeks_and_the_oldest_comes_first(
    source: MakeSource, tandem: TandemEmulator
) -> None:
    tandem.pump.events.clear()
    tandem.pump.basals(START_MS - 80 * DAY_MS, 850)
    tandem.pump.basals(START_MS - HOUR_MS, 850)
    pages = pages_of(source(first_days="90"))
    asked = days_asked(tandem)
    assert all((last - first).days < 28 for first, last in asked)
    assert asked == sorted(asked)
    assert asked[0][0] <= date(2026, 9, 2)
    assert asked[-1][1] >= date(2026, 11, 21)
    assert len(pages) == len(asked)
    assert [one["created_at"][:10] for one in found_in(pages, "treatments")] == ["2026-09-02", "2026-11-21"]


def test_a_run_goes_on_from_the_page_that_was_saved_last(source: MakeSource, tandem: TandemEmulator) -> None:
    tandem.pump.events.clear()
    for days in range(80, -1, -5):
        tandem.pump.basals(START_MS - days * DAY_MS - HOUR_MS, 850)
    whole = found_in(pages_of(source(first_days="90")), "treatments")
    saved: list[Page] = []
    for _ in range(30):
        last = next(source(first_days="90").pages(cursors_after(saved)), None)
        if last is None:
            break
        saved.append(last)
    assert {one["identifier"] for one in found_in(saved, "treatments")} == {one["identifier"] for one in whole}
    assert len(saved) < 20


def test_a_new_pump_is_begun_as_far_back_as_was_chosen(source: MakeSource, tandem: TandemEmulator) -> None:
    tandem.pump.events.clear()
    tandem.pump.basals(START_MS - 5 * DAY_MS, 850)
    tandem.pump.basals(START_MS - HOUR_MS, 900)
    assert [one["absolute"] for one in found_in(pages_of(source(first_days="2")), "treatments")] == [0.9]
    assert [one["absolute"] for one in found_in(pages_of(source(first_days="14")), "treatments")] == [0.85, 0.9]


def test_while_the_pump_has_nothing_new_its_log_is_not_fetched_but_once_an_hour(
    source: MakeSource, tandem: TandemEmulator, clock: SettableClock
) -> None:
    cursors = cursors_after(pages_of(source()))
    clock.advance(minutes=15)
    cursors = cursors_after(pages_of(source(), cursors), cursors)
    assert len(tandem.log_calls) == 1
    tandem.pump.glucose(clock.now_ms() - MINUTE_MS, 120)
    pages = pages_of(source(), cursors)
    assert len(tandem.log_calls) == 2
    assert [one["sgv"] for one in found_in(pages, "entries")] == [131, 120]
    cursors = cursors_after(pages, cursors)
    clock.advance(minutes=50)
    pages_of(source(), cursors)
    assert len(tandem.log_calls) == 3


def test_each_fetch_reaches_back_behind_the_cursor_once_an_hour_by_a_day(
    source: MakeSource, tandem: TandemEmulator, clock: SettableClock
) -> None:
    tandem.pump.basals(START_MS - 5 * MINUTE_MS, 850)
    cursors = cursors_after(pages_of(source()))
    clock.advance(minutes=15)
    tandem.pump.basal(START_MS + 5 * MINUTE_MS, 850)
    [near] = [one.whole[BASALS] for one in pages_of(source(), cursors) if one.whole]
    clock.advance(hours=2)
    [deep] = [one.whole[BASALS] for one in pages_of(source(), cursors) if one.whole]
    assert near[0] == START_MS - 2 * HOUR_MS or near[0] == START_MS - HOUR_MS
    assert deep[0] <= near[0]


def test_a_phone_that_uploads_days_late_is_caught_up_on(
    source: MakeSource, tandem: TandemEmulator, clock: SettableClock
) -> None:
    cursors = cursors_after(pages_of(source()))
    for _ in range(6):
        clock.advance(hours=12)
        cursors = cursors_after(pages_of(source(), cursors), cursors)
    tandem.pump.bolus(START_MS + 30 * MINUTE_MS, 7, 2.5)
    tandem.pump.bolus(clock.now_ms() - HOUR_MS, 8, 1.5)
    given = [one["insulin"] for one in found_in(pages_of(source(), cursors), "treatments") if "insulin" in one]
    assert given == [2.5, 1.5]


def test_several_pumps_are_read_and_one_that_was_put_away_is_left_alone(
    source: MakeSource, tandem: TandemEmulator, clock: SettableClock
) -> None:
    old = TandemPump("old-pump")
    old.bolus(START_MS - 8 * HOUR_MS, 7, 1.0)
    never = TandemPump("never-used")
    tandem.pumps += [old, never]
    tandem.pump.bolus(START_MS - HOUR_MS, 7, 2.0)
    pages = pages_of(source())
    given = {one["identifier"]: one["insulin"] for one in found_in(pages, "treatments") if "insulin" in one}
    assert sorted(given.values()) == [1.0, 2.0]
    cursors = cursors_after(pages)
    for _ in range(4):
        clock.advance(hours=20)
        tandem.asked.clear()
        tandem.pump.glucose(clock.now_ms() - HOUR_MS, 120)
        cursors = cursors_after(pages_of(source(), cursors), cursors)
    assert not any("old-pump" in asked.path for asked in tandem.asked)
    assert min(first for first, _ in days_asked(tandem)) >= date(2026, 11, 22)


def test_the_basals_of_all_pumps_of_a_time_are_on_one_page(
    source: MakeSource, tandem: TandemEmulator, clock: SettableClock
) -> None:
    old = TandemPump("old-pump")
    old.basals(START_MS - 3 * HOUR_MS, 500, 500)
    tandem.pumps.append(old)
    cursors = cursors_after(pages_of(source()))
    clock.advance(minutes=70)
    tandem.pump.basal(clock.now_ms() - MINUTE_MS, 850)
    for one in pages_of(source(), cursors):
        if one.whole and one.whole[BASALS][0] <= START_MS - 3 * HOUR_MS:
            assert 0.5 in [basal["absolute"] for basal in one.documents["treatments"]]
            break
    else:
        raise AssertionError("a deep fetch reaches back a day")


def test_a_pump_that_does_not_say_which_time_it_covers_is_read_all_the_same(
    source: MakeSource, tandem: TandemEmulator, clock: SettableClock
) -> None:
    tandem.pump.tells_period = False
    pages = pages_of(source(first_days="3650"))
    assert found_in(pages, "entries")
    assert days_asked(tandem)[0][0] >= date(2026, 10, 22)
    cursors = cursors_after(pages)
    clock.advance(minutes=15)
    tandem.pump.glucose(clock.now_ms() - MINUTE_MS, 99)
    assert 99 in [one["sgv"] for one in found_in(pages_of(source(), cursors), "entries")]


def test_the_settings_become_a_profile_that_stays_until_they_change(
    source: MakeSource, tandem: TandemEmulator, clock: SettableClock, kept: Kept
) -> None:
    day, night = profile_of("Day", 0, (0, 800, 45, 10000, 110)), profile_of("Night", 1, (0, 700, 50, 11000, 120))
    tandem.pump.settings = settings_of(day, night)
    [first] = found_in(pages_of(source()), "profile")
    assert (first["defaultProfile"], first["startDate"]) == ("Day", "2026-11-21T10:00:00.000Z")
    assert set(first["store"]) == {"Day", "Night"}
    clock.advance(hours=1)
    [again] = found_in(pages_of(source()), "profile")
    assert again == first
    tandem.pump.settings = settings_of(day, night, active=1)
    [changed] = found_in(pages_of(source()), "profile")
    assert (changed["defaultProfile"], changed["startDate"]) == ("Night", "2026-11-21T11:00:00.000Z")
    assert changed["identifier"] != first["identifier"]
    assert kept.session["profile"]["since_ms"] == clock.now_ms()


def test_what_the_settings_looked_like_survives_a_new_sign_in(
    source: MakeSource, tandem: TandemEmulator, clock: SettableClock
) -> None:
    tandem.pump.settings = settings_of(profile_of("Day", 0, (0, 800, 45, 10000, 110)))
    [first] = found_in(pages_of(source()), "profile")
    clock.advance(hours=30)
    [again] = found_in(pages_of(source()), "profile")
    assert tandem.log_ins == 2
    assert again == first


@pytest.mark.parametrize(
    "settings", [{"details": None}, {"details": {"profiles": {}}}, "?", settings_of(active=3), settings_of("?")]
)
def test_settings_that_cannot_be_read_cost_the_log_nothing(
    source: MakeSource, tandem: TandemEmulator, settings: Any
) -> None:
    tandem.pump.settings = settings
    pages = pages_of(source())
    assert found_in(pages, "entries")
    assert not found_in(pages, "profile")
    assert any("settings" in why or "active" in why for one in pages for why in one.unusable)


def test_profiles_nobody_wants_are_not_made(source: MakeSource, tandem: TandemEmulator) -> None:
    tandem.pump.settings = settings_of(profile_of("Day", 0, (0, 800, 45, 10000, 110)))
    assert not found_in(pages_of(source(profile="never")), "profile")


def test_a_zone_of_its_own_goes_before_the_persons(source: MakeSource, tandem: TandemEmulator) -> None:
    tandem.pump.events.clear()
    tandem.pump.offset_min = -300
    tandem.pump.glucose(START_MS - 10 * MINUTE_MS, 131)
    [reading] = found_in(pages_of(source(zone="america/new_york")), "entries")
    assert (reading["date"], reading["utcOffset"]) == (START_MS - 10 * MINUTE_MS, -300)


def test_a_try_shows_the_newest_reading_and_fetches_little(source: MakeSource, tandem: TandemEmulator) -> None:
    tandem.pump.glucose(START_MS - 5 * MINUTE_MS, 140)
    assert [one["sgv"] for one in source().look()] == [131, 140]
    assert len(tandem.log_calls) == 1


def test_a_try_of_a_pump_without_a_sensor_is_no_failure(source: MakeSource, tandem: TandemEmulator) -> None:
    tandem.pump.events = tandem.pump.events[:1]
    assert source().look() == []


def test_no_password_token_or_name_is_in_a_log(
    source: MakeSource, tandem: TandemEmulator, kept: Kept, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    tandem.password = "marker-password"
    tandem.script(LOGS, page(503))
    pages_of(source())
    kept.session = {}
    with pytest.raises(AuthInvalid):
        pages_of(source(password="marker-wrong"))
    for secret in ("marker", "token-", tandem.email, PUMPER_ID, "code_verifier"):
        assert secret not in caplog.text

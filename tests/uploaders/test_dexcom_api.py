"""Dexcom's official interface over real HTTP: consent and rotating tokens, what is asked for when, what it means."""

from __future__ import annotations

import itertools
import logging
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest

from app.clock import iso_of
from app.uploaders.dexcom_api.mapper import calibration_of, device_status_of, direction_of, entry_of, event_of
from app.uploaders.dexcom_api.source import DEXCOM_API, DexcomApiSource
from app.uploaders.errors import (
    ActionRequired,
    AuthInvalid,
    RateLimited,
    SchemaChanged,
    Transient,
    UploaderFailure,
)
from app.uploaders.vendor import Access, Page
from tests.clocks import START_MS, SettableClock
from tests.emulators.dexcom_api import DexcomApiEmulator, api_time, ms_of
from tests.emulators.server import Reply, cut_off, late, page, too_often
from tests.uploaders.conftest import Kept

MINUTE_MS, HOUR_MS, DAY_MS = 60_000, 3_600_000, 86_400_000
RETURN_URL = "https://ada.example.org/uploaders/signed-in"
TOKEN, EGVS, RANGE = "/oauth2/token", "/egvs", "/dataRange"
MakeAccess = Callable[..., Access]
MakeSource = Callable[..., DexcomApiSource]


@pytest.fixture
def dexcom_api(clock: SettableClock) -> Iterator[DexcomApiEmulator]:
    with DexcomApiEmulator(clock).running() as emulator:
        yield emulator


@pytest.fixture
def access(dexcom_api: DexcomApiEmulator, clock: SettableClock, line: Any, kept: Kept) -> MakeAccess:
    def make(client_secret: str = "", **options: Any) -> Access:
        told = {"server": dexcom_api.url, "client_id": dexcom_api.client_id, **options}
        secrets = {"client_secret": client_secret or dexcom_api.client_secret}
        return kept.access("dexcom_api", line("Dexcom API"), told, secrets, clock)

    return make


@pytest.fixture
def source(access: MakeAccess, dexcom_api: DexcomApiEmulator, kept: Kept) -> MakeSource:
    """Make sources of an account that has allowed it."""
    kept.session = dexcom_api.grant()

    def make(**options: Any) -> DexcomApiSource:
        return DexcomApiSource(access(**options))

    return make


def all_of(source: DexcomApiSource, cursors: dict[str, int] | None = None) -> tuple[list[Page], dict[str, int]]:
    """Return every page and the cursors after them, as the runner would keep them."""
    now = dict(cursors or {})
    pages = []
    for one in source.pages(now.copy()):
        pages.append(one)
        now |= one.cursors
    return pages, now


def brought(pages: list[Page], collection: str = "entries") -> list[Any]:
    return [document for one in pages for document in one.documents.get(collection, ())]


def windows(dexcom_api: DexcomApiEmulator, feed: str = EGVS) -> list[tuple[int, int]]:
    asked = [one for one in dexcom_api.asked if one.path.endswith(feed)]
    return [(ms_of(one.query["startDate"]), ms_of(one.query["endDate"])) for one in asked]


def through_the_browser(url: str) -> dict[str, str]:
    """Open an address as the owner's browser would, and return the query it comes back with."""
    there = httpx.get(url, follow_redirects=False, trust_env=False)
    assert there.status_code == 302, there.text
    return dict(parse_qsl(urlsplit(there.headers["location"]).query))


def test_the_owner_allows_it_in_the_browser_and_the_readings_can_be_fetched(
    access: MakeAccess, dexcom_api: DexcomApiEmulator, kept: Kept
) -> None:
    begun = DEXCOM_API.sign_in.begin(access(), RETURN_URL)  # type: ignore[union-attr]
    answer = through_the_browser(begun.url)
    assert answer["state"] == begun.state
    DEXCOM_API.sign_in.finish(access(), begun.pending, answer, RETURN_URL)  # type: ignore[union-attr]
    assert kept.session["expires_at_ms"] == START_MS + 7200 * 1000
    dexcom_api.upload("egvs", dexcom_api.egv(START_MS - HOUR_MS, 131))
    assert [entry["sgv"] for entry in DexcomApiSource(access()).look()] == [131]


def test_each_sign_in_has_a_word_of_its_own_that_is_not_in_what_is_kept(access: MakeAccess) -> None:
    one, other = (DEXCOM_API.sign_in.begin(access(), RETURN_URL) for _ in range(2))  # type: ignore[union-attr]
    assert one.state != other.state
    assert len(one.state) >= 32
    assert dict(parse_qsl(urlsplit(one.url).query)) == {
        "client_id": "nightlight-app",
        "redirect_uri": RETURN_URL,
        "response_type": "code",
        "scope": "offline_access",
        "state": one.state,
    }


@pytest.mark.parametrize("answer", [{"error": "access_denied"}, {}, {"code": ""}, {"code": "made-up"}])
def test_a_sign_in_that_was_declined_or_has_a_wrong_code_keeps_nothing(
    access: MakeAccess, kept: Kept, answer: dict[str, str]
) -> None:
    with pytest.raises(ActionRequired) as wanted:
        DEXCOM_API.sign_in.finish(access(), {}, answer, RETURN_URL)  # type: ignore[union-attr]
    assert wanted.value.kind == "sign-in"
    assert kept.session == {}


def test_a_code_is_good_once_for_a_minute_and_at_its_own_address(
    access: MakeAccess, dexcom_api: DexcomApiEmulator, clock: SettableClock
) -> None:
    sign_in = DEXCOM_API.sign_in
    assert sign_in is not None
    begun = sign_in.begin(access(), RETURN_URL)
    used = through_the_browser(begun.url)
    sign_in.finish(access(), {}, used, RETURN_URL)
    elsewhere, old = through_the_browser(begun.url), through_the_browser(begun.url)
    for answer, address in ((used, RETURN_URL), (elsewhere, "https://other.example.org/")):
        with pytest.raises(ActionRequired, match="did not accept"):
            sign_in.finish(access(), {}, answer, address)
    clock.advance(minutes=2)
    with pytest.raises(ActionRequired, match="did not accept"):
        sign_in.finish(access(), {}, old, RETURN_URL)


def test_a_wrong_client_secret_is_said_and_tried_once(access: MakeAccess, dexcom_api: DexcomApiEmulator) -> None:
    with pytest.raises(AuthInvalid, match="client ID"):
        DEXCOM_API.sign_in.finish(access("wrong"), {}, {"code": "x"}, RETURN_URL)  # type: ignore[union-attr]
    assert dexcom_api.count(TOKEN) == 1


@pytest.mark.parametrize("missing", [{"client_id": ""}, {"client_secret": ""}])
def test_without_a_registered_app_nothing_is_asked(
    access: MakeAccess, dexcom_api: DexcomApiEmulator, missing: dict[str, str]
) -> None:
    dexcom_api.client_secret = missing.get("client_secret", "app-secret")
    with pytest.raises(ActionRequired) as wanted:
        DEXCOM_API.sign_in.begin(access(**missing), RETURN_URL)  # type: ignore[union-attr]
    assert wanted.value.kind == "client"
    assert "developer.dexcom.com" in wanted.value.hint
    assert dexcom_api.asked == []


def test_an_account_that_was_never_asked_waits_for_its_owner(access: MakeAccess, dexcom_api: DexcomApiEmulator) -> None:
    with pytest.raises(ActionRequired) as wanted:
        all_of(DexcomApiSource(access()))
    assert wanted.value.kind == "sign-in"
    assert dexcom_api.asked == []


@pytest.mark.parametrize("region", ["us", "eu", "jp", "sandbox"])
def test_each_region_has_its_own_host(access: MakeAccess, region: str) -> None:
    host = {"us": "api.dexcom.com", "eu": "api.dexcom.eu", "jp": "api.dexcom.jp", "sandbox": "sandbox-api.dexcom.com"}
    begun = DEXCOM_API.sign_in.begin(access(server="", region=region), RETURN_URL)  # type: ignore[union-attr]
    assert begun.url.startswith(f"https://{host[region]}/v2/oauth2/login?")


def test_an_access_token_is_used_until_shortly_before_its_end(
    source: MakeSource, dexcom_api: DexcomApiEmulator, clock: SettableClock, kept: Kept
) -> None:
    all_of(source())
    clock.advance(minutes=118)
    all_of(source())
    assert dexcom_api.count(TOKEN) == 0
    clock.advance(minutes=1)
    all_of(source())
    assert dexcom_api.count(TOKEN) == 1
    assert kept.session["refresh_token"] != "refresh-0"
    assert dexcom_api.grants[-1]["redirect_uri"] == RETURN_URL


def test_a_refused_access_token_is_renewed_once_and_the_call_repeated(
    source: MakeSource, dexcom_api: DexcomApiEmulator
) -> None:
    dexcom_api.upload("egvs", dexcom_api.egv(START_MS - HOUR_MS, 131))
    dexcom_api.end_access_tokens()
    assert [entry["sgv"] for entry in brought(all_of(source())[0])] == [131]
    assert dexcom_api.count(TOKEN) == 1


def test_a_token_that_ends_in_mid_run_is_renewed(source: MakeSource, dexcom_api: DexcomApiEmulator) -> None:
    dexcom_api.upload("egvs", dexcom_api.egv(START_MS - HOUR_MS, 131))
    run = source().pages({})
    found = [next(run)]
    dexcom_api.end_access_tokens()
    found += list(run)
    assert [entry["sgv"] for entry in brought(found)] == [131]
    assert dexcom_api.count(TOKEN) == 1


def test_a_token_that_never_holds_is_passing_trouble(source: MakeSource, dexcom_api: DexcomApiEmulator) -> None:
    dexcom_api.script(RANGE, *[Reply({}, 401)] * 9)
    with pytest.raises(Transient):
        all_of(source())
    assert dexcom_api.count(TOKEN) == 1


def test_a_refresh_token_is_kept_before_the_new_access_token_is_used(
    access: MakeAccess, dexcom_api: DexcomApiEmulator, kept: Kept, clock: SettableClock
) -> None:
    kept.session = dexcom_api.grant()
    order: list[str] = []
    given = access()
    told = Access(
        **{name: getattr(given, name) for name in given.__dataclass_fields__ if name != "keep"},
        keep=lambda session: order.append(f"kept after {dexcom_api.count(RANGE)} reads"),
    )
    clock.advance(hours=3)
    all_of(DexcomApiSource(told))
    assert order == ["kept after 0 reads"]


@pytest.mark.parametrize("seconds", ["7200", 7200, None, "soon", 0, -1])
def test_a_token_lasts_seconds_however_it_is_written(
    source: MakeSource, dexcom_api: DexcomApiEmulator, kept: Kept, clock: SettableClock, seconds: Any
) -> None:
    clock.advance(hours=3)
    body = {"access_token": "access-1", "refresh_token": "refresh-1", "expires_in": seconds}
    dexcom_api.script(TOKEN, Reply(body))
    dexcom_api.grant("access-1", "refresh-1")
    all_of(source())
    lasts_ms = kept.session["expires_at_ms"] - clock.now_ms()
    assert lasts_ms == (7_200_000 if str(seconds) == "7200" else 3_600_000)


def test_an_answer_without_a_new_refresh_token_leaves_the_old_one(
    source: MakeSource, dexcom_api: DexcomApiEmulator, kept: Kept, clock: SettableClock
) -> None:
    clock.advance(hours=3)
    dexcom_api.grant("access-1", "refresh-1")
    dexcom_api.script(TOKEN, Reply({"access_token": "access-1", "expires_in": 7200}))
    all_of(source())
    assert kept.session["refresh_token"] == "refresh-0"


def test_a_permission_that_was_withdrawn_waits_for_its_owner(source: MakeSource, dexcom_api: DexcomApiEmulator) -> None:
    dexcom_api.withdraw()
    with pytest.raises(ActionRequired) as wanted:
        all_of(source())
    assert wanted.value.kind == "sign-in"
    assert dexcom_api.count(TOKEN) == 1


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (Reply({"error": "invalid_client"}, 400), AuthInvalid),
        (Reply({"error": "unauthorized_client"}, 401), AuthInvalid),
        (Reply({}, 401), AuthInvalid),
        (Reply({"error": "something_new"}, 400), SchemaChanged),
        (Reply({"access_token": ""}), SchemaChanged),
        (Reply([]), SchemaChanged),
        (page(400), Transient),
        (page(401), Transient),
        (page(503), Transient),
        (Reply({}, 500), Transient),
        (too_often("30"), RateLimited),
        (late({}, 3), Transient),
        (cut_off({"access_token": "long enough to be cut"}), Transient),
        (Reply(raw=""), Transient),
    ],
)
def test_each_refusal_of_a_renewal_is_understood_and_not_repeated(
    source: MakeSource, dexcom_api: DexcomApiEmulator, clock: SettableClock, reply: Reply, kind: type[UploaderFailure]
) -> None:
    clock.advance(hours=3)
    dexcom_api.script(TOKEN, *[reply] * 5)
    with pytest.raises(UploaderFailure) as failure:
        all_of(source())
    assert type(failure.value) is kind
    assert dexcom_api.count(TOKEN) == 1


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (page(503), Transient),
        (page(500), Transient),
        (page(403), Transient),
        (Reply({}, 500), Transient),
        (Reply(raw=""), Transient),
        (cut_off({"records": [1, 2, 3]}), Transient),
        (late({}, 3), Transient),
        (too_often("120"), RateLimited),
        (too_often("Sat, 21 Nov 2026 10:40:00 GMT"), RateLimited),
        (too_often(), RateLimited),
        (Reply({"errors": []}, 403), ActionRequired),
        (Reply({"errors": []}, 400), SchemaChanged),
        (Reply({"errors": []}, 404), SchemaChanged),
        (Reply([]), SchemaChanged),
        (Reply({"egvs": []}), SchemaChanged),
        (Reply({"records": None}), SchemaChanged),
    ],
)
def test_each_refusal_of_data_is_understood(
    source: MakeSource, dexcom_api: DexcomApiEmulator, reply: Reply, kind: type[UploaderFailure]
) -> None:
    dexcom_api.script(EGVS, *[reply] * 3)
    with pytest.raises(kind):
        all_of(source())
    assert dexcom_api.count(EGVS) == (3 if kind is Transient else 1)


@pytest.mark.parametrize("reply", [page(503), Reply(raw=""), cut_off({"records": "long"}), late({}, 3)])
def test_a_read_that_fails_in_passing_is_tried_again(
    source: MakeSource, dexcom_api: DexcomApiEmulator, reply: Reply
) -> None:
    dexcom_api.upload("egvs", dexcom_api.egv(START_MS - HOUR_MS, 131))
    dexcom_api.script(EGVS, reply)
    assert [entry["sgv"] for entry in brought(all_of(source())[0])] == [131]


def test_what_the_vendor_says_of_waiting_is_handed_on(source: MakeSource, dexcom_api: DexcomApiEmulator) -> None:
    dexcom_api.script(EGVS, too_often("120"))
    with pytest.raises(RateLimited) as limited:
        all_of(source())
    assert limited.value.retry_after_s == 120


@pytest.mark.parametrize("days", ["2", "14", "90"])
def test_history_comes_oldest_first_in_windows_the_vendor_allows(
    source: MakeSource, dexcom_api: DexcomApiEmulator, days: str
) -> None:
    far_ms = START_MS - 400 * DAY_MS
    for at_ms in range(START_MS - int(days) * DAY_MS + MINUTE_MS, START_MS, DAY_MS // 2):
        dexcom_api.upload("egvs", dexcom_api.egv(at_ms, 120))
    dexcom_api.upload("egvs", dexcom_api.egv(far_ms, 99))
    pages, cursors = all_of(source(first_days=days))
    times = [entry["date"] for entry in brought(pages)]
    assert times == sorted(times)
    assert len(set(times)) == 2 * int(days)
    assert all(end - start <= 30 * DAY_MS for start, end in windows(dexcom_api))
    assert all(later[0] <= earlier[1] for earlier, later in itertools.pairwise(windows(dexcom_api)))
    assert cursors["egvs"] == max(times)


def test_history_begins_where_the_account_does(source: MakeSource, dexcom_api: DexcomApiEmulator) -> None:
    dexcom_api.upload("egvs", dexcom_api.egv(START_MS - 3 * DAY_MS, 120))
    pages, _ = all_of(source(first_days="3650"))
    assert len(brought(pages)) == 1
    assert len(windows(dexcom_api)) == 1


def test_history_that_was_interrupted_goes_on_where_it_was(source: MakeSource, dexcom_api: DexcomApiEmulator) -> None:
    for days in range(1, 60):
        dexcom_api.upload("egvs", dexcom_api.egv(START_MS - days * DAY_MS, 100 + days))
    run = source(first_days="90").pages({})
    first = next(run)
    run.close()
    asked = dexcom_api.count(EGVS)
    pages, _ = all_of(source(first_days="90"), dict(first.cursors))
    assert {entry["sgv"] for entry in brought([first, *pages])} == set(range(101, 160))
    assert windows(dexcom_api)[asked][0] >= first.cursors["egvs"] - DAY_MS - 1000


def test_nothing_new_costs_the_cheap_question_only(
    source: MakeSource, dexcom_api: DexcomApiEmulator, clock: SettableClock
) -> None:
    dexcom_api.upload("egvs", dexcom_api.egv(START_MS - HOUR_MS, 131))
    clock.advance(minutes=15)
    _, cursors = all_of(source())
    clock.advance(minutes=15)
    before = dexcom_api.count(EGVS), dexcom_api.count("/events")
    pages, after = all_of(source(status="never"), cursors)
    assert (dexcom_api.count(EGVS), dexcom_api.count("/events")) == before
    assert brought(pages) == []
    assert after["egvs"] == cursors["egvs"]


def test_what_is_new_is_fetched_with_an_hours_overlap_and_once_an_hour_a_day(
    source: MakeSource, dexcom_api: DexcomApiEmulator, clock: SettableClock
) -> None:
    _, cursors = all_of(source())
    for minutes, overlap_ms in ((20, HOUR_MS), (50, DAY_MS)):
        clock.advance(minutes=minutes)
        at_ms = clock.now_ms() - 10 * MINUTE_MS
        dexcom_api.upload("egvs", dexcom_api.egv(at_ms, 131))
        before = cursors["egvs"]
        pages, cursors = all_of(source(), cursors)
        assert at_ms in [entry["date"] for entry in brought(pages)]
        assert windows(dexcom_api)[-1][0] == before - overlap_ms
        assert cursors["egvs"] == at_ms


def test_what_a_phone_sends_days_late_is_found(
    source: MakeSource, dexcom_api: DexcomApiEmulator, clock: SettableClock
) -> None:
    dexcom_api.upload("egvs", dexcom_api.egv(START_MS - 20 * DAY_MS, 100), dexcom_api.egv(START_MS - HOUR_MS, 131))
    clock.advance(minutes=15)
    _, cursors = all_of(source(first_days="90"))
    clock.advance(minutes=15)
    dexcom_api.upload("egvs", dexcom_api.egv(START_MS - 6 * DAY_MS, 88))
    clock.advance(minutes=15)
    pages, after = all_of(source(first_days="90"), cursors)
    assert 88 in [entry["sgv"] for entry in brought(pages)]
    assert after["egvs"] == cursors["egvs"]
    asked = dexcom_api.count(EGVS)
    clock.advance(minutes=15)
    all_of(source(first_days="90"), after)
    assert dexcom_api.count(EGVS) == asked


def test_a_service_that_does_not_know_the_last_visit_is_not_read_from_the_beginning_each_time(
    source: MakeSource, dexcom_api: DexcomApiEmulator, clock: SettableClock
) -> None:
    dexcom_api.knows_last_sync = False
    dexcom_api.upload("egvs", *[dexcom_api.egv(START_MS - day * DAY_MS, 100) for day in range(1, 20)])
    _, cursors = all_of(source(first_days="90"))
    clock.advance(minutes=15)
    dexcom_api.upload("egvs", dexcom_api.egv(START_MS, 131))
    asked = dexcom_api.count(EGVS)
    pages, _ = all_of(source(first_days="90"), cursors)
    assert [entry["sgv"] for entry in brought(pages)][-1] == 131
    assert dexcom_api.count(EGVS) == asked + 1
    assert windows(dexcom_api)[-1][0] == cursors["egvs"] - HOUR_MS


@pytest.mark.parametrize(
    "told", [{}, {"egvs": None}, {"egvs": {"start": None}}, {"egvs": "x"}, {"egvs": {"start": {}}}]
)
def test_a_range_that_cannot_be_read_hides_nothing_for_longer_than_an_hour(
    source: MakeSource, dexcom_api: DexcomApiEmulator, clock: SettableClock, told: dict[str, Any]
) -> None:
    _, cursors = all_of(source())
    clock.advance(minutes=61)
    dexcom_api.upload("egvs", dexcom_api.egv(START_MS, 131))
    dexcom_api.script(RANGE, Reply(told))
    assert [entry["sgv"] for entry in brought(all_of(source(), cursors)[0])] == [131]


@pytest.mark.parametrize("reply", [Reply({"errors": []}, 404), Reply({"errors": []}, 400), Reply([])])
@pytest.mark.parametrize("path", [RANGE, "/devices"])
def test_what_only_helps_costs_no_reading_when_it_cannot_be_had(
    source: MakeSource, dexcom_api: DexcomApiEmulator, path: str, reply: Reply
) -> None:
    dexcom_api.upload("egvs", dexcom_api.egv(START_MS - HOUR_MS, 131))
    dexcom_api.script(path, reply)
    pages, cursors = all_of(source())
    assert [entry["sgv"] for entry in brought(pages)] == [131]
    assert cursors["sync"] == START_MS


def test_a_kind_that_is_not_wanted_is_not_asked_for(source: MakeSource, dexcom_api: DexcomApiEmulator) -> None:
    all_of(source(glucose="never", status="never"))
    assert [dexcom_api.count(path) for path in (EGVS, "/calibrations", "/devices", "/events")] == [0, 0, 0, 1]
    all_of(source(boluses="never", carbs="never", events="never"))
    assert dexcom_api.count("/events") == 1


def test_an_account_without_anything_is_no_failure(source: MakeSource) -> None:
    pages, cursors = all_of(source(first_days="90"))
    assert brought(pages) == brought(pages, "treatments") == []
    assert not any(one.unusable for one in pages)
    assert cursors["sync"] == START_MS
    assert source().look() == []


def test_a_look_shows_the_newest_readings_however_late_they_are(
    source: MakeSource, dexcom_api: DexcomApiEmulator
) -> None:
    newest_ms = START_MS - 3 * HOUR_MS
    dexcom_api.upload("egvs", *[dexcom_api.egv(newest_ms - n * 5 * MINUTE_MS, 130 - n) for n in range(50)])
    entries = source().look()
    assert (entries[-1]["sgv"], entries[-1]["date"]) == (130, newest_ms)
    assert len(entries) < 50


def test_one_malformed_record_costs_itself_alone(source: MakeSource, dexcom_api: DexcomApiEmulator) -> None:
    at_ms = START_MS - HOUR_MS
    odd = [
        None,
        {},
        "text",
        dexcom_api.egv(at_ms, "x"),
        dexcom_api.egv(at_ms, None),
        dexcom_api.egv(at_ms, 0),
        dexcom_api.egv(at_ms, True),
        dexcom_api.egv(at_ms, [120]),
        dexcom_api.egv(at_ms, "nan"),
        dexcom_api.egv(at_ms, 7.1, unit="unknown"),
        dexcom_api.egv(at_ms, 120) | {"systemTime": "soon"},
        dexcom_api.egv(START_MS + HOUR_MS, 120),
    ]
    dexcom_api.script(EGVS, Reply({"records": [*odd, dexcom_api.egv(at_ms, 131)]}))
    pages, cursors = all_of(source())
    assert [entry["sgv"] for entry in brought(pages)] == [131]
    assert sum(len(one.unusable) for one in pages) == len(odd)
    assert cursors["egvs"] == at_ms


def test_records_twice_and_out_of_order_are_one_line(source: MakeSource, dexcom_api: DexcomApiEmulator) -> None:
    early, newest = dexcom_api.egv(START_MS - 2 * HOUR_MS, 120), dexcom_api.egv(START_MS - HOUR_MS, 131)
    dexcom_api.script(EGVS, Reply({"records": [newest, early, newest, early]}))
    assert [entry["sgv"] for entry in brought(all_of(source())[0])] == [120, 131]


def test_the_same_record_has_the_same_identifier_and_another_has_another(dexcom_api: DexcomApiEmulator) -> None:
    record = dexcom_api.egv(START_MS, 120)
    again = entry_of({**record, "value": 121}, START_MS)
    assert entry_of(record, START_MS)["identifier"] == again["identifier"]
    assert entry_of(dexcom_api.egv(START_MS, 120), START_MS)["identifier"] != again["identifier"]
    nameless = {**record, "recordId": None}
    assert entry_of(nameless, START_MS)["identifier"] == entry_of(nameless, START_MS)["identifier"]


@pytest.mark.parametrize(
    ("zone", "offset_min"), [("+01:00", 60), ("-05:00", -300), ("+05:45", 345), ("Z", None), ("", 60)]
)
def test_the_moment_is_utc_with_and_without_a_z(
    dexcom_api: DexcomApiEmulator, zone: str, offset_min: int | None
) -> None:
    entry = entry_of(dexcom_api.egv(START_MS, 120, zone=zone), START_MS)
    assert entry["date"] == START_MS
    assert entry.get("utcOffset") == (offset_min or 0)


def test_both_hours_of_a_clock_change_keep_their_own_moment(dexcom_api: DexcomApiEmulator) -> None:
    """2026-10-25: 02:30 comes twice in Berlin."""
    first_ms = ms_of("2026-10-25T00:30:00Z")
    summer = entry_of(dexcom_api.egv(first_ms, 120, zone="+02:00"), START_MS)
    winter = entry_of(dexcom_api.egv(first_ms + HOUR_MS, 125, zone="+01:00"), START_MS)
    assert winter["date"] - summer["date"] == HOUR_MS
    assert (summer["utcOffset"], winter["utcOffset"]) == (120, 60)


def test_a_display_whose_clock_is_days_off_tells_no_offset(dexcom_api: DexcomApiEmulator) -> None:
    record = dexcom_api.egv(START_MS, 120, zone="") | {"displayTime": api_time(START_MS + 3 * DAY_MS, "")}
    entry = entry_of(record, START_MS)
    assert entry["date"] == START_MS
    assert "utcOffset" not in entry


@pytest.mark.parametrize(
    ("value", "more", "mgdl"),
    [
        (143, {}, 143),
        ("143", {}, 143),
        (None, {"status": "low"}, 39),
        (None, {"status": "high"}, 401),
        (39, {"status": "low"}, 39),
        (40, {"status": "Low"}, 39),
        (400, {"status": "high"}, 401),
        (401, {"status": "high"}, 401),
        (2.2, {"status": "low", "unit": "mmol/L"}, 39),
        (22.2, {"status": "high", "unit": "mmol/L"}, 401),
        ("Low", {}, 39),
        ("HIGH", {"status": None}, 401),
        (62, {"status": "low"}, 62),
        (39, {"status": None}, 39),
        (401, {"status": "ok"}, 401),
        (7.1, {"unit": "mmol/L"}, 128),
        ("7.1", {"unit": "mmol/l"}, 128),
        (128, {"unit": "unknown"}, 128),
        (128, {"unit": None}, 128),
    ],
)
def test_glucose_is_whole_mgdl_and_the_extremes_stay_extremes(
    dexcom_api: DexcomApiEmulator, value: Any, more: dict[str, Any], mgdl: int
) -> None:
    assert entry_of(dexcom_api.egv(START_MS, value, **more), START_MS)["sgv"] == mgdl


@pytest.mark.parametrize(
    ("trend", "direction"),
    [
        ("doubleUp", "DoubleUp"),
        ("singleUp", "SingleUp"),
        ("fortyFiveUp", "FortyFiveUp"),
        ("flat", "Flat"),
        ("fortyFiveDown", "FortyFiveDown"),
        ("singleDown", "SingleDown"),
        ("doubleDown", "DoubleDown"),
        ("none", "NONE"),
        ("unknown", "NONE"),
        ("notComputable", "NOT COMPUTABLE"),
        ("rateOutOfRange", "RATE OUT OF RANGE"),
        ("sideways", "NOT COMPUTABLE"),
        (4, "NOT COMPUTABLE"),
        (None, None),
        ("", None),
    ],
)
def test_a_trend_nobody_knows_is_never_flat(trend: Any, direction: str | None) -> None:
    assert direction_of(trend) == direction


def test_a_calibration_is_a_finger_stick(dexcom_api: DexcomApiEmulator) -> None:
    entry = calibration_of(dexcom_api.calibration(START_MS, 7.1, unit="mmol/L"), START_MS)
    assert (entry["type"], entry["mbg"], entry["date"], entry["utcOffset"]) == ("mbg", 128, START_MS, 60)


@pytest.mark.parametrize(
    ("kind", "value", "subtype", "expected"),
    [
        ("carbs", "32.0", None, {"eventType": "Carb Correction", "carbs": 32}),
        ("insulin", "1.5", "fastActing", {"eventType": "Correction Bolus", "insulin": 1.5}),
        ("insulin", "12", "longActing", {"eventType": "Note", "notes": "Long-acting insulin 12 U"}),
        ("exercise", "30", "heavy", {"eventType": "Exercise", "duration": 30, "notes": "heavy"}),
        ("health", None, "highSymptoms", {"eventType": "Note", "notes": "Health: high symptoms"}),
        ("health", None, None, {"eventType": "Note", "notes": "Health: something was noted"}),
        ("notes", "at granny's", None, {"eventType": "Note", "notes": "at granny's"}),
        ("note", "école 🎒", None, {"eventType": "Note", "notes": "école 🎒"}),
        ("bloodGlucose", "104", None, {"eventType": "BG Check", "glucose": 104, "glucoseType": "Finger"}),
        ("newThing", "3", "someKind", {"eventType": "Note", "notes": "Dexcom: new thing some kind 3 unknown"}),
    ],
)
def test_each_event_is_what_nightscout_calls_it(
    dexcom_api: DexcomApiEmulator, kind: str, value: Any, subtype: Any, expected: dict[str, Any]
) -> None:
    treatment = event_of(dexcom_api.event(START_MS, kind, value, subtype), START_MS)
    assert {name: treatment[name] for name in expected} == expected
    assert treatment["created_at"] == iso_of(START_MS)
    assert treatment["enteredBy"] == "nightlight-dexcom-api"
    assert "insulin" not in treatment or expected.get("insulin")


def test_long_acting_insulin_never_counts_as_a_bolus(dexcom_api: DexcomApiEmulator) -> None:
    assert "insulin" not in event_of(dexcom_api.event(START_MS, "insulin", "12", "longActing"), START_MS)


def test_insulin_of_no_kind_counts_as_fast_and_says_so(dexcom_api: DexcomApiEmulator) -> None:
    treatment = event_of(dexcom_api.event(START_MS, "insulin", "2"), START_MS)
    assert treatment["insulin"] == 2
    assert "does not say" in treatment["notes"]


@pytest.mark.parametrize(
    ("kind", "value"),
    [("insulin", "0"), ("insulin", "-1"), ("insulin", "900"), ("carbs", "a lot"), ("bloodGlucose", None), ("", "1")],
)
def test_an_event_without_a_sensible_amount_is_left_out(
    source: MakeSource, dexcom_api: DexcomApiEmulator, kind: str, value: Any
) -> None:
    good = dexcom_api.event(START_MS - HOUR_MS, "carbs", "10")
    dexcom_api.script("/events", Reply({"records": [dexcom_api.event(START_MS - HOUR_MS, kind, value), good]}))
    pages, _ = all_of(source())
    assert [one["carbs"] for one in brought(pages, "treatments")] == [10]
    assert sum(len(one.unusable) for one in pages) == 1


def test_an_event_that_was_taken_back_is_named_for_deletion(source: MakeSource, dexcom_api: DexcomApiEmulator) -> None:
    event = dexcom_api.event(START_MS - HOUR_MS, "insulin", "5", "fastActing")
    dexcom_api.upload("events", event)
    [bolus] = brought(all_of(source())[0], "treatments")
    dexcom_api.upload("events", {**event, "eventStatus": "deleted"})
    pages, _ = all_of(source())
    assert brought(pages, "treatments") == []
    assert [name for one in pages for name in one.deleted.get("treatments", ())] == [bolus["identifier"]]


def test_a_deleted_event_without_id_and_time_costs_itself_alone(
    source: MakeSource, dexcom_api: DexcomApiEmulator
) -> None:
    nameless = {"eventStatus": "deleted", "recordId": None}
    good = dexcom_api.event(START_MS - HOUR_MS, "carbs", "10")
    dexcom_api.script("/events", Reply({"records": [nameless, good]}))
    pages, _ = all_of(source())
    assert len(brought(pages, "treatments")) == 1
    assert sum(len(one.unusable) for one in pages) == 1


def test_a_device_tells_when_it_uploaded(source: MakeSource, dexcom_api: DexcomApiEmulator) -> None:
    dexcom_api.devices = [
        {
            "lastUploadDate": api_time(START_MS - HOUR_MS, ""),
            "transmitterId": "ab" * 32,
            "transmitterGeneration": "g7",
            "displayDevice": "iOS",
            "displayApp": "G7",
            "alertSchedules": [{"alertScheduleSettings": {"alertScheduleName": "marker"}}],
        },
        {"lastUploadDate": None},
        None,
    ]
    pages, _ = all_of(source())
    [status] = brought(pages, "devicestatus")
    assert (status["device"], status["created_at"]) == ("nightlight-dexcom-api iOS", iso_of(START_MS - HOUR_MS))
    assert status["dexcom"]["transmitterGeneration"] == "g7"
    assert "marker" not in str(status)
    again = device_status_of(dexcom_api.devices[0], START_MS)
    assert again["identifier"] == status["identifier"]


def test_no_secret_token_or_note_is_in_a_log(
    source: MakeSource,
    access: MakeAccess,
    dexcom_api: DexcomApiEmulator,
    kept: Kept,
    clock: SettableClock,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    dexcom_api.client_secret = "marker-secret"
    kept.session = dexcom_api.grant("marker-access", "marker-refresh")
    dexcom_api.upload("events", dexcom_api.event(START_MS - HOUR_MS, "notes", "marker-note"))
    all_of(source())
    for scene in (page(503), too_often("1"), Reply({"error": "marker-answer"}, 400)):
        dexcom_api.script(EGVS, *[scene] * 3)
        with pytest.raises(UploaderFailure):
            all_of(source())
        dexcom_api._scenes.clear()
    clock.advance(hours=3)
    dexcom_api.withdraw()
    with pytest.raises(ActionRequired):
        all_of(source())
    assert "marker" not in caplog.text
    assert "marker" not in repr(access())

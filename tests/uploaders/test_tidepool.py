"""Tidepool's client over real HTTP: sessions, people, pieces, cursors, and every way in which it may fail."""

from __future__ import annotations

import itertools
import logging
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest

from app.actor import NOBODY
from app.clock import iso_of
from app.records.profiles import Profiles
from app.store.interface import Document, Store
from app.uploaders.errors import (
    ActionRequired,
    AuthInvalid,
    NoPatient,
    PatientAmbiguous,
    RateLimited,
    SchemaChanged,
    Transient,
    UploaderFailure,
)
from app.uploaders.tidepool.source import TidepoolSource
from app.uploaders.vendor import Page
from tests.clocks import START_MS, SettableClock
from tests.emulators.server import MAINTENANCE, Reply, cut_off, late, page, too_often
from tests.emulators.tidepool import CHILD_ID, HEADER, USER_ID, TidepoolEmulator, instant_ms
from tests.uploaders.conftest import Kept

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS
LOGIN = "/auth/login"
MakeSource = Callable[..., TidepoolSource]


@pytest.fixture
def tidepool(clock: SettableClock) -> Iterator[TidepoolEmulator]:
    with TidepoolEmulator(clock).running() as emulator:
        yield emulator


@pytest.fixture
def source(tidepool: TidepoolEmulator, clock: SettableClock, line: Any, kept: Kept) -> MakeSource:
    def make(password: str = "", **options: Any) -> TidepoolSource:
        secrets = {"email": tidepool.email, "password": password or tidepool.password}
        options = {"server": tidepool.url, **options}
        return TidepoolSource(kept.access("tidepool", line("Tidepool"), options, secrets, clock))

    return make


def documents_in(pages: Sequence[Page], collection: str) -> list[Document]:
    return [document for page in pages for document in page.documents.get(collection, ())]


def cursors_of(pages: Sequence[Page]) -> dict[str, int]:
    found: dict[str, int] = {}
    for one in pages:
        found |= one.cursors
    return found


def fetched(source: TidepoolSource, cursors: dict[str, int] | None = None) -> list[Page]:
    return list(source.pages(cursors or {}))


def asked_from_ms(tidepool: TidepoolEmulator) -> list[int]:
    return [instant_ms(query["startDate"]) for query in tidepool.fetches]


def test_each_type_becomes_what_it_is(source: MakeSource, tidepool: TidepoolEmulator) -> None:
    tidepool.glucose(131, 2)
    tidepool.glucose(118, 30, "smbg", subType="linked")
    tidepool.add("wizard", 60, bolus="b1", carbInput=48)
    tidepool.add("bolus", 60, id="b1", subType="normal", normal=4.8)
    tidepool.add("basal", 20, deliveryType="temp", rate=0.4, duration=30 * MINUTE_MS)
    tidepool.add("deviceEvent", 90, subType="prime", primeTarget="cannula")
    pages = fetched(source())
    assert [(one["type"], one.get("sgv", one.get("mbg"))) for one in documents_in(pages, "entries")] == [
        ("sgv", 131),
        ("mbg", 118),
    ]
    kinds = {one["eventType"]: one for one in documents_in(pages, "treatments")}
    assert kinds.keys() == {"BG Check", "Meal Bolus", "Temp Basal", "Site Change"}
    assert (kinds["Meal Bolus"]["insulin"], kinds["Meal Bolus"]["carbs"]) == (4.8, 48)
    assert (kinds["Temp Basal"]["absolute"], kinds["Temp Basal"]["duration"]) == (0.4, 30)
    assert not [why for one in pages for why in one.unusable]


def test_the_sign_in_is_basic_and_the_token_goes_with_every_call(
    source: MakeSource, tidepool: TidepoolEmulator
) -> None:
    tidepool.email, tidepool.password = "mum+ada@example.org", "pä:ss word"
    tidepool.glucose(131, 2)
    assert documents_in(fetched(source()), "entries")
    login, *others = tidepool.asked
    assert (login.method, login.path) == ("POST", LOGIN)
    assert login.headers["authorization"].startswith("Basic ")
    assert all(HEADER in asked.headers and "authorization" not in asked.headers for asked in others)


def test_a_session_is_kept_and_renewed_before_it_ends(
    source: MakeSource, tidepool: TidepoolEmulator, kept: Kept, clock: SettableClock
) -> None:
    fetched(source())
    first = kept.session["ticket"]["token"]
    fetched(source())
    assert kept.session["ticket"]["token"] == first
    for _ in range(5):
        clock.advance(minutes=30)
        fetched(source())
    assert tidepool.log_ins == 1
    assert kept.session["ticket"]["token"] != first


def test_a_renewed_token_is_kept_before_it_is_used(
    source: MakeSource, tidepool: TidepoolEmulator, kept: Kept, clock: SettableClock
) -> None:
    fetched(source())
    first = kept.session["ticket"]["token"]
    clock.advance(minutes=30)
    tidepool.script("/data/", Reply({"code": 418}, 418))
    with pytest.raises(SchemaChanged):
        fetched(source())
    assert kept.session["ticket"]["token"] != first
    assert tidepool.asked[-1].headers[HEADER] == kept.session["ticket"]["token"]


def test_a_session_that_ended_is_opened_anew(
    source: MakeSource, tidepool: TidepoolEmulator, clock: SettableClock
) -> None:
    tidepool.glucose(131, 2)
    fetched(source())
    tidepool.end_sessions()
    assert documents_in(fetched(source()), "entries")
    assert tidepool.log_ins == 2
    clock.advance(hours=2)
    fetched(source())
    assert tidepool.log_ins == 3


def test_a_session_that_ends_in_mid_run_is_opened_once(source: MakeSource, tidepool: TidepoolEmulator) -> None:
    tidepool.glucose(131, 2)
    tidepool.script("/data/", Reply({"code": 401}, 401))
    assert documents_in(fetched(source()), "entries")
    assert tidepool.log_ins == 2


def test_a_server_that_renews_no_sessions_lets_us_in_again(
    source: MakeSource, tidepool: TidepoolEmulator, clock: SettableClock
) -> None:
    fetched(source())
    for status in (400, 403, 404, 405):
        clock.advance(minutes=30)
        tidepool.script(LOGIN, Reply({"code": status}, status))
        fetched(source())
    assert tidepool.log_ins == 5


def test_a_session_that_never_holds_is_passing_trouble(source: MakeSource, tidepool: TidepoolEmulator) -> None:
    tidepool.script("/data/", *[Reply({"code": 401}, 401)] * 9)
    with pytest.raises(Transient):
        fetched(source())
    assert tidepool.log_ins == 2


def test_a_wrong_password_is_tried_once(source: MakeSource, tidepool: TidepoolEmulator) -> None:
    with pytest.raises(AuthInvalid):
        fetched(source(password="wrong"))
    assert len(tidepool.asked) == 1


@pytest.mark.parametrize(
    ("reason", "kind"),
    [
        ("The user hasn't verified this account yet", "verifyEmail"),
        ("Terms of use not accepted", "tou"),
        ("no", "account"),
    ],
)
def test_a_step_only_a_person_can_take_is_named(
    source: MakeSource, tidepool: TidepoolEmulator, reason: str, kind: str
) -> None:
    tidepool.refuses_because = reason
    with pytest.raises(ActionRequired) as wanted:
        fetched(source())
    assert wanted.value.kind == kind
    assert wanted.value.hint
    assert tidepool.log_ins == 1


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (too_often("60"), RateLimited),
        (too_often("Sat, 21 Nov 2026 10:05:00 GMT"), RateLimited),
        (too_often(), RateLimited),
        (page(403), Transient),
        (page(500), Transient),
        (page(503), Transient),
        (page(200), Transient),
        (Reply(raw=""), Transient),
        (cut_off({"userid": USER_ID}), Transient),
        (late({}, 3), Transient),
        (Reply({"code": 401}, 401), AuthInvalid),
        (Reply(raw="", status=401), AuthInvalid),
        (Reply(raw="", status=403), ActionRequired),
        (Reply({"code": 400}, 400), SchemaChanged),
        (Reply({"userid": USER_ID}), SchemaChanged),
        (Reply({"user": 1}, headers={HEADER: "session-x"}), SchemaChanged),
        (Reply([], headers={HEADER: "session-x"}), SchemaChanged),
        (Reply(status=302, headers={"Location": "https://elsewhere.example.org/"}, raw=MAINTENANCE), SchemaChanged),
    ],
)
def test_each_refusal_of_a_sign_in_is_understood_and_not_repeated(
    source: MakeSource, tidepool: TidepoolEmulator, reply: Reply, kind: type[UploaderFailure]
) -> None:
    tidepool.script(LOGIN, *[reply] * 5)
    with pytest.raises(UploaderFailure) as failure:
        fetched(source())
    assert type(failure.value) is kind
    assert tidepool.log_ins == 1


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (too_often("60"), RateLimited),
        (Reply({"code": 403}, 403), NoPatient),
        (Reply({"code": 404}, 404), NoPatient),
        (page(403), Transient),
        (Reply({"code": 400}, 400), SchemaChanged),
        (Reply({"data": []}), SchemaChanged),
        (Reply("records"), SchemaChanged),
    ],
)
def test_each_refusal_of_records_is_understood(
    source: MakeSource, tidepool: TidepoolEmulator, reply: Reply, kind: type[UploaderFailure]
) -> None:
    tidepool.script("/data/", *[reply] * 3)
    with pytest.raises(UploaderFailure) as failure:
        fetched(source())
    assert type(failure.value) is kind


@pytest.mark.parametrize("reply", [page(503), page(500), page(200), Reply(raw=""), cut_off([{}, {}]), late([], 3)])
def test_a_read_that_fails_in_passing_is_tried_again(
    source: MakeSource, tidepool: TidepoolEmulator, reply: Reply
) -> None:
    tidepool.glucose(131, 2)
    tidepool.script("/data/", reply)
    assert documents_in(fetched(source()), "entries")


def test_the_wait_of_a_rate_limit_is_what_the_service_says(source: MakeSource, tidepool: TidepoolEmulator) -> None:
    for retry_after, seconds in (("60", 60), ("Sat, 21 Nov 2026 10:05:00 GMT", 300), (None, None)):
        tidepool.script("/data/", too_often(retry_after))
        with pytest.raises(RateLimited) as limited:
            fetched(source())
        assert limited.value.retry_after_s == seconds


def test_nothing_at_all_is_no_failure(source: MakeSource) -> None:
    pages = fetched(source())
    assert not documents_in(pages, "entries")
    assert not [why for one in pages for why in one.unusable]


def test_one_bad_record_costs_itself_alone(source: MakeSource, tidepool: TidepoolEmulator) -> None:
    tidepool.glucose(131, 2)
    good = tidepool.record("cbg", START_MS - 10 * MINUTE_MS, value=6.1, units="mmol/L")
    tidepool.records[USER_ID] += [
        None,
        [],
        "cbg",
        {},
        {"type": 7, "time": good["time"]},
        {"type": "cbg"},
        good | {"id": "a", "time": "soon"},
        good | {"id": "b", "time": None},
        good | {"id": "c", "time": 17},
        good | {"id": "d", "value": "high"},
        good | {"id": "e", "value": None},
        good | {"id": "f", "value": {"of": 6}},
        good | {"id": "g", "value": 0},
        good | {"id": "h", "time": iso_of(START_MS + HOUR_MS)},
        good | {"id": "i", "type": "bolus", "normal": [1]},
        good | {"id": "j", "type": "basal", "deliveryType": ["temp"], "duration": "long"},
        good | {"id": "k", "type": "wizard", "carbInput": -3},
        good | {"id": "l", "type": "food", "nutrition": 7},
        good | {"id": "m", "type": "pumpSettings", "basalSchedules": []},
        good | {"id": "n", "type": "deviceEvent", "subType": None},
        good | {"id": "o", "type": "physicalActivity", "duration": "?", "name": 3},
        good | {"id": "p", "type": "somethingNew", "value": "?"},
        good,
    ]
    pages = fetched(source())
    assert sorted(entry["sgv"] for entry in documents_in(pages, "entries")) == [110, 131]
    assert [one["eventType"] for one in documents_in(pages, "treatments")] == ["Exercise"]
    assert len([why for one in pages for why in one.unusable]) >= 12


def test_duplicates_and_disorder_change_nothing(source: MakeSource, tidepool: TidepoolEmulator) -> None:
    for min_ago in (12, 2, 7):
        tidepool.glucose(100 + min_ago, min_ago)
    first = documents_in(fetched(source()), "entries")
    tidepool.records[USER_ID] = [*reversed(tidepool.records[USER_ID]), *tidepool.records[USER_ID]]
    again = documents_in(fetched(source()), "entries")
    assert sorted(again, key=lambda one: one["date"]) == sorted(first, key=lambda one: one["date"])


def test_with_several_people_the_owner_picks(source: MakeSource, tidepool: TidepoolEmulator) -> None:
    tidepool.share(CHILD_ID, "Ben Example")
    tidepool.glucose(131, 2)
    tidepool.glucose(99, 2, whose=CHILD_ID)
    with pytest.raises(PatientAmbiguous) as several:
        fetched(source())
    assert [(one.id, one.name) for one in several.value.patients] == [
        (USER_ID, "Ada Example"),
        (CHILD_ID, "Ben Example"),
    ]
    assert "Ben" not in several.value.message + several.value.hint
    [entry] = documents_in(fetched(source(patient_id=CHILD_ID)), "entries")
    assert entry["sgv"] == 99


def test_an_account_without_data_of_its_own_takes_the_one_who_shares(
    source: MakeSource, tidepool: TidepoolEmulator
) -> None:
    tidepool.profiles[USER_ID] = {"fullName": "Grandpa"}
    tidepool.share(CHILD_ID, "Ben Example")
    tidepool.followers["0000000000"] = {"view": {}}  # who may see ours shares nothing with us
    tidepool.glucose(99, 2, whose=CHILD_ID)
    [entry] = documents_in(fetched(source()), "entries")
    assert entry["sgv"] == 99


def test_an_older_list_of_those_who_share_is_understood(source: MakeSource, tidepool: TidepoolEmulator) -> None:
    tidepool.share(CHILD_ID, "Ben Example")
    tidepool.script("/metadata/users/", Reply({"code": 404}, 404))
    with pytest.raises(PatientAmbiguous) as several:
        fetched(source())
    assert [one.name for one in several.value.patients] == ["Ada Example", "Ben Example"]


def test_a_server_without_any_list_of_people_gives_the_accounts_own(
    source: MakeSource, tidepool: TidepoolEmulator
) -> None:
    tidepool.has_metadata = tidepool.has_groups = False
    tidepool.glucose(131, 2)
    assert documents_in(fetched(source()), "entries")


def test_nobody_who_shares_is_said(source: MakeSource, tidepool: TidepoolEmulator) -> None:
    tidepool.profiles[USER_ID] = {"fullName": "Grandpa"}
    with pytest.raises(NoPatient) as nobody:
        fetched(source())
    assert "Grandpa" not in nobody.value.message + nobody.value.hint


def test_who_begins_to_share_later_does_not_take_anybodys_place(
    source: MakeSource, tidepool: TidepoolEmulator, kept: Kept
) -> None:
    tidepool.glucose(131, 2)
    fetched(source())
    tidepool.share(CHILD_ID, "Ben Example")
    [entry] = documents_in(fetched(source()), "entries")
    assert entry["sgv"] == 131
    kept.session = {}
    with pytest.raises(PatientAmbiguous):
        fetched(source())


def test_somebody_who_shares_no_longer_is_not_replaced_by_another(
    source: MakeSource, tidepool: TidepoolEmulator
) -> None:
    tidepool.profiles[USER_ID] = {"fullName": "Grandpa"}
    tidepool.share(CHILD_ID, "Ben Example")
    fetched(source())
    del tidepool.sharers[CHILD_ID]
    tidepool.share("1111111111", "Cleo Example")
    with pytest.raises(NoPatient):
        fetched(source())


def test_history_is_asked_for_in_pieces_oldest_first(source: MakeSource, tidepool: TidepoolEmulator) -> None:
    for day in range(90):
        tidepool.glucose(100 + day, day * 24 * 60 + 1)
    pages = fetched(source(first_days="90"))
    days = [[entry["sgv"] for entry in one.documents["entries"]] for one in pages]
    assert len(pages) > 3
    assert sorted((value for some in days for value in some), reverse=True) == list(range(189, 99, -1))
    assert all(min(earlier) > max(later) for earlier, later in itertools.pairwise(days))
    spans = [instant_ms(query["endDate"]) - instant_ms(query["startDate"]) for query in tidepool.fetches]
    assert max(spans) <= 30 * DAY_MS
    assert asked_from_ms(tidepool) == sorted(asked_from_ms(tidepool))


def test_how_far_back_to_begin_is_the_owners_choice(source: MakeSource, tidepool: TidepoolEmulator) -> None:
    tidepool.glucose(131, 2)
    tidepool.glucose(99, 3 * 24 * 60)
    assert len(documents_in(fetched(source(first_days="2")), "entries")) == 1
    assert len(documents_in(fetched(source(first_days="14")), "entries")) == 2


def test_without_news_nothing_is_fetched(source: MakeSource, tidepool: TidepoolEmulator, clock: SettableClock) -> None:
    tidepool.glucose(131, 2)
    cursors = cursors_of(fetched(source()))
    before = len(tidepool.fetches)
    clock.advance(minutes=5)
    assert not documents_in(fetched(source(), cursors), "entries")
    assert len(tidepool.fetches) == before
    assert tidepool.asked[-1].query["latest"] == "true"


def test_only_what_has_news_is_fetched_and_never_more_than_a_day_before_it(
    source: MakeSource, tidepool: TidepoolEmulator, clock: SettableClock
) -> None:
    tidepool.glucose(131, 2)
    tidepool.add("basal", 20, deliveryType="temp", rate=0.4, duration=30 * MINUTE_MS)
    cursors = cursors_of(fetched(source()))
    for step in range(30):
        clock.advance(minutes=5)
        tidepool.glucose(132 + step, 1)
        cursors |= cursors_of(fetched(source(), cursors))
        assert asked_from_ms(tidepool)[-1] >= min(cursors["cbg"] - 5 * MINUTE_MS, cursors["basal"]) - DAY_MS
    only_glucose = [query for query in tidepool.fetches if query["type"] == "cbg,pumpSettings"]
    assert len(only_glucose) > 20
    assert min(instant_ms(query["startDate"]) for query in only_glucose) > START_MS - 4 * HOUR_MS


def test_what_reaches_tidepool_late_is_found_within_an_hour(
    source: MakeSource, tidepool: TidepoolEmulator, clock: SettableClock
) -> None:
    tidepool.glucose(131, 2)
    cursors = cursors_of(fetched(source()))
    tidepool.glucose(99, 20 * 60)
    clock.advance(minutes=61)
    found = documents_in(fetched(source(), cursors), "entries")
    assert sorted(entry["sgv"] for entry in found) == [99, 131]


def test_a_pump_that_is_uploaded_once_a_month_is_read_whole(
    source: MakeSource, tidepool: TidepoolEmulator, clock: SettableClock
) -> None:
    tidepool.add("bolus", 60, subType="normal", normal=1)
    cursors: dict[str, int] = {}
    for day in range(20):
        tidepool.glucose(100 + day, 1)
        cursors |= cursors_of(fetched(source(first_days="2"), cursors))
        clock.advance(days=1)
    for day in range(20):
        tidepool.add("bolus", day * 24 * 60 + 5, subType="normal", normal=2 + day)
    pages = fetched(source(first_days="2"), cursors)
    boluses = [one["insulin"] for one in documents_in(pages, "treatments")]
    assert sorted(boluses) == [*range(2, 22)]
    # Readings that were had long ago are not brought again: somebody may have deleted them here since.
    old = [one for one in documents_in(pages, "entries") if one["date"] < clock.now_ms() - 2 * DAY_MS]
    assert not old


def test_a_record_of_tomorrow_hides_none_of_today(
    source: MakeSource, tidepool: TidepoolEmulator, clock: SettableClock
) -> None:
    tidepool.glucose(400, -3 * 24 * 60)
    tidepool.glucose(131, 2)
    pages = fetched(source())
    assert [entry["sgv"] for entry in documents_in(pages, "entries")] == [131]
    assert cursors_of(pages)["cbg"] <= START_MS
    clock.advance(minutes=5)
    tidepool.glucose(135, 1)
    assert 135 in [entry["sgv"] for entry in documents_in(fetched(source(), cursors_of(pages)), "entries")]


@pytest.mark.parametrize("compares_text", [False, True])
@pytest.mark.parametrize("hours", [10, -8, 5.75, 14])
def test_times_with_an_offset_lose_nothing(
    source: MakeSource, tidepool: TidepoolEmulator, clock: SettableClock, hours: float, compares_text: bool
) -> None:
    tidepool.compares_text = compares_text
    sign, minutes = "+" if hours > 0 else "-", int(abs(hours) * 60)
    written = f"{sign}{minutes // 60:02}:{minutes % 60:02}"

    def add(at_ms: int, mgdl: int) -> None:
        local = iso_of(at_ms + int(hours * HOUR_MS)).replace("Z", written)
        fields = {"time": local, "value": mgdl / 18.01559, "units": "mmol/L", "timezoneOffset": ...}
        tidepool.records[USER_ID].append(tidepool.record("cbg", at_ms, **fields))

    for half_hours in range(1, 48 * 35):
        add(START_MS - half_hours * 30 * MINUTE_MS, 100)
    pages = fetched(source(first_days="90"))
    found = [entry["date"] for entry in documents_in(pages, "entries")]
    assert len(found) == len(set(found)) == 48 * 35 - 1
    assert documents_in(pages, "entries")[0]["utcOffset"] == int(hours * 60)
    clock.advance(minutes=5)
    add(clock.now_ms() - MINUTE_MS, 120)
    assert 120 in [entry["sgv"] for entry in documents_in(fetched(source(), cursors_of(pages)), "entries")]


def test_a_walk_that_was_interrupted_goes_on_where_it_was(source: MakeSource, tidepool: TidepoolEmulator) -> None:
    for day in range(90):
        tidepool.glucose(100 + day, day * 24 * 60 + 1)
    tidepool.glucose(80, 89 * 24 * 60 + 5, "smbg")
    pages = source(first_days="90").pages({})
    had = [next(pages), next(pages)]
    first = len(tidepool.fetches)
    rest = fetched(source(first_days="90"), cursors_of(had))
    assert min(asked_from_ms(tidepool)[first:]) >= had[-1].cursors["walk"] - DAY_MS
    values = [entry["sgv"] for entry in documents_in([*had, *rest], "entries") if entry["type"] == "sgv"]
    assert sorted(values) == list(range(100, 190))
    assert cursors_of(rest)["walk"] == 0


def test_a_piece_that_is_too_large_is_asked_for_in_smaller_ones(
    source: MakeSource, tidepool: TidepoolEmulator, kept: Kept
) -> None:
    newest = tidepool.glucose(131, 2)
    widths = []
    for _ in range(6):
        tidepool.script("/data/", Reply([newest]), *[page(504)] * 3)
        with pytest.raises(Transient):
            fetched(source())
        query = tidepool.fetches[-1]
        widths.append(instant_ms(query["endDate"]) - instant_ms(query["startDate"]))
    assert widths == sorted(widths, reverse=True)
    assert widths[-1] < 3 * DAY_MS < widths[0]
    assert len(documents_in(fetched(source()), "entries")) == 1
    assert "piece_days" not in kept.session


def test_kinds_that_are_switched_off_are_not_asked_for(source: MakeSource, tidepool: TidepoolEmulator) -> None:
    tidepool.glucose(131, 2)
    tidepool.add("basal", 20, deliveryType="temp", rate=0.4, duration=30 * MINUTE_MS)
    off = dict.fromkeys(("basals", "boluses", "carbs", "profile"), "never")
    pages = fetched(source(**off))
    assert len(documents_in(pages, "entries")) == 1
    asked = {type for query in tidepool.fetches for type in query["type"].split(",")}
    assert not asked & {"basal", "bolus", "wizard", "food", "pumpSettings"}
    everything = dict.fromkeys(("glucose", "events"), "never") | off
    assert fetched(source(**everything)) == []


def test_carbs_come_without_boluses_and_boluses_without_carbs(source: MakeSource, tidepool: TidepoolEmulator) -> None:
    tidepool.add("wizard", 60, bolus="b1", carbInput=48)
    tidepool.add("bolus", 60, id="b1", subType="normal", normal=4.8)
    [carbs] = documents_in(fetched(source(boluses="never")), "treatments")[-1:]
    assert (carbs["eventType"], carbs["carbs"]) == ("Carb Correction", 48)
    [bolus] = documents_in(fetched(source(carbs="never")), "treatments")
    assert (bolus["eventType"], bolus["insulin"], "carbs" in bolus) == ("Correction Bolus", 4.8, False)


def test_a_pump_that_repeats_a_sensor_only_fills_holes(source: MakeSource, tidepool: TidepoolEmulator) -> None:
    tidepool.glucose(131, 10)
    tidepool.glucose(131, 9.5, deviceId="tandem12345")
    tidepool.glucose(125, 5, deviceId="tandem12345")
    [first, *_] = pages = fetched(source())
    assert [entry["sgv"] for entry in documents_in(pages, "entries")] == [131]
    assert [entry["sgv"] for entry in first.fillers] == [125]


def test_scheduled_basal_is_told_only_while_there_is_no_profile(
    source: MakeSource, tidepool: TidepoolEmulator, store: Store, clock: SettableClock
) -> None:
    tidepool.add("basal", 120, deliveryType="scheduled", rate=0.8, duration=HOUR_MS)
    [basal] = documents_in(fetched(source()), "treatments")
    assert (basal["eventType"], basal["absolute"]) == ("Temp Basal", 0.8)
    settings = tidepool.add(
        "pumpSettings", 90, activeSchedule="Weekday", basalSchedules={"Weekday": [{"start": 0, "rate": 0.8}]}
    )
    assert not documents_in(fetched(source()), "treatments")
    assert documents_in(fetched(source(profile="never")), "treatments")
    tidepool.records[USER_ID].remove(settings)
    Profiles(store, clock, NOBODY).save([{"startDate": iso_of(START_MS), "store": {}, "defaultProfile": "x"}])
    assert not documents_in(fetched(source(profile="never")), "treatments")


def test_settings_older_than_where_we_begin_are_the_profile_all_the_same(
    source: MakeSource, tidepool: TidepoolEmulator, clock: SettableClock
) -> None:
    tidepool.add(
        "pumpSettings",
        200 * 24 * 60,
        activeSchedule="Weekday",
        basalSchedules={"Weekday": [{"start": 0, "rate": 0.8}]},
    )
    tidepool.glucose(131, 2)
    pages = fetched(source())
    [profile] = documents_in(pages, "profile")
    assert profile["startDate"] == iso_of(START_MS - 200 * DAY_MS)
    assert profile["store"]["Weekday"]["timezone"] == "Europe/Berlin"
    clock.advance(minutes=5)
    assert documents_in(fetched(source(), cursors_of(pages)), "profile") == [profile]


def test_a_look_signs_in_and_shows_the_newest(source: MakeSource, tidepool: TidepoolEmulator, kept: Kept) -> None:
    tidepool.glucose(131, 2)
    tidepool.glucose(118, 30, "smbg")
    assert [entry.get("sgv", entry.get("mbg")) for entry in source().look()] == [118, 131]
    assert not tidepool.fetches


def test_no_password_token_or_name_is_in_a_log(
    source: MakeSource, tidepool: TidepoolEmulator, kept: Kept, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    tidepool.password = "marker-password"
    tidepool.profiles[USER_ID]["patient"]["fullName"] = "marker-name"
    tidepool.glucose(131, 2)
    tidepool.script("/data/", page(503))
    fetched(source())
    tidepool.share(CHILD_ID, "marker-other")
    kept.session = {}
    with pytest.raises(PatientAmbiguous):
        fetched(source())
    kept.session = {}
    with pytest.raises(AuthInvalid):
        fetched(source(password="marker-wrong"))
    assert "marker" not in caplog.text
    assert "session-" not in caplog.text

"""Sending to an original Nightscout over real HTTP: both APIs, what it doubles and refuses, and what can go wrong."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from app.actor import NOBODY
from app.clock import iso_of
from app.records.activity import Activity
from app.records.collection import Records
from app.records.devicestatus import DeviceStatus
from app.records.entries import Entries
from app.records.food import Food
from app.records.profiles import Profiles
from app.records.treatments import Treatments
from app.store import ObjectId
from app.store.indexes import create_all
from app.store.interface import Document, Store
from app.uploaders.errors import ActionRequired, AuthInvalid, RateLimited, Transient, UploaderFailure
from app.uploaders.guard import Limits
from app.uploaders.nightscout_push import sending as sending_module
from app.uploaders.nightscout_push.source import NightscoutPush
from app.uploaders.vendor import Page
from tests.clocks import START_MS, SettableClock
from tests.emulators.nightscout import NightscoutEmulator
from tests.emulators.server import Reply, late, too_often
from tests.emulators.server import page as html
from tests.uploaders.conftest import Kept

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
AT = iso_of(START_MS - HOUR_MS)
SERVICES: dict[str, type[Records]] = {
    "entries": Entries,
    "treatments": Treatments,
    "devicestatus": DeviceStatus,
    "profile": Profiles,
    "food": Food,
    "activity": Activity,
}
ONE_OF_EACH: dict[str, Document] = {
    "entries": {"type": "sgv", "sgv": 120, "date": START_MS - HOUR_MS, "dateString": "2026-11-21T10:00:00+01:00"},
    "treatments": {"eventType": "Meal Bolus", "created_at": "2026-11-21T10:00:00+01:00", "insulin": 1, "carbs": 30},
    "devicestatus": {"device": "rig", "created_at": AT, "pump": {"reservoir": 100}},
    "profile": {"startDate": AT, "defaultProfile": "D", "store": {"D": {"dia": 5}}},
    "food": {"type": "food", "name": "Apple", "carbs": "14"},
    "activity": {"created_at": "2026-11-21T10:00:00+01:00", "steps": 120},
}


class Site:
    """What is kept here, a Nightscout it is sent to, and the source in between."""

    def __init__(
        self, store: Store, clock: SettableClock, emulator: NightscoutEmulator, kept: Kept, make: Callable[..., Any]
    ) -> None:
        self.store, self.clock, self.there, self._kept, self._make = store, clock, emulator, kept, make
        self.cursors: dict[str, int] = {}

    def keep(self, collection: str, *documents: Document) -> list[Document]:
        saved = SERVICES[collection](self.store, self.clock, NOBODY).save(documents)
        self.clock.advance(s=1)
        return saved

    def delete(self, collection: str, filter: Document) -> None:
        SERVICES[collection](self.store, self.clock, NOBODY).delete(filter)
        self.clock.advance(s=1)

    def keep_one_of_each(self, **more: Any) -> None:
        for collection, document in ONE_OF_EACH.items():
            self.keep(collection, document | ({"identifier": f"{collection}-1"} if more.get("named") else {}))

    def source(self, **options: Any) -> NightscoutPush:
        made: NightscoutPush = self._make(**options)
        return made

    def push(self, **options: Any) -> list[Page]:
        """Push as a run would: the cursors move with each page."""
        pages = []
        for page in self.source(**options).pages(self.cursors):
            pages.append(page)
            self.cursors |= page.cursors
        return pages

    def push_anew(self, **options: Any) -> list[Page]:
        """Push as the first run after an edit would: everything that was reached is forgotten."""
        self.cursors.clear()
        self._kept.session.clear()
        return self.push(**options)

    def writes(self) -> list[tuple[str, str]]:
        return [(one.method, one.path) for one in self.there.asked if one.method != "GET"]

    def counts(self) -> dict[str, int]:
        living = {
            name: [one for one in kept if one.get("isValid") is not False] for name, kept in self.there.kept.items()
        }
        return {name: len(kept) for name, kept in living.items()}


@pytest.fixture(params=["token", "secret", "token without v3"])
def access_by(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def site(
    access_by: str, store: Store, clock: SettableClock, nightscout: NightscoutEmulator, line: Any, kept: Kept
) -> Site:
    create_all(store)
    nightscout.has_v3 = access_by == "token"

    def make(**options: Any) -> NightscoutPush:
        secrets = {"api_secret": nightscout.secret} if access_by == "secret" else {"token": nightscout.token}
        secrets = options.pop("secrets", secrets)
        limits = options.pop("limits", Limits(total_s=5.0, connect_s=1.0))
        given = {"address": nightscout.url, "first_days": "3650", "deletions": "yes", **options}
        made_line = line("Nightscout", limits=limits)
        return NightscoutPush(kept.access("nightscout_push", made_line, given, secrets, clock))

    return Site(store, clock, nightscout, kept, make)


def unusable(pages: Sequence[Page]) -> list[str]:
    return [why for page in pages for why in page.unusable]


@pytest.mark.parametrize("named", [True, False])
def test_one_of_each_goes_there_once_however_often_it_is_sent(site: Site, named: bool) -> None:
    site.keep_one_of_each(named=named)
    site.push()
    assert site.counts() == dict.fromkeys(ONE_OF_EACH, 1)
    site.there.asked.clear()
    for _ in range(3):
        site.push_anew()
    assert site.writes() == []
    assert site.counts() == dict.fromkeys(ONE_OF_EACH, 1)


def test_what_it_says_is_what_was_kept_with_its_offset(site: Site) -> None:
    site.keep_one_of_each(named=True)
    site.push()
    [entry] = site.there.kept["entries"]
    assert (entry["sgv"], entry["date"], entry["utcOffset"]) == (120, START_MS - HOUR_MS, 60)
    [meal] = site.there.kept["treatments"]
    assert (meal["insulin"], meal["carbs"], meal["created_at"], meal["utcOffset"]) == (1, 30, AT, 60)
    assert site.there.kept["food"][0]["carbs"] == "14"
    assert site.there.kept["activity"][0]["created_at"] == "2026-11-21T10:00:00+01:00"


def test_ids_of_v1_apps_stay_what_they_are(site: Site) -> None:
    [meal] = site.keep("treatments", ONE_OF_EACH["treatments"])
    [status] = site.keep("devicestatus", ONE_OF_EACH["devicestatus"])
    site.push()
    assert site.there.kept["treatments"][0]["_id"] == str(meal["_id"])
    assert site.there.kept["devicestatus"][0]["_id"] == str(status["_id"])


def test_an_identifier_goes_through_v3_where_there_is_one(site: Site, access_by: str) -> None:
    site.keep("entries", ONE_OF_EACH["entries"] | {"identifier": "chosen", "app": "AAPS"})
    site.push()
    through_v3 = ("POST", "/api/v3/entries") in site.writes()
    assert through_v3 == (access_by == "token")
    [entry] = site.there.kept["entries"]
    assert (entry["identifier"], entry["app"], "srvModified" in entry) == ("chosen", "AAPS", through_v3)


@pytest.mark.parametrize("collection", ONE_OF_EACH)
def test_nothing_of_ours_goes_out(site: Site, collection: str) -> None:
    marked = {"nl_uploader": "marker", "nl_import": "marker", "loopSettings": {"deviceToken": "marker"}}
    if collection != "profile":
        del marked["loopSettings"]
    site.keep(collection, ONE_OF_EACH[collection] | marked)
    site.push()
    assert site.counts()[collection] == 1
    assert "marker" not in json.dumps([one.body for one in site.there.asked])


@pytest.mark.parametrize("named", [True, False])
@pytest.mark.parametrize("collection", ONE_OF_EACH)
def test_a_change_travels(site: Site, collection: str, named: bool) -> None:
    first = ONE_OF_EACH[collection] | ({"identifier": "one"} if named else {})
    [kept] = site.keep(collection, first)
    site.push()
    changed = {name: value for name, value in kept.items() if name not in ("srvModified", "srvCreated")}
    SERVICES[collection](site.store, site.clock, NOBODY).put([changed | {"notes": "changed"}])
    site.clock.advance(s=1)
    site.push()
    assert [one.get("notes") for one in site.there.kept[collection]] == ["changed"]


def test_a_time_that_was_moved_travels_although_v3_forbids_it(site: Site) -> None:
    site.keep("treatments", ONE_OF_EACH["treatments"] | {"identifier": "one"})
    site.push()
    site.keep("treatments", ONE_OF_EACH["treatments"] | {"identifier": "one", "created_at": iso_of(START_MS)})
    site.push()
    assert [one["created_at"] for one in site.there.kept["treatments"]] == [iso_of(START_MS)]


@pytest.mark.parametrize("named", [True, False])
@pytest.mark.parametrize("collection", ["entries", "treatments", "food"])
def test_a_deletion_travels_if_it_is_wished_for(site: Site, collection: str, named: bool) -> None:
    site.keep(collection, ONE_OF_EACH[collection] | ({"identifier": "one"} if named else {}))
    site.push()
    site.delete(collection, {})
    site.push(deletions="no")
    assert site.counts()[collection] == 1
    site.push_anew(deletions="yes")
    assert site.counts()[collection] == 0
    site.there.asked.clear()
    site.push_anew()
    assert site.writes() == []


def test_a_credential_that_may_not_delete_goes_on_writing(site: Site) -> None:
    site.keep("treatments", ONE_OF_EACH["treatments"])
    site.push()
    site.delete("treatments", {})
    site.keep("treatments", {"eventType": "Note", "created_at": AT})
    answer = site.there.reply
    no = Reply({"status": 403}, 403)
    site.there.reply = lambda asked: no if asked.method == "DELETE" else answer(asked)  # type: ignore[method-assign]
    assert unusable(site.push()) == ["the credential may not delete treatments"]
    assert site.counts()["treatments"] == 2
    site.there.asked.clear()
    site.push()
    assert site.writes() == []


def test_what_was_deleted_before_it_was_ever_sent_is_not_sent(site: Site) -> None:
    site.keep("treatments", ONE_OF_EACH["treatments"])
    site.delete("treatments", {})
    site.push()
    assert site.writes() == []


def test_what_comes_back_here_comes_back_there(site: Site) -> None:
    site.keep("treatments", ONE_OF_EACH["treatments"] | {"identifier": "one"})
    site.push()
    site.delete("treatments", {})
    site.push()
    assert site.counts()["treatments"] == 0
    site.keep("treatments", ONE_OF_EACH["treatments"] | {"identifier": "one"})
    site.push()
    assert site.counts()["treatments"] == 1


def test_a_lost_answer_doubles_nothing(site: Site) -> None:
    for named in (True, False):
        at = {"entries": START_MS - 2 * HOUR_MS + named * HOUR_MS}
        site.keep("entries", ONE_OF_EACH["entries"] | {"date": at["entries"], "dateString": iso_of(at["entries"])})
        for collection in ("treatments", "devicestatus", "profile", "food", "activity"):
            more = {"identifier": f"{collection}-1"} if named else {"notes": "another", "created_at": iso_of(START_MS)}
            site.keep(collection, ONE_OF_EACH[collection] | more)
    before = {"entries": 2, "treatments": 2, "devicestatus": 2, "profile": 2, "food": 2, "activity": 2}
    for _ in range(40):
        site.there.loses_answers = 1
        try:
            site.push()
        except Transient:
            continue
        if site.there.loses_answers:
            break
    assert site.counts() == before


def test_many_go_in_lists_and_many_lists_in_few_requests(site: Site) -> None:
    at = [START_MS - place * MINUTE_MS for place in range(1, 1101)]
    site.keep("entries", *({"type": "sgv", "sgv": 100, "date": ms, "dateString": iso_of(ms)} for ms in at))
    pages = site.push()
    assert site.counts()["entries"] == 1100
    assert len(site.writes()) == 3
    assert max(one["date"] for page in pages for one in page.sent) == START_MS - MINUTE_MS


def test_no_list_is_longer_than_the_other_takes(site: Site) -> None:
    at = [iso_of(START_MS - place * MINUTE_MS) for place in range(250)]
    site.keep("devicestatus", *({"device": "rig", "created_at": one, "x": "y" * 9000} for one in at))
    site.keep("food", *({"type": "food", "name": f"Food {place}", "x": "y" * 900} for place in range(250)))
    assert unusable(site.push()) == []
    assert (site.counts()["devicestatus"], site.counts()["food"]) == (250, 250)


def test_a_server_in_front_that_lets_less_through_is_obeyed(site: Site) -> None:
    site.there.writes.largest_bytes = 20_000
    at = [START_MS - place * MINUTE_MS for place in range(1, 301)]
    site.keep("entries", *({"type": "sgv", "sgv": 100, "date": ms, "dateString": iso_of(ms)} for ms in at))
    assert unusable(site.push()) == []
    assert site.counts()["entries"] == 300


@pytest.mark.parametrize("named", [True, False])
def test_a_record_that_is_refused_costs_no_other_and_holds_nobody_up(site: Site, named: bool) -> None:
    notes = [
        {"eventType": "Note", "created_at": iso_of(START_MS - place * MINUTE_MS), "notes": str(place)}
        for place in range(40)
    ]
    notes[17]["poison"] = True
    site.keep("treatments", *(one | ({"identifier": one["notes"]} if named else {}) for one in notes))
    pages = site.push()
    assert unusable(pages) == ["the other Nightscout refused a record of treatments"]
    assert site.counts()["treatments"] == 39
    assert site.cursors["treatments"] > 0


def test_a_site_whose_database_is_down_loses_nothing(site: Site) -> None:
    site.keep("treatments", *({"eventType": "Note", "created_at": iso_of(START_MS - place)} for place in range(300)))
    answer = site.there.reply
    down = Reply({"status": 500, "message": "Mongo Error"}, 500)
    site.there.reply = lambda asked: down if asked.method == "POST" else answer(asked)  # type: ignore[method-assign]
    with pytest.raises(Transient, match="trouble"):
        site.push()
    assert "treatments" not in site.cursors
    assert len(site.writes()) <= 12
    site.there.reply = answer  # type: ignore[method-assign]
    site.push()
    assert site.counts()["treatments"] == 300


def test_a_site_that_is_too_slow_for_long_lists_gets_shorter_ones(site: Site, kept: Kept) -> None:
    at = [START_MS - place * MINUTE_MS for place in range(1, 301)]
    site.keep("entries", *({"type": "sgv", "sgv": 100, "date": ms, "dateString": iso_of(ms)} for ms in at))
    quick = Limits(total_s=0.3, connect_s=0.3)
    site.there.script("/api/v1/entries.json", Reply([]), *[late([], 2)] * 3)
    with pytest.raises(Transient):
        site.push(limits=quick)
    assert kept.session["at_once"] == 150
    site.push()
    assert site.counts()["entries"] == 300
    sizes = [len(one.body) for one in site.there.asked if one.method == "POST"]
    assert sizes[-2:] == [150, 150]


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (too_often("60"), RateLimited),
        (html(404), ActionRequired),
        (Reply({"status": 403}, 403), AuthInvalid),
        (Reply({"status": 401}, 401), AuthInvalid),
        (html(503), Transient),
        (html(502), Transient),
        (html(418), Transient),
        (late([], 3), Transient),
    ],
)
def test_each_refusal_of_a_write_is_understood(site: Site, reply: Reply, kind: type[UploaderFailure]) -> None:
    site.keep("treatments", ONE_OF_EACH["treatments"])
    site.there._scenes = []
    answer = site.there.reply

    def refuse(asked: Any) -> Reply:
        return reply if asked.method == "POST" else answer(asked)

    site.there.reply = refuse  # type: ignore[method-assign]
    with pytest.raises(kind):
        site.push(limits=Limits(total_s=0.3, connect_s=0.3))
    assert "treatments" not in site.cursors


def test_a_credential_that_may_read_only_is_refused_with_what_to_do(site: Site) -> None:
    site.there.is_writable = False
    site.keep("treatments", ONE_OF_EACH["treatments"])
    with pytest.raises(AuthInvalid) as refused:
        site.push()
    assert "may read and write" in refused.value.hint
    with pytest.raises(AuthInvalid):
        site.source().look()


@pytest.mark.parametrize("secrets", [{"token": "wrong-0000000000000000"}, {"api_secret": "wrong"}, {}])
def test_a_wrong_credential_is_refused(site: Site, secrets: dict[str, str]) -> None:
    site.keep("treatments", ONE_OF_EACH["treatments"])
    with pytest.raises(AuthInvalid) as refused:
        site.push(secrets=secrets)
    assert "may read and write" in refused.value.hint


def test_a_collection_the_credential_may_not_write_does_not_stop_the_others(site: Site) -> None:
    site.there.forbidden = {"entries", "profile"}
    site.keep_one_of_each()
    pages = site.push()
    assert sorted(unusable(pages)) == ["the credential may not write entries", "the credential may not write profile"]
    assert site.counts() == {**dict.fromkeys(ONE_OF_EACH, 1), "entries": 0, "profile": 0}
    site.there.forbidden.clear()
    site.push()
    assert site.counts() == dict.fromkeys(ONE_OF_EACH, 1)


def test_a_site_without_careportal_says_so(site: Site) -> None:
    site.there.writes.has_careportal = False
    site.keep("treatments", ONE_OF_EACH["treatments"])
    with pytest.raises(ActionRequired, match="takes no treatments") as refused:
        site.push()
    assert "careportal" in refused.value.hint


def test_looking_gets_in_and_writes_nothing(site: Site) -> None:
    site.keep_one_of_each()
    assert site.source().look() == ()
    assert site.counts() == dict.fromkeys(ONE_OF_EACH, 0)
    assert {one.method for one in site.there.asked if "/api/v1/" in one.path} == {"POST"}


def test_kinds_that_are_switched_off_stay_here(site: Site) -> None:
    site.keep_one_of_each()
    site.push(status="never", food="never", treatments="never")
    assert site.counts() == {"entries": 1, "profile": 1, "activity": 1, "treatments": 0, "devicestatus": 0, "food": 0}
    assert not [one for one in site.there.asked if "food" in one.path or "treatments" in one.path]


def test_it_begins_as_far_back_as_was_asked_for_and_stays_there(site: Site) -> None:
    for days in (1, 3, 10):
        at_ms = START_MS - days * 24 * HOUR_MS
        site.keep("entries", {"type": "sgv", "sgv": 100 + days, "date": at_ms, "dateString": iso_of(at_ms)})
        site.keep("devicestatus", {"device": f"{days}", "created_at": iso_of(at_ms)})
    site.keep("profile", {"startDate": "2020-01-01T00:00:00.000Z", "store": {}})
    site.push(first_days="14")
    assert sorted(one["sgv"] for one in site.there.kept["entries"]) == [101, 103, 110]
    assert [one["device"] for one in site.there.kept["devicestatus"]] == ["1"]
    assert site.counts()["profile"] == 1
    site.clock.advance(days=30)
    late_ms = START_MS - 5 * 24 * HOUR_MS
    site.keep("entries", {"type": "sgv", "sgv": 99, "date": late_ms, "dateString": iso_of(late_ms)})
    site.push(first_days="14")
    assert 99 in [one["sgv"] for one in site.there.kept["entries"]]


def test_records_of_an_older_program_go_too(site: Site) -> None:
    rows = site.store.collection("treatments")
    ids = [ObjectId(f"5f0c52f46c0e4c0a9d{place:06x}") for place in range(12)]
    old = [
        {"eventType": "Note", "created_at": iso_of(START_MS - place * HOUR_MS), "notes": str(place)}
        for place in range(12)
    ]
    rows.insert_many([{"_id": id, **one} for id, one in zip(ids, old, strict=True)])
    rows.insert_one({"_id": "UUID-1", "eventType": "Temporary Override", "created_at": AT, "notes": "text"})
    site.push()
    assert site.counts()["treatments"] == 13
    assert {one["_id"] for one in site.there.kept["treatments"]} >= {str(id) for id in ids}
    site.there.asked.clear()
    site.clock.advance(hours=2)
    site.push()
    assert site.writes() == []
    later = ObjectId(f"{site.clock.now_ms() // 1000:08x}" + "0" * 16)
    rows.insert_one({"_id": later, "eventType": "Note", "created_at": iso_of(site.clock.now_ms()), "notes": "later"})
    site.clock.advance(hours=2)
    site.push()
    assert site.counts()["treatments"] == 14


def test_a_push_that_was_stopped_goes_on_where_it_was(site: Site) -> None:
    for place in range(5):
        at_ms = START_MS - place * HOUR_MS
        site.keep("entries", {"type": "sgv", "sgv": 100 + place, "date": at_ms, "dateString": iso_of(at_ms)})
    pages = site.source().pages(site.cursors)
    site.cursors |= next(pages).cursors
    pages.close()
    site.keep("entries", {"type": "sgv", "sgv": 99, "date": START_MS + 1000, "dateString": iso_of(START_MS + 1000)})
    site.push()
    assert sorted(one["sgv"] for one in site.there.kept["entries"]) == [99, 100, 101, 102, 103, 104]


def test_what_another_process_wrote_late_is_not_passed_over(site: Site) -> None:
    site.keep("treatments", ONE_OF_EACH["treatments"])
    site.clock.advance(minutes=1)
    site.push()
    straggler = {"eventType": "Note", "created_at": AT, "srvModified": site.cursors["treatments"] - 30_000}
    site.store.collection("treatments").insert_one(straggler)
    site.clock.advance(hours=1)
    site.push()
    assert site.counts()["treatments"] == 2


def test_an_edit_over_there_is_not_undone_by_sending_the_same_once_more(site: Site) -> None:
    site.keep("treatments", ONE_OF_EACH["treatments"])
    site.push()
    site.there.kept["treatments"][0]["notes"] = "said there"
    for _ in range(4):
        site.clock.advance(s=20)
        site.push()
    assert site.there.kept["treatments"][0]["notes"] == "said there"
    site.keep("treatments", ONE_OF_EACH["treatments"] | {"notes": "said here"})
    site.push()
    assert [one["notes"] for one in site.there.kept["treatments"]] == ["said here"]


def test_what_was_read_before_is_not_looked_up_for_ever(site: Site) -> None:
    site.keep_one_of_each()
    for _ in range(3):
        site.clock.advance(minutes=3)
        site.push()
    site.there.asked.clear()
    site.clock.advance(minutes=3)
    site.push()
    assert site.there.asked == []


def test_a_clock_that_was_ahead_hides_nothing_when_it_is_put_right(site: Site) -> None:
    site.clock.advance(hours=5)
    site.keep("treatments", ONE_OF_EACH["treatments"])
    site.push()
    back_ms = site.clock.now_ms() - 4 * HOUR_MS
    site.store.collection("treatments").insert_one(
        {"eventType": "Note", "created_at": AT, "srvModified": back_ms + 1000, "notes": "after"}
    )
    site.clock.set(back_ms + 60_000)
    site.push()
    assert site.counts()["treatments"] == 2


def test_what_the_phone_sends_to_both_is_not_doubled(site: Site) -> None:
    at_ms = START_MS - HOUR_MS
    site.keep(
        "entries", {"type": "sgv", "sgv": 120, "date": at_ms, "dateString": iso_of(at_ms), "nl_uploader": "cloud"}
    )
    site.keep("treatments", {"eventType": "Correction Bolus", "created_at": AT, "insulin": 1.5, "identifier": "cloud"})
    site.there.add_v1("entries", type="sgv", sgv=121, date=at_ms + 20_000, dateString=iso_of(at_ms + 20_000))
    site.there.add_v1("treatments", eventType="Bolus", created_at=iso_of(at_ms + MINUTE_MS), insulin=1.5)
    site.push()
    assert (site.counts()["entries"], site.counts()["treatments"]) == (1, 1)
    site.push_anew(glucose="always", treatments="always")
    assert (site.counts()["entries"], site.counts()["treatments"]) == (2, 2)


@pytest.mark.parametrize("taken", ["alone", "always"])
def test_the_very_same_event_of_somebody_else_is_neither_doubled_nor_changed(site: Site, taken: str) -> None:
    theirs = site.there.add_v1("treatments", eventType="Meal Bolus", created_at=AT, insulin=1, carbs=25)
    before = dict(theirs)
    site.keep("treatments", ONE_OF_EACH["treatments"])
    site.push(treatments=taken)
    assert site.there.kept["treatments"] == [before]


def test_two_readings_of_our_own_that_are_near_are_both_sent(site: Site) -> None:
    for seconds in (0, 60, 120):
        at_ms = START_MS - HOUR_MS + seconds * 1000
        site.keep("entries", {"type": "sgv", "sgv": 120, "date": at_ms, "dateString": iso_of(at_ms), "device": "x"})
        site.push()
    assert site.counts()["entries"] == 3


def test_a_double_of_an_old_database_that_is_deleted_here_costs_not_the_other_one(site: Site) -> None:
    rows = site.store.collection("entries")
    one = {"type": "sgv", "sgv": 120, "date": START_MS - HOUR_MS, "dateString": AT, "sysTime": AT}
    rows.insert_many([one | {"srvModified": START_MS}, one | {"srvModified": START_MS + 1}])
    site.clock.advance(s=10)
    site.push()
    first = rows.find_one({"srvModified": START_MS})
    assert first is not None
    rows.update_one({"_id": first["_id"]}, {"$set": {"isValid": False, "srvModified": site.clock.now_ms()}})
    site.clock.advance(s=10)
    site.push()
    assert site.counts()["entries"] == 1


def test_no_secret_token_or_ticket_is_in_a_log(site: Site, kept: Kept, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    site.there.secret, site.there.token = "marker-secret", "marker-0123456789abcdef"
    site.keep_one_of_each()
    site.there.script("treatments", html(503))
    site.push()
    kept.session.clear()
    with pytest.raises(AuthInvalid):
        site.push(secrets={"token": "marker-wrong-00000000"})
    assert "marker" not in caplog.text
    assert "jwt." not in caplog.text


def test_a_list_is_cut_by_number_and_by_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sending_module, "_MOST_BODY_BYTES", 1000)
    sending = sending_module.Sending(None, None, 3, lambda at_once: None)  # type: ignore[arg-type]
    small = [({"eventType": "Note", "created_at": AT, "identifier": str(place)}, None) for place in range(7)]
    assert [len(one) for one in sending._lists("treatments", small)] == [3, 3, 1]
    large = [({"eventType": "Note", "created_at": AT, "notes": "x" * 600, "identifier": "a"}, None)] * 2
    assert [len(one) for one in sending._lists("treatments", large)] == [1, 1]

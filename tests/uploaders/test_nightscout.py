"""A Nightscout as source, over real HTTP: both ways to get in, both APIs, pages, deletions, redirects."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from app.clock import iso_of
from app.records.sources.documents import BadRecord
from app.store.interface import Document
from app.uploaders.errors import (
    ActionRequired,
    AuthInvalid,
    RateLimited,
    SchemaChanged,
    Transient,
    UploaderFailure,
)
from app.uploaders.nightscout import client as client_module
from app.uploaders.nightscout.mapper import document_of
from app.uploaders.nightscout.source import NightscoutSource
from app.uploaders.vendor import Page
from tests.clocks import START_MS, SettableClock
from tests.emulators.nightscout import NightscoutEmulator
from tests.emulators.server import Reply, cut_off, late, too_often
from tests.emulators.server import page as html
from tests.uploaders.conftest import Kept

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS
MakeSource = Callable[..., NightscoutSource]


@pytest.fixture
def source(nightscout: NightscoutEmulator, clock: SettableClock, line: Any, kept: Kept) -> MakeSource:
    def make(options: dict[str, Any] | None = None, **secrets: str) -> NightscoutSource:
        given = secrets or {"token": nightscout.token}
        access = kept.access(
            "nightscout", line("Nightscout"), {"address": nightscout.url, **(options or {})}, given, clock
        )
        return NightscoutSource(access)

    return make


@pytest.fixture
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_module, "_PAGE", 4)
    monkeypatch.setattr(client_module, "_PAGES", {})


def documents_in(pages: Sequence[Page], collection: str) -> list[Document]:
    return [document for page in pages for document in page.documents.get(collection, ())]


def identifiers_in(pages: Sequence[Page], collection: str) -> set[str]:
    return {document["identifier"] for document in documents_in(pages, collection)}


def deleted_in(pages: Sequence[Page], collection: str) -> set[str]:
    return {identifier for page in pages for identifier in page.deleted.get(collection, ())}


def cursors_of(pages: Sequence[Page]) -> dict[str, int]:
    found: dict[str, int] = {}
    for page in pages:
        found |= page.cursors
    return found


def test_what_v1_apps_wrote_comes_with_its_own_names(source: MakeSource, nightscout: NightscoutEmulator) -> None:
    nightscout.show(118, 121)
    bolus = nightscout.add_v1(
        "treatments",
        eventType="Correction Bolus",
        created_at=iso_of(START_MS - HOUR_MS),
        insulin=0.05,
        enteredBy="Loop",
        utcOffset=60,
    )
    pages = list(source().pages({}))
    entries = documents_in(pages, "entries")
    assert [entry["sgv"] for entry in entries] == [121, 118]
    assert entries[0]["device"] == "xDrip-DexcomG5"
    assert entries[0]["identifier"] == nightscout.kept["entries"][1]["_id"]
    assert all("_id" not in entry for entry in entries)
    [treatment] = documents_in(pages, "treatments")
    assert treatment == {name: value for name, value in bolus.items() if name != "_id"} | {"identifier": bolus["_id"]}


def test_the_default_of_ten_documents_does_not_catch_us(source: MakeSource, nightscout: NightscoutEmulator) -> None:
    nightscout.show(*range(100, 150))
    assert len(identifiers_in(list(source().pages({})), "entries")) == 50
    assert all("count" in asked.query or "limit" in asked.query for asked in nightscout.asked if "json" in asked.path)


def test_changes_and_deletions_come_from_the_history_of_v3(source: MakeSource, nightscout: NightscoutEmulator) -> None:
    kept = [
        nightscout.add_v3("treatments", eventType="Note", created_at=iso_of(START_MS - DAY_MS), notes=str(number))
        for number in range(3)
    ]
    first = list(source().pages({}))
    assert len(identifiers_in(first, "treatments")) == 3
    nightscout.clock.advance(minutes=5)
    nightscout.change(kept[0], notes="changed")
    nightscout.delete(kept[1])
    second = list(source().pages(cursors_of(first)))
    assert {"changed"} <= {one["notes"] for one in documents_in(second, "treatments")}
    assert deleted_in(second, "treatments") == {kept[1]["identifier"]}
    third = list(source().pages(cursors_of(first) | cursors_of(second)))
    assert deleted_in(third, "treatments") <= {kept[1]["identifier"]}


def test_a_deletion_is_seen_without_v3_while_it_is_recent(source: MakeSource, nightscout: NightscoutEmulator) -> None:
    kept = nightscout.add_v3("treatments", eventType="Note", created_at=iso_of(START_MS - HOUR_MS))
    nightscout.delete(kept)
    nightscout.has_v3 = False
    pages = list(source().pages({}))
    assert deleted_in(pages, "treatments") == {kept["identifier"]}
    assert not identifiers_in(pages, "treatments")


def test_a_site_without_v3_is_followed_by_time(source: MakeSource, nightscout: NightscoutEmulator) -> None:
    nightscout.has_v3 = False
    nightscout.show(118)
    pages = list(source().pages({}))
    assert len(identifiers_in(pages, "entries")) == 1
    assert nightscout.count("/history/") == 0


def test_the_api_secret_is_sent_as_its_hash_only(source: MakeSource, nightscout: NightscoutEmulator) -> None:
    nightscout.show(118)
    assert identifiers_in(list(source(api_secret=nightscout.secret).pages({})), "entries")
    assert nightscout.count("/history/") == 0
    sent = {asked.headers.get("api-secret") for asked in nightscout.asked}
    assert sent == {hashlib.sha1(nightscout.secret.encode()).hexdigest()}


def test_a_secret_given_as_hash_is_sent_as_it_is(source: MakeSource, nightscout: NightscoutEmulator) -> None:
    nightscout.show(118)
    hashed = hashlib.sha1(nightscout.secret.encode()).hexdigest()
    assert identifiers_in(list(source(api_secret=hashed.upper()).pages({})), "entries")


def test_a_site_readable_by_the_world_needs_no_credential(source: MakeSource, nightscout: NightscoutEmulator) -> None:
    nightscout.is_readable = True
    nightscout.show(118)
    assert identifiers_in(list(source(token="").pages({})), "entries")


def test_the_ticket_is_kept_and_used_again(source: MakeSource, nightscout: NightscoutEmulator, kept: Kept) -> None:
    list(source().pages({}))
    list(source().pages({}))
    assert nightscout.count("/authorization/request/") == 1
    assert kept.session["jwt"].startswith("jwt.")


def test_a_ticket_that_ends_in_mid_run_is_renewed_once(source: MakeSource, nightscout: NightscoutEmulator) -> None:
    nightscout.show(118)
    list(source().pages({}))
    nightscout.end_tickets()
    assert identifiers_in(list(source().pages({})), "entries")
    assert nightscout.count("/authorization/request/") == 2


def test_an_old_site_without_tickets_takes_the_token_itself(source: MakeSource, nightscout: NightscoutEmulator) -> None:
    nightscout.has_tickets = nightscout.has_v3 = False
    nightscout.show(118)
    assert identifiers_in(list(source().pages({})), "entries")


@pytest.mark.parametrize("secrets", [{"token": "wrong-0000000000000000"}, {"api_secret": "wrong"}, {"token": ""}])
def test_a_wrong_credential_is_refused_and_not_repeated(
    source: MakeSource, nightscout: NightscoutEmulator, secrets: dict[str, str]
) -> None:
    with pytest.raises(AuthInvalid):
        list(source(**secrets).pages({}))
    assert len(nightscout.asked) == 1


def test_a_collection_the_token_may_not_read_does_not_stop_the_others(
    source: MakeSource, nightscout: NightscoutEmulator
) -> None:
    nightscout.show(118)
    nightscout.add_v1("treatments", eventType="Note", created_at=iso_of(START_MS - HOUR_MS))
    nightscout.forbidden = {"devicestatus", "profile"}
    pages = list(source().pages({}))
    assert identifiers_in(pages, "treatments")
    assert sorted(why for page in pages for why in page.unusable) == [
        "the credential may not read devicestatus",
        "the credential may not read profile",
    ]


def test_kinds_that_are_switched_off_are_not_fetched(source: MakeSource, nightscout: NightscoutEmulator) -> None:
    list(source({"treatments": "never", "status": "never", "profile": "never"}).pages({}))
    assert not nightscout.count("treatments")
    assert not nightscout.count("devicestatus")


@pytest.mark.usefixtures("small_pages")
def test_a_long_gap_is_filled_in_pages_oldest_first(source: MakeSource, nightscout: NightscoutEmulator) -> None:
    nightscout.show(*range(100, 400))
    pages = [page for page in source({"first_days": "2"}).pages({}) if page.documents.get("entries")]
    assert identifiers_in(pages, "entries") == {one["_id"] for one in nightscout.kept["entries"]}
    assert all(len(page.documents["entries"]) < 4 for page in pages)
    cursors = [page.cursors["entries_time"] for page in pages]
    assert cursors == sorted(cursors)
    assert cursors[-1] == START_MS - MINUTE_MS


@pytest.mark.usefixtures("small_pages")
def test_no_change_is_lost_where_a_page_of_history_ends(source: MakeSource, nightscout: NightscoutEmulator) -> None:
    kept = [
        nightscout.add_v3("treatments", eventType="Note", created_at=iso_of(START_MS - number * MINUTE_MS))
        for number in range(11)
    ]
    for one in kept[2:6]:
        one["srvModified"] = kept[2]["srvModified"]  # written in one bulk, across the end of a page
    nightscout.change(kept[0], notes="moved to the end")
    pages = list(source({"treatments": "always"}).pages({"treatments_time": START_MS + DAY_MS}))
    assert identifiers_in(pages, "treatments") == {one["identifier"] for one in kept}


def test_what_arrives_late_at_the_source_is_found(source: MakeSource, nightscout: NightscoutEmulator) -> None:
    nightscout.show(120)
    first = cursors_of(list(source().pages({})))
    nightscout.clock.advance(minutes=61)
    nightscout.show(110, 111, newest_min_ago=300)
    late_ones = documents_in(list(source().pages(first)), "entries")
    assert {entry["sgv"] for entry in late_ones} == {120, 110, 111}


def test_profiles_are_fetched_once_an_hour(source: MakeSource, nightscout: NightscoutEmulator) -> None:
    nightscout.add_v1("profile", startDate=iso_of(START_MS - 90 * DAY_MS), defaultProfile="Default", store={}, mills=1)
    first = list(source().pages({}))
    assert len(documents_in(first, "profile")) == 1
    assert not documents_in(list(source().pages(cursors_of(first))), "profile")
    nightscout.clock.advance(minutes=60)
    assert documents_in(list(source().pages(cursors_of(first))), "profile")


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (too_often("60"), RateLimited),
        (html(404), ActionRequired),
        (Reply({"status": 403}, 403), AuthInvalid),
        (Reply({"message": "no"}, 418), SchemaChanged),
        (Reply({"no": "list"}), SchemaChanged),
    ],
)
def test_each_refusal_is_understood(
    source: MakeSource, nightscout: NightscoutEmulator, reply: Reply, kind: type[UploaderFailure]
) -> None:
    nightscout.script("entries.json", reply)
    with pytest.raises(kind):
        list(source().pages({}))


@pytest.mark.parametrize("reply", [html(503), html(500), html(200), Reply(raw=""), cut_off([{}, {}]), late([], 3)])
def test_passing_trouble_is_tried_three_times(source: MakeSource, nightscout: NightscoutEmulator, reply: Reply) -> None:
    nightscout.show(118)
    nightscout.script("entries.json", reply)
    assert identifiers_in(list(source().pages({})), "entries")
    nightscout.script("entries.json", *[html(503)] * 5)
    with pytest.raises(Transient):
        list(source().pages({}))


def test_a_redirect_on_the_same_host_is_followed(source: MakeSource, nightscout: NightscoutEmulator) -> None:
    nightscout.show(118)
    path = f"/api/v2/authorization/request/{nightscout.token}"
    nightscout.script("request", Reply(status=301, headers={"Location": f"{nightscout.url}{path}"}))
    assert identifiers_in(list(source().pages({})), "entries")


@pytest.mark.parametrize(
    "place", ["https://elsewhere.example.org{path}", "https://127.0.0.1.example.org/api", "/login", "//elsewhere{path}"]
)
def test_a_credential_follows_no_redirect_to_another_place(
    source: MakeSource, nightscout: NightscoutEmulator, place: str
) -> None:
    path = f"/api/v2/authorization/request/{nightscout.token}"
    nightscout.script("request", Reply(status=302, headers={"Location": place.format(path=path)}))
    with pytest.raises(ActionRequired) as wanted:
        list(source().pages({}))
    assert wanted.value.kind == "address"
    assert nightscout.token not in wanted.value.message + wanted.value.hint
    assert len(nightscout.asked) == 1


def test_a_redirect_that_never_ends_is_given_up(source: MakeSource, nightscout: NightscoutEmulator) -> None:
    path = f"/api/v2/authorization/request/{nightscout.token}"
    nightscout.script("request", *[Reply(status=302, headers={"Location": path})] * 20)
    with pytest.raises(Transient, match="circles"):
        list(source().pages({}))


def test_a_document_keeps_everything_but_the_other_servers_own() -> None:
    record = {
        "_id": "a" * 24,
        "identifier": "chosen",
        "created_at": "2026-11-21T09:00:00.000Z",
        "eventType": "Temp Basal",
        "absolute": 0.35,
        "rate": 0.35,
        "carbs": None,
        "insulin": None,
        "srvModified": 1,
        "srvCreated": 1,
        "subject": "app",
        "modifiedBy": "app",
        "mills": 1,
        "endmills": 2,
        "nl_uploader": "theirs",
        "nested": {"a": [1, {"b": None}]},
    }
    assert document_of(record, "treatments", START_MS) == {
        "identifier": "chosen",
        "created_at": "2026-11-21T09:00:00.000Z",
        "eventType": "Temp Basal",
        "absolute": 0.35,
        "rate": 0.35,
        "nested": {"a": [1, {"b": None}]},
    }


@pytest.mark.parametrize(
    "record",
    [
        None,
        {"date": START_MS},
        {"_id": 7, "date": START_MS},
        {"_id": "a" * 24},
        {"_id": "a" * 24, "date": "never"},
        {"_id": "a" * 24, "date": START_MS + HOUR_MS},
    ],
)
def test_a_document_without_name_or_time_or_from_the_future_is_left_out(record: Any) -> None:
    with pytest.raises(BadRecord):
        document_of(record, "entries", START_MS)


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ({"date": str(START_MS), "sgv": "120"}, (START_MS, 120)),
        ({"date": float(START_MS), "sgv": 5.5}, (START_MS, 5.5)),
    ],
)
def test_times_and_values_written_as_text_become_numbers(written: dict[str, Any], kept: tuple[int, float]) -> None:
    entry = document_of({"_id": "a" * 24, "type": "sgv", **written}, "entries", START_MS)
    assert (entry["date"], entry["sgv"]) == kept
    assert type(entry["date"]) is int


def test_a_value_that_is_no_number_is_left_out() -> None:
    with pytest.raises(BadRecord):
        document_of({"_id": "a" * 24, "type": "sgv", "date": START_MS, "sgv": "HIGH?"}, "entries", START_MS)


def test_no_secret_token_or_ticket_is_in_a_log(
    source: MakeSource, nightscout: NightscoutEmulator, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    nightscout.secret, nightscout.token = "marker-secret", "marker-0123456789abcdef"
    nightscout.show(118)
    nightscout.script("entries.json", html(503))
    list(source().pages({}))
    list(source(api_secret="marker-secret").pages({}))
    with pytest.raises(AuthInvalid):
        list(source(api_secret="marker-wrong").pages({}))
    assert "marker" not in caplog.text
    assert "jwt." not in caplog.text

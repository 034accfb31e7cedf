"""Documents by identifier: one truth with what v1 keeps, whoever writes first."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from app.actor import NOBODY, Actor
from app.errors import BadDocument, BadRequest, Forbidden, Gone, NotFound
from app.records.devicestatus import DeviceStatus
from app.records.entries import Entries
from app.records.food import Food
from app.records.identified_documents import IdentifiedDocuments
from app.records.identified_rules import ChangedMeanwhile, ReadOnly
from app.records.profiles import Profiles
from app.records.stamps import stamping
from app.records.treatments import Treatments
from app.store.interface import Document, Store
from tests.clocks import START_MS, SettableClock

ISO = "2026-11-21T10:00:00.000Z"
APP = Actor(kind="token", label="token:AAPS: phone")
READING: Document = {"type": "sgv", "sgv": 117, "date": START_MS, "app": "AAPS", "device": "Libre3"}
BOLUS: Document = {"eventType": "Correction Bolus", "date": START_MS, "app": "AAPS", "insulin": 0.35}


def allow(act: str) -> None:
    """Allow everything."""


def only(*acts: str) -> Callable[[str], None]:
    def allowed(act: str) -> None:
        if act not in acts:
            raise Forbidden(act)

    return allowed


@pytest.fixture
def identified(store: Store, clock: SettableClock) -> Callable[..., IdentifiedDocuments]:
    return lambda name, actor=APP, **rules: IdentifiedDocuments(store, clock, actor, name, **rules)


@pytest.fixture
def boluses(identified: Callable[..., IdentifiedDocuments]) -> IdentifiedDocuments:
    return identified("treatments")


@pytest.fixture
def readings(identified: Callable[..., IdentifiedDocuments]) -> IdentifiedDocuments:
    return identified("entries")


def found(documents: IdentifiedDocuments, **how: Any) -> list[Document]:
    return [*documents.search(how.pop("filter", None), **{"limit": 1000} | how)]


def changed(documents: IdentifiedDocuments, since_ms: int = 1, limit: int = 1000) -> list[Document]:
    return [*documents.history(since_ms, limit=limit)]


def test_a_document_is_kept_as_sent_with_stamps_and_a_name(boluses: IdentifiedDocuments) -> None:
    written = boluses.create({**BOLUS, "_id": "x", "srvCreated": 5, "text": "<b>me & you</b>"}, allow)
    assert written.created
    assert boluses.read(written.identifier) == {
        **BOLUS,
        **{"identifier": written.identifier, "created_at": ISO, "utcOffset": 0, "text": "<b>me & you</b>"},
        **{"srvCreated": START_MS, "srvModified": START_MS, "subject": "AAPS: phone"},
    }


def test_nobody_signs_nothing(identified: Callable[..., IdentifiedDocuments]) -> None:
    documents = identified("food", NOBODY)
    assert "subject" not in documents.read(documents.create(BOLUS, allow).identifier)


def test_the_same_again_is_one_document(boluses: IdentifiedDocuments, clock: SettableClock) -> None:
    first = boluses.create(BOLUS, allow)
    clock.advance(minutes=1)
    again = boluses.create(BOLUS | {"insulin": 0.4}, allow)
    assert (again.created, again.identifier, again.formerly) == (False, first.identifier, first.identifier)
    [kept] = found(boluses)
    assert (kept["insulin"], kept["srvCreated"], kept["srvModified"]) == (0.4, START_MS, again.changed_ms)


def test_members_not_sent_again_are_gone(boluses: IdentifiedDocuments) -> None:
    boluses.create(BOLUS | {"notes": "x"}, allow)
    boluses.create(BOLUS, allow)
    assert "notes" not in found(boluses)[0]


@pytest.mark.parametrize(
    ("name", "v1", "v3"),
    [
        ("treatments", {"eventType": "Note", "created_at": "2026-11-21T11:00:00+01:00"}, {"eventType": "Note"}),
        ("devicestatus", {"device": "loop", "created_at": ISO}, {"device": "loop"}),
        ("entries", {"type": "sgv", "date": START_MS + 0.709}, {"type": "sgv", "device": "x"}),
        ("profile", {"created_at": ISO, "store": {}}, {"store": {}}),
    ],
)
def test_what_v1_wrote_is_recognised(
    store: Store, clock: SettableClock, identified: Callable[..., IdentifiedDocuments],
    name: str, v1: Document, v3: Document,
) -> None:  # fmt: skip
    service = {"treatments": Treatments, "devicestatus": DeviceStatus, "entries": Entries, "profile": Profiles}[name]
    [stored] = service(store, clock, APP).save([v1])
    documents = identified(name)
    assert documents.read(str(stored["_id"]))["identifier"] == str(stored["_id"])
    written = documents.create({**v3, "date": START_MS, "app": "AAPS"}, allow)
    assert (written.created, written.formerly) == (False, str(stored["_id"]))
    [kept] = found(documents)
    assert kept["identifier"] == written.identifier
    assert kept["date"] == START_MS
    assert store.collection(name).count_documents({}) == 1


@pytest.mark.parametrize("rules", [{"knows_v1": False}])
def test_unless_that_is_switched_off(
    treatments: Treatments, identified: Callable[..., IdentifiedDocuments], rules: dict[str, bool]
) -> None:
    treatments.save([{"eventType": "Correction Bolus", "created_at": ISO}])
    documents = identified("treatments", **rules)
    assert documents.create(BOLUS, allow).created
    assert len(found(documents)) == 2


def test_what_has_an_identifier_is_not_taken_for_another(boluses: IdentifiedDocuments, treatments: Treatments) -> None:
    treatments.save([{"eventType": "Correction Bolus", "created_at": ISO, "identifier": "mine"}])
    assert boluses.create(BOLUS, allow).created
    assert not boluses.create(BOLUS | {"identifier": "mine"}, allow).created


def test_an_upload_of_v1_replaces_what_v3_wrote(boluses: IdentifiedDocuments, treatments: Treatments) -> None:
    written = boluses.create(BOLUS, allow)
    treatments.save([{"eventType": "Correction Bolus", "created_at": ISO, "insulin": 1}])
    [kept] = found(boluses)
    assert (kept["identifier"], kept["insulin"]) == (written.identifier, 1)
    assert boluses.create(BOLUS | {"insulin": 2}, allow).created is False
    assert [one["insulin"] for one in treatments.search()] == [2]


def test_a_reading_of_v1_goes_into_the_one_of_v3(readings: IdentifiedDocuments, entries: Entries) -> None:
    written = readings.create(READING, allow)
    entries.save(
        [{"type": "sgv", "sgv": 118, "date": START_MS, "direction": "Flat"}, {"type": "mbg", "date": START_MS}]
    )
    kept = {one["type"]: one for one in found(readings)}
    assert kept["sgv"]["identifier"] == written.identifier
    assert (kept["sgv"]["sgv"], kept["sgv"]["device"]) == (118, "Libre3")
    assert len(kept) == 2


def test_create_and_update_are_different_permissions(boluses: IdentifiedDocuments) -> None:
    with pytest.raises(Forbidden, match="create"):
        boluses.create(BOLUS, only("update"))
    written = boluses.create(BOLUS, only("create"))
    with pytest.raises(Forbidden, match="update"):
        boluses.create(BOLUS, only("create"))
    with pytest.raises(Forbidden, match="update"):
        boluses.replace(written.identifier, BOLUS, only("create"))
    with pytest.raises(Forbidden, match="create"):
        boluses.replace("another", BOLUS, only("update"))


def test_permission_comes_before_what_is_wrong_with_it(boluses: IdentifiedDocuments) -> None:
    with pytest.raises(Forbidden):
        boluses.create({"x": 1}, only())
    with pytest.raises(BadDocument, match="date"):
        boluses.create({"x": 1}, allow)


@pytest.mark.parametrize("identifier", [5, True, [], {"$ne": 1}, "  "])
def test_an_identifier_that_is_no_word_is_refused(boluses: IdentifiedDocuments, identifier: Any) -> None:
    boluses.create(BOLUS, allow)
    if identifier:
        with pytest.raises(BadDocument, match="identifier"):
            boluses.create(BOLUS | {"identifier": identifier, "date": START_MS + 5}, allow)
    assert len(found(boluses)) == 1


@pytest.mark.parametrize("name", ["a.b", "a..b"])
def test_a_name_with_a_dot_is_a_name(boluses: IdentifiedDocuments, name: str) -> None:
    written = boluses.create(BOLUS | {name: 1}, allow)
    assert boluses.read(written.identifier)[name] == 1
    boluses.patch(written.identifier, {name: 2})
    assert boluses.read(written.identifier)[name] == 2


@pytest.mark.parametrize("bad", [{"$set": {"x": 1}}, {"x": {"$y": 1}}])
def test_operators_are_no_members(boluses: IdentifiedDocuments, bad: Document) -> None:
    written = boluses.create(BOLUS, allow)
    for write in (
        lambda: boluses.create(BOLUS | bad | {"date": START_MS + 1}, allow),
        lambda: boluses.replace(written.identifier, BOLUS | bad, allow),
        lambda: boluses.patch(written.identifier, bad),
    ):
        with pytest.raises(BadRequest):
            write()
    assert len(found(boluses)) == 1


def test_replace_keeps_when_it_was_received(boluses: IdentifiedDocuments, clock: SettableClock) -> None:
    written = boluses.create(BOLUS | {"notes": "x"}, allow)
    clock.advance(minutes=1)
    replaced = boluses.replace(written.identifier, BOLUS | {"identifier": "ignored", "insulin": 2}, allow)
    kept = boluses.read(written.identifier)
    assert not replaced.created
    assert (kept["insulin"], kept["srvCreated"], kept["srvModified"]) == (2, START_MS, replaced.changed_ms)
    assert "notes" not in kept
    assert boluses.replace("new", BOLUS | {"date": START_MS + 1}, allow).created


def test_replace_goes_by_what_the_client_knows(boluses: IdentifiedDocuments, clock: SettableClock) -> None:
    written = boluses.create(BOLUS, allow)
    for write in (
        lambda since_ms: boluses.replace(written.identifier, BOLUS, allow, unmodified_since_ms=since_ms),
        lambda since_ms: boluses.patch(written.identifier, {"x": 1}, unmodified_since_ms=since_ms),
    ):
        with pytest.raises(ChangedMeanwhile):
            write(START_MS - 1000)
        write(clock.now_ms() + 5000)


def test_patch_sets_members_and_says_who(
    boluses: IdentifiedDocuments, identified: Callable[..., IdentifiedDocuments], clock: SettableClock
) -> None:
    written = boluses.create(BOLUS | {"duration": 30}, allow)
    clock.advance(minutes=1)
    other = identified("treatments", Actor(kind="token", label="token:Mum"))
    stamp_ms = other.patch(written.identifier, {"notes": "x", "duration": 10, "_id": "y"})
    kept = boluses.read(written.identifier)
    assert (kept["notes"], kept["insulin"], kept["subject"], kept["modifiedBy"]) == ("x", 0.35, "AAPS: phone", "Mum")
    assert (kept["srvModified"], kept["endmills"]) == (stamp_ms, START_MS + 600_000)
    with pytest.raises(NotFound):
        boluses.patch("nobody", {"x": 1})


def test_the_duration_is_left_alone_at_first(boluses: IdentifiedDocuments) -> None:
    written = boluses.create(BOLUS | {"duration": 30}, allow)
    assert "endmills" not in boluses.read(written.identifier)
    boluses.create(BOLUS | {"duration": 30}, allow)
    assert boluses.read(written.identifier)["durationInMilliseconds"] == 1_800_000


def test_a_deleted_document_is_gone_from_everything_but_history(
    boluses: IdentifiedDocuments, treatments: Treatments
) -> None:
    written = boluses.create(BOLUS, allow)
    boluses.delete(written.identifier)
    boluses.delete(written.identifier)
    for act in (
        lambda: boluses.read(written.identifier),
        lambda: boluses.replace(written.identifier, BOLUS, allow),
        lambda: boluses.patch(written.identifier, {"x": 1}),
    ):
        with pytest.raises(Gone):
            act()
    assert found(boluses) == found(boluses, filter={"isValid": False}) == [*treatments.search()] == []
    [told] = changed(boluses)
    assert (told["isValid"], told["insulin"], told["modifiedBy"]) == (False, 0.35, "AAPS: phone")


def test_uploading_it_again_brings_it_back_as_whatever_it_is(boluses: IdentifiedDocuments) -> None:
    written = boluses.create(BOLUS, allow)
    boluses.delete(written.identifier)
    again = boluses.create(BOLUS | {"identifier": written.identifier, "app": "x", "eventType": "Note"}, allow)
    assert not again.created
    assert boluses.read(written.identifier)["app"] == "x"


def test_for_good_leaves_no_trace(boluses: IdentifiedDocuments) -> None:
    written = boluses.create(BOLUS, allow)
    boluses.delete(written.identifier)
    boluses.delete(written.identifier, for_good=True)
    assert changed(boluses) == []
    with pytest.raises(NotFound):
        boluses.delete(written.identifier)


def test_what_says_it_is_read_only_stays(boluses: IdentifiedDocuments) -> None:
    written = boluses.create(BOLUS | {"isReadOnly": True}, allow)
    for act in (
        lambda: boluses.delete(written.identifier),
        lambda: boluses.delete(written.identifier, for_good=True),
        lambda: boluses.replace(written.identifier, BOLUS, allow),
        lambda: boluses.patch(written.identifier, {"x": 1}),
        lambda: boluses.create(BOLUS, allow),
    ):
        with pytest.raises(ReadOnly):
            act()


@pytest.mark.parametrize("first", ["v1", "v3"])
def test_what_is_deleted_in_one_version_is_deleted_in_the_other(
    boluses: IdentifiedDocuments, treatments: Treatments, first: str
) -> None:
    written = boluses.create(BOLUS, allow)
    since_ms = written.changed_ms
    if first == "v1":
        assert treatments.delete({"created_at": ISO}) == 1
    else:
        boluses.delete(written.identifier)
    assert [*treatments.search()] == found(boluses) == []
    [told] = changed(boluses, since_ms)
    assert (told["identifier"], told["isValid"]) == (written.identifier, False)
    with pytest.raises(Gone):
        boluses.read(written.identifier)


def test_history_tells_of_what_v1_wrote(readings: IdentifiedDocuments, entries: Entries, clock: SettableClock) -> None:
    entries.save([{"type": "sgv", "sgv": 117, "date": START_MS + 0.5}])
    [told] = changed(readings)
    assert (told["date"], told["srvModified"]) == (START_MS, START_MS)
    assert "_id" not in told
    assert changed(readings, told["srvModified"]) == []
    assert len([*readings.history(told["srvModified"], limit=5, included=True)]) == 1


def test_history_goes_on_where_it_ended_and_misses_nothing(
    readings: IdentifiedDocuments, entries: Entries, clock: SettableClock
) -> None:
    for save in range(4):
        entries.save([{"type": "sgv", "sgv": n, "date": START_MS - 1000 * (10 * save + n)} for n in range(5)])
        readings.create(READING | {"date": START_MS - 1000 * (10 * save + 7)}, allow)
    seen: list[Document] = []
    while page := changed(readings, seen[-1]["srvModified"] if seen else 1, limit=3):
        seen += page
    assert len(seen) == len({one["date"] for one in seen}) == 24
    assert seen == sorted(seen, key=lambda one: one["srvModified"])


def test_history_ends_before_a_save_that_is_not_done(readings: IdentifiedDocuments, clock: SettableClock) -> None:
    readings.create(READING, allow)
    with stamping(clock):
        readings.create(READING | {"date": START_MS + 1}, allow)
        assert len(changed(readings)) == 1
    assert len(changed(readings)) == 2


def test_search_is_in_the_order_asked_for(readings: IdentifiedDocuments) -> None:
    for n in (2, 0, 1):
        readings.create(READING | {"sgv": 100 + n, "date": START_MS + n, "identifier": f"x{5 - n}"}, allow)
    assert [one["sgv"] for one in found(readings, sort="date")] == [100, 101, 102]
    assert [one["sgv"] for one in found(readings, sort="date", newest_first=True)] == [102, 101, 100]
    assert [one["sgv"] for one in found(readings, sort="")] == [102, 101, 100]
    assert [one["sgv"] for one in found(readings, sort="date", limit=1, skip=1)] == [101]


def test_the_last_change_is_a_stamp_or_a_documents_own_time(
    boluses: IdentifiedDocuments, identified: Callable[..., IdentifiedDocuments], store: Store, clock: SettableClock
) -> None:
    assert boluses.last_changed_ms() is None
    store.collection("treatments").insert_one({"created_at": "2026-11-20T10:00:00.000Z"})
    store.collection("entries").insert_one({"date": START_MS - 5.5})
    store.collection("settings").insert_one({"created_at": ISO})
    assert boluses.last_changed_ms() == START_MS - 86_400_000
    assert identified("entries").last_changed_ms() == START_MS - 6
    assert identified("settings").last_changed_ms() is None
    written = boluses.create(BOLUS, allow)
    clock.advance(minutes=1)
    boluses.delete(written.identifier)
    assert boluses.last_changed_ms() == clock.now_ms()


def test_old_doubles_are_deleted_together(boluses: IdentifiedDocuments, store: Store) -> None:
    store.collection("treatments").insert_many([{**BOLUS, "identifier": "x"} for _ in range(2)])
    boluses.delete("x")
    with pytest.raises(Gone):
        boluses.read("x")


def test_many_at_once_make_one_document(boluses: IdentifiedDocuments, store: Store) -> None:
    with ThreadPoolExecutor(8) as pool:
        written = [*pool.map(lambda n: boluses.create(BOLUS | {"insulin": n}, allow), range(24))]
    assert sum(one.created for one in written) == 1
    assert store.collection("treatments").count_documents({}) == 1


def test_no_patch_is_lost_to_another(boluses: IdentifiedDocuments) -> None:
    identifier = boluses.create(BOLUS, allow).identifier
    with ThreadPoolExecutor(4) as pool:
        [*pool.map(lambda n: boluses.patch(identifier, {f"of{n}": n}), range(8))]
    kept = boluses.read(identifier)
    assert all(kept[f"of{n}"] == n for n in range(8))


def test_food_of_v1_and_v3_is_one_table(food: Food, identified: Callable[..., IdentifiedDocuments]) -> None:
    documents = identified("food")
    [milk] = food.save([{"type": "food", "name": "Milk"}])
    documents.create({"type": "food", "name": "Bread", "date": START_MS - 5, "app": "AAPS"}, allow)
    assert {one["name"] for one in found(documents)} == {one["name"] for one in food.search()} == {"Milk", "Bread"}
    assert food.delete({"_id": milk["_id"]}) == 1
    assert [one["isValid"] for one in changed(documents) if one["name"] == "Milk"] == [False]

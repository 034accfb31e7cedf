"""What goes out is read in the order it changed: nothing is torn or missed, and nothing is read before its time."""

from __future__ import annotations

from typing import Any

import pytest

from app.actor import NOBODY
from app.records.entries import Entries
from app.records.sources import outgoing as outgoing_module
from app.records.sources.outgoing import Outgoing
from app.records.stamps import stamping
from app.records.treatments import Treatments
from app.store import ObjectId
from app.store.interface import Document, Store
from tests.clocks import START_MS, SettableClock


@pytest.fixture(autouse=True)
def _small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outgoing_module, "PAGE", 4)


@pytest.fixture
def outgoing(store: Store, clock: SettableClock) -> Outgoing:
    return Outgoing(store, clock)


def note(store: Store, clock: SettableClock, *texts: str) -> list[Document]:
    """Save notes in one save, so that they share a stamp."""
    clock.advance(s=1)
    at = f"2026-11-20T{clock.now_ms() % 24:02}:00:00.000Z"
    return Treatments(store, clock, NOBODY).save(
        [{"eventType": "Note", "created_at": at, "notes": text, "identifier": text} for text in texts]
    )


def texts(pages: Any) -> list[list[str]]:
    return [sorted(one["notes"] for one in page) for page in pages]


def test_documents_come_in_the_order_they_changed(store: Store, clock: SettableClock, outgoing: Outgoing) -> None:
    note(store, clock, "a")
    note(store, clock, "b")
    note(store, clock, "c")
    note(store, clock, "a")  # nothing new in it
    Treatments(store, clock, NOBODY).save([{**note(store, clock, "d")[0], "notes": "d"}])
    clock.advance(s=1)
    Treatments(store, clock, NOBODY).save(
        [{"eventType": "Note", "created_at": "2026-11-20T10:00:00.000Z", "identifier": "a", "notes": "a2"}]
    )
    clock.advance(s=1)
    [page] = outgoing.changed("treatments", 0)
    assert [one["notes"] for one in page] == ["b", "c", "d", "a2"]


def test_documents_of_one_save_are_never_torn_apart(store: Store, clock: SettableClock, outgoing: Outgoing) -> None:
    note(store, clock, "a", "b", "c")
    note(store, clock, "d", "e", "f", "g", "h", "i")
    note(store, clock, "j")
    clock.advance(s=1)
    pages = list(outgoing.changed("treatments", 0))
    assert texts(pages) == [list("abcdefghi"), ["j"]]
    for place, page in enumerate(pages):
        rest = texts(outgoing.changed("treatments", page[-1]["srvModified"]))
        assert rest == texts(pages[place + 1 :])


def test_one_save_larger_than_a_page_comes_as_a_whole(store: Store, clock: SettableClock, outgoing: Outgoing) -> None:
    note(store, clock, *"abcdefgh")
    clock.advance(s=1)
    assert texts(outgoing.changed("treatments", 0)) == [list("abcdefgh")]


def test_what_was_deleted_is_among_them(store: Store, clock: SettableClock, outgoing: Outgoing) -> None:
    note(store, clock, "a")
    note(store, clock, "b")
    clock.advance(s=1)
    Treatments(store, clock, NOBODY).delete({"notes": "a"})
    clock.advance(s=1)
    [page] = outgoing.changed("treatments", 0)
    assert [(one["notes"], one.get("isValid")) for one in page] == [("b", None), ("a", False)]


def test_what_is_being_written_waits(store: Store, clock: SettableClock, outgoing: Outgoing) -> None:
    note(store, clock, "a")
    clock.advance(s=1)
    with stamping(clock):
        clock.advance(s=1)
        note(store, clock, "b")
        clock.advance(s=1)
        assert texts(outgoing.changed("treatments", 0)) == [["a"]]
    assert texts(outgoing.changed("treatments", 0)) == [["a", "b"]]


def test_documents_without_a_stamp_come_by_their_ids_and_go_on_from_any(
    store: Store, clock: SettableClock, outgoing: Outgoing
) -> None:
    rows = store.collection("treatments")
    ids = [ObjectId(f"{place:024x}") for place in range(1, 11)]
    rows.insert_many([{"_id": id, "notes": f"{place:02}"} for place, id in enumerate(ids)])
    rows.insert_many([{"_id": "Text-2", "notes": "t2"}, {"_id": "Text-1", "notes": "t1"}])
    rows.insert_one({"_id": ObjectId("f" * 24), "notes": "stamped", "srvModified": START_MS - 1})
    pages = list(outgoing.never_stamped("treatments"))
    assert [one["notes"] for page in pages for one in page] == [f"{place:02}" for place in range(10)]
    assert [len(page) for page in pages] == [4, 4, 2]
    assert texts(outgoing.never_stamped("treatments", ids[7])) == [["08", "09"]]
    assert list(outgoing.never_stamped("treatments", ids[9])) == []
    assert texts(outgoing.never_stamped_by_text("treatments")) == [["t1", "t2"]]
    assert texts(outgoing.changed("treatments", 0)) == [["stamped"]]


def test_names_are_known_however_a_document_is_named_and_also_when_it_is_deleted(
    store: Store, clock: SettableClock, outgoing: Outgoing
) -> None:
    note(store, clock, "a", "b")
    rows = store.collection("treatments")
    rows.insert_many([{"_id": ObjectId("0" * 23 + "7")}, {"_id": "Text-1"}])
    Treatments(store, clock, NOBODY).delete({"notes": "a"})
    names = ["a", "b", "c", "0" * 23 + "7", "0" * 23 + "8", "Text-1", "Text-2"]
    assert outgoing.known("treatments", names) == {"a", "b", "0" * 23 + "7", "Text-1"}
    assert outgoing.known("treatments", []) == set()


def test_moments_of_entries_tell_whether_any_is_there(store: Store, clock: SettableClock, outgoing: Outgoing) -> None:
    entries = Entries(store, clock, NOBODY)
    entries.save([{"type": "sgv", "sgv": 100 + place, "date": START_MS - place * 60_000} for place in range(6)])
    entries.save([{"type": "mbg", "mbg": 100, "date": START_MS}])
    entries.delete({"type": "sgv", "date": {"$lt": START_MS - 4 * 60_000}})
    asked = [START_MS, START_MS - 5 * 60_000, START_MS - 7 * 60_000]
    assert outgoing.moments(asked) == {
        (START_MS, "sgv"): True,
        (START_MS, "mbg"): True,
        (START_MS - 5 * 60_000, "sgv"): False,
    }

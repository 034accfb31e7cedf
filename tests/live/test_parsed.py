"""What was made of a document is made once, and again as soon as it is another."""

from __future__ import annotations

from typing import Any

from app.live.parsed import Parsed, Remembered
from app.live.present import Present
from app.live.treated import Treated, treatment_done
from tests.live.presents import documents, present
from tests.live.uploads import at, done, sgv


class Counting:
    """Makes treatments of documents, and notes of which."""

    def __init__(self) -> None:
        self.asked: list[Any] = []
        self.remembered: Remembered[Any, Treated] = Remembered(self._make, lambda done: done.at_ms)

    def _make(self, document: Any) -> Treated | None:
        self.asked.append(document)
        return treatment_done(document)


def test_only_new_documents_are_read_and_old_ones_keep_what_they_made() -> None:
    counting = Counting()
    first, second = done(20, "Note", _id="1"), done(10, "Note", _id="2")
    [before] = counting.remembered.of((first,))
    after = counting.remembered.of((first, second))
    assert after[0] is before
    assert [one.at_ms for one in after] == [at(20), at(10)]
    assert counting.asked == [first, second]


def test_a_changed_document_is_read_anew_and_a_gone_one_is_forgotten() -> None:
    counting = Counting()
    first = done(20, "Note", _id="1")
    counting.remembered.of((first,))
    changed = {**first, "notes": "other"}
    assert [one.document["notes"] for one in counting.remembered.of((changed,))] == ["other"]
    assert counting.remembered.of(()) == ()


def test_what_makes_no_sense_is_left_out_and_not_tried_again() -> None:
    counting = Counting()
    nonsense = {"eventType": "Note"}
    assert counting.remembered.of((nonsense,)) == ()
    counting.remembered.of((nonsense, done(1, "Note")))
    assert counting.asked.count(nonsense) == 1


def test_the_order_is_that_of_time() -> None:
    counting = Counting()
    found = counting.remembered.of((done(5, "Late"), done(50, "Early")))
    assert [one.event_type for one in found] == ["Early", "Late"]


def test_a_present_with_a_memory_says_what_one_without_says() -> None:
    parsed = Parsed()
    shown = documents([sgv(10, 100), sgv(5, 110)], [done(3, "Note")])
    more = documents([sgv(0, 120)])
    fresh = present()
    for entries in (shown.entries, (*shown.entries, *more.entries), shown.entries[1:]):
        found = documents()
        found = type(found)(entries=entries, treatments=shown.treatments)
        told = Present(found, fresh.now_ms, fresh.person, fresh.settings, parsed)
        alone = Present(found, fresh.now_ms, fresh.person, fresh.settings)
        assert told.measurements == alone.measurements
        assert told.treatments == alone.treatments

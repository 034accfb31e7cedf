"""A store that does not answer, gaps in the change log, and many hands at once never leave a wrong picture behind."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import pytest

from app.errors import Unavailable
from app.live.live_picture import LivePicture
from app.live.picture import Picture
from app.records.entries import Entries
from app.records.treatments import Treatments
from app.store.interface import Change, Collection, Document, Store, Subscription
from tests.clocks import SettableClock
from tests.live.conftest import PHONE
from tests.live.uploads import done, sgv
from tests.waiting import PATIENCE_S, wait_until


class Failing:
    """A store whose reads fail while it is ``down``, and whose log can be made to skip."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.down = False
        self.heard: Callable[[Sequence[Change]], None] | None = None

    def collection(self, name: str, *, actor: str = "") -> Any:
        return _FailingCollection(self, self._store.collection(name, actor=actor))

    def listen(self, heard: Callable[[Sequence[Change]], None]) -> Subscription:
        self.heard = heard
        return self._store.listen(heard)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)


class _FailingCollection:
    def __init__(self, store: Failing, kept: Collection) -> None:
        self._store = store
        self._kept = kept

    def find(self, *args: Any, **options: Any) -> Iterator[Document]:
        if self._store.down:
            raise Unavailable("the store is down")
        return self._kept.find(*args, **options)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._kept, name)


@pytest.fixture
def failing(store: Store) -> Failing:
    return Failing(store)


@pytest.fixture
def shaken(failing: Failing, clock: SettableClock) -> Iterator[LivePicture]:
    picture = LivePicture(failing, clock)  # type: ignore[arg-type]
    yield picture
    picture.close()


def values(picture: Picture) -> list[float]:
    return [reading.mgdl for reading in picture.readings]


def test_a_store_that_does_not_answer_at_first_is_told(shaken: LivePicture, failing: Failing, entries: Entries) -> None:
    entries.save([sgv(5, 110)])
    failing.down = True
    with pytest.raises(Unavailable):
        shaken.now()
    failing.down = False
    assert values(shaken.now()) == [110]


def test_while_the_store_does_not_answer_the_last_picture_stays(
    shaken: LivePicture, failing: Failing, entries: Entries, clock: SettableClock, store: Store
) -> None:
    entries.save([sgv(5, 110)])
    feed, before = shaken.subscribe(), shaken.now()
    failing.down = True
    entries.save([sgv(0, 50)])
    wait_until(lambda: shaken.now().behind)
    clock.advance(s=30)
    assert shaken.now() == replace(before, behind=True)
    failing.down = False
    clock.advance(s=30)
    assert values(shaken.now()) == [110, 50]
    told = [feed.next(PATIENCE_S), feed.next(PATIENCE_S)]
    assert [(change.facts_changed, change.resync) for change in told if change] == [(True, False), (False, True)]
    assert shaken.now().seq == store.last_seq()


def test_a_failing_store_is_not_asked_over_and_over(
    shaken: LivePicture, failing: Failing, entries: Entries, clock: SettableClock
) -> None:
    shaken.now()
    failing.down = True
    entries.save([sgv(0, 50)])
    wait_until(lambda: shaken.now().behind)
    failing.down = False
    assert values(shaken.now()) == []
    clock.advance(s=6)
    assert values(shaken.now()) == [50]


def test_the_next_change_heals_it_too(shaken: LivePicture, failing: Failing, entries: Entries) -> None:
    shaken.now()
    failing.down = True
    entries.save([sgv(5, 50)])
    wait_until(lambda: shaken.now().behind)
    failing.down = False
    entries.save([sgv(0, 60)])
    wait_until(lambda: values(shaken.now()) == [50, 60])


@pytest.mark.parametrize(("collection", "resyncs"), [("entries", True), ("", True), ("nl_sessions", False)])
def test_after_a_gap_in_the_log_everything_is_read_anew(
    shaken: LivePicture, failing: Failing, store: Store, collection: str, resyncs: bool
) -> None:
    feed = shaken.subscribe()
    assert failing.heard is not None
    failing.heard([Change(store.last_seq(), collection, "resync", (), 0, "")])
    change = feed.next(0)
    assert (change is not None and change.resync) == resyncs


def test_many_writers_and_readers_leave_the_picture_the_store_has(
    live: LivePicture, store: Store, clock: SettableClock
) -> None:
    live.now()
    problems: list[BaseException] = []

    def work(number: int) -> None:
        try:
            entries, treatments = Entries(store, clock, PHONE), Treatments(store, clock, PHONE)
            for step in range(12):
                entries.save([sgv(number * 20 + step, 100 + step)])
                treatments.save([done(number * 20 + step, "Note", notes=str(step), identifier=f"{number}-{step % 4}")])
                if step % 3 == 2:
                    entries.delete({"date": sgv(number * 20 + step - 1, 0)["date"]})
                assert live.now().seq >= 0
        except BaseException as problem:
            problems.append(problem)

    hands = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for hand in hands:
        hand.start()
    for hand in hands:
        hand.join(PATIENCE_S)
    assert not problems
    wait_until(lambda: live.now().seq == store.last_seq())
    afresh = LivePicture(store, clock)
    try:
        assert live.now() == afresh.now()
        assert len(live.now().readings) == 6 * 8
        assert len(live.now().treatments) == 6 * 4
    finally:
        afresh.close()

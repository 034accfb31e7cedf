"""Viewers learn of every change, and one that was away learns what it missed."""

from __future__ import annotations

from functools import partial

import pytest

from app.errors import ChangesLost
from app.live.feed import WAITING_AT_MOST, Feed
from app.live.live_picture import LivePicture
from app.live.picture import PictureChange
from app.records.devicestatus import DeviceStatus
from app.records.entries import Entries
from app.records.treatments import Treatments
from app.store.interface import Change, Store
from tests.live.uploads import DAY_MIN, done, sgv, status
from tests.waiting import PATIENCE_S, wait_until


def next_of(feed: Feed) -> PictureChange:
    change = feed.next(PATIENCE_S)
    assert change is not None
    return change


def test_every_subscriber_hears_of_a_reading(live: LivePicture, entries: Entries) -> None:
    feeds = [live.subscribe() for _ in range(3)]
    entries.save([sgv(5, 110)])
    for feed in feeds:
        change = next_of(feed)
        assert [reading.mgdl for reading in change.readings] == [110]
        assert (change.treatments, change.removed_ids, change.facts_changed, change.resync) == ((), (), False, False)
        assert change.seq == live.now().seq


def test_each_kind_of_change_is_told_apart(
    live: LivePicture, entries: Entries, treatments: Treatments, statuses: DeviceStatus
) -> None:
    [kept] = entries.save([sgv(5, 110)])
    feed = live.subscribe()
    treatments.save([done(5, "Meal Bolus", carbs=10)])
    assert next_of(feed).treatments[0].carbs == 10
    statuses.save([status(5)])
    assert next_of(feed).facts_changed
    entries.delete({"_id": kept["_id"]})
    assert next_of(feed).removed_ids == (str(kept["_id"]),)
    treatments.save([done(DAY_MIN, "Site Change")])
    assert next_of(feed).facts_changed


@pytest.mark.parametrize("collection", ["nl_sessions", "nl_shares", "nl_tokens", "nl_visits"])
def test_whoever_looks_is_told_to_ask_anew_when_something_that_admits_ends(
    live: LivePicture, store: Store, collection: str
) -> None:
    admitting = store.collection(collection)
    admitting.insert_one({"_id": "one", "sha256": "a", "sha1": "b", "sha512": "c"})
    feed = live.subscribe()
    admitting.delete_one({"_id": "one"})
    assert next_of(feed).is_empty


def test_what_changes_nothing_to_see_is_not_told(live: LivePicture, store: Store, entries: Entries) -> None:
    feed = live.subscribe()
    entries.save([sgv(3 * DAY_MIN, 90)])
    store.collection("nl_sessions").insert_one({"a": 1})
    wait_until(lambda: live.now().seq == store.last_seq())
    entries.save([sgv(5, 110)])
    assert [reading.mgdl for reading in next_of(feed).readings] == [110]


def test_a_closed_feed_hears_nothing_and_the_others_go_on(live: LivePicture, entries: Entries) -> None:
    gone, feed = live.subscribe(), live.subscribe()
    gone.close()
    entries.save([sgv(5, 110)])
    assert next_of(feed).readings
    assert gone.next(0) is None


def test_a_subscriber_that_falls_behind_takes_everything(live: LivePicture, store: Store, entries: Entries) -> None:
    feed = live.subscribe()
    for minute in range(WAITING_AT_MOST + 1, 0, -1):
        entries.save([sgv(minute, 100)])
        wait_until(lambda: live.now().seq == store.last_seq())
    assert next_of(feed).resync
    assert feed.next(0) is None


def test_ending_the_picture_ends_its_feeds(live: LivePicture) -> None:
    feed = live.subscribe()
    live.close()
    live.close()
    assert feed.next(PATIENCE_S) is None
    assert feed.closed


def test_a_viewer_that_was_away_gets_what_it_missed(
    live: LivePicture, entries: Entries, treatments: Treatments, statuses: DeviceStatus
) -> None:
    [first] = entries.save([sgv(15, 100)])
    seq = live.now().seq
    entries.save([sgv(10, 105), sgv(5, 110)])
    treatments.save([done(5, "Meal Bolus", carbs=10)])
    statuses.save([status(4)])
    entries.delete({"_id": first["_id"]})
    wait_until(lambda: len(live.now().readings) == 2 and live.now().facts.iob is not None)
    missed = live.changes_since(seq)
    assert sorted(reading.mgdl for reading in missed.readings) == [105, 110]
    assert [treatment.carbs for treatment in missed.treatments] == [10]
    assert missed.removed_ids == (str(first["_id"]),)
    assert (missed.facts_changed, missed.resync, missed.seq) == (True, False, live.now().seq)


def test_a_viewer_that_missed_nothing_gets_nothing(live: LivePicture, entries: Entries) -> None:
    entries.save([sgv(5, 110)])
    seq = live.now().seq
    assert live.changes_since(seq) == PictureChange(seq)


def test_a_viewer_that_missed_too_much_takes_everything(
    live: LivePicture, store: Store, entries: Entries, monkeypatch: pytest.MonkeyPatch
) -> None:
    seq = live.now().seq
    for minute in range(5):
        entries.save([sgv(minute, 100)])
    wait_until(lambda: live.now().seq == store.last_seq())
    assert len(live.changes_since(seq).readings) == 5
    monkeypatch.setattr(store, "changes_since", partial(store.changes_since, limit=4))
    assert live.changes_since(seq).resync


def test_a_viewer_whose_place_the_log_forgot_takes_everything(
    live: LivePicture, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def forgotten(seq: int) -> list[Change]:
        raise ChangesLost(f"the log no longer reaches back to {seq}")

    monkeypatch.setattr(store, "changes_since", forgotten)
    assert live.changes_since(live.now().seq).resync


@pytest.mark.parametrize("ahead", [1, 10**9])
def test_a_viewer_of_another_store_takes_everything(live: LivePicture, store: Store, ahead: int) -> None:
    assert live.changes_since(store.last_seq() + ahead).resync

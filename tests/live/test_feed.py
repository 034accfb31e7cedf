from __future__ import annotations

import threading

from app.live.feed import WAITING_AT_MOST, Feed
from app.live.picture import PictureChange


def change(seq: int) -> PictureChange:
    return PictureChange(seq, removed_ids=(str(seq),))


def test_changes_come_in_order() -> None:
    feed = Feed(lambda _: None)
    for seq in (1, 2, 3):
        feed.give(change(seq))
    assert [feed.next(0) for _ in range(3)] == [change(1), change(2), change(3)]
    assert feed.next(0) is None


def test_who_falls_behind_is_told_to_take_everything() -> None:
    feed = Feed(lambda _: None)
    for seq in range(WAITING_AT_MOST + 2):
        feed.give(change(seq))
    assert feed.next(0) == PictureChange(WAITING_AT_MOST, resync=True)
    assert feed.next(0) == change(WAITING_AT_MOST + 1)
    assert feed.next(0) is None


def test_who_waits_is_woken_by_a_change() -> None:
    feed = Feed(lambda _: None)
    taken: list[PictureChange | None] = []
    waiter = threading.Thread(target=lambda: taken.append(feed.next(20)))
    waiter.start()
    feed.give(change(7))
    waiter.join(20)
    assert taken == [change(7)]


def test_closing_wakes_who_waits_and_takes_no_more() -> None:
    forgotten: list[Feed] = []
    feed = Feed(forgotten.append)
    taken: list[PictureChange | None] = []
    waiter = threading.Thread(target=lambda: taken.append(feed.next(20)))
    waiter.start()
    feed.close()
    waiter.join(20)
    feed.give(change(1))
    assert (taken, feed.closed, feed.next(0), forgotten) == ([None], True, None, [feed])

from __future__ import annotations

from typing import Any

import pytest

from app.errors import TooManyAttempts
from app.identity import throttle
from app.identity.throttle import Limit, LimitReached
from app.store.interface import Collection, Document, Store
from tests.clocks import SettableClock
from tests.identity.family import all_at_once

THREE = Limit("three", tries=3, window_s=60)


def test_tries_within_the_limit_are_counted(store: Store, clock: SettableClock) -> None:
    assert [throttle.hit(store, clock, THREE, "mum") for _ in range(3)] == [1, 2, 3]


def test_one_try_too_many_is_refused_and_told_when_to_come_back(store: Store, clock: SettableClock) -> None:
    throttle.hit(store, clock, THREE, "mum")
    clock.advance(s=20)
    throttle.hit(store, clock, THREE, "mum")
    throttle.hit(store, clock, THREE, "mum")
    with pytest.raises(TooManyAttempts) as refused:
        throttle.hit(store, clock, THREE, "mum")
    assert refused.value.retry_after_s == 40


def test_the_refusal_that_comes_first_says_so_once(store: Store, clock: SettableClock) -> None:
    first = []
    for _ in range(6):
        try:
            throttle.hit(store, clock, THREE, "mum")
        except LimitReached as reached:
            first.append(reached.first)
    assert first == [True, False, False]


def test_a_window_that_has_passed_is_forgotten(store: Store, clock: SettableClock) -> None:
    for _ in range(3):
        throttle.hit(store, clock, THREE, "mum")
    clock.advance(s=60)
    assert throttle.hit(store, clock, THREE, "mum") == 1


def test_trying_on_does_not_lengthen_the_window(store: Store, clock: SettableClock) -> None:
    for _ in range(10):
        clock.advance(s=5)
        try:
            throttle.hit(store, clock, THREE, "mum")
        except LimitReached:
            continue
    clock.advance(s=15)
    assert throttle.hit(store, clock, THREE, "mum") == 1


def test_a_clock_that_ran_years_ahead_locks_nobody_out_when_it_is_right_again(
    store: Store, clock: SettableClock
) -> None:
    now_ms = clock.now_ms()
    clock.advance(days=3650)
    for _ in range(3):
        throttle.hit(store, clock, THREE, "mum")
    clock.set(now_ms)
    assert [throttle.hit(store, clock, THREE, "mum") for _ in range(3)] == [1, 2, 3]


def test_success_clears(store: Store, clock: SettableClock) -> None:
    for _ in range(3):
        throttle.hit(store, clock, THREE, "mum")
    throttle.clear(store, THREE, "mum")
    assert throttle.hit(store, clock, THREE, "mum") == 1


def test_keys_and_limits_are_counted_apart(store: Store, clock: SettableClock) -> None:
    throttle.hit(store, clock, THREE, "mum")
    assert throttle.hit(store, clock, THREE, "dad") == 1
    assert throttle.hit(store, clock, Limit("other", 3, 60), "mum") == 1


def test_of_many_at_once_only_the_limit_passes(store: Store, clock: SettableClock) -> None:
    results = all_at_once(lambda _: throttle.hit(store, clock, THREE, "mum"), 8)
    assert sorted(result for result in results if isinstance(result, int)) == [1, 2, 3]
    assert sum(isinstance(result, LimitReached) for result in results) == 5


def test_many_at_once_open_one_new_window(store: Store, clock: SettableClock) -> None:
    for _ in range(3):
        throttle.hit(store, clock, THREE, "mum")
    clock.advance(s=61)
    results = all_at_once(lambda _: throttle.hit(store, clock, THREE, "mum"), 8)
    assert sorted(result for result in results if isinstance(result, int)) == [1, 2, 3]


def test_a_window_that_somebody_opens_in_this_very_moment_is_shared(
    store: Store, clock: SettableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    insert_one, counted = Collection.insert_one, []

    def overtaken(rows: Collection, document: Document) -> Any:
        monkeypatch.setattr(Collection, "insert_one", insert_one)
        counted.append(throttle.hit(store, clock, THREE, "mum"))
        return insert_one(rows, document)

    monkeypatch.setattr(Collection, "insert_one", overtaken)
    counted.append(throttle.hit(store, clock, THREE, "mum"))
    assert counted == [1, 2]

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.errors import StoreFull
from app.identity.peer import Peer
from app.identity.penalties import Penalties
from app.store import open_store
from app.store.interface import Store
from tests.clocks import SettableClock
from tests.identity.family import ELSEWHERE, HOME, all_at_once


@pytest.fixture
def penalties(store: Store, clock: SettableClock) -> Penalties:
    return Penalties(store, clock, 5000)


@pytest.fixture
def other_process(tmp_path: Path, clock: SettableClock) -> Iterator[Store]:
    opened = open_store(f"sqlite:///{tmp_path}/nightlight.db", clock=clock)
    yield opened
    opened.close()


def test_who_has_not_failed_does_not_wait(penalties: Penalties) -> None:
    assert penalties.remaining_ms(HOME) == 0


def test_each_failure_adds_to_the_wait(penalties: Penalties, clock: SettableClock) -> None:
    assert [penalties.failed(ELSEWHERE) for _ in range(3)] == [5000, 10_000, 15_000]
    clock.advance(s=4)
    assert penalties.remaining_ms(ELSEWHERE) == 11_000
    assert penalties.failed(ELSEWHERE) == 16_000
    assert penalties.remaining_ms(HOME) == 0


def test_a_wait_that_is_over_does_not_add_to_the_next(penalties: Penalties, clock: SettableClock) -> None:
    penalties.failed(ELSEWHERE)
    clock.advance(s=5)
    assert penalties.remaining_ms(ELSEWHERE) == 0
    assert penalties.failed(ELSEWHERE) == 5000


def test_a_clock_that_ran_years_ahead_makes_nobody_wait_when_it_is_right_again(
    penalties: Penalties, store: Store, clock: SettableClock
) -> None:
    now_ms = clock.now_ms()
    clock.advance(days=3650)
    penalties.failed(ELSEWHERE)
    clock.set(now_ms)
    again = Penalties(store, clock, 5000)
    assert again.remaining_ms(ELSEWHERE) == 0
    assert again.failed(ELSEWHERE) == 5000


def test_success_clears_the_wait(penalties: Penalties) -> None:
    penalties.failed(ELSEWHERE)
    penalties.cleared(ELSEWHERE)
    assert penalties.remaining_ms(ELSEWHERE) == 0
    assert penalties.failed(ELSEWHERE) == 5000


def test_a_household_with_many_ipv6_addresses_waits_as_one(penalties: Penalties) -> None:
    penalties.failed(Peer("2001:db8:1:2::1"))
    assert penalties.remaining_ms(Peer("2001:db8:1:2:ffff::9")) == 5000
    assert penalties.remaining_ms(Peer("2001:db8:1:3::1")) == 0


def test_failures_at_once_all_count(penalties: Penalties) -> None:
    waits = all_at_once(lambda _: penalties.failed(ELSEWHERE), 8)
    assert sorted(waits) == [5000 * count for count in range(1, 9)]


def test_no_delay_means_no_penalty_and_no_write(store: Store, clock: SettableClock) -> None:
    penalties = Penalties(store, clock, 0)
    assert penalties.failed(ELSEWHERE) == 0
    penalties.cleared(ELSEWHERE)
    assert penalties.remaining_ms(ELSEWHERE) == 0
    assert store.collection("nl_throttle").count_documents({}) == 0


def test_a_restart_forgets_no_wait(penalties: Penalties, store: Store, clock: SettableClock) -> None:
    penalties.failed(ELSEWHERE)
    assert Penalties(store, clock, 5000).remaining_ms(ELSEWHERE) == 5000


def test_asking_asks_the_store_at_most_once_a_second(
    penalties: Penalties, monkeypatch: pytest.MonkeyPatch, store: Store, clock: SettableClock
) -> None:
    penalties.remaining_ms(HOME)

    def asked(*_: object, **__: object) -> None:
        raise AssertionError("the store was asked")

    monkeypatch.setattr(type(store), "collection", asked)
    clock.advance(ms=999)
    assert penalties.remaining_ms(HOME) == 0


def test_another_process_learns_of_a_wait_and_of_its_end_within_a_second(
    penalties: Penalties, other_process: Store, clock: SettableClock
) -> None:
    others = Penalties(other_process, clock, 5000)
    assert others.remaining_ms(ELSEWHERE) == 0
    penalties.failed(ELSEWHERE)
    penalties.failed(ELSEWHERE)
    clock.advance(s=1)
    assert others.remaining_ms(ELSEWHERE) == 9000
    assert others.failed(ELSEWHERE) == 14_000
    clock.advance(s=1)
    assert penalties.remaining_ms(ELSEWHERE) == 13_000
    penalties.cleared(ELSEWHERE)
    clock.advance(s=1)
    assert others.remaining_ms(ELSEWHERE) == 0


def test_a_full_store_still_makes_strangers_wait(penalties: Penalties, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> int:
        raise StoreFull("no room")

    monkeypatch.setattr(penalties, "_lengthen", full)
    assert penalties.failed(ELSEWHERE) == 5000
    assert penalties.remaining_ms(ELSEWHERE) == 5000

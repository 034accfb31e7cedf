"""Leases: one holder at a time, a fence that grows with each change of hands."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from app.store import Store, open_store
from tests.clocks import SettableClock
from tests.waiting import wait_until


def test_one_owner_holds_a_lease_until_it_gives_it_back(store: Store) -> None:
    first = store.take_lease("job", "a", ttl_ms=60_000)
    assert first is not None
    assert (first.name, first.owner, first.fence) == ("job", "a", 1)
    assert store.take_lease("job", "b", ttl_ms=60_000) is None
    renewed = store.take_lease("job", "a", ttl_ms=90_000)
    assert renewed is not None
    assert renewed.fence == 1
    assert renewed.expires_at_ms > first.expires_at_ms
    store.drop_lease("job", "b")
    assert store.take_lease("job", "b", ttl_ms=60_000) is None
    store.drop_lease("job", "a")
    taken_over = store.take_lease("job", "b", ttl_ms=60_000)
    assert taken_over is not None
    assert (taken_over.owner, taken_over.fence) == ("b", 2)


def test_leases_of_other_names_are_others(store: Store) -> None:
    assert store.take_lease("one", "a", ttl_ms=60_000) is not None
    assert store.take_lease("two", "b", ttl_ms=60_000) is not None
    assert store.take_lease("$name", "$owner", ttl_ms=60_000) is not None
    assert store.take_lease("$name", "other", ttl_ms=60_000) is None
    store.drop_lease("three", "a")


def test_a_lease_that_ran_out_changes_hands(store: Store, clock: SettableClock) -> None:
    assert store.take_lease("job", "a", ttl_ms=200) is not None
    if store.backend == "sqlite":
        clock.advance(ms=199)
        assert store.take_lease("job", "b", ttl_ms=200) is None
        clock.advance(ms=1)
    wait_until(lambda: store.take_lease("job", "b", ttl_ms=60_000))
    assert store.take_lease("job", "a", ttl_ms=60_000) is None
    held = store.take_lease("job", "b", ttl_ms=60_000)
    assert held is not None
    assert held.fence == 2


def test_of_many_who_want_a_lease_one_gets_it(uri: str, clock: SettableClock) -> None:
    stores = [open_store(uri, clock=clock) for _ in range(4)]
    with ThreadPoolExecutor(16) as pool:
        taken = list(pool.map(lambda n: stores[n % 4].take_lease("job", f"owner {n}", ttl_ms=60_000), range(16)))
    for opened in stores:
        opened.close()
    assert [lease.fence for lease in taken if lease] == [1]

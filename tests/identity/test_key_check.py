from __future__ import annotations

import pytest

from app.errors import BadSetting
from app.identity.key_check import check_keys
from app.keyring import KeyRing, new_key
from app.store.interface import Store
from tests.clocks import SettableClock
from tests.identity.family import all_at_once


def test_the_keys_that_set_the_store_up_are_welcome_again(store: Store, clock: SettableClock) -> None:
    ring = KeyRing([new_key()])
    check_keys(store, ring, clock)
    check_keys(store, ring, clock)


def test_a_process_with_other_keys_does_not_start(store: Store, clock: SettableClock) -> None:
    ours, theirs = KeyRing([new_key()]), KeyRing([new_key()])
    check_keys(store, ours, clock)
    with pytest.raises(BadSetting) as refused:
        check_keys(store, theirs, clock)
    assert ours.fingerprints[0] in refused.value.message
    assert theirs.fingerprints[0] in refused.value.message
    check_keys(store, ours, clock)


def test_a_new_key_in_front_of_the_old_one_is_remembered(store: Store, clock: SettableClock) -> None:
    old, new = new_key(), new_key()
    check_keys(store, KeyRing([old]), clock)
    check_keys(store, KeyRing([new, old]), clock)
    check_keys(store, KeyRing([new]), clock)


def test_a_new_key_alone_is_refused(store: Store, clock: SettableClock) -> None:
    check_keys(store, KeyRing([new_key()]), clock)
    with pytest.raises(BadSetting):
        check_keys(store, KeyRing([new_key()]), clock)


def test_of_two_first_processes_with_different_keys_one_starts(store: Store, clock: SettableClock) -> None:
    rings = [KeyRing([new_key()]) for _ in range(6)]
    results = all_at_once(lambda number: check_keys(store, rings[number], clock), 6)
    assert results.count(None) == 1
    assert sum(isinstance(result, BadSetting) for result in results) == 5


def test_processes_with_one_new_key_remember_it_once(store: Store, clock: SettableClock) -> None:
    old, new = new_key(), new_key()
    check_keys(store, KeyRing([old]), clock)
    assert all_at_once(lambda _: check_keys(store, KeyRing([new, old]), clock), 6) == [None] * 6
    ring = store.collection("nl_keys").find_one({})
    assert ring
    assert sorted(ring["fingerprints"]) == sorted(KeyRing([new, old]).fingerprints)


def test_no_key_lies_in_the_store(store: Store, clock: SettableClock) -> None:
    key = new_key()
    check_keys(store, KeyRing([key]), clock)
    assert key not in str(list(store.collection("nl_keys").find({})))

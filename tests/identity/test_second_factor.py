from __future__ import annotations

from pathlib import Path

import pytest

from app.errors import TooManyAttempts
from app.identity import second_factor
from app.identity.peer import Peer
from app.identity.refusals import ClockOutOfStep, UsedCode, WrongCode
from app.identity.second_factor import Factor
from app.identity.totp import code_at, step_at
from app.store import open_store
from app.store.indexes import INDEXES
from app.store.interface import Store
from tests.clocks import SettableClock
from tests.identity.family import ELSEWHERE, HOME, all_at_once

FACTOR = Factor("e1", "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ")


def code(clock: SettableClock, ahead: int = 0) -> str:
    return code_at(FACTOR.secret, step_at(clock.now_ms()) + ahead)


def wrong(clock: SettableClock) -> str:
    near = {code(clock, ahead) for ahead in range(-200, 200)}
    return next(digits for number in range(1000) if (digits := f"{number:06d}") not in near)


def spend(store: Store, clock: SettableClock, typed: str, peer: Peer = HOME, factor: Factor = FACTOR) -> None:
    second_factor.spend_code(store, clock, factor, typed, account_id="mum", peer=peer)


def test_a_right_code_is_taken_once(store: Store, clock: SettableClock) -> None:
    spend(store, clock, code(clock))
    with pytest.raises(UsedCode):
        spend(store, clock, code(clock))


def test_a_used_code_stays_used_for_as_long_as_it_would_count(store: Store, clock: SettableClock) -> None:
    store.collection("nl_throttle").create_indexes(INDEXES["nl_throttle"])
    used = code(clock, 1)
    spend(store, clock, used)
    for _ in range(2):
        clock.advance(s=30)
        store.sweep()
        with pytest.raises(UsedCode):
            spend(store, clock, used)


def test_used_codes_are_not_kept_for_ever(store: Store, clock: SettableClock) -> None:
    store.collection("nl_throttle").create_indexes(INDEXES["nl_throttle"])
    spend(store, clock, code(clock))
    clock.advance(hours=1)
    store.sweep()
    assert store.collection("nl_throttle").count_documents({}) == 0


def test_the_next_code_is_taken(store: Store, clock: SettableClock) -> None:
    spend(store, clock, code(clock))
    clock.advance(s=30)
    spend(store, clock, code(clock))


def test_the_same_moment_of_another_enrolment_is_another_code(store: Store, clock: SettableClock) -> None:
    spend(store, clock, code(clock))
    another = Factor("e2", FACTOR.secret)
    spend(store, clock, code(clock), factor=another)


def test_a_wrong_code_is_refused(store: Store, clock: SettableClock) -> None:
    with pytest.raises(WrongCode) as refused:
        spend(store, clock, wrong(clock))
    assert refused.value.code == "wrong-code"


@pytest.mark.parametrize(
    ("ahead", "said"), [(8, "4 min ahead"), (-8, "4 min behind"), (2, "1 min ahead"), (20, "10 min ahead")]
)
def test_a_code_of_another_time_is_refused_and_the_clock_named(
    store: Store, clock: SettableClock, ahead: int, said: str
) -> None:
    with pytest.raises(ClockOutOfStep) as refused:
        spend(store, clock, code(clock, ahead))
    assert said in refused.value.message
    assert refused.value.ahead_s == ahead * 30
    assert "time" in refused.value.hint


def test_a_code_shown_too_early_does_not_count_when_its_time_comes(store: Store, clock: SettableClock) -> None:
    store.collection("nl_throttle").create_indexes(INDEXES["nl_throttle"])
    guessed = code(clock, 8)
    with pytest.raises(ClockOutOfStep):
        spend(store, clock, guessed)
    clock.advance(minutes=4)
    store.sweep()
    with pytest.raises(UsedCode):
        spend(store, clock, guessed)


def test_a_code_shown_too_early_twice_still_names_the_clock(store: Store, clock: SettableClock) -> None:
    for _ in range(2):
        with pytest.raises(ClockOutOfStep):
            spend(store, clock, code(clock, 8))


def test_after_ten_wrong_codes_even_the_right_one_has_to_wait(store: Store, clock: SettableClock) -> None:
    for _ in range(10):
        with pytest.raises(WrongCode):
            spend(store, clock, wrong(clock))
    with pytest.raises(TooManyAttempts) as refused:
        spend(store, clock, code(clock))
    clock.advance(s=refused.value.retry_after_s)
    spend(store, clock, code(clock))


def test_another_address_does_not_buy_more_guesses(store: Store, clock: SettableClock) -> None:
    for number in range(10):
        with pytest.raises(WrongCode):
            spend(store, clock, wrong(clock), Peer(f"203.0.113.{number}"))
    with pytest.raises(TooManyAttempts):
        spend(store, clock, wrong(clock), ELSEWHERE)


def test_no_day_has_more_than_fifty_guesses(store: Store, clock: SettableClock) -> None:
    guesses = 0
    for number in range(100):
        try:
            spend(store, clock, wrong(clock), Peer(f"203.0.113.{number}"))
        except WrongCode:
            guesses += 1
        except TooManyAttempts:
            clock.advance(minutes=5)
    assert guesses == 50


def test_one_address_guesses_at_no_more_than_thirty_codes_of_whomever(store: Store, clock: SettableClock) -> None:
    for number in range(30):
        with pytest.raises(WrongCode):
            second_factor.spend_code(store, clock, FACTOR, wrong(clock), account_id=f"a{number}", peer=ELSEWHERE)
    with pytest.raises(TooManyAttempts):
        second_factor.spend_code(store, clock, FACTOR, code(clock), account_id="mum", peer=ELSEWHERE)
    second_factor.spend_code(store, clock, FACTOR, code(clock), account_id="mum", peer=HOME)


def test_a_right_code_forgets_the_wrong_ones_before_it(store: Store, clock: SettableClock) -> None:
    for _ in range(7):
        for _ in range(9):
            with pytest.raises(WrongCode):
                spend(store, clock, wrong(clock))
        spend(store, clock, code(clock))
        clock.advance(s=30)


def test_of_eight_uses_at_once_of_one_code_one_wins(store: Store, clock: SettableClock) -> None:
    results = all_at_once(lambda _: spend(store, clock, code(clock)), 8)
    assert results.count(None) == 1
    assert sum(isinstance(result, UsedCode) for result in results) == 7


def test_of_uses_at_once_in_two_processes_one_wins(store: Store, clock: SettableClock, tmp_path: Path) -> None:
    other = open_store(f"sqlite:///{tmp_path}/nightlight.db", clock=clock)
    results = all_at_once(lambda number: spend((store, other)[number % 2], clock, code(clock)), 8)
    assert results.count(None) == 1
    assert sum(isinstance(result, UsedCode) for result in results) == 7
    other.close()

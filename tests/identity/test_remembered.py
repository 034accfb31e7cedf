from __future__ import annotations

from collections.abc import Callable

from app.identity.remembered import Remembered


def counting(read: Callable[[int], int] = lambda count: count) -> Remembered[int]:
    reads = iter(range(1, 100))
    return Remembered(lambda: read(next(reads)))


def test_it_is_read_once() -> None:
    kept = counting()
    assert [kept.value() for _ in range(3)] == [1, 1, 1]


def test_it_is_read_again_after_a_change() -> None:
    kept = counting()
    kept.value()
    kept.forget()
    assert [kept.value() for _ in range(2)] == [2, 2]


def test_it_can_be_read_anew_at_will() -> None:
    kept = counting()
    kept.value()
    assert kept.read_anew() == 2
    assert kept.value() == 2


def test_what_was_read_during_a_change_is_not_kept() -> None:
    def read(count: int) -> int:
        if count == 1:
            kept.forget()
        return count

    kept = counting(read)
    assert kept.value() == 1
    assert kept.value() == 2
    assert kept.value() == 2

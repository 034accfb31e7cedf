from __future__ import annotations

import threading
import time

import pytest
from argon2 import PasswordHasher, extract_parameters
from argon2.low_level import Type

from app.errors import TooManyAttempts
from app.identity import passwords
from app.identity.passwords import check_password, hash_password, refuse_weak
from app.identity.refusals import PasswordTooWeak


def test_the_right_password_is_right_and_another_is_not() -> None:
    kept = hash_password("seven green otters")
    assert check_password(kept, "seven green otters").right
    assert not check_password(kept, "seven green otter").right


def test_the_hash_is_argon2id_within_its_bounds() -> None:
    defaults = PasswordHasher(time_cost=2, memory_cost=47_104, parallelism=1)
    parameters = extract_parameters(defaults.hash("x"))
    assert parameters.type is Type.ID
    assert parameters.memory_cost <= 64 * 1024


def test_an_accent_typed_in_two_ways_is_one_password() -> None:
    assert check_password(hash_password("café au lait noir"), "cafe\u0301 au lait noir").right


def test_a_cheaper_hash_is_made_anew_when_it_is_next_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    kept = hash_password("seven green otters")
    monkeypatch.setattr(passwords, "hasher", PasswordHasher(time_cost=2, memory_cost=128, parallelism=1))
    checked = check_password(kept, "seven green otters")
    assert extract_parameters(checked.better_hash).memory_cost == 128
    assert check_password(checked.better_hash, "seven green otters") == passwords.Checked(right=True)


def test_a_wrong_password_never_replaces_the_hash(monkeypatch: pytest.MonkeyPatch) -> None:
    kept = hash_password("seven green otters")
    monkeypatch.setattr(passwords, "hasher", PasswordHasher(time_cost=2, memory_cost=128, parallelism=1))
    assert check_password(kept, "something else") == passwords.Checked(right=False)


def test_an_unknown_name_costs_one_verification_like_a_known_one(monkeypatch: pytest.MonkeyPatch) -> None:
    verified: list[str] = []
    real = passwords.hasher
    check_password(None, "first")

    class Counting:
        def verify(self, kept: str, given: str) -> bool:
            verified.append(kept)
            return real.verify(kept, given)

        def check_needs_rehash(self, kept: str) -> bool:
            return real.check_needs_rehash(kept)

    kept = hash_password("seven green otters")
    monkeypatch.setattr(passwords, "hasher", Counting())
    assert not check_password(None, "seven green otters").right
    assert check_password(kept, "seven green otters").right
    assert len(verified) == 2
    assert extract_parameters(verified[0]) == extract_parameters(verified[1])


def test_a_hash_that_is_none_is_never_right() -> None:
    assert not check_password("not a hash", "not a hash").right
    assert not check_password(None, "nobody's password").right


def test_text_that_is_not_unicode_is_merely_wrong() -> None:
    assert not check_password(hash_password("seven green otters"), "\ud800" * 12).right


def test_hashes_are_made_one_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    running, most = [0], [0]
    lock = threading.Lock()

    class Slow:
        def hash(self, password: str) -> str:
            with lock:
                running[0] += 1
                most[0] = max(most[0], running[0])
            time.sleep(0.01)
            with lock:
                running[0] -= 1
            return ""

    monkeypatch.setattr(passwords, "hasher", Slow())
    threads = [threading.Thread(target=hash_password, args=("x",)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert most == [1]


def test_who_waits_too_long_for_a_hash_is_sent_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "LONGEST_WAIT_S", 0.01)
    with passwords._turn, pytest.raises(TooManyAttempts):
        hash_password("seven green otters")
    assert hash_password("seven green otters")


@pytest.mark.parametrize(
    "weak",
    [
        "short one",
        "password123",
        "P4ssw0rd2024!",
        "pa$$word!!!!",
        "nightscout1",
        "dexcomlibre99",
        "diabetes2026!",
        "1234567890",
        "0987654321",
        "12345678901234",
        "qwertyuiop12",
        "abcdefghijkl",
        "aaaaaaaaaaaa",
        "abababababab",
        "14031975-1203",
        "alba-alba-2019",
        "x" * 201,
    ],
)
def test_a_password_that_is_easily_guessed_is_refused(weak: str) -> None:
    with pytest.raises(PasswordTooWeak):
        refuse_weak(weak, known_words=["Alba"])


@pytest.mark.parametrize(
    "good",
    [
        "seven green otters",
        "Tr0ub4dor&3x",
        "kaffee bei nacht",
        "夜の小さな灯りがともる",
        "8462059173648205",
        "a" + "bcdhqzp" * 20,
    ],
)
def test_a_password_worth_keeping_is_kept(good: str) -> None:
    refuse_weak(good, known_words=["Alba"])

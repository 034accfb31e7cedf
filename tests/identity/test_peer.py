from __future__ import annotations

import pytest

from app.identity.peer import Peer


@pytest.mark.parametrize(
    ("address", "neighbourhood"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::1", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", ""),
        ("not an address", "not an address"),
    ],
)
def test_attempts_are_counted_by_what_one_household_owns(address: str, neighbourhood: str) -> None:
    assert Peer(address).neighbourhood == neighbourhood


def test_a_long_user_agent_is_cut() -> None:
    assert len(Peer("192.0.2.7", "x" * 10_000).user_agent) == 200

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.actor import Actor, permits

words = st.sampled_from(["api", "admin", "entries", "treatments", "read", "create"])
parts = st.lists(words, min_size=1, max_size=2, unique=True).map(",".join)
grant_parts = parts | st.just("*")
wishes = st.lists(parts, min_size=1, max_size=4).map(":".join)
grants = st.lists(grant_parts, min_size=1, max_size=4).map(":".join)


@pytest.mark.parametrize(
    ("granted", "wanted", "allowed"),
    [
        ("*", "api:entries:read", True),
        ("*:*:read", "api:entries:read", True),
        ("*:*:read", "api:entries:create", False),
        ("api", "api:entries:read", True),
        ("api:entries", "api:entries:read", True),
        ("api:entries:read", "api:entries", False),
        ("api:entries:read:some", "api:entries:read", False),
        ("api:entries,treatments:read", "api:treatments:read", True),
        ("api:entries:read", "api:*:read", False),
        ("*:*:read", "api:*:read", True),
        ("api:*:read", "api:*:read", True),
        ("api:*:read", "*:*:read", False),
        ("", "api:entries:read", False),
        ("*:*:read", "admin:api:subjects:read", False),
    ],
)
def test_a_grant_covers_as_nightscout_says(granted: str, wanted: str, allowed: bool) -> None:
    assert permits([granted], wanted) is allowed


def test_a_wanted_list_needs_every_alternative_from_whichever_grant() -> None:
    assert permits(["api:entries:read", "api:pebble:read"], "api:pebble,entries:read")
    assert not permits(["api:entries:read"], "api:pebble,entries:read")


def test_nobody_may_nothing() -> None:
    assert not permits([], "api:entries:read")


@given(st.lists(grants, max_size=4), grants, wishes)
def test_another_grant_never_takes_anything_away(held: list[str], another: str, wanted: str) -> None:
    if permits(held, wanted):
        assert permits([*held, another], wanted)


@given(wishes)
def test_everybody_with_a_permission_has_that_permission(wanted: str) -> None:
    assert permits([wanted], wanted)


@given(grants, wishes, words)
def test_what_covers_a_wish_covers_everything_below_it(grant: str, wanted: str, below: str) -> None:
    if permits([grant], wanted):
        assert permits([grant], f"{wanted}:{below}")


@given(st.lists(grants, max_size=3), wishes)
def test_a_star_is_wanted_only_from_who_has_a_star(held: list[str], wanted: str) -> None:
    starless = [grant for grant in held if "*" not in grant]
    assert not permits(starless, ":".join(["*", *wanted.split(":")])) or any(grant == "" for grant in starless)


@given(st.lists(grants, max_size=3), st.lists(wishes, max_size=3))
def test_all_of_several_is_each_of_them(held: list[str], wanted: list[str]) -> None:
    actor = Actor("token", "token:x", tuple(held))
    assert actor.may_all(wanted) is all(actor.may(wish) for wish in wanted)

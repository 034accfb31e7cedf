from __future__ import annotations

from app.actor import permits
from app.identity.permissions import KNOWN, listed, trie_of


def test_the_known_permissions_are_nightscouts_and_sorted() -> None:
    assert list(KNOWN) == sorted(set(KNOWN))
    assert KNOWN[:5] == (
        "admin:api:permissions:read",
        "admin:api:roles:create",
        "admin:api:roles:delete",
        "admin:api:roles:list",
        "admin:api:roles:update",
    )
    assert {"api:*:read", "api:pebble,entries:read", "notifications:*:ack", "authorization:debug:test"} <= set(KNOWN)
    assert "api:entries:update" not in KNOWN
    assert "api:treatments:update" in KNOWN
    assert len(KNOWN) == 37


def test_an_administrator_has_every_known_permission() -> None:
    assert all(permits(["*"], permission) for permission in KNOWN)


def test_the_trie_nests_parts_and_ends_in_a_star() -> None:
    assert trie_of(["api:status:read", "api:*:read"]) == {
        "api": {"status": {"read": {"*": {}}}, "*": {"read": {"*": {}}}}
    }


def test_a_list_in_a_part_gives_a_branch_each() -> None:
    assert trie_of(["api:pebble,entries:read"]) == {
        "api": {"pebble": {"read": {"*": {}}}, "entries": {"read": {"*": {}}}}
    }


def test_stored_lists_plain_strings_and_nothing_are_all_understood() -> None:
    assert listed(["a", "b"]) == ("a", "b")
    assert listed("api:*:read") == ("api:*:read",)
    assert listed("") == listed(None) == listed([]) == listed(7) == ()
    assert listed(["a", None, 3]) == ("a",)

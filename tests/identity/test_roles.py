from __future__ import annotations

from typing import Any

import pytest

from app.actor import system_actor
from app.config import Settings, load_settings
from app.errors import BadRequest
from app.identity import audit
from app.identity.roles import Roles, default_role_names
from app.store.interface import Store
from tests.clocks import SettableClock
from tests.identity.family import HOME

ADMIN = system_actor("admin")
BUILT_IN = ["activity", "admin", "careportal", "denied", "devicestatus-upload", "readable", "status-only"]


@pytest.fixture
def roles(settings: Settings, store: Store, clock: SettableClock) -> Roles:
    return Roles(settings, store, clock)


def made(roles: Roles, **document: Any) -> dict[str, Any]:
    return roles.documents.create(document, ADMIN)


def names(roles: Roles) -> list[str]:
    return [role["name"] for role in roles.in_order()]


def test_the_seven_built_in_roles_are_there_without_an_id(roles: Roles) -> None:
    assert names(roles) == BUILT_IN
    assert {"name": "admin", "permissions": ["*"]} in roles.in_order()
    assert {"name": "denied", "permissions": []} in roles.in_order()


def test_a_stored_role_is_listed_among_them_by_name(roles: Roles) -> None:
    role = made(roles, name="nurse", permissions=["api:*:read"], notes="school")
    assert names(roles) == sorted([*BUILT_IN, "nurse"])
    assert role in roles.in_order()
    assert role["created_at"] == "2026-11-21T10:00:00.000Z"


def test_a_stored_role_takes_the_place_of_a_built_in_one(roles: Roles) -> None:
    made(roles, name="readable", permissions=["api:status:read"])
    assert names(roles) == BUILT_IN
    assert roles.grants_of(["readable"]) == ("api:status:read",)


def test_permissions_may_be_a_plain_string(roles: Roles) -> None:
    made(roles, name="plain", permissions="api:*:read")
    made(roles, name="empty", permissions="")
    assert roles.stored_permissions("plain") == "api:*:read"
    assert roles.grants_of(["plain", "empty"]) == ("api:*:read",)


def test_an_unknown_role_grants_nothing(roles: Roles) -> None:
    assert roles.stored_permissions("nobody knows") == []
    assert roles.grants_of(["nobody knows", "careportal"]) == ("api:treatments:create",)


def test_a_saved_role_is_replaced_as_a_whole(roles: Roles) -> None:
    role = made(roles, name="nurse", permissions=["api:*:read"], notes="school")
    saved = roles.documents.save({"_id": str(role["_id"]), "name": "nurse", "permissions": ["*"]}, ADMIN)
    assert "notes" not in saved
    assert saved["_id"] == role["_id"]
    assert saved["created_at"]
    assert roles.grants_of(["nurse"]) == ("*",)


def test_saving_under_an_unknown_id_makes_the_role(roles: Roles) -> None:
    roles.documents.save({"_id": "5b7c3b1f0000000000000001", "name": "new", "permissions": []}, ADMIN)
    assert "new" in names(roles)


def test_saving_keeps_when_it_was_made_if_told(roles: Roles) -> None:
    saved = roles.documents.save({"_id": "5b7c3b1f0000000000000001", "name": "x", "created_at": "2020"}, ADMIN)
    assert saved["created_at"] == "2020"


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ({"name": "x"}, "Missing _id for update"),
        ({"_id": "", "name": "x"}, "Missing _id for update"),
        ({"_id": "abc", "name": "x"}, "Invalid _id format: abc"),
    ],
)
def test_saving_without_a_good_id_is_refused_in_nightscouts_words(
    roles: Roles, document: dict[str, Any], words: str
) -> None:
    with pytest.raises(BadRequest) as refused:
        roles.documents.save(document, ADMIN)
    assert refused.value.message == words


def test_a_deleted_role_is_gone_and_deleting_it_again_is_no_error(roles: Roles) -> None:
    role = made(roles, name="nurse", permissions=["*"])
    assert roles.documents.delete(str(role["_id"]), ADMIN)
    assert not roles.documents.delete(str(role["_id"]), ADMIN)
    assert roles.grants_of(["nurse"]) == ()
    with pytest.raises(BadRequest):
        roles.documents.delete("abc", ADMIN)


def test_changing_what_is_listed_changes_no_role(roles: Roles) -> None:
    made(roles, name="nurse", permissions=["api:*:read"])
    for role in roles.in_order():
        role["permissions"] = ["*"]
    assert roles.grants_of(["nurse"]) == ("api:*:read",)


def test_writes_are_in_the_audit_list(roles: Roles, store: Store) -> None:
    role = roles.documents.create({"name": "nurse"}, ADMIN, HOME)
    roles.documents.save(role, ADMIN, HOME)
    roles.documents.delete(str(role["_id"]), ADMIN, HOME)
    rows = list(reversed(audit.search(store)))
    assert [row.act for row in rows] == ["role made", "role changed", "role deleted"]
    assert {(row.actor, row.address) for row in rows} == {("admin", HOME.address)}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("readable", ("readable",)),
        ("readable careportal", ("readable", "careportal")),
        ("readable,careportal:devicestatus-upload", ("readable", "careportal", "devicestatus-upload")),
        ("denied", ("denied",)),
    ],
)
def test_default_roles_are_split_as_nightscout_does(given: str, expected: tuple[str, ...]) -> None:
    assert default_role_names(load_settings({"AUTH_DEFAULT_ROLES": given})) == expected


def test_a_site_is_private_unless_told_otherwise(roles: Roles) -> None:
    assert roles.default_grants == ()


def test_treatments_may_be_left_open_to_all() -> None:
    assert default_role_names(load_settings({"TREATMENTS_AUTH": "off"})) == ("denied", "careportal")

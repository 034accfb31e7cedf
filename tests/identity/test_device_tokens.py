from __future__ import annotations

from pathlib import Path

import pytest

from app.actor import Actor, permits, system_actor
from app.errors import BadRequest
from app.identity import audit, tokens
from app.identity.minting import sha1_of, sha512_of
from app.identity.refusals import CredentialEnded
from app.identity.tokens import PRESETS, DeviceToken, find_token
from app.store import open_store
from app.store.interface import Store
from tests.clocks import SettableClock
from tests.identity.family import ELSEWHERE, HOME

OWNER = Actor("account", "account:Mum", ("*",), id="owner")


def make(store: Store, clock: SettableClock, preset: str = "uploads", name: str = "xDrip") -> tuple[DeviceToken, str]:
    return tokens.make_token(store, clock, OWNER, name=name, grants=PRESETS[preset].grants, peer=HOME)


def test_a_token_is_found_plain_and_hashed_as_apps_send_it(store: Store, clock: SettableClock) -> None:
    made, token = make(store, clock)
    for presented in (token, sha1_of(token), sha1_of(token).upper(), sha512_of(token)):
        found = find_token(store, clock, presented)
        assert found
        assert (found.id, found.grants) == (made.id, made.grants)


def test_what_is_not_ours_is_none(store: Store, clock: SettableClock) -> None:
    make(store, clock)
    for presented in ("", "loop-0123456789abcdef", "0" * 40, "0" * 128, "0" * 64, "\ud800" * 40):
        assert find_token(store, clock, presented) is None


def test_what_claims_to_be_ours_and_is_not_is_refused(store: Store, clock: SettableClock) -> None:
    _, token = make(store, clock)
    for presented in ("nld_", token[:-1], token + "x"):
        with pytest.raises(CredentialEnded):
            find_token(store, clock, presented)


def test_the_stored_hashes_open_nothing(store: Store, clock: SettableClock) -> None:
    make(store, clock)
    row = store.collection("nl_tokens").find_one({})
    assert row
    for kept in (row["sha256"], row["sha1"], row["sha512"], str(row["_id"])):
        assert find_token(store, clock, kept) is None


def test_neither_the_token_nor_what_an_app_sends_is_stored(store: Store, clock: SettableClock) -> None:
    _, token = make(store, clock)
    everything = str([list(store.collection(name).find({})) for name in ("nl_tokens", "nl_audit")])
    for secret in (token, sha1_of(token), sha512_of(token)):
        assert secret not in everything


def test_a_revoked_token_is_refused_at_once_in_every_process(
    store: Store, clock: SettableClock, tmp_path: Path
) -> None:
    made, token = make(store, clock)
    _, other = make(store, clock, name="Loop")
    elsewhere = open_store(f"sqlite:///{tmp_path}/nightlight.db", clock=clock)
    assert find_token(elsewhere, clock, token)
    assert tokens.revoke_token(store, clock, OWNER, made.id)
    for presented in (token, sha1_of(token)):
        with pytest.raises(CredentialEnded):
            find_token(elsewhere, clock, presented)
    with pytest.raises(CredentialEnded):
        tokens.token_with_id(elsewhere, clock, made.id)
    assert find_token(elsewhere, clock, other)
    elsewhere.close()


def test_revoking_twice_or_nothing_does_nothing(store: Store, clock: SettableClock) -> None:
    made, _ = make(store, clock)
    assert tokens.revoke_token(store, clock, OWNER, made.id)
    clock.advance(minutes=1)
    assert not tokens.revoke_token(store, clock, OWNER, made.id)
    assert not tokens.revoke_token(store, clock, OWNER, "nonsense")
    assert tokens.list_tokens(store)[0].revoked_at_ms == clock.now_ms() - 60_000


def test_the_last_use_is_noted_at_most_once_a_minute(store: Store, clock: SettableClock) -> None:
    _, token = make(store, clock)
    assert tokens.list_tokens(store)[0].last_used_at_ms is None
    find_token(store, clock, token, peer=HOME)
    first = clock.now_ms()
    clock.advance(s=30)
    find_token(store, clock, token, peer=ELSEWHERE)
    listed = tokens.list_tokens(store)[0]
    assert (listed.last_used_at_ms, listed.last_address) == (first, HOME.address)
    clock.advance(s=30)
    find_token(store, clock, sha1_of(token), peer=ELSEWHERE)
    listed = tokens.list_tokens(store)[0]
    assert (listed.last_used_at_ms, listed.last_address) == (clock.now_ms(), ELSEWHERE.address)
    assert listed.last_user_agent == ELSEWHERE.user_agent


def test_tokens_are_listed_newest_first(store: Store, clock: SettableClock) -> None:
    for name in ("a", "b", "c"):
        make(store, clock, name=name)
        clock.advance(s=1)
    assert [token.name for token in tokens.list_tokens(store)] == ["c", "b", "a"]


def test_an_uploading_app_may_read_and_write_health_data_and_nothing_else() -> None:
    grants = PRESETS["uploads"].grants
    for collection in ("entries", "treatments", "devicestatus", "profile", "food", "activity"):
        for act in ("read", "create", "update", "delete"):
            assert permits(grants, f"api:{collection}:{act}")
    for refused in (
        "admin:api:subjects:read",
        "admin:api:subjects:create",
        "api:settings:create",
        "notifications:*:ack",
    ):
        assert not permits(grants, refused)


def test_a_reading_app_may_only_read() -> None:
    grants = PRESETS["reads"].grants
    assert permits(grants, "api:entries:read")
    assert permits(grants, "*:*:read")
    assert not permits(grants, "api:entries:create")
    assert not permits(grants, "admin:api:subjects:read")


@pytest.mark.parametrize("name", ["", " ", "x" * 61])
def test_a_token_needs_a_name(store: Store, clock: SettableClock, name: str) -> None:
    with pytest.raises(BadRequest):
        make(store, clock, name=name)


def test_nobody_gives_what_they_do_not_have(store: Store, clock: SettableClock) -> None:
    reader = Actor("token", "token:r", ("*:*:read",))
    with pytest.raises(BadRequest):
        tokens.make_token(store, clock, reader, name="x", grants=["api:entries:create"])
    with pytest.raises(BadRequest):
        tokens.make_token(store, clock, OWNER, name="x", grants=[])
    assert tokens.make_token(store, clock, reader, name="x", grants=["api:entries:read"])


def test_making_and_revoking_are_in_the_audit_list(store: Store, clock: SettableClock) -> None:
    made, _ = make(store, clock)
    tokens.revoke_token(store, clock, system_actor("operator"), made.id)
    rows = audit.search(store)
    assert [(row.act, row.actor, row.about) for row in rows] == [
        ("device token revoked", "operator", "xDrip"),
        ("device token made", "account:Mum", "xDrip"),
    ]

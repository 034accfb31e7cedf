from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from app.actor import Actor, system_actor
from app.config import Settings, load_settings
from app.errors import Unauthenticated
from app.identity import audit, tokens
from app.identity.minting import sha1_of, sha512_of
from app.identity.nightscout import NightscoutAccess, Presented, bearer_of
from app.identity.refusals import CredentialEnded
from app.identity.web_tokens import WebTokens
from app.keyring import KeyRing
from app.store import open_store
from app.store.interface import Store
from tests.clocks import SettableClock
from tests.conftest import API_SECRET
from tests.identity.family import ELSEWHERE, HOME
from tests.waiting import wait_until

ADMIN = system_actor("admin")
SECRET = hashlib.sha1(API_SECRET.encode()).hexdigest()

Open = Callable[..., NightscoutAccess]


@pytest.fixture
def opened(store: Store, clock: SettableClock, keyring: KeyRing) -> Iterator[Open]:
    """Open the house with other settings, or a second process of it."""
    accesses: list[NightscoutAccess] = []

    def open_with(at: Store = store, **given: str) -> NightscoutAccess:
        settings = {"API_SECRET": API_SECRET, "AUTH_FAIL_DELAY": "5000", **given}
        accesses.append(NightscoutAccess(load_settings(settings), at, clock, keyring))
        return accesses[-1]

    yield open_with
    for access in accesses:
        access.close()


@pytest.fixture
def access(opened: Open) -> NightscoutAccess:
    return opened()


def subject(access: NightscoutAccess, name: str = "Reader", roles: object = None) -> str:
    kept = access.subjects.documents.create({"name": name, "roles": ["readable"] if roles is None else roles}, ADMIN)
    return str(next(row["accessToken"] for row in access.subjects.in_order() if row["_id"] == kept["_id"]))


def device(store: Store, clock: SettableClock, preset: str = "uploads") -> tuple[tokens.DeviceToken, str]:
    return tokens.make_token(store, clock, ADMIN, name="xDrip", grants=tokens.PRESETS[preset].grants)


def test_nothing_presented_is_nobody_with_the_default_roles(opened: Open) -> None:
    private, open_to_read = opened(), opened(AUTH_DEFAULT_ROLES="readable")
    for nothing in (Presented(), Presented(secret="null"), Presented(tokens=("",))):
        assert private.identify(nothing) == Actor("nobody", "nobody")
        visitor = open_to_read.identify(nothing)
        assert visitor.is_nobody
        assert visitor.may("api:entries:read")
        assert not visitor.may("api:entries:create")


@pytest.mark.parametrize("form", [SECRET, SECRET.upper(), sha512_of(API_SECRET)])
def test_the_hashed_api_secret_may_do_everything(access: NightscoutAccess, form: str) -> None:
    actor = access.identify(Presented(secret=form))
    assert (actor.kind, actor.grants) == ("secret", ("*",))


@pytest.mark.parametrize(
    "form", [API_SECRET, sha512_of(API_SECRET).upper(), SECRET[:-1], SECRET + "0", sha1_of(SECRET)]
)
def test_the_secret_in_clear_or_in_part_is_refused(access: NightscoutAccess, form: str) -> None:
    with pytest.raises(Unauthenticated):
        access.identify(Presented(secret=form))


def test_a_wrong_secret_is_refused_even_where_everybody_may_read(opened: Open) -> None:
    with pytest.raises(Unauthenticated):
        opened(AUTH_DEFAULT_ROLES="readable").identify(Presented(secret="0" * 40))


def test_without_an_api_secret_none_is_accepted(opened: Open) -> None:
    access = opened(API_SECRET="")
    for form in (SECRET, sha1_of(""), sha512_of(""), "x"):
        with pytest.raises(Unauthenticated):
            access.identify(Presented(secret=form))


def test_an_access_token_is_accepted_wherever_it_may_travel(access: NightscoutAccess) -> None:
    token = subject(access)
    jwt = access.exchange(token).token
    for presented in (
        Presented(tokens=(token,)),
        Presented(tokens=(sha1_of(token),)),
        Presented(tokens=(jwt,)),
        Presented(bearer=jwt),
        Presented(secret=token),
        Presented(secret=f"token={token}"),
        Presented(secret=sha1_of(token)),
    ):
        actor = access.identify(presented)
        assert (actor.kind, actor.label) == ("token", "token:Reader")
        assert actor.may("api:entries:read")
        assert not actor.may("api:entries:create")


def test_a_device_token_is_accepted_wherever_it_may_travel(
    access: NightscoutAccess, store: Store, clock: SettableClock
) -> None:
    made, token = device(store, clock)
    jwt = access.exchange(token).token
    for presented in (
        Presented(tokens=(token,)),
        Presented(tokens=(jwt,)),
        Presented(bearer=jwt),
        Presented(bearer=token),
        Presented(secret=token),
        Presented(secret=f"token={token}"),
        Presented(secret=sha1_of(token)),
        Presented(secret=sha512_of(token)),
    ):
        actor = access.identify(presented)
        assert (actor.kind, actor.label, actor.id) == ("token", "token:xDrip", made.id)
        assert actor.may_all(["api:entries:create", "api:entries:read"])
        assert not actor.may("admin:api:subjects:create")


def test_device_tokens_work_without_an_api_secret(opened: Open, store: Store, clock: SettableClock) -> None:
    _, token = device(store, clock)
    access = opened(API_SECRET="")
    assert access.identify(Presented(secret=sha1_of(token))).may("api:entries:create")
    assert access.identify(Presented(bearer=access.exchange(token).token)).may("api:entries:create")


def test_a_raw_access_token_as_bearer_is_refused(access: NightscoutAccess) -> None:
    with pytest.raises(Unauthenticated):
        access.identify(Presented(bearer=subject(access)))


def test_an_unknown_token_in_the_address_counts_as_nothing(opened: Open) -> None:
    access = opened(AUTH_DEFAULT_ROLES="readable")
    actor = access.identify(Presented(tokens=("loop-0123456789abcdef",)), ELSEWHERE)
    assert actor.is_nobody
    assert actor.may("api:entries:read")
    assert access.wait_ms(ELSEWHERE) == 0


def test_an_unknown_token_does_not_save_a_wrong_secret(access: NightscoutAccess) -> None:
    with pytest.raises(Unauthenticated):
        access.identify(Presented(secret="0" * 40, tokens=("loop-0123456789abcdef",)))


def test_several_tokens_are_tried_in_order(access: NightscoutAccess) -> None:
    first, second = subject(access, "First"), subject(access, "Second")
    assert access.identify(Presented(tokens=("x-0123456789abcdef", second, first))).label == "token:Second"


def test_the_secret_goes_before_the_token(access: NightscoutAccess) -> None:
    assert access.identify(Presented(secret=SECRET, tokens=(subject(access),))).kind == "secret"


def test_the_token_goes_before_a_token_in_the_secrets_place(access: NightscoutAccess) -> None:
    first, second = subject(access, "First"), subject(access, "Second")
    assert access.identify(Presented(secret=first, tokens=(second,))).label == "token:Second"
    assert access.identify(Presented(secret=first, bearer="x.y.z")).label == "token:First"


def test_everybody_has_the_default_roles_too(opened: Open, store: Store, clock: SettableClock) -> None:
    access = opened(AUTH_DEFAULT_ROLES="status-only", TREATMENTS_AUTH="off")
    _, token = device(store, clock, "reads")
    for presented in (Presented(tokens=(subject(access, roles=["denied"]),)), Presented(secret=token)):
        actor = access.identify(presented)
        assert actor.may_all(["api:status:read", "api:treatments:create"])


@pytest.mark.parametrize("roles", [None, [], ["denied"], ["nobody knows"]])
def test_a_subject_without_roles_has_the_default_ones_only(access: NightscoutAccess, roles: object) -> None:
    kept = access.subjects.documents.create({"name": "Bare", "roles": roles}, ADMIN)
    token = next(row["accessToken"] for row in access.subjects.in_order() if row["_id"] == kept["_id"])
    assert access.identify(Presented(tokens=(token,))).grants == ()


def test_a_deleted_subjects_web_token_is_refused_as_ended(opened: Open) -> None:
    access = opened(AUTH_DEFAULT_ROLES="readable")
    token = subject(access)
    jwt = access.exchange(token).token
    access.subjects.documents.delete(str(access.subjects.in_order()[0]["_id"]), ADMIN)
    for identify in (
        lambda: access.identify(Presented(bearer=jwt), ELSEWHERE),
        lambda: access.identify(Presented(tokens=(jwt,)), ELSEWHERE),
        lambda: access.identify_bearer(jwt, ELSEWHERE),
        lambda: access.exchange(jwt, ELSEWHERE),
    ):
        with pytest.raises(CredentialEnded):
            identify()
    assert access.wait_ms(ELSEWHERE) == 0


def test_a_revoked_device_tokens_web_token_is_refused_as_ended(
    access: NightscoutAccess, store: Store, clock: SettableClock
) -> None:
    made, token = device(store, clock)
    jwt = access.exchange(token).token
    tokens.revoke_token(store, clock, ADMIN, made.id)
    for presented in (
        Presented(bearer=jwt),
        Presented(tokens=(jwt,)),
        Presented(tokens=(token,)),
        Presented(secret=token),
    ):
        with pytest.raises(CredentialEnded):
            access.identify(presented)


def test_v3_takes_a_bearer_and_nothing_else(opened: Open, store: Store, clock: SettableClock) -> None:
    access = opened(AUTH_DEFAULT_ROLES="readable")
    token, (_, device_token) = subject(access), device(store, clock)
    assert access.identify_bearer(access.exchange(token).token).label == "token:Reader"
    assert access.identify_bearer(device_token).label == "token:xDrip"
    assert access.identify_bearer("").is_nobody
    for refused in (token, SECRET, API_SECRET, "x"):
        with pytest.raises(Unauthenticated) as problem:
            access.identify_bearer(refused)
        assert not isinstance(problem.value, CredentialEnded)


def test_an_ended_web_token_is_refused_and_a_renewed_one_is_not(access: NightscoutAccess, clock: SettableClock) -> None:
    first = access.exchange(subject(access))
    clock.advance(hours=7)
    renewed = access.exchange(first.token)
    assert renewed.exp - first.exp == 7 * 3600
    clock.advance(hours=2)
    assert access.identify(Presented(bearer=renewed.token))
    for ended in (Presented(bearer=first.token),):
        with pytest.raises(Unauthenticated):
            access.identify(ended)
    with pytest.raises(Unauthenticated):
        access.exchange(first.token)


def test_an_exchange_answers_as_nightscout_does(opened: Open, clock: SettableClock) -> None:
    access = opened(AUTH_DEFAULT_ROLES="denied")
    access.roles.documents.create({"name": "plain", "permissions": "api:*:read"}, ADMIN)
    token = subject(access, "Test Reader!", ["readable", "plain", "unknown", "denied"])
    body = access.exchange(token).body
    now_s = clock.now_ms() // 1000
    assert list(body) == ["token", "sub", "permissionGroups", "iat", "exp"]
    assert body["sub"] == "Test Reader!"
    assert body["permissionGroups"] == [["*:*:read"], "api:*:read", [], []]
    assert (body["iat"], body["exp"]) == (now_s, now_s + 28_800)
    assert access.identify(Presented(bearer=body["token"])).may("api:entries:read")


def test_a_device_tokens_exchange_tells_its_permissions_and_not_the_token(
    access: NightscoutAccess, store: Store, clock: SettableClock, keyring: KeyRing
) -> None:
    made, token = device(store, clock, "reads")
    body = access.exchange(sha1_of(token)).body
    assert (body["sub"], body["permissionGroups"]) == ("xDrip", [["*:*:read"], []])
    signed = WebTokens(keyring, clock).check(body["token"])
    assert signed
    assert signed.access_token == f"nightlight:{made.id}"
    for presented in (Presented(tokens=(signed.access_token,)), Presented(secret=signed.access_token)):
        try:
            assert access.identify(presented).is_nobody
        except Unauthenticated:
            continue


@pytest.mark.parametrize("presented", ["", "x", SECRET, API_SECRET, "loop-0123456789abcdef"])
def test_an_exchange_for_nothing_known_is_refused(access: NightscoutAccess, presented: str) -> None:
    with pytest.raises(Unauthenticated):
        access.exchange(presented)


def test_a_bad_credential_costs_a_wait_and_a_good_one_ends_it(access: NightscoutAccess) -> None:
    for _ in range(2):
        with pytest.raises(Unauthenticated):
            access.identify(Presented(secret="0" * 40), ELSEWHERE)
    with pytest.raises(Unauthenticated):
        access.identify(Presented(bearer="x.y.z"), ELSEWHERE)
    assert access.wait_ms(ELSEWHERE) == 15_000
    assert access.wait_ms(HOME) == 0
    access.identify(Presented(), ELSEWHERE)
    assert access.wait_ms(ELSEWHERE) == 15_000
    access.identify(Presented(secret=SECRET), ELSEWHERE)
    assert access.wait_ms(ELSEWHERE) == 0


def test_a_refusal_is_in_the_audit_list_once_in_a_while(
    access: NightscoutAccess, store: Store, clock: SettableClock
) -> None:
    for _ in range(20):
        with pytest.raises(Unauthenticated):
            access.identify(Presented(secret="0" * 40), ELSEWHERE)
    clock.advance(minutes=16)
    with pytest.raises(Unauthenticated):
        access.identify(Presented(secret="0" * 40), ELSEWHERE)
    rows = audit.search(store)
    assert [(row.act, row.address) for row in rows] == [("credential refused", ELSEWHERE.address)] * 2


def test_another_process_learns_of_changes(
    opened: Open, access: NightscoutAccess, tmp_path: Path, clock: SettableClock
) -> None:
    elsewhere = open_store(f"sqlite:///{tmp_path}/nightlight.db", clock=clock)
    other = opened(elsewhere)
    token = subject(access, roles=["nurse"])
    assert other.identify(Presented(tokens=(token,))).grants == ()
    role = access.roles.documents.create({"name": "nurse", "permissions": ["api:*:read"]}, ADMIN)
    wait_until(lambda: other.identify(Presented(tokens=(token,))).may("api:entries:read"))
    access.roles.documents.delete(str(role["_id"]), ADMIN)
    wait_until(lambda: not other.identify(Presented(tokens=(token,))).may("api:entries:read"))
    access.subjects.documents.delete(str(access.subjects.in_order()[0]["_id"]), ADMIN)
    wait_until(lambda: other.identify(Presented(tokens=(token,))).is_nobody)
    with pytest.raises(Unauthenticated):
        access.identify(Presented(secret="0" * 40), ELSEWHERE)
    clock.advance(s=1)
    assert other.wait_ms(ELSEWHERE) == 4000
    other.close()
    elsewhere.close()


@pytest.mark.parametrize(
    ("header", "bearer"),
    [
        ("Bearer a.b.c", "a.b.c"),
        ("bearer a.b.c", ""),
        ("Bearer", ""),
        ("Bearer ", ""),
        ("Bearer a b", ""),
        ("Basic a.b.c", ""),
        ("", ""),
    ],
)
def test_the_header_is_read_as_v1_reads_it(header: str, bearer: str) -> None:
    assert bearer_of(header) == bearer


def test_what_was_presented_does_not_print_itself(access: NightscoutAccess) -> None:
    token = subject(access)
    assert SECRET not in repr(Presented(secret=SECRET, bearer=SECRET, tokens=(SECRET,)))
    assert access.exchange(token).token not in repr(access.exchange(token))
    assert token not in repr(access.subjects.with_token(token))


def test_making_it_neither_reads_nor_listens(settings: Settings, keyring: KeyRing, clock: SettableClock) -> None:
    NightscoutAccess(settings, object(), clock, keyring).close()  # type: ignore[arg-type]

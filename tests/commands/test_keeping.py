"""Commands as they are kept: only forwards, never twice, and to everybody what is theirs."""

from __future__ import annotations

from itertools import pairwise
from typing import get_args

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.actor import Actor
from app.commands import keeping
from app.commands.command import Command, read_command
from app.commands.keeping import FROM, Kept, State
from app.commands.payload import LIFETIME_MS
from app.errors import Conflict
from app.keyring import KeyRing, new_key
from app.store.interface import Store
from tests.clocks import SettableClock
from tests.commands.conftest import BOLUS, CANCEL, DAD, MUM, OTP, OVERRIDE, SECRET
from tests.identity.family import all_at_once

STATES: tuple[State, ...] = get_args(State)
FINAL = {"done", "refused", "expired"}
asked = read_command(BOLUS)


def keep(store: Store, clock: SettableClock, keyring: KeyRing, command: Command = asked, actor: Actor = DAD) -> Kept:
    kept, is_new = keeping.keep(store, clock, keyring, actor, command)
    assert is_new
    return kept


def found_again(store: Store, kept: Kept) -> Kept:
    found = keeping.find(store, kept.id)
    assert found
    return found


def test_it_is_queued_and_found_again_without_its_password(
    store: Store, clock: SettableClock, keyring: KeyRing
) -> None:
    kept = keep(store, clock, keyring)
    found = found_again(store, kept)
    assert (found.state, found.times, found.actor) == ("queued", {"queued": clock.now_ms()}, "token:LoopFollow")
    assert (found.command.amount, found.command.otp) == (1.25, "")
    assert OTP not in str(list(store.collection("nl_commands").find({})))
    assert keeping.find(store, "another") is None


def test_the_states_lead_from_the_first_to_a_final_one(store: Store, clock: SettableClock, keyring: KeyRing) -> None:
    kept = keep(store, clock, keyring)
    for state in ("sent", "seen", "done"):
        clock.advance(s=10)
        assert keeping.move(store, found_again(store, kept), state, clock.now_ms(), detail=f"it is {state}")
    found = found_again(store, kept)
    assert (found.state, found.detail, [*found.times]) == ("done", "it is done", ["queued", "sent", "seen", "done"])
    assert all(earlier < later for earlier, later in pairwise(found.times.values()))


def test_nothing_leads_out_of_a_final_state_or_back_to_the_first() -> None:
    assert set(FROM) == set(STATES) - {"queued"}
    assert not FINAL & {state for states in FROM.values() for state in states}
    assert "seen" not in FROM["expired"]
    assert "seen" not in FROM["sent"]


@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from(sorted(FROM)), max_size=6))
def test_however_it_is_moved_it_only_goes_forwards(
    store: Store, clock: SettableClock, keyring: KeyRing, moves: list[State]
) -> None:
    clock.advance(minutes=20)
    kept, state = keep(store, clock, keyring), "queued"
    for to in moves:
        moved = keeping.move(store, kept, to, clock.now_ms())
        assert moved == (state in FROM[to])
        state, kept = to if moved else state, found_again(store, kept)
        assert kept.state == state


def test_what_somebody_else_moved_is_not_moved_from_what_it_was(
    store: Store, clock: SettableClock, keyring: KeyRing
) -> None:
    as_read = keep(store, clock, keyring)
    assert keeping.move(store, as_read, "seen", 1, evidence="e1")
    assert not keeping.move(store, as_read, "done", 2)
    seen = found_again(store, as_read)
    assert keeping.move(store, seen, "seen", 2, evidence="e2")
    assert not keeping.move(store, seen, "done", 3)
    assert keeping.move(store, found_again(store, as_read), "done", 4)


def test_of_many_at_once_one_decides(store: Store, clock: SettableClock, keyring: KeyRing) -> None:
    kept = keep(store, clock, keyring)
    ends: list[State] = ["done", "refused", "expired"]
    moved = all_at_once(lambda number: keeping.move(store, kept, ends[number % 3], number))
    assert moved.count(True) == 1
    assert found_again(store, kept).state == ends[moved.index(True) % 3]


def test_what_is_learnt_later_is_added_once_and_changes_nothing_else(
    store: Store, clock: SettableClock, keyring: KeyRing
) -> None:
    kept = keep(store, clock, keyring)
    keeping.move(store, kept, "expired", 1, detail="no sign")
    keeping.add_afterwards(store, kept.id, "first", "e1")
    keeping.add_afterwards(store, kept.id, "second", "e2")
    found = found_again(store, kept)
    assert (found.state, found.detail, found.afterwards, found.evidence) == ("expired", "no sign", "first", "e1")


def test_whether_apple_has_it_can_only_be_unknown_before_it_is_known(
    store: Store, clock: SettableClock, keyring: KeyRing
) -> None:
    first, second = keep(store, clock, keyring), keep(store, clock, keyring, read_command(CANCEL))
    keeping.move(store, second, "done", 1, detail="Loop did it")
    for kept, detail in ((first, "Whether Apple has it is unknown: no answer."), (second, "Loop did it")):
        keeping.leave_unknown(store, kept.id, "no answer")
        assert found_again(store, kept).detail == detail
    assert found_again(store, first).state == "queued"


@pytest.mark.parametrize("begins_s", [0, 1, 180, 299])
def test_the_same_submitted_again_is_the_same_command(
    store: Store, clock: SettableClock, keyring: KeyRing, begins_s: int
) -> None:
    clock.advance(s=begins_s)
    kept = keep(store, clock, keyring)
    clock.advance(ms=LIFETIME_MS - 1)
    again, is_new = keeping.keep(store, clock, keyring, DAD, asked)
    assert (again.id, is_new) == (kept.id, False)
    clock.advance(ms=1)
    assert keep(store, clock, keyring).id != kept.id


def test_another_password_amount_or_person_makes_another_command(
    store: Store, clock: SettableClock, keyring: KeyRing
) -> None:
    others = [read_command({**BOLUS, "otp": "482914"}), read_command({**BOLUS, "remoteBolus": "1.3"})]
    ids = {keep(store, clock, keyring, command).id for command in (asked, *others)}
    ids.add(keep(store, clock, keyring, asked, MUM).id)
    assert len(ids) == 4


def test_what_apple_certainly_does_not_have_may_be_submitted_again(
    store: Store, clock: SettableClock, keyring: KeyRing
) -> None:
    kept = keep(store, clock, keyring)
    keeping.move(store, kept, "refused", 1, delivered=False)
    assert keep(store, clock, keyring).id != kept.id
    clock.advance(ms=LIFETIME_MS - 2)
    assert not keeping.keep(store, clock, keyring, DAD, asked)[1]


def test_there_is_an_end_to_submitting_again(store: Store, clock: SettableClock, keyring: KeyRing) -> None:
    for _ in range(20):
        keeping.move(store, keep(store, clock, keyring), "refused", 1, delivered=False)
    with pytest.raises(Conflict):
        keep(store, clock, keyring)


def test_submitted_many_times_at_once_it_is_one(store: Store, clock: SettableClock, keyring: KeyRing) -> None:
    outcomes = all_at_once(lambda number: keeping.keep(store, clock, keyring, DAD, asked))
    assert len({kept.id for kept, _ in outcomes}) == 1
    assert [is_new for _, is_new in outcomes].count(True) == 1


def test_its_id_gives_nothing_away_without_the_keys(store: Store, clock: SettableClock, keyring: KeyRing) -> None:
    ours = keep(store, clock, keyring)
    assert keep(store, clock, KeyRing([new_key()])).id != ours.id


def test_the_owner_sees_all_and_an_app_its_own(store: Store, clock: SettableClock, keyring: KeyRing) -> None:
    dads = keep(store, clock, keyring)
    clock.advance(s=1)
    mums = keep(store, clock, keyring, actor=SECRET)
    other = Actor("token", "token:LoopFollow", ("*",), id="another phone")
    assert [kept.id for kept in keeping.listed(store, MUM)] == [mums.id, dads.id]
    assert [kept.id for kept in keeping.listed(store, SECRET)] == [mums.id, dads.id]
    assert [kept.id for kept in keeping.listed(store, DAD)] == [dads.id]
    assert keeping.listed(store, other) == []


def test_lists_begin_and_end_where_asked(store: Store, clock: SettableClock, keyring: KeyRing) -> None:
    old = keep(store, clock, keyring)
    clock.advance(hours=1)
    new = keep(store, clock, keyring, read_command(OVERRIDE))
    assert [kept.id for kept in keeping.listed(store, MUM, since_ms=new.at_ms)] == [new.id]
    assert [kept.id for kept in keeping.listed(store, MUM, limit=1)] == [new.id]
    assert [kept.id for kept in keeping.given_since(store, 0)] == [old.id, new.id]
    oldest = keeping.oldest_open(store)
    assert oldest
    assert oldest.id == old.id

"""What becomes of commands as the phone uploads: each story from the button to the final word."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.commands import keeping
from app.commands.apns import Push, Verdict
from app.commands.command import CommandFailed
from app.commands.settling import settle
from app.records.treatments import Treatments
from app.store import Store, open_store
from tests.clocks import SettableClock
from tests.commands.conftest import BOLUS, CANCEL, CARBS, LOOP, OTP, OVERRIDE, Caregivers, Phone
from tests.emulators.apns import Answer, ApnsEmulator
from tests.identity.family import all_at_once

NO_SIGN = "No sign of it within five minutes. Whether Loop did it is unknown."


def test_a_bolus_is_done_when_loop_recorded_it(caregivers: Caregivers, phone: Phone, clock: SettableClock) -> None:
    kept = caregivers.give(BOLUS)
    assert caregivers.look(kept).state == "sent"
    clock.advance(s=20)
    given = phone.bolus(1.25)
    done = caregivers.look(kept)
    assert (done.state, done.detail, done.evidence) == ("done", "Loop recorded a bolus of 1.25 U.", str(given["_id"]))
    assert done.times["done"] >= kept.times["sent"]


def test_a_bolus_is_seen_while_it_runs_and_done_at_its_end(
    caregivers: Caregivers, phone: Phone, clock: SettableClock
) -> None:
    kept = caregivers.give(BOLUS)
    clock.advance(s=20)
    running = phone.bolus(0.4, 1.25)
    assert caregivers.look(kept).state == "seen"
    clock.advance(minutes=6)
    assert caregivers.look(kept).detail == "Loop recorded 0.4 of 1.25 U so far."
    Treatments(caregivers.store, clock, LOOP).replace({**running, "insulin": 1.25})
    assert caregivers.look(kept).state == "done"


def test_a_bolus_that_was_stopped_stays_seen_with_what_was_given(
    caregivers: Caregivers, phone: Phone, clock: SettableClock
) -> None:
    kept = caregivers.give(BOLUS)
    phone.bolus(0.4, 1.25)
    caregivers.look(kept)
    clock.advance(hours=3)
    stopped = caregivers.look(kept)
    assert (stopped.state, stopped.detail) == ("seen", "Loop recorded 0.4 of 1.25 U so far.")


def test_carbs_are_done_when_loop_recorded_them(caregivers: Caregivers, phone: Phone) -> None:
    kept = caregivers.give(CARBS)
    phone.carbs(24)
    assert caregivers.look(kept).state == "sent"
    phone.carbs(25, ago_s=1)
    assert caregivers.look(kept).state == "done"


@pytest.mark.parametrize("start", ["2026-11-21T08:00:00Z", "2026-11-22T10:00:00+01:00"])
def test_carbs_of_another_time_are_found_there(caregivers: Caregivers, phone: Phone, start: str) -> None:
    kept = caregivers.give({**CARBS, "created_at": start})
    phone.carbs(25)
    assert caregivers.look(kept).state == "sent"
    phone.carbs(25, created_at=start)
    assert caregivers.look(kept).state == "done"


@pytest.mark.parametrize("start", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "soon"])
def test_carbs_of_no_sensible_time_harm_nothing(caregivers: Caregivers, clock: SettableClock, start: str) -> None:
    kept = caregivers.give({**CARBS, "created_at": start})
    clock.advance(minutes=5)
    assert caregivers.look(kept).state == "expired"


def test_an_override_is_done_by_its_treatment(caregivers: Caregivers, phone: Phone) -> None:
    kept = caregivers.give(OVERRIDE)
    phone.treatment("Temporary Override", enteredBy="Loop", reason="🏃 Running", duration=60)
    assert caregivers.look(kept).state == "done"


def test_an_override_is_done_when_loops_status_turns(
    caregivers: Caregivers, phone: Phone, clock: SettableClock
) -> None:
    phone.status(active=False)
    clock.advance(s=10)
    kept = caregivers.give(OVERRIDE)
    clock.advance(s=10)
    phone.status(active=True, name="Running")
    assert caregivers.look(kept).state == "done"


def test_an_override_that_was_on_before_is_not_done_by_being_on(
    caregivers: Caregivers, phone: Phone, clock: SettableClock
) -> None:
    phone.status(active=True, name="Running")
    clock.advance(s=10)
    kept = caregivers.give(OVERRIDE)
    clock.advance(s=10)
    phone.status(active=True, name="Running")
    assert caregivers.look(kept).state == "sent"


def test_the_end_of_an_override_is_done_when_it_was_cut_short(
    caregivers: Caregivers, phone: Phone, clock: SettableClock
) -> None:
    running = phone.treatment("Temporary Override", enteredBy="Loop", reason="Running", duration=60, identifier="U")
    clock.advance(minutes=20)
    kept = caregivers.give(CANCEL)
    assert caregivers.look(kept).state == "sent"
    clock.advance(s=15)
    Treatments(caregivers.store, clock, LOOP).save([{**running, "duration": 20.25}])
    done = caregivers.look(kept)
    assert (done.state, done.detail) == ("done", "Loop ended Running.")


def test_the_end_of_an_override_is_done_when_loop_says_that_none_is_on(
    caregivers: Caregivers, phone: Phone, clock: SettableClock
) -> None:
    kept = caregivers.give(CANCEL)
    clock.advance(s=10)
    phone.status(active=True, name="Running")
    assert caregivers.look(kept).state == "sent"
    phone.status(active=False)
    assert caregivers.look(kept).state == "done"


def test_without_a_sign_it_expires_after_five_minutes(caregivers: Caregivers, clock: SettableClock) -> None:
    kept = caregivers.give(BOLUS)
    clock.advance(ms=5 * 60_000 - 1)
    assert caregivers.look(kept).state == "sent"
    clock.advance(ms=1)
    expired = caregivers.look(kept)
    assert (expired.state, expired.detail, expired.times["expired"]) == ("expired", NO_SIGN, kept.expires_ms)


def test_what_came_in_time_counts_however_late_somebody_looks(
    caregivers: Caregivers, phone: Phone, clock: SettableClock
) -> None:
    kept = caregivers.give(BOLUS)
    clock.advance(minutes=4)
    phone.bolus(1.25)
    clock.advance(days=2)
    done = caregivers.look(kept)
    assert done.state == "done"
    assert done.times["done"] <= kept.expires_ms


@pytest.mark.parametrize("looks_between", [True, False])
def test_what_came_late_is_added_and_changes_nothing(
    caregivers: Caregivers, phone: Phone, clock: SettableClock, looks_between: bool
) -> None:
    kept = caregivers.give(BOLUS)
    clock.advance(minutes=10)
    if looks_between:
        assert caregivers.look(kept).state == "expired"
    phone.bolus(1.25, ago_s=9 * 60)
    late = caregivers.look(kept)
    assert (late.state, late.detail) == ("expired", NO_SIGN)
    assert late.afterwards == "Loop recorded a bolus of 1.25 U."


def test_two_alike_need_two_boluses(caregivers: Caregivers, phone: Phone, clock: SettableClock) -> None:
    first = caregivers.give(BOLUS)
    clock.advance(s=30)
    second = caregivers.give({**BOLUS, "otp": "111111"})
    clock.advance(s=10)
    phone.bolus(1.25)
    assert [caregivers.look(kept).state for kept in (first, second)] == ["done", "sent"]
    assert [caregivers.look(kept).state for kept in (first, second)] == ["done", "sent"]
    clock.advance(s=30)
    phone.bolus(1.25)
    assert caregivers.look(second).state == "done"


def test_the_bolus_that_fits_best_is_each_commands_own(
    caregivers: Caregivers, phone: Phone, clock: SettableClock
) -> None:
    rounded = caregivers.give(BOLUS)
    clock.advance(s=1)
    exact = caregivers.give({**BOLUS, "remoteBolus": "1.2"})
    phone.bolus(1.2)
    assert [caregivers.look(kept).state for kept in (rounded, exact)] == ["sent", "done"]
    clock.advance(s=10)
    phone.bolus(1.2)
    seen = caregivers.look(rounded)
    assert (seen.state, seen.detail) == ("seen", "Loop recorded a bolus of 1.2 U; 1.25 U were asked.")
    clock.advance(s=10)
    phone.bolus(1.22)
    assert caregivers.look(rounded) == seen


def test_a_bolus_of_somebody_else_or_by_itself_is_no_sign(
    caregivers: Caregivers, phone: Phone, clock: SettableClock
) -> None:
    phone.bolus(1.25)
    clock.advance(s=1)
    kept = caregivers.give(BOLUS)
    phone.bolus(1.25, enteredBy="Mum")
    clock.advance(s=1)
    phone.bolus(1.25, automatic=True)
    assert caregivers.look(kept).state == "sent"


def test_a_deleted_treatment_is_no_sign(caregivers: Caregivers, phone: Phone, clock: SettableClock) -> None:
    kept = caregivers.give(BOLUS)
    phone.bolus(1.25, isValid=False)
    assert caregivers.look(kept).state == "sent"


def repeated(server: ApnsEmulator, number: int = 0) -> str:
    """Return what Loop writes: an error, and the message with its password."""
    import json

    return f"Incorrect password\n{json.dumps(server.pushed[number].message)}"


def test_loops_refusal_names_the_command(
    caregivers: Caregivers, phone: Phone, clock: SettableClock, apns_server: ApnsEmulator
) -> None:
    first = caregivers.give(BOLUS)
    clock.advance(s=30)
    second = caregivers.give({**BOLUS, "otp": "111111"})
    clock.advance(s=10)
    phone.note(repeated(apns_server), enteredBy="Remote Bolus Entry")
    phone.bolus(1.25)
    refused, done = caregivers.look(first), caregivers.look(second)
    assert (refused.state, refused.reason, refused.delivered) == ("refused", "Incorrect password", True)
    assert done.state == "done"
    assert OTP not in str(list(caregivers.store.collection("nl_commands").find({})))


def test_a_note_of_loops_about_the_only_command_refuses_it(caregivers: Caregivers, phone: Phone) -> None:
    kept = caregivers.give(CARBS)
    phone.note("Carbs exceed maximum")
    refused = caregivers.look(kept)
    assert (refused.state, refused.detail) == ("refused", "Loop refused it: “Carbs exceed maximum”.")


def test_a_note_that_may_mean_either_refuses_neither(
    caregivers: Caregivers, phone: Phone, clock: SettableClock
) -> None:
    kept = [caregivers.give(CARBS)]
    clock.advance(s=1)
    kept.append(caregivers.give(BOLUS))
    phone.note("Exceeds maximum")
    assert [caregivers.look(one).state for one in kept] == ["sent", "sent"]


def test_a_note_of_somebody_else_refuses_nothing(caregivers: Caregivers, phone: Phone) -> None:
    kept = caregivers.give(CARBS)
    phone.note("ate it all", enteredBy="Mum")
    assert caregivers.look(kept).state == "sent"


def test_a_bolus_that_ran_though_loop_reported_a_failure_is_told(
    caregivers: Caregivers, phone: Phone, clock: SettableClock
) -> None:
    kept = caregivers.give(BOLUS)
    phone.note("Communication with the pump failed")
    assert caregivers.look(kept).state == "refused"
    clock.advance(minutes=7)
    phone.bolus(1.25, ago_s=400)
    told = caregivers.look(kept)
    assert (told.state, told.afterwards) == ("refused", "Loop recorded a bolus of 1.25 U.")


def test_a_late_refusal_is_added(caregivers: Caregivers, phone: Phone, clock: SettableClock) -> None:
    kept = caregivers.give(BOLUS)
    clock.advance(minutes=8)
    phone.note("Incorrect password", ago_s=7 * 60)
    assert caregivers.look(kept).afterwards == "Loop refused it: “Incorrect password”."


def test_what_apple_never_had_is_looked_after_no_more(
    caregivers: Caregivers, phone: Phone, clock: SettableClock, apns_server: ApnsEmulator
) -> None:
    apns_server.script(Answer(400, "BadDeviceToken"))
    with pytest.raises(CommandFailed):
        caregivers.give(BOLUS)
    kept = caregivers.newest()
    phone.bolus(1.25)
    assert caregivers.look(kept) == kept


def test_an_unknown_outcome_ends_by_its_sign_or_by_its_time(
    caregivers: Caregivers, phone: Phone, clock: SettableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(caregivers.apns, "push", lambda push: Verdict("unknown", "no answer"))
    for otp in ("111111", "222222"):
        with pytest.raises(CommandFailed, match="no answer"):
            caregivers.give({**BOLUS, "otp": otp})
        clock.advance(s=1)
    second, first = keeping.listed(caregivers.store, LOOP)
    assert caregivers.look(first).state == "queued"
    phone.bolus(1.25)
    assert caregivers.look(first).state == "done"
    clock.advance(minutes=5)
    expired = caregivers.look(second)
    assert expired.state == "expired"
    assert expired.detail.startswith("It is not known to have reached Apple")


def test_what_a_dead_process_left_behind_is_never_pushed(
    caregivers: Caregivers, apns_server: ApnsEmulator, clock: SettableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    def dies(push: Push) -> Verdict:
        raise Killed

    with monkeypatch.context() as dying:
        dying.setattr(caregivers.apns, "push", dies)
        with pytest.raises(Killed):
            caregivers.give(BOLUS)
    kept = caregivers.look(caregivers.newest())
    assert kept.state == "queued"
    clock.advance(minutes=6)
    assert caregivers.look(kept).state == "expired"
    assert apns_server.connections == 0


def test_the_answer_of_apple_does_not_undo_a_sign_that_was_faster(
    caregivers: Caregivers, phone: Phone, monkeypatch: pytest.MonkeyPatch
) -> None:
    def push(push: Push) -> Verdict:
        phone.bolus(1.25)
        settle(caregivers.store, caregivers.clock)
        return Verdict("accepted")

    monkeypatch.setattr(caregivers.apns, "push", push)
    assert caregivers.give(BOLUS).state == "done"


def test_it_says_when_to_look_again(caregivers: Caregivers, clock: SettableClock) -> None:
    assert settle(caregivers.store, clock) is None
    kept = caregivers.give(CARBS)
    clock.advance(minutes=1)
    caregivers.give(CANCEL)
    assert settle(caregivers.store, clock) == kept.expires_ms
    clock.advance(minutes=10)
    assert settle(caregivers.store, clock) is None


def test_looking_at_once_from_many_places_comes_to_the_same(
    caregivers: Caregivers, phone: Phone, clock: SettableClock
) -> None:
    kept = []
    for number in range(4):
        kept.append(caregivers.give({**BOLUS, "otp": f"00000{number}"}))
        clock.advance(s=1)
    phone.bolus(1.25)
    clock.advance(s=1)
    phone.bolus(1.25)
    assert all_at_once(lambda number: settle(caregivers.store, clock)).count(kept[2].expires_ms) == 8
    assert [caregivers.look(one).state for one in kept] == ["done", "done", "sent", "sent"]


def test_who_is_overtaken_looks_anew(
    caregivers: Caregivers, phone: Phone, clock: SettableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = caregivers.give(BOLUS)
    clock.advance(s=1)
    second = caregivers.give({**BOLUS, "otp": "111111"})
    read = keeping.given_since

    def overtaken(store: Store, since_ms: int) -> list[keeping.Kept]:
        found = read(store, since_ms)
        monkeypatch.setattr(keeping, "given_since", read)
        phone.bolus(1.25)
        settle(store, clock)
        clock.advance(s=1)
        phone.bolus(1.25)
        return found

    monkeypatch.setattr(keeping, "given_since", overtaken)
    settle(caregivers.store, clock)
    rows = {kept.id: kept for kept in read(caregivers.store, 0)}
    assert [rows[kept.id].state for kept in (first, second)] == ["done", "done"]
    assert rows[first.id].evidence != rows[second.id].evidence


def test_it_does_not_matter_who_stored_the_treatment(
    caregivers: Caregivers, clock: SettableClock, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    uri = f"sqlite:///{tmp_path}/nightlight.db"
    if caregivers.store.backend == "mongodb":
        uri = request.getfixturevalue("standalone_uri")
    kept = caregivers.give(BOLUS)
    other = open_store(uri, clock=clock)
    Phone(other, clock).bolus(1.25)
    other.close()
    assert caregivers.look(kept).state == "done"


def test_a_treatment_without_our_stamps_counts_by_its_own_date(caregivers: Caregivers, clock: SettableClock) -> None:
    kept = caregivers.give(BOLUS)
    raw = {"eventType": "Correction Bolus", "insulin": 1.25, "enteredBy": "loop://iPhone"}
    foreign = caregivers.store.collection("treatments", actor="another program")
    foreign.insert_one({**raw, "created_at": "2026-11-21T09:59:59.000Z"})
    assert caregivers.look(kept).state == "sent"
    foreign.insert_one({**raw, "created_at": "2026-11-21T10:00:30.000Z"})
    assert caregivers.look(kept).state == "done"

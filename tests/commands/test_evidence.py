"""What an upload of the phone proves about a command, and what it does not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.clock import iso_of
from app.commands.command import read_command
from app.commands.evidence import Sign, refusal_meant, refusal_naming, sign_in_status, sign_in_treatment
from app.commands.keeping import Kept
from tests.clocks import START_MS
from tests.commands.conftest import BOLUS, CANCEL, CARBS, OTP, OVERRIDE, kept_of

LATER_MS = START_MS + 20_000
LOOPS = {"enteredBy": "loop://iPhone", "_id": "e1", "srvCreated": LATER_MS, "srvModified": LATER_MS}


def command(sent: Mapping[str, Any], **more: Any) -> Kept:
    return kept_of(read_command({**sent, **more}), START_MS)


def treatment(event_type: str, after_s: float = 15, **fields: Any) -> dict[str, Any]:
    return {"eventType": event_type, "created_at": iso_of(START_MS + int(after_s * 1000)), **LOOPS, **fields}


def bolus(**fields: Any) -> dict[str, Any]:
    return treatment("Correction Bolus", **{"insulin": 1.25, "programmed": 1.25, **fields})


def carbs(**fields: Any) -> dict[str, Any]:
    return treatment("Carb Correction", **{"carbs": 25, "absorptionTime": 180, **fields})


def override(**fields: Any) -> dict[str, Any]:
    return treatment("Temporary Override", **{"reason": "🏃 Running", "duration": 60, **fields})


def status(after_s: float = 15, device: str = "loop://iPhone", **told: Any) -> dict[str, Any]:
    at_ms = START_MS + int(after_s * 1000)
    return {"created_at": iso_of(at_ms), "srvCreated": at_ms, "device": device, "override": told}


def state_of(sign: Sign | None) -> str | None:
    return sign.state if sign else None


@pytest.mark.parametrize("who", ["loop://iPhone", "Loop", "loop", "Loop (via remote command)", " Loop "])
def test_what_loop_wrote_counts(who: str) -> None:
    sign = sign_in_treatment(command(BOLUS), bolus(enteredBy=who))
    assert sign == Sign("done", LATER_MS, "Loop recorded a bolus of 1.25 U.", "e1")


@pytest.mark.parametrize("who", ["LoopFollow", "LoopCaregiver", "Mum", "xdrip", "", None, 7, "iloop://x"])
def test_what_others_wrote_does_not(who: Any) -> None:
    assert sign_in_treatment(command(BOLUS), bolus(enteredBy=who)) is None
    assert sign_in_treatment(command(CARBS), carbs(enteredBy=who)) is None


@pytest.mark.parametrize(
    "other",
    [
        {"insulin": 1.2, "programmed": 2.0},
        {"insulin": 1.3, "programmed": 1.3},
        {"insulin": 1.0, "programmed": 1.0},
        {"automatic": True},
        {"insulin": None, "programmed": None},
        {"after_s": -61},
        {"after_s": 361},
        {"srvCreated": START_MS - 1},
        {"created_at": "yesterday"},
    ],
)
def test_another_bolus_proves_nothing(other: dict[str, Any]) -> None:
    assert sign_in_treatment(command(BOLUS), bolus(**other)) is None


def test_a_bolus_under_way_is_seen_and_not_done() -> None:
    sign = sign_in_treatment(command(BOLUS), bolus(insulin=0.4))
    assert sign
    assert (sign.state, sign.words) == ("seen", "Loop recorded 0.4 of 1.25 U so far.")


def test_a_bolus_the_pump_rounded_is_seen_and_said_as_it_is() -> None:
    sign = sign_in_treatment(command(BOLUS), bolus(insulin=1.2, programmed=1.2))
    assert sign
    assert (sign.state, sign.words) == ("seen", "Loop recorded a bolus of 1.2 U; 1.25 U were asked.")


def test_a_bolus_of_a_loop_that_does_not_say_what_was_programmed() -> None:
    document = bolus()
    del document["programmed"]
    assert state_of(sign_in_treatment(command(BOLUS), document)) == "done"


@pytest.mark.parametrize(
    ("fields", "proves"),
    [
        ({}, "done"),
        ({"absorptionTime": None}, "done"),
        ({"carbs": 24}, None),
        ({"carbs": None}, None),
        ({"absorptionTime": 240}, None),
        ({"after_s": 600}, None),
    ],
)
def test_carbs_are_done_when_that_many_are_recorded(fields: dict[str, Any], proves: str | None) -> None:
    assert state_of(sign_in_treatment(command(CARBS), carbs(**fields))) == proves


def test_carbs_for_another_time_are_looked_for_there() -> None:
    planned = command(CARBS, created_at=iso_of(START_MS + 3_600_000))
    assert state_of(sign_in_treatment(planned, carbs(after_s=3600))) == "done"
    assert sign_in_treatment(planned, carbs(after_s=15)) is None


@pytest.mark.parametrize("unreadable", ["soon", "", "9999-99-99"])
def test_carbs_for_a_time_nobody_understands_are_looked_for_now(unreadable: str) -> None:
    assert state_of(sign_in_treatment(command(CARBS, created_at=unreadable), carbs())) == "done"


@pytest.mark.parametrize("name", ["🏃 Running", "Running", "running", " Running "])
def test_an_override_is_known_by_its_name_with_or_without_symbol(name: str) -> None:
    assert state_of(sign_in_treatment(command(OVERRIDE), override(reason=name))) == "done"


@pytest.mark.parametrize("other", [{"reason": "Trail Running Race"}, {"reason": None}, {"eventType": "Temp Basal"},
                                   {"after_s": -3600}, {"reason": "UnRunning"}])  # fmt: skip
def test_another_override_proves_nothing(other: dict[str, Any]) -> None:
    assert sign_in_treatment(command(OVERRIDE), override(**other)) is None


def test_an_override_ends_by_being_cut_short() -> None:
    running = override(after_s=-1800, srvCreated=START_MS - 1_800_000, duration=30.25)
    assert sign_in_treatment(command(CANCEL), running) == Sign("done", LATER_MS, "Loop ended 🏃 Running.", "e1")


@pytest.mark.parametrize("other", [{"duration": 60}, {"duration": 5}, {"duration": None}, {"after_s": 10},
                                   {"srvModified": START_MS - 1}, {"eventType": "Temp Basal"}])  # fmt: skip
def test_an_override_that_goes_on_or_was_over_is_no_end(other: dict[str, Any]) -> None:
    assert sign_in_treatment(command(CANCEL), override(**{"after_s": -1800, "duration": 30.25, **other})) is None


OFF, ON = status(-100, active=False), status(-100, active=True, name="Running")


def test_loops_status_tells_of_an_override_that_came_on() -> None:
    now = status(active=True, name="Running")
    assert state_of(sign_in_status(command(OVERRIDE), now, OFF)) == "done"
    assert state_of(sign_in_status(command(OVERRIDE), now, status(-100, active=True, name="Sleep"))) == "done"


@pytest.mark.parametrize("before", [ON, None, {**OFF, "device": "openaps://rig"}])
def test_an_override_that_was_or_may_have_been_on_before_proves_nothing(before: dict[str, Any] | None) -> None:
    assert sign_in_status(command(OVERRIDE), status(active=True, name="Running"), before) is None


@pytest.mark.parametrize(
    "now",
    [
        status(active=False),
        status(active=True, name="Sleep"),
        status(active=True),
        status(-1, active=True, name="Running"),
        status(device="xdrip", active=True, name="Running"),
        {**status(), "override": None},
        {**status(active=True, name="Running"), "srvCreated": START_MS - 1},
    ],
)
def test_other_statuses_do_not_tell_of_it(now: dict[str, Any]) -> None:
    assert sign_in_status(command(OVERRIDE), now, OFF) is None


def test_loops_status_tells_that_no_override_is_on() -> None:
    assert state_of(sign_in_status(command(CANCEL), status(active=False), ON)) == "done"
    assert sign_in_status(command(CANCEL), status(active=True, name="Running"), ON) is None
    assert sign_in_status(command(CANCEL), status(-1, active=False), ON) is None
    assert sign_in_status(command(BOLUS), status(active=False), ON) is None


def note(notes: str, **fields: Any) -> dict[str, Any]:
    return treatment("Note", notes=notes, **fields)


def test_a_note_that_repeats_the_message_refuses_this_command() -> None:
    kept = command(BOLUS)
    said = f'Incorrect password {OTP}\n{{"bolus-entry":1.25,"otp":"{OTP}","sent-at":"{iso_of(START_MS)}"}}'
    sign = refusal_naming(kept, note(said, enteredBy="Remote Bolus"))
    assert sign
    assert (sign.state, sign.reason) == ("refused", "Incorrect password [struck]")
    assert OTP not in repr(sign)
    assert refusal_naming(kept_of(kept.command, START_MS + 1), note(said)) is None


@pytest.mark.parametrize("other", [{"eventType": "Announcement"}, {"srvCreated": START_MS - 1}])
def test_what_is_no_note_or_came_before_refuses_nothing(other: dict[str, Any]) -> None:
    assert refusal_naming(command(BOLUS), note(f"x {iso_of(START_MS)}", **other)) is None


def test_a_note_of_loops_refuses_the_only_command_it_can_mean() -> None:
    kept = command(BOLUS)
    meant = refusal_meant(note("Bolus exceeds maximum"), [kept])
    assert meant
    assert meant[0] is kept
    assert meant[1].words == "Loop refused it: “Bolus exceeds maximum”."


def test_with_two_it_could_mean_it_refuses_neither() -> None:
    both = [command(BOLUS), kept_of(command(CARBS).command, START_MS - 60_000)]
    assert refusal_meant(note("Bolus exceeds maximum"), both) is None


def test_one_that_is_done_or_never_arrived_is_not_meant() -> None:
    done = Kept("2", command(CARBS).command, "token", "x", "x", START_MS, "done")
    undelivered = Kept("3", command(CARBS).command, "token", "x", "x", START_MS, "refused", delivered=False)
    assert refusal_meant(note("no"), [done]) is None
    meant = refusal_meant(note("no"), [done, command(BOLUS), undelivered])
    assert meant
    assert meant[0].id == "1"


@pytest.mark.parametrize("other", [{"enteredBy": "Mum"}, {"enteredBy": "LoopFollow"}, {"eventType": "Announcement"},
                                   {"after_s": 400}, {"after_s": -61}, {"srvCreated": START_MS - 1}])  # fmt: skip
def test_other_notes_refuse_nothing(other: dict[str, Any]) -> None:
    assert refusal_meant(note("no", **other), [command(BOLUS)]) is None


def test_a_note_without_words_is_a_refusal_all_the_same() -> None:
    meant = refusal_meant(note(""), [command(BOLUS)])
    assert meant
    assert meant[1].words == "Loop refused it, and did not say why."


anything = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.just({}) | st.just([])
fields = st.sampled_from(
    ["eventType", "created_at", "enteredBy", "insulin", "programmed", "carbs", "absorptionTime", "reason", "duration",
     "notes", "srvCreated", "srvModified", "automatic", "device", "override", "_id"]
)  # fmt: skip


@given(st.sampled_from([BOLUS, CARBS, OVERRIDE, CANCEL]), st.dictionaries(fields, anything), st.booleans())
def test_no_document_makes_it_fail_and_none_but_loops_own_proves_anything(
    sent: dict[str, str], odd: dict[str, Any], otherwise_good: bool
) -> None:
    kept = command(sent)
    good = {**bolus(), **override(), **carbs(), "override": {"active": False}} if otherwise_good else {}
    document = {**good, **odd}
    signs = [
        sign_in_treatment(kept, document),
        sign_in_status(kept, document, document),
        refusal_naming(kept, document),
    ]
    refusal_meant(document, [kept])
    if "loop" not in str(document.get("enteredBy")) and not document.get("device"):
        assert signs == [None, None, None]

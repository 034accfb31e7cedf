"""CareLink over many runs, with a store: signed in once, each record once, no token lost, nothing doubled."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import pytest

from app.actor import NOBODY, system_actor
from app.house import House
from app.records.devicestatus import DeviceStatus
from app.records.entries import Entries
from app.records.treatments import Treatments
from app.store.interface import Document
from app.uploaders.runner import Runner
from app.uploaders.saving import Saver
from app.uploaders.signing_in import SigningIn, answer_in
from app.uploaders.state import Uploader
from app.uploaders.trial import try_out
from app.uploaders.uploaders import Uploaders
from tests.clocks import START_MS, SettableClock
from tests.emulators.carelink import CareLinkEmulator, browse
from tests.emulators.server import Reply, page
from tests.uploaders.conftest import QUICK, around

MINUTE_MS = 60_000
RETURN = "https://ada.example.org/uploaders/sign-in/return"


@pytest.fixture
def carelink(clock: SettableClock) -> Iterator[CareLinkEmulator]:
    with CareLinkEmulator(clock).running() as emulator:
        yield emulator


def answers_for(carelink: CareLinkEmulator, **changed: Any) -> dict[str, Any]:
    return {"country": "DE", "server": carelink.url, **changed}


@pytest.fixture
def signing_in(house: House) -> SigningIn:
    return SigningIn(house.store, house.clock, NOBODY, house.keyring, around(house), limits=QUICK)


def sign_in(signing_in: SigningIn, uploader: Uploader, carelink: CareLinkEmulator) -> None:
    pasted = browse(signing_in.begin(uploader.id, RETURN), carelink.username, carelink.password)
    signing_in.finish(uploader.id, answer_in(pasted))


@pytest.fixture
def uploader(uploaders: Uploaders, carelink: CareLinkEmulator, signing_in: SigningIn) -> Uploader:
    made = uploaders.create("carelink", answers_for(carelink))
    sign_in(signing_in, made, carelink)
    return made


def session_of(house: House, uploader: Uploader) -> Any:
    row = house.store.collection("nl_uploaders").find_one({"_id": uploader.id})
    assert row is not None
    return house.keyring.open(f"uploader:{uploader.id}:session", row["session"])["session"]


def entries(house: House) -> list[Document]:
    return list(Entries(house.store, house.clock, NOBODY).search(sort=(("date", 1),)))


def treatments(house: House) -> list[Document]:
    return list(Treatments(house.store, house.clock, NOBODY).search(sort=(("created_at", 1),)))


def basal_u(house: House) -> float:
    return sum(one["absolute"] * one["duration"] / 60 for one in treatments(house) if "absolute" in one)


def a_morning(carelink: CareLinkEmulator) -> None:
    carelink.measured(*range(100, 148, 4))
    carelink.wrote("MEAL", 40, amount=45)
    carelink.wrote("INSULIN", 40, deliveredFastAmount="4.5", programmedFastAmount="4.5", activationType="RECOMMENDED")
    carelink.wrote("INSULIN", 20, deliveredFastAmount=0.3, activationType="AUTOCORRECTION")
    for minutes in (35, 30, 25, 15, 10, 5):
        carelink.wrote("AUTO_BASAL_DELIVERY", minutes, bolusAmount="0.075")
    carelink.more = {"activeInsulin": {"amount": 2.1, "datetime": carelink.local(START_MS)}, "conduitBatteryLevel": 55}


def test_nobody_signed_in_waits_for_the_owner(
    runner: Runner, uploaders: Uploaders, carelink: CareLinkEmulator, clock: SettableClock
) -> None:
    made = uploaders.create("carelink", answers_for(carelink))
    runner.run(made.id)
    state = uploaders.find(made.id).state
    assert state.failure is not None
    assert (state.failure.kind, state.failure.step) == ("action-required", "sign-in")
    assert state.next_run_ms is None
    clock.advance(days=1)
    assert not runner.run(made.id)


def test_run_twice_is_once(
    house: House, runner: Runner, uploaders: Uploaders, uploader: Uploader, carelink: CareLinkEmulator
) -> None:
    a_morning(carelink)
    runner.run(uploader.id)
    first = [entries(house), treatments(house)]
    carelink.clock.advance(minutes=1)
    uploaders.run_now(uploader.id)
    assert runner.run(uploader.id)
    assert [entries(house), treatments(house)] == first
    assert len(first[0]) == 12
    assert [(one["eventType"], one.get("insulin"), one.get("carbs")) for one in first[1] if "insulin" in one] == [
        ("Meal Bolus", 4.5, 45),
        ("Correction Bolus", 0.3, None),
    ]
    assert basal_u(house) == pytest.approx(6 * 0.075, abs=0.001)


def test_a_day_of_visits_leaves_each_record_once(
    house: House, runner: Runner, uploader: Uploader, carelink: CareLinkEmulator, clock: SettableClock
) -> None:
    for place in range(60):
        clock.advance(minutes=5)
        carelink.measured(100 + place)
        carelink.wrote("AUTO_BASAL_DELIVERY", 2, bolusAmount=0.1 if place % 4 else 0.05)
        runner.run(uploader.id)
    dates = [entry["date"] for entry in entries(house)]
    assert len(dates) == 60
    assert {later - earlier for earlier, later in itertools.pairwise(dates)} == {5 * MINUTE_MS}
    assert basal_u(house) == pytest.approx(15 * 0.05 + 45 * 0.1, abs=0.01)
    assert [one["direction"] for one in entries(house)[1:]] == ["Flat"] * 59


def test_killed_between_write_and_cursor_nothing_is_lost_and_nothing_twice(
    house: House,
    runner: Runner,
    uploader: Uploader,
    carelink: CareLinkEmulator,
    clock: SettableClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    a_morning(carelink)

    class Killed(BaseException):
        pass

    def save_and_die(self: Saver, found: Any) -> Any:
        real(self, found)
        raise Killed

    real = Saver.save
    with monkeypatch.context() as patch:
        patch.setattr(Saver, "save", save_and_die)
        with pytest.raises(Killed):
            runner.run(uploader.id)
    before = [entries(house), treatments(house)]
    assert len(before[0]) == 12
    clock.advance(minutes=5)
    runner.run(uploader.id)
    assert [entries(house), treatments(house)] == before
    clock.advance(minutes=6)
    carelink.measured(150)
    carelink.wrote("AUTO_BASAL_DELIVERY", 1, bolusAmount="0.075")
    runner.run(uploader.id)
    assert len(entries(house)) == 13
    assert basal_u(house) == pytest.approx(7 * 0.075, abs=0.001)


def test_a_renewed_token_is_stored_before_it_is_used(
    house: House, runner: Runner, uploader: Uploader, carelink: CareLinkEmulator, clock: SettableClock
) -> None:
    a_morning(carelink)
    runner.run(uploader.id)
    before = session_of(house, uploader)["refresh_token"]
    clock.advance(minutes=50)
    carelink.script("/display/message", *[page(503)] * 3)
    runner.run(uploader.id)
    assert session_of(house, uploader)["refresh_token"] == carelink.refresh_token != before
    clock.advance(minutes=50)
    runner.run(uploader.id)
    assert carelink.refreshed == 2


def test_two_weeks_of_quiet_and_the_next_reading_comes(
    house: House,
    runner: Runner,
    uploaders: Uploaders,
    uploader: Uploader,
    carelink: CareLinkEmulator,
    clock: SettableClock,
) -> None:
    carelink.answer = Reply(status=204, raw="")
    for _ in range(14 * 24):
        clock.advance(hours=1)
        runner.run(uploader.id)
    assert uploaders.find(uploader.id).state.failure is None
    carelink.answer = None
    clock.advance(hours=1)
    carelink.measured(123)
    runner.run(uploader.id)
    assert [entry["sgv"] for entry in entries(house)] == [123]


def test_an_ended_sign_in_stops_until_the_owner_signs_in_again(
    house: House,
    runner: Runner,
    uploaders: Uploaders,
    uploader: Uploader,
    carelink: CareLinkEmulator,
    clock: SettableClock,
    signing_in: SigningIn,
) -> None:
    carelink.measured(110)
    runner.run(uploader.id)
    carelink.sign_in_elsewhere()
    clock.advance(minutes=10)
    runner.run(uploader.id)
    failure = uploaders.find(uploader.id).state.failure
    assert failure is not None
    assert (failure.kind, failure.step) == ("action-required", "sign-in")
    clock.advance(hours=3)
    assert not runner.run(uploader.id)
    sign_in(signing_in, uploader, carelink)
    carelink.measured(140)
    assert runner.run(uploader.id)
    assert [entry["sgv"] for entry in entries(house)] == [110, 140]
    assert uploaders.find(uploader.id).state.failure is None


def test_a_meal_whose_bolus_is_told_later_is_one_meal(
    house: House, runner: Runner, uploader: Uploader, carelink: CareLinkEmulator, clock: SettableClock
) -> None:
    carelink.measured(110)
    carelink.wrote("MEAL", 1, amount=45)
    runner.run(uploader.id)
    assert [one["eventType"] for one in treatments(house)] == ["Carb Correction"]
    carelink.wrote("INSULIN", 1, deliveredFastAmount=2, programmedFastAmount=4.5, completed=False)
    clock.advance(minutes=5)
    runner.run(uploader.id)
    carelink.markers.pop()
    carelink.wrote("INSULIN", 6, deliveredFastAmount=4.5, programmedFastAmount=4.5)
    clock.advance(minutes=5)
    runner.run(uploader.id)
    [made] = treatments(house)
    assert (made["eventType"], made["insulin"], made["carbs"]) == ("Meal Bolus", 4.5, 45)
    assert "notes" not in made


def test_readings_told_late_are_found(
    house: House, runner: Runner, uploader: Uploader, carelink: CareLinkEmulator, clock: SettableClock
) -> None:
    carelink.measured(110, newest_min_ago=61)
    carelink.measured(140)
    runner.run(uploader.id)
    carelink.measured(*range(112, 134, 2), newest_min_ago=6)
    carelink.readings.sort(key=lambda one: one.at_ms)
    clock.advance(minutes=5)
    runner.run(uploader.id)
    assert len(entries(house)) == 13


def test_what_the_phone_told_already_is_not_doubled(
    house: House, runner: Runner, uploader: Uploader, carelink: CareLinkEmulator
) -> None:
    at_ms = START_MS - 6 * MINUTE_MS
    phone = system_actor("phone")
    Entries(house.store, house.clock, phone).save(
        [{"type": "sgv", "sgv": 110, "date": at_ms + 8_000, "device": "xDrip-Medtronic"}]
    )
    Treatments(house.store, house.clock, phone).save(
        [{"eventType": "Bolus", "insulin": 4.5, "created_at": "2026-11-21T09:20:30.000Z", "enteredBy": "xdrip"}]
    )
    carelink.measured(110, newest_min_ago=6)
    carelink.wrote("INSULIN", 40, deliveredFastAmount=4.5)
    runner.run(uploader.id)
    assert len(entries(house)) == 1
    assert len([one for one in treatments(house) if one.get("insulin")]) == 1


def test_the_status_is_kept_once_for_each_upload(
    house: House,
    runner: Runner,
    uploaders: Uploaders,
    uploader: Uploader,
    carelink: CareLinkEmulator,
    clock: SettableClock,
) -> None:
    a_morning(carelink)
    carelink.uploaded_ms = START_MS - 30_000
    for _ in range(3):
        uploaders.run_now(uploader.id)
        runner.run(uploader.id)
        clock.advance(minutes=1)
    [status] = DeviceStatus(house.store, house.clock, NOBODY).search()
    assert status["pump"]["iob"]["bolusiob"] == 2.1
    assert status["uploader"] == {"battery": 55}


def test_kinds_that_are_switched_off_are_not_taken(
    house: House, runner: Runner, uploaders: Uploaders, carelink: CareLinkEmulator, signing_in: SigningIn
) -> None:
    off = {"basals": "never", "carbs": "never", "status": "never", "events": "never"}
    made = uploaders.create("carelink", answers_for(carelink, **off))
    sign_in(signing_in, made, carelink)
    a_morning(carelink)
    runner.run(made.id)
    assert {one["eventType"] for one in treatments(house)} == {"Meal Bolus", "Correction Bolus"}
    assert DeviceStatus(house.store, house.clock, NOBODY).count() == 0


# The test button


def tried(house: House, uploaders: Uploaders, uploader: Uploader, carelink: CareLinkEmulator, **changed: Any) -> Any:
    return try_out(
        uploaders,
        "carelink",
        answers_for(carelink, **changed),
        clock=house.clock,
        around=around(house),
        uploader_id=uploader.id,
        limits=QUICK,
    )


def test_a_trial_uses_the_browsers_sign_in_and_keeps_what_it_renewed(
    house: House,
    uploaders: Uploaders,
    uploader: Uploader,
    carelink: CareLinkEmulator,
    clock: SettableClock,
    runner: Runner,
) -> None:
    clock.advance(minutes=50)
    carelink.measured(131)
    assert "131 mg/dL" in tried(house, uploaders, uploader, carelink).sentence
    assert session_of(house, uploader)["refresh_token"] == carelink.refresh_token
    clock.advance(minutes=50)
    runner.run(uploader.id)
    assert uploaders.find(uploader.id).state.failure is None


def test_a_trial_shows_whom_to_pick(
    house: House, uploaders: Uploaders, uploader: Uploader, carelink: CareLinkEmulator
) -> None:
    carelink.people.append(("ben", "Ben", "Example"))
    found = tried(house, uploaders, uploader, carelink)
    assert [one.name for one in found.patients] == ["Ada Example", "Ben Example"]
    carelink.measured(131)
    assert tried(house, uploaders, uploader, carelink, patient_id="ben").ok


def test_a_trial_for_another_country_has_no_sign_in(
    house: House, uploaders: Uploaders, uploader: Uploader, carelink: CareLinkEmulator
) -> None:
    found = tried(house, uploaders, uploader, carelink, country="FR")
    assert (found.ok, found.kind, found.step) == (False, "action-required", "sign-in")


def test_a_trial_does_not_renew_beside_a_run(
    house: House, uploaders: Uploaders, uploader: Uploader, carelink: CareLinkEmulator
) -> None:
    held = house.store.take_lease(f"uploader:{uploader.id}", "a run", ttl_ms=60_000)
    assert held is not None
    before = len(carelink.asked)
    found = tried(house, uploaders, uploader, carelink)
    assert not found.ok
    assert "right now" in found.sentence
    assert len(carelink.asked) == before

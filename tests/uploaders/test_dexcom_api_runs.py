"""Dexcom's official interface over many runs: tokens that rotate, records that change, a process that dies."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

import pytest

from app.actor import NOBODY
from app.house import House
from app.records.entries import Entries
from app.records.treatments import Treatments
from app.store.interface import Document
from app.uploaders import runner as runner_module
from app.uploaders.runner import Runner
from app.uploaders.signing_in import SigningIn
from app.uploaders.state import COLLECTION, Uploader
from app.uploaders.uploaders import Uploaders, session_place_of
from app.uploaders.vendor import Page
from tests.clocks import START_MS, SettableClock
from tests.emulators.dexcom_api import DexcomApiEmulator
from tests.emulators.server import page, too_often
from tests.uploaders.conftest import QUICK, around
from tests.uploaders.test_dexcom_api import RETURN_URL, through_the_browser

MINUTE_MS, HOUR_MS, DAY_MS = 60_000, 3_600_000, 86_400_000
TOKEN, EGVS, RANGE = "/oauth2/token", "/egvs", "/dataRange"


@pytest.fixture
def dexcom_api(clock: SettableClock) -> Iterator[DexcomApiEmulator]:
    with DexcomApiEmulator(clock).running() as emulator:
        yield emulator


def answers(dexcom_api: DexcomApiEmulator, **changed: Any) -> dict[str, Any]:
    return {
        "client_id": dexcom_api.client_id,
        "client_secret": dexcom_api.client_secret,
        "server": dexcom_api.url,
        **changed,
    }


@pytest.fixture
def signing_in(house: House) -> SigningIn:
    return SigningIn(house.store, house.clock, NOBODY, house.keyring, around(house), limits=QUICK)


def sign_in(signing_in: SigningIn, uploader: Uploader) -> None:
    signing_in.finish(uploader.id, through_the_browser(signing_in.begin(uploader.id, RETURN_URL)))


@pytest.fixture
def uploader(uploaders: Uploaders, dexcom_api: DexcomApiEmulator, signing_in: SigningIn) -> Uploader:
    made = uploaders.create("dexcom_api", answers(dexcom_api))
    sign_in(signing_in, made)
    return made


def entries(house: House) -> list[Document]:
    return list(Entries(house.store, house.clock, NOBODY).search(sort=(("date", 1),)))


def treatments(house: House) -> list[Document]:
    return list(Treatments(house.store, house.clock, NOBODY).search())


def refresh_token(house: House, uploader: Uploader) -> str:
    row = house.store.collection(COLLECTION).find_one({"_id": uploader.id})
    assert row
    token: str = house.keyring.open(session_place_of(uploader.id), row["session"])["session"]["refresh_token"]
    return token


def test_an_uploader_waits_for_its_owner_and_runs_once_it_is_signed_in(
    house: House,
    runner: Runner,
    uploaders: Uploaders,
    dexcom_api: DexcomApiEmulator,
    signing_in: SigningIn,
) -> None:
    made = uploaders.create("dexcom_api", answers(dexcom_api))
    runner.run(made.id)
    failure = uploaders.find(made.id).state.failure
    assert failure is not None
    assert (failure.kind, failure.step) == ("action-required", "sign-in")
    dexcom_api.upload("egvs", dexcom_api.egv(START_MS - HOUR_MS, 131))
    sign_in(signing_in, made)
    assert runner.run(made.id)
    assert [entry["sgv"] for entry in entries(house)] == [131]
    assert uploaders.find(made.id).state.failure is None


def test_fetched_twice_is_stored_once(
    house: House, runner: Runner, uploaders: Uploaders, dexcom_api: DexcomApiEmulator, uploader: Uploader
) -> None:
    dexcom_api.upload("egvs", *[dexcom_api.egv(START_MS - n * 5 * MINUTE_MS, 100 + n) for n in range(12, 40)])
    dexcom_api.upload("events", dexcom_api.event(START_MS - HOUR_MS, "insulin", "1.5", "fastActing"))
    dexcom_api.upload("calibrations", dexcom_api.calibration(START_MS - HOUR_MS, 104))
    runner.run(uploader.id)
    before = entries(house), treatments(house)
    assert (len(before[0]), len(before[1])) == (29, 1)
    seq = house.store.last_seq()
    uploaders.run_now(uploader.id)
    assert runner.run(uploader.id)
    assert (entries(house), treatments(house)) == before
    assert {change.collection for change in house.store.changes_since(seq)} <= {COLLECTION}


def test_killed_between_write_and_cursor_nothing_is_lost_and_nothing_doubled(
    house: House,
    runner: Runner,
    dexcom_api: DexcomApiEmulator,
    uploader: Uploader,
    clock: SettableClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    dexcom_api.upload("egvs", *[dexcom_api.egv(START_MS - n * DAY_MS, 100 + n) for n in range(1, 13)])
    kill_at = iter([True, False, True, True])

    def die(self: Any, page: Page) -> None:
        if next(kill_at, False):
            raise KeyboardInterrupt
        moved(self, page)

    moved = runner_module._Run._move_to
    monkeypatch.setattr(runner_module._Run, "_move_to", die)
    for _ in range(3):
        with pytest.raises(KeyboardInterrupt):
            runner.run(uploader.id)
        clock.advance(minutes=2)
    assert runner.run(uploader.id)
    assert [entry["sgv"] for entry in entries(house)] == [100 + n for n in range(12, 0, -1)]


def test_the_permission_lasts_over_weeks_of_rotating_tokens(
    house: House, runner: Runner, uploaders: Uploaders, dexcom_api: DexcomApiEmulator, uploader: Uploader,
    clock: SettableClock,
) -> None:  # fmt: skip
    seen = {refresh_token(house, uploader)}
    for _ in range(20):
        clock.advance(hours=9)
        dexcom_api.upload("egvs", dexcom_api.egv(clock.now_ms() - HOUR_MS, 131))
        assert runner.run(uploader.id)
        assert uploaders.find(uploader.id).state.failure is None
        seen.add(refresh_token(house, uploader))
    assert len(seen) == 21
    assert len(entries(house)) == 20


def test_killed_after_a_renewal_the_new_token_is_there(
    house: House, runner: Runner, uploaders: Uploaders, dexcom_api: DexcomApiEmulator, uploader: Uploader,
    clock: SettableClock, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    clock.advance(hours=3)
    before = refresh_token(house, uploader)
    with monkeypatch.context() as patch:
        patch.setattr("app.uploaders.dexcom_api.client.DexcomApiClient.data_range", _killed)
        with pytest.raises(KeyboardInterrupt):
            runner.run(uploader.id)
    assert refresh_token(house, uploader) != before
    clock.advance(minutes=2)
    assert runner.run(uploader.id)
    assert uploaders.find(uploader.id).state.failure is None


def _killed(*_: Any) -> None:
    raise KeyboardInterrupt


def test_a_withdrawn_permission_stops_it_until_its_owner_signs_in_again(
    house: House,
    runner: Runner,
    uploaders: Uploaders,
    dexcom_api: DexcomApiEmulator,
    uploader: Uploader,
    signing_in: SigningIn,
    clock: SettableClock,
) -> None:
    dexcom_api.upload("egvs", dexcom_api.egv(START_MS - HOUR_MS, 131))
    dexcom_api.withdraw()
    runner.run(uploader.id)
    state = uploaders.find(uploader.id).state
    assert state.failure is not None
    assert (state.failure.step, state.next_run_ms) == ("sign-in", None)
    clock.advance(days=3)
    assert not runner.run(uploader.id)
    sign_in(signing_in, uploader)
    assert runner.run(uploader.id)
    assert [entry["sgv"] for entry in entries(house)] == [131]


def test_a_new_name_keeps_the_permission_and_another_region_does_not(
    runner: Runner, uploaders: Uploaders, dexcom_api: DexcomApiEmulator, uploader: Uploader
) -> None:
    uploaders.edit(uploader.id, answers(dexcom_api, client_secret="", label="Dexcom of Ada"))
    runner.run(uploader.id)
    assert uploaders.find(uploader.id).state.failure is None
    uploaders.edit(uploader.id, answers(dexcom_api, client_secret="", region="eu"))
    runner.run(uploader.id)
    failure = uploaders.find(uploader.id).state.failure
    assert failure is not None
    assert failure.step == "sign-in"


def test_a_dose_that_was_changed_or_taken_back_in_the_app_is_so_here(
    house: House,
    runner: Runner,
    dexcom_api: DexcomApiEmulator,
    uploader: Uploader,
    clock: SettableClock,
) -> None:
    dose = dexcom_api.event(START_MS - HOUR_MS, "insulin", "5", "fastActing")
    meal = dexcom_api.event(START_MS - HOUR_MS, "carbs", "40")
    dexcom_api.upload("events", dose, meal)
    runner.run(uploader.id)
    clock.advance(minutes=20)
    dexcom_api.upload("events", {**dose, "value": "3.5", "eventStatus": "updated"})
    runner.run(uploader.id)
    assert sorted(one.get("insulin", 0) for one in treatments(house)) == [0, 3.5]
    clock.advance(minutes=20)
    dexcom_api.upload("events", {**dose, "eventStatus": "deleted"})
    runner.run(uploader.id)
    assert [one.get("carbs") for one in treatments(house)] == [40]


def test_a_change_to_something_of_last_week_comes_through(
    house: House,
    runner: Runner,
    dexcom_api: DexcomApiEmulator,
    uploader: Uploader,
    clock: SettableClock,
) -> None:
    first = dexcom_api.event(START_MS - 12 * DAY_MS, "carbs", "10")
    meal = dexcom_api.event(START_MS - 7 * DAY_MS, "carbs", "40")
    dexcom_api.upload("events", first, meal, dexcom_api.event(START_MS - HOUR_MS, "carbs", "5"))
    clock.advance(minutes=20)
    runner.run(uploader.id)
    clock.advance(minutes=20)
    dexcom_api.upload("events", {**meal, "value": "45", "eventStatus": "updated"})
    clock.advance(minutes=20)
    runner.run(uploader.id)
    assert sorted(one["carbs"] for one in treatments(house)) == [5, 10, 45]


def test_a_reading_deleted_here_stays_deleted_through_the_overlap(
    house: House,
    runner: Runner,
    dexcom_api: DexcomApiEmulator,
    uploader: Uploader,
    clock: SettableClock,
) -> None:
    dexcom_api.upload("egvs", dexcom_api.egv(START_MS - 2 * HOUR_MS, 40), dexcom_api.egv(START_MS - HOUR_MS, 131))
    runner.run(uploader.id)
    assert Entries(house.store, house.clock, NOBODY).delete({"sgv": 40}) == 1
    clock.advance(hours=2)
    runner.run(uploader.id)
    assert [entry["sgv"] for entry in entries(house)] == [131]


def test_beside_a_phone_nothing_is_doubled_and_holes_are_filled(
    house: House, runner: Runner, dexcom_api: DexcomApiEmulator, uploader: Uploader
) -> None:
    times = [START_MS - HOUR_MS - n * 5 * MINUTE_MS for n in range(6)]
    phone = [
        {"type": "sgv", "sgv": 100 + n, "date": at_ms + 9_000, "device": "xDrip-DexcomG6"}
        for n, at_ms in enumerate(times)
        if n != 3
    ]
    Entries(house.store, house.clock, NOBODY).save(phone)
    Treatments(house.store, house.clock, NOBODY).save(
        [{"eventType": "Meal Bolus", "created_at": "2026-11-21T09:00:30.000Z", "insulin": 1.5, "carbs": 20}]
    )
    dexcom_api.upload("egvs", *[dexcom_api.egv(at_ms, 100 + n) for n, at_ms in enumerate(times)])
    dexcom_api.upload(
        "events",
        dexcom_api.event(START_MS - HOUR_MS, "insulin", "1.5", "fastActing"),
        dexcom_api.event(START_MS - HOUR_MS, "carbs", "20"),
    )
    runner.run(uploader.id)
    found = entries(house)
    assert sorted(entry["sgv"] for entry in found) == [100, 101, 102, 103, 104, 105]
    assert [entry["sgv"] for entry in found if "nl_uploader" in entry] == [103]
    assert all(entry.get("direction") == "Flat" for entry in found)
    assert len(treatments(house)) == 1


def test_a_long_history_is_stored_page_by_page_over_several_runs(
    house: House,
    uploaders: Uploaders,
    dexcom_api: DexcomApiEmulator,
    signing_in: SigningIn,
    clock: SettableClock,
) -> None:
    made = uploaders.create("dexcom_api", answers(dexcom_api, first_days="90"))
    sign_in(signing_in, made)
    dexcom_api.upload("egvs", *[dexcom_api.egv(START_MS - n * DAY_MS, 100 + n) for n in range(1, 90)])
    original = DexcomApiEmulator.reply

    def ten_seconds_each(asked: Any) -> Any:
        clock.advance(s=10)
        return original(dexcom_api, asked)

    dexcom_api.reply = ten_seconds_each  # type: ignore[method-assign]
    runs = 0
    while "sync" not in uploaders.find(made.id).cursors:
        slow = Runner(house.store, clock, house.keyring, around(house), jitter=lambda: 0.0, run_s=65)
        assert slow.run(made.id)
        runs += 1
        assert runs < 40
    assert runs > 3
    assert len(entries(house)) == 89
    assert uploaders.find(made.id).state.failure is None


def test_a_service_that_asks_for_patience_is_left_alone_as_long_as_it_says(
    runner: Runner, uploaders: Uploaders, dexcom_api: DexcomApiEmulator, uploader: Uploader, clock: SettableClock
) -> None:
    dexcom_api.script(EGVS, too_often("3600"))
    runner.run(uploader.id)
    uploaders.run_now(uploader.id)
    clock.advance(minutes=59)
    assert not runner.run(uploader.id)
    clock.advance(minutes=1)
    assert runner.run(uploader.id)


def test_no_secret_is_in_a_log_or_open_in_the_store(
    house: House, runner: Runner, dexcom_api: DexcomApiEmulator, uploaders: Uploaders, signing_in: SigningIn,
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    caplog.set_level(logging.DEBUG)
    dexcom_api.client_secret = "marker-secret"
    made = uploaders.create("dexcom_api", answers(dexcom_api))
    sign_in(signing_in, made)
    token = refresh_token(house, made)
    dexcom_api.upload("events", dexcom_api.event(START_MS - HOUR_MS, "notes", "marker-note"))
    dexcom_api.script(EGVS, page(503))
    runner.run(made.id)
    rows = str(list(house.store.collection(COLLECTION).find()))
    assert len(treatments(house)) == 1
    for text in (caplog.text, rows):
        assert "marker" not in text
        assert token not in text

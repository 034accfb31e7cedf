"""How an uploader is doing, in words, and what of it a parent has to know."""

from __future__ import annotations

import pytest

from app.uploaders.runner import Runner
from app.uploaders.state import Uploader
from app.uploaders.status import status, troubles
from app.uploaders.uploaders import Uploaders
from tests.clocks import START_MS, SettableClock
from tests.emulators.dexcom import DexcomEmulator
from tests.emulators.server import Reply, page
from tests.uploaders.conftest import dexcom_answers

MINUTE_MS = 60_000
READ = "ReadPublisherLatestGlucoseValues"


def test_a_new_uploader_has_not_run_yet(dexcom_uploader: Uploader) -> None:
    told = status(dexcom_uploader, START_MS)
    assert (told.condition, told.next_try_ms, told.vendor_title) == ("new", START_MS, "Dexcom")
    assert troubles([dexcom_uploader], START_MS) == []


def test_a_working_one_tells_its_last_reading_and_its_next_try(
    runner: Runner, uploaders: Uploaders, dexcom: DexcomEmulator, dexcom_uploader: Uploader
) -> None:
    dexcom.show(118)
    runner.run(dexcom_uploader.id)
    told = status(uploaders.find(dexcom_uploader.id), START_MS)
    assert (told.condition, told.sentence, told.last_reading_mgdl) == ("fine", "Working", 118)
    assert (told.last_success_ms, told.last_reading_ms) == (START_MS, START_MS - MINUTE_MS)
    assert told.next_try_ms == START_MS + 4 * MINUTE_MS + 15_000


def test_a_refused_password_is_trouble_at_once_with_its_moment_and_what_to_do(
    runner: Runner, uploaders: Uploaders, dexcom: DexcomEmulator, clock: SettableClock
) -> None:
    made = uploaders.create("dexcom_share", dexcom_answers(dexcom, password="wrong"))
    runner.run(made.id)
    clock.advance(hours=2)
    kept = uploaders.find(made.id)
    told = status(kept, clock.now_ms())
    assert (told.condition, told.sentence, told.since_ms, told.next_try_ms) == (
        "stopped",
        "Dexcom refused the password",
        START_MS,
        None,
    )
    [trouble] = troubles([kept], clock.now_ms())
    assert (trouble.sentence, trouble.since_ms) == ("Dexcom refused the password", START_MS)
    assert "password" in trouble.hint


def test_trouble_that_passes_is_told_only_when_it_lasts(
    runner: Runner, uploaders: Uploaders, dexcom: DexcomEmulator, dexcom_uploader: Uploader, clock: SettableClock
) -> None:
    dexcom.script(READ, *[page(503)] * 30)
    runner.run(dexcom_uploader.id)
    told = status(uploaders.find(dexcom_uploader.id), START_MS)
    assert (told.condition, told.next_try_ms) == ("retrying", START_MS + 150_000)
    assert troubles(uploaders.all(), START_MS) == []
    clock.advance(minutes=13)
    runner.run(dexcom_uploader.id)
    [trouble] = troubles(uploaders.all(), clock.now_ms())
    assert trouble.since_ms == START_MS


def test_a_source_that_answers_without_readings_is_silent_after_half_an_hour(
    runner: Runner, uploaders: Uploaders, dexcom: DexcomEmulator, dexcom_uploader: Uploader, clock: SettableClock
) -> None:
    dexcom.show(118)
    runner.run(dexcom_uploader.id)
    clock.advance(minutes=28)
    assert status(uploaders.find(dexcom_uploader.id), clock.now_ms()).condition == "fine"
    clock.advance(minutes=1)
    told = status(uploaders.find(dexcom_uploader.id), clock.now_ms())
    assert (told.condition, told.since_ms) == ("silent", START_MS - MINUTE_MS)
    assert "sharing is on" in told.hint
    assert len(troubles(uploaders.all(), clock.now_ms())) == 1


def test_an_account_that_never_had_a_reading_is_silent_too(
    runner: Runner, uploaders: Uploaders, dexcom_uploader: Uploader, clock: SettableClock
) -> None:
    for _ in range(7):
        runner.run(dexcom_uploader.id)
        clock.advance(minutes=5)
    assert status(uploaders.find(dexcom_uploader.id), clock.now_ms()).condition == "silent"


def test_one_that_is_switched_off_is_no_trouble(runner: Runner, uploaders: Uploaders, dexcom: DexcomEmulator) -> None:
    made = uploaders.create("dexcom_share", dexcom_answers(dexcom, password="wrong"))
    runner.run(made.id)
    off = uploaders.enable(made.id, False)
    assert status(off, START_MS).condition == "off"
    assert troubles([off], START_MS) == []


def test_one_that_takes_no_glucose_is_never_silent(
    runner: Runner, uploaders: Uploaders, dexcom: DexcomEmulator, clock: SettableClock
) -> None:
    made = uploaders.create("dexcom_share", dexcom_answers(dexcom, glucose="never"))
    runner.run(made.id)
    clock.advance(hours=3)
    assert status(uploaders.find(made.id), clock.now_ms()).condition == "fine"


@pytest.mark.parametrize(("count", "word"), [(1, "by itself"), (3, "newer Nightlight")])
def test_a_changed_answer_is_taken_seriously_after_three_times(
    runner: Runner,
    uploaders: Uploaders,
    dexcom: DexcomEmulator,
    dexcom_uploader: Uploader,
    clock: SettableClock,
    count: int,
    word: str,
) -> None:
    for _ in range(count):
        dexcom.script(READ, Reply({"no": "list"}))
        runner.run(dexcom_uploader.id)
        clock.advance(minutes=31)
    assert word in status(uploaders.find(dexcom_uploader.id), clock.now_ms()).hint

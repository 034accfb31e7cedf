"""The pump's wall clock becomes instants by each payload's own offset; nothing moves or doubles when it is set."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.glucose.wall_clock import WallClock
from app.store.interface import Document
from app.uploaders.carelink.mapper import page_of
from app.uploaders.carelink.reckoning import best_offset_min
from app.uploaders.vendor import Page
from tests.clocks import START_MS, SettableClock
from tests.emulators.carelink import CHILD, CareLinkEmulator
from tests.uploaders.carelink_account import CareLinkAccount
from tests.uploaders.conftest import Kept

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
ZONE = WallClock.in_zone(ZoneInfo("Europe/Berlin"))


@pytest.fixture
def carelink(clock: SettableClock) -> Iterator[CareLinkEmulator]:
    with CareLinkEmulator(clock).running() as emulator:
        yield emulator


@pytest.fixture
def account(carelink: CareLinkEmulator, clock: SettableClock, line: Callable[..., Any], kept: Kept) -> CareLinkAccount:
    made = CareLinkAccount(carelink, clock, line, kept)
    made.sign_in()
    return made


class Kept24h:
    """What a store would hold after some pages: each identifier once, less what a page takes back."""

    def __init__(self) -> None:
        self.there: dict[str, Document] = {}

    def take(self, page: Page) -> Page:
        for found in page.documents.values():
            self.there |= {one["identifier"]: one for one in found}
        for names in page.deleted.values():
            for name in names:
                self.there.pop(name, None)
        for first_ms, end_ms in page.whole.values():
            held = {one["identifier"] for one in page.documents["treatments"]}
            gone = [
                name
                for name, one in self.there.items()
                if one.get("eventType") == "Temp Basal" and first_ms <= at_ms_of(one) < end_ms and name not in held
            ]
            for name in gone:
                del self.there[name]
        return page

    @property
    def readings(self) -> list[tuple[int, int]]:
        return sorted((one["date"], one["sgv"]) for one in self.there.values() if one.get("type") == "sgv")

    def acts(self, name: str) -> list[tuple[int, float]]:
        return sorted((at_ms_of(one), one[name]) for one in self.there.values() if name in one)

    @property
    def basal_u(self) -> float:
        return sum(one["absolute"] * one["duration"] / 60 for one in self.there.values() if "absolute" in one)


def at_ms_of(one: Document) -> int:
    return int(datetime.fromisoformat(one["created_at"]).timestamp() * 1000)


def visit(carelink: CareLinkEmulator, account: CareLinkAccount, store: Kept24h) -> None:
    """Make a page of what is shown now, as a run does once it has fetched it."""
    page = page_of(carelink.payload(), CHILD, account.cursors, ZONE, account.clock.now_ms())
    account.cursors |= page.cursors
    store.take(page)


def true_readings(carelink: CareLinkEmulator) -> list[tuple[int, int]]:
    return sorted((one.at_ms // 1000 * 1000, int(one.values["sg"])) for one in carelink.readings)


def live(carelink: CareLinkEmulator, account: CareLinkAccount, store: Kept24h, minutes: int) -> None:
    """Let pump and uploader go on for so long: a reading, a delivery, and a visit each five minutes."""
    for _ in range(0, minutes, 5):
        account.clock.advance(minutes=5)
        now_min = account.clock.now_ms() // MINUTE_MS
        carelink.measured(100 + now_min * 7919 % 97)
        carelink.wrote("AUTO_BASAL_DELIVERY", 2, bolusAmount=0.1 if now_min % 3 else 0.05)
        if now_min % 11 == 0:
            carelink.wrote("INSULIN", 3, deliveredFastAmount=2.5, programmedFastAmount=2.5)
            carelink.wrote("MEAL", 3, amount=30)
        visit(carelink, account, store)


# The rule


def told(**more: Any) -> dict[str, Any]:
    return {
        "currentServerTime": START_MS,
        "lastConduitDateTime": "2026-11-21T11:00:02",
        "lastConduitUpdateServerDateTime": START_MS - 10_000,
        **more,
    }


def test_the_offset_is_what_the_upload_shows_in_quarters_of_an_hour() -> None:
    assert best_offset_min(told(), START_MS) == 60


@pytest.mark.parametrize("offset_min", [-720, -570, -300, 0, 60, 120, 330, 345, 765, 840])
def test_every_offset_on_earth_is_found(offset_min: int, clock: SettableClock) -> None:
    carelink = CareLinkEmulator(clock)
    carelink.offset_min = offset_min
    assert best_offset_min(carelink.payload(), clock.now_ms()) == offset_min
    carelink._server.server_close()


@given(st.integers(-840 // 15, 840 // 15), st.integers(-440, 440))
def test_a_clock_some_minutes_off_is_still_in_its_zone(quarters: int, off_s: int) -> None:
    at_ms = START_MS + quarters * 15 * MINUTE_MS + off_s * 1000
    text = datetime.fromtimestamp(at_ms / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    found = best_offset_min(told(lastConduitDateTime=text, lastConduitUpdateServerDateTime=START_MS), START_MS)
    assert found == quarters * 15


@pytest.mark.parametrize(
    "more",
    [
        {"pumpCommunicationState": False},
        {"pumpCommunicationState": "false"},
        {"lastConduitUpdateServerDateTime": START_MS - 20 * MINUTE_MS - 1},
        {"lastConduitUpdateServerDateTime": None},
        {"lastConduitUpdateServerDateTime": 0},
        {"lastConduitDateTime": None},
        {"lastConduitDateTime": ""},
        {"lastConduitDateTime": "2026-11-23T11:00:02"},
    ],
)
def test_an_upload_that_cannot_be_trusted_shows_no_offset(more: dict[str, Any]) -> None:
    assert best_offset_min(told(**more), START_MS) is None


def test_an_upload_of_twenty_minutes_still_counts_by_the_servers_own_clock() -> None:
    at_ms = START_MS - 20 * MINUTE_MS
    told_then = told(lastConduitDateTime="2026-11-21T10:40:02", lastConduitUpdateServerDateTime=at_ms)
    assert best_offset_min(told_then, START_MS + 90 * MINUTE_MS) == 60
    without = {name: value for name, value in told_then.items() if name != "currentServerTime"}
    assert best_offset_min(without, START_MS) == 60
    assert best_offset_min(without, START_MS + MINUTE_MS) is None


def test_numbers_as_texts_are_understood() -> None:
    texts = told(currentServerTime=str(START_MS), lastConduitUpdateServerDateTime=str(START_MS - 10_000))
    assert best_offset_min(texts, START_MS) == 60


def test_the_name_of_a_zone_is_not_believed(account: CareLinkAccount, carelink: CareLinkEmulator) -> None:
    carelink.offset_min, carelink.more = -300, {"clientTimeZoneName": "Tokyo Standard Time"}
    carelink.measured(110)
    [entry] = account.page().documents["entries"]
    assert (entry["date"], entry["utcOffset"]) == (START_MS - MINUTE_MS, -300)


# Where the payload does not show it


def test_the_last_good_offset_counts_while_the_pump_is_out_of_reach(
    account: CareLinkAccount, carelink: CareLinkEmulator, clock: SettableClock
) -> None:
    carelink.offset_min = -300
    carelink.measured(110)
    account.page()
    clock.advance(hours=2)
    carelink.uploaded_ms = clock.now_ms() - HOUR_MS
    carelink.measured(120, newest_min_ago=70)
    carelink.more = {"pumpCommunicationState": False}
    dates = [entry["date"] for entry in account.page().documents["entries"]]
    assert dates == [START_MS - MINUTE_MS, clock.now_ms() - 70 * MINUTE_MS]


def test_before_there_was_one_the_persons_zone_counts(account: CareLinkAccount, carelink: CareLinkEmulator) -> None:
    carelink.measured(110)
    carelink.more = {"pumpCommunicationState": False}
    [entry] = account.page().documents["entries"]
    assert (entry["date"], entry["utcOffset"]) == (START_MS - MINUTE_MS, 60)


def test_the_zone_of_the_form_goes_before_the_persons(account: CareLinkAccount, carelink: CareLinkEmulator) -> None:
    carelink.offset_min, carelink.more = -300, {"pumpCommunicationState": False}
    carelink.measured(110)
    [entry] = account.page(zone="America/New_York").documents["entries"]
    assert entry["date"] == START_MS - MINUTE_MS


@pytest.mark.parametrize("offset_min", [120, 0, -300])
def test_what_a_wrong_guess_placed_is_put_right(
    account: CareLinkAccount, carelink: CareLinkEmulator, clock: SettableClock, offset_min: int
) -> None:
    store = Kept24h()
    carelink.offset_min, carelink.more = offset_min, {"pumpCommunicationState": False}
    carelink.measured(*range(100, 140, 2))
    carelink.wrote("INSULIN", 50, deliveredFastAmount=2)
    carelink.wrote("BG_READING", 40, value=111)
    for minutes in range(175, 25, -5):
        carelink.wrote("AUTO_BASAL_DELIVERY", minutes, bolusAmount=0.1)
    store.take(account.page())
    assert store.readings != true_readings(carelink)
    clock.advance(minutes=5)
    carelink.more = {}
    carelink.measured(150)
    store.take(account.page())
    assert store.readings == true_readings(carelink)
    assert store.acts("insulin") == [(START_MS - 50 * MINUTE_MS, 2)]
    wanted = [(175, 55), (120, 60), (60, 35)]
    assert store.acts("duration") == [(START_MS - minutes * MINUTE_MS, length) for minutes, length in wanted]
    assert store.acts("glucose") == [(START_MS - 40 * MINUTE_MS, 111)]
    live(carelink, account, store, 30)
    assert store.readings == true_readings(carelink)


def test_a_right_guess_takes_nothing_back(account: CareLinkAccount, carelink: CareLinkEmulator) -> None:
    carelink.more = {"pumpCommunicationState": False}
    carelink.measured(110, 120)
    before = account.page().documents["entries"]
    carelink.more = {}
    after = account.page()
    assert after.documents["entries"] == before
    assert not any(after.deleted.values())


# When the clock is set


@pytest.mark.parametrize("keeps_old_texts", [False, True])
@pytest.mark.parametrize("change_min", [60, -60, -345, 30])
def test_nothing_moves_and_nothing_doubles_when_the_clock_is_set(
    account: CareLinkAccount, carelink: CareLinkEmulator, keeps_old_texts: bool, change_min: int
) -> None:
    carelink.keeps_old_texts = keeps_old_texts
    store = Kept24h()
    live(carelink, account, store, 180)
    carelink.offset_min += change_min
    live(carelink, account, store, 26 * 60)
    assert store.readings == true_readings(carelink)
    boluses = [(one.at_ms, 2.5) for one in carelink.markers if one.type == "INSULIN"]
    assert store.acts("insulin") == sorted(boluses)
    given_u = sum(one.values["bolusAmount"] for one in carelink.markers if one.type == "AUTO_BASAL_DELIVERY")
    assert store.basal_u == pytest.approx(given_u, abs=0.05)


def test_hours_at_one_number_do_not_make_two_of_them_when_the_clock_is_set(
    account: CareLinkAccount, carelink: CareLinkEmulator, clock: SettableClock
) -> None:
    store = Kept24h()
    carelink.measured(*[400] * 60)
    store.take(account.page())
    carelink.offset_min = 120
    clock.advance(minutes=5)
    carelink.measured(400)
    store.take(account.page())
    assert store.readings == true_readings(carelink)


def test_readings_just_before_the_clock_was_set_stay_where_they_were(
    account: CareLinkAccount, carelink: CareLinkEmulator, clock: SettableClock
) -> None:
    carelink.keeps_old_texts = True
    store = Kept24h()
    live(carelink, account, store, 60)
    for value in (181, 187, 193):  # measured while we did not look
        clock.advance(minutes=5)
        carelink.measured(value)
    carelink.offset_min = 0
    live(carelink, account, store, 30)
    assert store.readings == true_readings(carelink)


def test_two_offsets_in_two_payloads_are_each_read_by_its_own(
    account: CareLinkAccount, carelink: CareLinkEmulator, clock: SettableClock
) -> None:
    carelink.measured(110)
    [first] = account.page().documents["entries"]
    carelink.offset_min = 120
    clock.advance(minutes=5)
    carelink.measured(120)
    again, second = account.page().documents["entries"]
    assert again["identifier"] == first["identifier"]
    assert (second["date"], second["utcOffset"]) == (clock.now_ms() - MINUTE_MS, 120)


# The day that moves on


@pytest.mark.parametrize("hours", [1, 30])
def test_each_dose_of_basal_is_there_once_however_the_day_moves_on(
    account: CareLinkAccount, carelink: CareLinkEmulator, hours: int
) -> None:
    store = Kept24h()
    live(carelink, account, store, 60 * hours)
    given_u = sum(one.values["bolusAmount"] for one in carelink.markers if one.type == "AUTO_BASAL_DELIVERY")
    assert store.basal_u == pytest.approx(given_u, abs=0.02)
    basals = sorted((at_ms_of(one), one["duration"]) for one in store.there.values() if "absolute" in one)
    ends = [at_ms + int(length * MINUTE_MS) for at_ms, length in basals]
    assert all(end <= start + 1000 for end, (start, _) in zip(ends[:-1], basals[1:], strict=True))


def test_after_an_outage_of_days_the_last_day_is_whole(
    account: CareLinkAccount, carelink: CareLinkEmulator, clock: SettableClock
) -> None:
    store = Kept24h()
    live(carelink, account, store, 120)
    before_u = store.basal_u
    clock.advance(days=3)
    for minutes in range(1435, 0, -5):
        carelink.wrote("AUTO_BASAL_DELIVERY", minutes, bolusAmount=0.075)
    store.take(account.page())
    assert store.basal_u == pytest.approx(before_u + 287 * 0.075, abs=0.02)
    live(carelink, account, store, 60)
    given_u = sum(one.values["bolusAmount"] for one in carelink.markers if one.type == "AUTO_BASAL_DELIVERY")
    assert store.basal_u == pytest.approx(given_u, abs=0.02)


def test_after_an_outage_equal_neighbours_are_one_again(
    account: CareLinkAccount, carelink: CareLinkEmulator, clock: SettableClock
) -> None:
    store = Kept24h()
    carelink.wrote("AUTO_BASAL_DELIVERY", 5, bolusAmount=0.1)
    store.take(account.page())
    clock.advance(days=3)
    for _ in range(6):
        clock.advance(minutes=5)
        carelink.wrote("AUTO_BASAL_DELIVERY", 2, bolusAmount=0.1)
        store.take(account.page())
    assert [length for _, length in store.acts("duration")] == [5, 30]


def test_deliveries_told_late_are_put_in_their_place(
    account: CareLinkAccount, carelink: CareLinkEmulator, clock: SettableClock
) -> None:
    store = Kept24h()
    for minutes in (95, 90, 60, 55):
        carelink.wrote("AUTO_BASAL_DELIVERY", minutes, bolusAmount=0.1)
    store.take(account.page())
    for minutes in (85, 80, 75, 70, 65):
        carelink.wrote("AUTO_BASAL_DELIVERY", minutes, bolusAmount=0.1)
    store.take(account.page())
    assert store.basal_u == pytest.approx(0.9, abs=0.001)
    assert [(minutes, rate) for minutes, rate in store.acts("absolute")] == [
        (START_MS - 95 * MINUTE_MS, 1.2),
        (START_MS - HOUR_MS, 1.2),
    ]


def test_no_marker_at_all_takes_no_basal_back(account: CareLinkAccount, carelink: CareLinkEmulator) -> None:
    carelink.wrote("AUTO_BASAL_DELIVERY", 30, bolusAmount=0.1)
    account.page()
    carelink.markers = []
    assert not account.page().whole


def test_a_page_depends_on_its_payload_and_its_cursors_alone(carelink: CareLinkEmulator, clock: SettableClock) -> None:
    carelink.measured(110, 120)
    carelink.wrote("MEAL", 30, amount=20)
    pages = [page_of(carelink.payload(), CHILD, {}, ZONE, clock.now_ms()) for _ in range(2)]
    assert pages[0] == pages[1]

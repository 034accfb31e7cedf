"""The state of the alarms over whole nights: what is said, kept quiet, and survives the end of a process."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from app.actor import Actor, system_actor
from app.alarms.engine import Engine
from app.alarms.notice import Notice
from app.alarms.rules.finding import Finding
from app.alarms.rules.table import RULES, Rule
from app.alarms.silences import Silences
from app.alarms.situation import Situation
from app.alarms.standing import Word
from app.alarms.state import COLLECTION, AlarmState, Overtaken, Saying
from app.clock import iso_of
from app.config import load_settings
from app.errors import BadDocument
from app.glucose.levels import Level
from app.identity import audit
from app.live.chain import Trouble
from app.live.live_picture import LivePicture
from app.live.present import Present
from app.records.devicestatus import DeviceStatus
from app.records.entries import Entries
from app.records.person import read_person
from app.records.treatments import Treatments
from app.store.indexes import INDEXES
from app.store.interface import Store
from tests.clocks import SettableClock

MUM = Actor("account", "account:Mum", ("*",), id="1")
DAD = Actor("account", "account:Dad", ("*",), id="2")
BY = system_actor("test")
HOUR_MS = 3_600_000


class Home:
    """A household whose alarms are looked at now and then, each time as by a process that has just begun."""

    def __init__(self, store: Store, clock: SettableClock, **environment: str) -> None:
        self.store, self.clock = store, clock
        self.settings = load_settings({"ALARM_TYPES": "simple", **environment})
        self.silences = Silences(store, clock)
        self.state = AlarmState(store, clock)
        self.rules: dict[str, Rule] = RULES
        self.troubles: Callable[[], list[Trouble]] = list

    def look(self) -> list[tuple[str, str]]:
        """Look, and return what was newly said: event and title, or ``clear`` and the group."""
        known = {saying.id: saying.emission for saying in self.state.said()}
        live = LivePicture(self.store, self.clock)
        try:
            picture = live.now()
            person = read_person(self.store, self.settings)
            present = Present(picture.documents, self.clock.now_ms(), person, self.settings)
            engine = Engine(self.store, self.clock, self.settings, troubles=self.troubles, rules=self.rules)
            engine.look(picture, present)
        finally:
            live.close()
        new = [saying for saying in self.state.said() if known.get(saying.id) != saying.emission]
        return [_short(saying) for saying in new]

    def glucose(self, mgdl: Any, **fields: Any) -> None:
        entry = {"type": "sgv", "sgv": mgdl, "date": self.clock.now_ms(), "device": "Libre3", "direction": "Flat"}
        Entries(self.store, self.clock, BY).save([{**entry, **fields}])

    def read(self, mgdl: Any) -> list[tuple[str, str]]:
        """Let five minutes pass and a reading come, and look."""
        self.clock.advance(minutes=5)
        self.glucose(mgdl)
        return self.look()

    def treat(self, event_type: str, **fields: Any) -> None:
        created = iso_of(self.clock.now_ms())
        Treatments(self.store, self.clock, BY).save([{"eventType": event_type, "created_at": created, **fields}])

    def status(self, **fields: Any) -> None:
        created = iso_of(self.clock.now_ms())
        DeviceStatus(self.store, self.clock, BY).save([{"device": "phone", "created_at": created, **fields}])

    def wait(self, minutes: float) -> list[tuple[str, str]]:
        self.clock.advance(minutes=minutes)
        return self.look()


def _short(saying: Saying) -> tuple[str, str]:
    if saying.word is Word.CLEAR:
        return "clear", saying.notice.group
    return saying.notice.level.name.lower(), saying.notice.title


NewHome = Callable[..., Home]
LOW, HIGH, CLEAR = ("urgent", "Urgent LOW"), ("urgent", "Urgent HIGH"), ("clear", "default")


@pytest.fixture
def new_home(store: Store, clock: SettableClock) -> NewHome:
    return lambda **environment: Home(store, clock, **environment)


@pytest.fixture
def home(new_home: NewHome) -> Home:
    return new_home()


def test_an_alarm_is_said_and_its_end_is_too(home: Home) -> None:
    assert home.read(120) == []
    assert home.read(50) == [LOW]
    assert home.read(51) == [LOW]
    assert home.read(70) == [("warn", "Warning LOW")]
    assert home.read(82) == [("warn", "Warning LOW")]
    assert home.read(84) == [CLEAR]
    assert home.read(100) == []


def test_looking_again_says_nothing_again(home: Home) -> None:
    assert home.read(50) == [LOW]
    seq = home.store.last_seq()
    assert [home.look() for _ in range(3)] == [[], [], []]
    assert home.store.last_seq() == seq


def test_what_is_not_heard_is_said_again_every_minute(home: Home) -> None:
    home.read(50)
    assert [home.wait(0.5) for _ in range(4)] == [[], [LOW], [], [LOW]]


def test_the_minute_is_the_heartbeat_s(new_home: NewHome) -> None:
    home = new_home(HEARTBEAT="120")
    home.read(50)
    assert [home.wait(1) for _ in range(4)] == [[], [LOW], [], [LOW]]


def test_while_all_is_well_nothing_is_written(home: Home) -> None:
    home.read(120)
    seq = home.store.last_seq()
    for _ in range(5):
        assert home.wait(0.5) == []
    assert home.store.last_seq() == seq


# Silences.


def test_an_acknowledged_alarm_keeps_quiet_for_everybody_until_its_time_is_over(home: Home) -> None:
    home.read(300)
    home.silences.acknowledge(Level.URGENT, "default", 30 * 60_000, MUM)
    assert [home.read(300) for _ in range(5)] == [[]] * 5
    assert home.read(300) == [HIGH]


def test_the_end_of_a_silenced_alarm_is_said(home: Home) -> None:
    home.read(300)
    home.silences.acknowledge(Level.URGENT, "default", 30 * 60_000, MUM)
    assert home.read(240) == []
    assert home.read(150) == [CLEAR]


def test_an_alarm_that_sinks_to_a_silenced_warning_is_cleared_where_it_still_rings(home: Home) -> None:
    home.read(200)
    home.silences.acknowledge(Level.WARN, "default", HOUR_MS, MUM)
    assert home.read(300) == [HIGH]
    assert home.read(240) == [CLEAR]
    assert home.read(150) == []


def test_who_heard_a_warning_has_not_heard_what_becomes_urgent(home: Home) -> None:
    assert home.read(200) == [("warn", "Warning HIGH")]
    home.silences.acknowledge(Level.WARN, "default", HOUR_MS, MUM)
    assert home.read(210) == []
    assert home.read(300) == [HIGH]


def test_who_silenced_a_high_has_not_heard_the_low_that_follows(home: Home) -> None:
    home.read(300)
    home.silences.acknowledge(Level.URGENT, "default", 2 * HOUR_MS, DAD)
    assert home.read(300) == []
    assert home.read(50) == [LOW]
    assert home.silences.acknowledge(Level.URGENT, "default", 15 * 60_000, MUM)
    assert home.read(50) == []


def test_an_urgent_low_keeps_quiet_for_a_quarter_of_an_hour_at_most(home: Home) -> None:
    home.read(50)
    home.silences.acknowledge(Level.URGENT, "default", 24 * HOUR_MS, MUM)
    assert [home.read(50) for _ in range(2)] == [[], []]
    assert home.read(50) == [LOW]
    assert home.silences.acknowledge(Level.URGENT, "default", 24 * HOUR_MS, MUM)
    assert home.read(50) == []


def test_who_silenced_a_number_has_not_heard_the_sensor_s_low(home: Home) -> None:
    home.read(50)
    home.silences.acknowledge(Level.URGENT, "default", 15 * 60_000, MUM)
    assert home.read(39) == [LOW]
    home.silences.acknowledge(Level.URGENT, "default", 15 * 60_000, MUM)
    assert home.read(42) == []
    assert home.read(39) == []


def test_a_group_is_silenced_by_itself(new_home: NewHome) -> None:
    home = new_home(UPBAT_ENABLE_ALERTS="on")
    home.read(300)
    home.silences.acknowledge(Level.URGENT, "default", HOUR_MS, MUM)
    home.status(uploader={"battery": 5})
    assert home.look() == [("urgent", "Urgent Uploader Battery is Low")]


# Quiet that rules ask for.


def test_who_treated_a_moment_ago_is_not_disturbed(new_home: NewHome) -> None:
    home = new_home(ENABLE="careportal")
    home.treat("Correction Bolus", insulin=1)
    assert home.look() == [("info", "Correction Bolus")]
    assert home.read(300) == []
    [urgent, warning] = home.silences.running()
    assert (urgent.level, urgent.by, urgent.by_rule) == (Level.URGENT, "rule:treatmentnotify", True)
    assert warning.level is Level.WARN
    assert home.read(300) == []
    assert home.read(300) == [HIGH]
    assert audit.search(home.store) == []


@pytest.mark.parametrize("mgdl", [54, 39, 20, "LOW"])
def test_no_treatment_keeps_an_urgent_low_quiet(new_home: NewHome, mgdl: Any) -> None:
    home = new_home(ENABLE="careportal")
    home.read(70)
    home.treat("Carb Correction", carbs=15)
    assert LOW in home.read(mgdl)
    assert home.silences.of(Level.URGENT, "default") is None


@pytest.mark.parametrize(("kind", "warning"), [("simple", 72), ("predict", 80)])
def test_quiet_that_was_asked_for_before_ends_with_an_urgent_low(new_home: NewHome, kind: str, warning: int) -> None:
    home = new_home(ENABLE="careportal", ALARM_TYPES=kind)
    home.read(90)
    home.treat("Carb Correction", carbs=15)
    home.read(warning)
    assert home.silences.of(Level.WARN, "default") is not None
    assert "urgent" in [level for level, _ in home.read(50)]


def test_enough_insulin_on_board_keeps_a_high_quiet_and_no_low(new_home: NewHome) -> None:
    home = new_home(ENABLE="bwp iob")
    profile = {"dia": 4, "sens": 50, "carbratio": 10, "basal": 1, "target_low": 100, "target_high": 120}
    store = {"Default": {**profile, "units": "mg/dl", "timezone": "UTC"}}
    home.store.collection("profile").insert_one(
        {"defaultProfile": "Default", "startDate": "2026-01-01T00:00:00.000Z", "store": store}
    )
    home.status(loop={"timestamp": iso_of(home.clock.now_ms()), "iob": {"iob": 5}})
    assert home.read(300) == []
    assert [silence.by for silence in home.silences.running()] == ["rule:bwp", "rule:bwp"]
    assert home.read(50) == [LOW]


def test_whoever_acknowledges_is_not_held_up_by_a_rule(new_home: NewHome) -> None:
    home = new_home(ENABLE="careportal")
    home.treat("Correction Bolus", insulin=1)
    home.read(300)
    begun = home.silences.acknowledge(Level.URGENT, "default", HOUR_MS, MUM)
    assert [silence.by for silence in begun] == ["account:Mum"] * 2
    assert [home.read(300) for _ in range(11)] == [[]] * 11


def test_a_rule_is_held_up_by_whoever_acknowledged(new_home: NewHome) -> None:
    home = new_home(ENABLE="careportal")
    home.read(300)
    home.silences.acknowledge(Level.URGENT, "default", 60_000, MUM)
    home.treat("Correction Bolus", insulin=1)
    home.look()
    assert [silence.by for silence in home.silences.running()] == ["account:Mum"] * 2


# What is said once.


def test_a_treatment_is_told_once_however_often_somebody_looks(new_home: NewHome) -> None:
    home = new_home(ENABLE="careportal")
    home.treat("Meal Bolus", insulin=2)
    assert home.look() == [("info", "Meal Bolus")]
    assert [home.wait(1) for _ in range(12)] == [[]] * 12


def test_an_announcement_is_told_whatever_is_silenced(new_home: NewHome) -> None:
    home = new_home(ENABLE="careportal")
    home.silences.acknowledge(Level.URGENT, "Announcement", HOUR_MS, MUM)
    home.glucose(300)
    home.treat("Announcement", notes="on the bus")
    assert ("urgent", "Urgent Announcement") in home.look()
    assert home.wait(0.5) == []


def test_what_informs_again_after_a_while_is_said_again(home: Home) -> None:
    for _ in range(6):
        home.clock.advance(minutes=5)
        home.glucose(5)
        home.look()
    assert [saying.emission for saying in home.state.said()] == [1]
    home.clock.advance(minutes=5)
    home.glucose(5)
    assert home.look() == [("info", "CGM Error Code")]


# What lasts.


def test_nothing_coming_any_more_ends_no_alarm(new_home: NewHome) -> None:
    home = new_home(TIMEAGO_ENABLE_ALERTS="on")
    home.read(50)
    home.wait(10)
    assert sorted(home.wait(30)) == [("urgent", "Stale data, check rig?"), LOW]
    assert CLEAR not in home.wait(3 * 24 * 60)
    assert home.state.standings()["default"].stands
    assert sorted(home.read(100)) == [("clear", "Time Ago"), CLEAR]


def test_a_finger_stick_ends_a_low_while_the_sensor_is_silent(home: Home) -> None:
    home.read(50)
    home.clock.advance(minutes=40)
    home.treat("BG Check", glucose=120, glucoseType="Finger", units="mg/dl")
    assert home.look() == [CLEAR]


def test_an_alarm_survives_the_end_of_the_process_that_raised_it(home: Home) -> None:
    home.read(50)
    home.clock.advance(minutes=40)
    other = Home(home.store, home.clock)
    assert other.look() == [LOW]
    assert other.read(70) == [("warn", "Warning LOW")]


def test_a_phone_that_died_of_its_empty_battery_is_not_well(new_home: NewHome) -> None:
    home = new_home(UPBAT_ENABLE_ALERTS="on")
    home.status(uploader={"battery": 5})
    home.look()
    assert ("clear", "Uploader Battery") not in home.wait(45)
    assert home.state.standings()["Uploader Battery"].stands
    home.status(uploader={"battery": 80})
    assert home.look() == [("clear", "Uploader Battery")]


def test_a_loop_nobody_has_heard_of_for_hours_is_not_well(new_home: NewHome) -> None:
    home = new_home(ENABLE="loop", LOOP_ENABLE_ALERTS="on")
    home.status(loop={"timestamp": iso_of(home.clock.now_ms()), "iob": {"iob": 1}})
    assert home.wait(31) == [("warn", "Loop isn't looping")]
    assert home.wait(8 * 60) == [("warn", "Loop isn't looping")]
    switched_off = Home(home.store, home.clock, ENABLE="loop")
    assert switched_off.look() == [("clear", "Loop")]


def test_lost_contact_names_the_broken_link(new_home: NewHome) -> None:
    home = new_home(TIMEAGO_ENABLE_ALERTS="on")
    home.read(120)
    since_ms = home.clock.now_ms()
    home.troubles = lambda: [Trouble("Dexcom Share", "Dexcom refused the password", since_ms)]
    home.wait(20)
    [saying] = home.state.said()
    lines = saying.notice.message.splitlines()
    assert lines[0] == "Last received: 20 mins ago"
    assert lines[-1] == f"Dexcom refused the password at {iso_of(since_ms)[11:16]}."


def test_never_having_had_a_reading_is_lost_contact_after_a_while(new_home: NewHome) -> None:
    home = new_home(TIMEAGO_ENABLE_ALERTS="on")
    assert home.look() == []
    assert home.wait(10) == []
    assert home.wait(6) == [("warn", "Stale data, check rig?")]
    other = Home(home.store, home.clock, TIMEAGO_ENABLE_ALERTS="on")
    assert other.wait(15) == [("urgent", "Stale data, check rig?")]
    assert other.read(120) == [("clear", "Time Ago")]


# Failures.


def test_a_rule_that_fails_stops_no_other_and_ends_nothing(home: Home) -> None:
    home.read(50)

    def fail(seen: Situation) -> Finding:
        raise ValueError("x")

    home.rules = {**RULES, "simplealarms": fail, "upbat": fail}
    assert CLEAR not in home.read(120)
    assert CLEAR not in home.read(120)
    home.rules = RULES
    assert home.read(120) == [CLEAR]


def test_a_notice_that_cannot_be_kept_stops_no_other(home: Home, caplog: pytest.LogCaptureFixture) -> None:
    def unkeepable(seen: Situation) -> Finding:
        return Finding((Notice(Level.URGENT, "upbat", "Anna", "m", group="A", debug={"$where": 1}),))

    home.rules = {**RULES, "upbat": unkeepable}
    assert home.read(50) == [LOW]
    assert "an alarm could not be kept" in caplog.text
    assert "Anna" not in caplog.text
    told = [record.__dict__["facts"] for record in caplog.records if record.name == "app.alarms.engine"]
    assert {"group": "A", "problem": BadDocument.__name__} in told


def test_two_that_look_at_once_say_it_once(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    home.read(50)
    home.clock.advance(minutes=5)
    home.glucose(51)
    keep = AlarmState.keep
    other = Home(home.store, home.clock)

    def overtaken(state: AlarmState, *standings: Any) -> None:
        monkeypatch.setattr(AlarmState, "keep", keep)
        assert other.look() == [LOW]
        keep(state, *standings)

    monkeypatch.setattr(AlarmState, "keep", overtaken)
    with pytest.raises(Overtaken):
        home.look()
    assert home.look() == []
    assert home.state.standings()["default"].emission == 2


def test_two_that_find_a_new_alarm_at_once_say_it_once(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    keep = AlarmState.keep
    other = Home(home.store, home.clock)
    home.glucose(50)

    def overtaken(state: AlarmState, *standings: Any) -> None:
        monkeypatch.setattr(AlarmState, "keep", keep)
        other.look()
        keep(state, *standings)

    monkeypatch.setattr(AlarmState, "keep", overtaken)
    with pytest.raises(Overtaken):
        home.look()
    assert home.state.standings()["default"].emission == 1


@pytest.mark.parametrize(
    "damage",
    [
        {"$unset": {"standing.notice": ""}},
        {"$set": {"standing.notice.level": "x"}},
        {"$set": {"standing": 3}},
        {"$unset": {"standing.since_ms": ""}},
    ],
)
def test_a_row_that_makes_no_sense_holds_nothing_up(home: Home, damage: dict[str, Any]) -> None:
    home.read(300)
    home.store.collection(COLLECTION).update_one({"_id": "alarm:default"}, damage)
    assert home.state.said() == []
    assert home.read(50) == [LOW]


def test_a_row_of_a_later_version_is_understood(home: Home) -> None:
    home.read(50)
    more = {"$set": {"standing.since": 1, "standing.notice.colour": "red"}}
    home.store.collection(COLLECTION).update_one({"_id": "alarm:default"}, more)
    assert home.read(50) == [LOW]


# What is kept.


def test_the_end_of_an_alarm_is_kept_for_a_day_and_what_was_said_once_for_hours(new_home: NewHome) -> None:
    # Without the index: a real database would at once delete what expired before today.
    home = new_home(ENABLE="careportal")
    assert any(index.expire_after_s == 0 for index in INDEXES[COLLECTION])
    home.treat("Note")
    home.read(50)
    home.read(120)
    rows = {row["_id"]: row for row in home.store.collection(COLLECTION).find({})}
    assert sorted("expires_at" in row for row in rows.values()) == [True, True]
    standing = rows["alarm:default"]
    assert standing["expires_at"].timestamp() * 1000 == home.clock.now_ms() + 24 * HOUR_MS


def test_an_alarm_that_stands_does_not_expire(home: Home) -> None:
    home.read(50)
    home.read(120)
    home.read(50)
    [row] = home.store.collection(COLLECTION).find({})
    assert "expires_at" not in row


def test_the_log_of_changes_tells_of_every_saying(home: Home) -> None:
    seq = home.store.last_seq()
    home.read(50)
    changes = [change for change in home.store.changes_since(seq) if change.collection == COLLECTION]
    assert [(change.op, change.actor) for change in changes] == [("insert", "alarms")]

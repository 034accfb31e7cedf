"""How an alarm stands after the rules have spoken again, over whole nights."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from app.alarms.notice import Loudness, Notice, Side
from app.alarms.rules.finding import Finding
from app.alarms.rules.table import RULES, Judgement, Rule, judge
from app.alarms.silences import Silence
from app.alarms.situation import Situation
from app.alarms.standing import (
    URGENT_LOW_QUIET_MS,
    Standing,
    Word,
    brought_up_to_date,
    is_heard,
    is_same,
    with_word,
)
from app.glucose.levels import Level
from app.glucose.ranges import Range, range_of
from app.glucose.sentinels import rank
from app.glucose.thresholds import Thresholds
from tests.alarms.situations import situation
from tests.clocks import START_MS
from tests.live.uploads import MINUTE_MS, sgv

USUAL_MS = 60_000
LIMITS = Thresholds(55, 80, 180, 260)
KINDS = [{"ALARM_TYPES": "simple"}, {"ALARM_TYPES": "predict"}]


def night(*values: tuple[float, Any], **settings: str) -> list[Standing | None]:
    """Return how the alarm of glucose stands after each reading: minutes from the start, value (None: a look alone)."""
    entries: list[dict[str, Any]] = []
    found: list[Standing | None] = []
    standing: Standing | None = None
    for minutes, value in values:
        if value is not None:
            entries.append(sgv(-minutes, value))
        now_ms = START_MS + round(minutes * MINUTE_MS)
        seen = situation(entries, now_ms=now_ms, **{"ALARM_TYPES": "simple", **settings})
        standing = stood(standing, judge(seen), seen)
        found.append(standing)
    return found


def stood(
    before: Standing | None, judgement: Judgement, seen: Situation, *, quiet: bool = False, rings_on: bool = False
) -> Standing | None:
    if not judgement.alarms_of("default") and not (before and before.stands):
        return before
    now = brought_up_to_date(before, judgement, "default", seen)
    return with_word(now, seen, USUAL_MS, quiet=quiet, rings_on=rings_on)


def levels(standings: Sequence[Standing | None]) -> list[Level | None]:
    return [standing.notice.level if standing and standing.stands else None for standing in standings]


def test_an_urgent_low_ends_when_a_reading_is_clear_of_its_limit() -> None:
    assert levels(night((0, 50), (5, 60), (10, 66), (15, 95))) == [Level.URGENT, Level.URGENT, Level.WARN, None]


def test_it_ends_after_two_readings_in_range() -> None:
    assert levels(night((0, 79), (5, 82), (10, 84))) == [Level.WARN, Level.WARN, None]


def test_a_value_that_jumps_about_the_limit_is_one_alarm() -> None:
    found = night((0, 79), (5, 81), (10, 79), (15, 81), (20, 79))
    assert levels(found) == [Level.WARN] * 5
    assert {standing.since_ms for standing in found if standing} == {START_MS}


def test_a_low_is_not_over_because_it_sank_below_all_numbers() -> None:
    found = night((0, 60), (5, 50), (10, 39), (15, 39), (20, 5), (25, 70))
    assert levels(found) == [Level.WARN, *[Level.URGENT] * 4, Level.WARN]


def test_a_low_the_forecast_saw_is_not_over_because_it_sank_below_all_numbers() -> None:
    found = night((0, 75), (5, 60), (10, 39), (15, 39), **KINDS[1])
    assert levels(found)[2:] == [Level.URGENT, Level.URGENT]


def test_an_alarm_outlasts_every_silence() -> None:
    found = night((0, 50), (9, None), (16, None), (60, None), (3 * 24 * 60, None))
    assert levels(found) == [Level.URGENT] * 5


def test_what_stands_without_a_new_reading_says_how_old_it_is() -> None:
    found = night((0, 50), (5, 60), (30, None))
    assert [standing.notice.message.splitlines() for standing in found if standing] == [
        ["BG Now: 50 - mg/dl"],
        ["BG Now: 60 +10 - mg/dl"],
        ["Last received: 25 mins ago", "BG Now: 60 +10 mg/dl"],
    ]
    assert [standing.notice.title for standing in found if standing] == ["Urgent LOW"] * 3


def test_readings_that_come_after_a_gap_end_it() -> None:
    assert levels(night((0, 50), (120, 100)))[-1] is None


def test_an_urgent_high_becomes_a_warning_and_is_over() -> None:
    found = night((0, 300), (5, 255), (10, 240), (15, 175), (20, 170))
    assert levels(found) == [Level.URGENT, Level.URGENT, Level.WARN, Level.WARN, None]


def test_a_rebound_is_another_alarm_of_the_same_group() -> None:
    found = night((0, 50), (15, 300))
    assert levels(found) == [Level.URGENT, Level.URGENT]
    assert [standing.notice.side for standing in found if standing] == [Side.LOW, Side.HIGH]


def test_an_expected_low_that_does_not_come_is_over_after_two_readings_in_range() -> None:
    found = night((0, 100), (5, 88), (10, 86), (15, 86), (20, 87), **KINDS[1])
    assert levels(found)[1] is Level.WARN
    assert levels(found)[-1] is None


def test_with_all_its_rules_off_an_alarm_is_over() -> None:
    standing = night((0, 50))[0]
    off = situation([sgv(0, 50)], DISABLE="ar2 simplealarms")
    assert standing is not None
    assert not brought_up_to_date(standing, judge(off), "default", off).stands


def test_a_rule_that_fails_ends_no_alarm() -> None:
    def fail(seen: Situation) -> Finding:
        raise ValueError("x")

    standing = night((0, 50))[0]
    seen = situation([sgv(0, 50), sgv(-5, 120), sgv(-10, 120)], now_ms=START_MS + 10 * MINUTE_MS, ALARM_TYPES="simple")
    failing: dict[str, Rule] = {**RULES, "simplealarms": fail}
    assert standing is not None
    assert brought_up_to_date(standing, judge(seen, failing), "default", seen).stands
    assert not brought_up_to_date(standing, judge(seen), "default", seen).stands


# What is not about glucose.


def about_the_pump(level: Level, **fields: Any) -> Notice:
    return Notice(level, "pump", f"{level.display}", "", group="Pump", **fields)


def judged(*notices: Notice, blind: bool = False) -> Judgement:
    return Judgement(notices, (), frozenset({"pump"} if blind else ()), frozenset({"pump"}))


def test_another_alarm_ends_when_its_rule_says_that_all_is_well() -> None:
    seen = situation()
    standing = brought_up_to_date(None, judged(about_the_pump(Level.WARN)), "Pump", seen)
    assert standing.stands
    assert not brought_up_to_date(standing, judged(), "Pump", seen).stands


def test_it_stands_while_its_rule_cannot_tell() -> None:
    seen = situation()
    standing = brought_up_to_date(None, judged(about_the_pump(Level.URGENT)), "Pump", seen)
    later = brought_up_to_date(standing, judged(blind=True), "Pump", seen)
    assert later == standing
    assert not brought_up_to_date(later, judged(), "Pump", seen).stands


def test_the_loudest_of_a_group_stands() -> None:
    seen = situation()
    warning, urgent = about_the_pump(Level.WARN), about_the_pump(Level.URGENT)
    assert brought_up_to_date(None, judged(warning, urgent), "Pump", seen).notice is urgent
    first, second = replace(warning, title="first"), replace(warning, title="second")
    assert brought_up_to_date(None, judged(first, second), "Pump", seen).notice is first


def test_a_low_below_all_numbers_stands_before_a_measured_and_an_expected_one() -> None:
    lows = [
        Notice(Level.URGENT, "ar2", loudness.name, "", side=Side.LOW, loudness=loudness)
        for loudness in (Loudness.PREDICTED, Loudness.MEASURED, Loudness.OFF_SCALE)
    ]
    high = Notice(Level.URGENT, "simplealarms", "high", "", side=Side.HIGH)
    judgement = Judgement((high, *lows), (), frozenset(), frozenset({"ar2"}))
    assert brought_up_to_date(None, judgement, "default", situation()).notice.title == "OFF_SCALE"


# Silences.


def urgent_low(loudness: Loudness = Loudness.MEASURED, louder_ms: int = START_MS) -> Standing:
    notice = Notice(Level.URGENT, "simplealarms", "Urgent LOW", "", side=Side.LOW, loudness=loudness)
    return Standing("default", notice, True, START_MS, loudest=loudness, louder_ms=louder_ms)


def silence(since_ms: int = START_MS, *, by_rule: bool = False) -> Silence:
    return Silence(Level.URGENT, "default", "account:Mum", since_ms, since_ms + 7_200_000, by_rule)


def test_a_silence_keeps_an_urgent_low_quiet_for_a_quarter_of_an_hour() -> None:
    assert is_heard(urgent_low(), silence(), START_MS)
    assert is_heard(urgent_low(), silence(), START_MS + URGENT_LOW_QUIET_MS - 1)
    assert not is_heard(urgent_low(), silence(), START_MS + URGENT_LOW_QUIET_MS)


def test_a_silence_from_before_it_was_as_loud_keeps_no_urgent_low_quiet() -> None:
    assert not is_heard(urgent_low(), silence(START_MS - 1), START_MS)
    assert is_heard(urgent_low(louder_ms=START_MS - 1), silence(START_MS - 1), START_MS)


def test_no_rule_keeps_an_urgent_low_quiet() -> None:
    assert not is_heard(urgent_low(), silence(by_rule=True), START_MS)


def test_any_other_alarm_keeps_quiet_as_long_as_it_was_told_to() -> None:
    high = Standing("default", Notice(Level.URGENT, "simplealarms", "", "", side=Side.HIGH), True, START_MS)
    assert is_heard(high, silence(START_MS - 1), START_MS + 7_000_000)
    assert is_heard(high, silence(by_rule=True), START_MS)
    assert not is_heard(high, None, START_MS)


def test_it_is_noted_since_when_it_is_as_loud_as_never_before() -> None:
    found = [
        standing for standing in night((0, 50), (5, 45), (10, 39), (15, 42), (20, 39), (25, 70), (30, 50)) if standing
    ]
    louder = [round((standing.louder_ms - START_MS) / MINUTE_MS) for standing in found]
    assert louder == [0, 0, 10, 10, 10, 10, 30]


# What is said.


def words(standings: Sequence[Standing | None]) -> list[tuple[int, Word | None]]:
    return [(standing.emission, standing.word) for standing in standings if standing]


def test_an_alarm_is_said_again_with_every_new_reading() -> None:
    found = night((0, 50), (0.2, None), (0.4, 50), (0.6, None), (5, 51))
    assert words(found) == [(1, Word.ALARM), (1, Word.ALARM), (2, Word.ALARM), (2, Word.ALARM), (3, Word.ALARM)]


def test_without_a_new_reading_it_is_said_again_every_minute() -> None:
    found = night((0, 50), (0.5, None), (1, None), (1.5, None), (2, None))
    assert [count for count, _ in words(found)] == [1, 1, 2, 2, 3]


def test_its_end_is_said_once() -> None:
    found = night((0, 50), (5, 95), (5.5, None), (10, 95))
    assert words(found) == [(1, Word.ALARM), *[(2, Word.CLEAR)] * 3]


def test_a_new_alarm_after_the_end_is_said() -> None:
    found = night((0, 50), (5, 95), (10, 50))
    assert words(found)[-1] == (3, Word.ALARM)


def test_an_alarm_that_keeps_quiet_is_not_said_and_its_end_only_if_it_had_been() -> None:
    low, fine = (
        situation([sgv(5, 50)], ALARM_TYPES="simple"),
        situation([sgv(5, 50), sgv(0, 120)], ALARM_TYPES="simple"),
    )
    quiet = stood(None, judge(low), low, quiet=True)
    assert quiet is not None
    assert words([quiet]) == [(0, None)]
    assert words([stood(quiet, judge(fine), fine)]) == [(0, None)]
    said = stood(None, judge(low), low)
    assert words([stood(said, judge(fine), fine)]) == [(2, Word.CLEAR)]


def test_an_alarm_that_sank_to_what_keeps_quiet_is_cleared_where_it_rang() -> None:
    low, better = (
        situation([sgv(5, 50)], ALARM_TYPES="simple"),
        situation([sgv(5, 50), sgv(0, 70)], ALARM_TYPES="simple"),
    )
    said = stood(None, judge(low), low)
    heard = stood(said, judge(better), better, quiet=True)
    assert words([heard]) == [(1, Word.ALARM)]
    sunk = stood(said, judge(better), better, quiet=True, rings_on=True)
    assert sunk is not None
    assert sunk.stands
    assert words([sunk]) == [(2, Word.CLEAR)]
    loud = stood(sunk, judge(better), better)
    assert words([loud]) == [(3, Word.ALARM)]


def test_the_time_between_can_be_a_rule_s_own() -> None:
    seen = situation()
    slow = about_the_pump(Level.WARN, repeat_ms=1_800_000)
    standing = with_word(brought_up_to_date(None, judged(slow), "Pump", seen), seen, USUAL_MS, quiet=False)
    for minutes, count in ((29, 1), (30, 2)):
        later = situation(now_ms=START_MS + minutes * MINUTE_MS)
        again = with_word(brought_up_to_date(standing, judged(slow), "Pump", later), later, USUAL_MS, quiet=False)
        assert again.emission == count


def test_a_clock_that_was_put_back_holds_no_alarm_up() -> None:
    standing = night((600, 50))[0]
    assert standing is not None
    earlier = situation([sgv(0, 50)], ALARM_TYPES="simple")
    again = stood(standing, judge(earlier), earlier)
    assert again is not None
    assert again.emission == 2


def test_only_the_lines_are_different_is_the_same() -> None:
    standing = night((0, 50))[0]
    assert standing is not None
    other = replace(standing, notice=replace(standing.notice, message="x", debug={}))
    assert is_same(other, standing)
    assert not is_same(replace(other, emission=2), standing)
    assert not is_same(replace(other, notice=replace(other.notice, title="x")), standing)


# What holds for every night.

steps = st.lists(st.tuples(st.floats(0.5, 40), st.none() | st.integers(13, 401)), min_size=1, max_size=15)


def evidence_of(readings: list[tuple[float, int]], at_min: float, alarm: Notice, raised_min: float) -> bool:
    """Tell whether readings show the end of an alarm, in words of their own."""
    later = [(minutes, value) for minutes, value in readings if minutes > raised_min]
    if not later or at_min - later[-1][0] > 10 or not 40 <= later[-1][1] <= 400:
        return False
    value = later[-1][1]
    clear = {
        (Side.LOW, Level.URGENT): value >= 65,
        (Side.LOW, Level.WARN): value >= 90,
        (Side.HIGH, Level.URGENT): value <= 250,
        (Side.HIGH, Level.WARN): value <= 170,
    }
    if alarm.side and clear.get((alarm.side, alarm.level), False):
        return True
    return len(later) > 1 and all(range_of(one, LIMITS) is Range.IN_RANGE for _, one in later[-2:])


@given(steps, st.sampled_from(KINDS))
def test_an_alarm_of_glucose_ends_only_on_evidence(walk: list[tuple[float, int | None]], kind: dict[str, str]) -> None:
    at_min, values, readings = 0.0, [], []
    for wait, value in walk:
        at_min = round(at_min + wait, 3)
        values.append((at_min, value))
        if value is not None:
            readings.append((at_min, value))
    found = night(*values, **kind)
    for (minutes, _), before, now in zip(values[1:], found[:-1], found[1:], strict=True):
        if before is None or now is None or not before.stands:
            continue
        lessened = not now.stands or now.notice.level < before.notice.level
        known = [(at, value) for at, value in readings if at <= minutes]
        raised_min = (before.reading_ms - START_MS) / MINUTE_MS
        assert not lessened or evidence_of(known, minutes, before.notice, raised_min + 0.001)


@given(steps, st.sampled_from(KINDS))
def test_no_silence_of_the_sensor_ends_an_alarm(walk: list[tuple[float, int | None]], kind: dict[str, str]) -> None:
    at_min, values = 0.0, []
    for wait, value in walk:
        at_min = round(at_min + wait, 3)
        values.append((at_min, value))
    found = night(*values, (at_min + 20, None), (at_min + 2000, None), **kind)
    assert levels(found[-2:]) == [levels(found)[-3]] * 2 or levels(found)[-3] is None


@given(steps, st.sampled_from(KINDS))
def test_very_low_glucose_always_stands_as_urgent_low(
    walk: list[tuple[float, int | None]], kind: dict[str, str]
) -> None:
    at_min, values = 0.0, []
    for wait, value in walk:
        at_min = round(at_min + wait, 3)
        values.append((at_min, value))
    for (_, value), standing in zip(values, night(*values, **kind), strict=True):
        if value is not None and rank(value) < LIMITS.very_low:
            assert standing is not None
            assert standing.stands
            assert standing.notice.is_urgent_low

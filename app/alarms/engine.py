"""Brings the state of the alarms up to date with the present: what stands, what is new, what is to be heard.

Everything it knows is in the store, so that any process may go on where another was killed, and several may look at
once. What it decides is told by whoever reads the state.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial

from app.alarms.notice import Notice, Snooze
from app.alarms.rules.table import RULES, Judgement, Rule, judge
from app.alarms.silences import Silences
from app.alarms.situation import Situation, Troubles, no_troubles
from app.alarms.standing import Standing, brought_up_to_date, is_heard, is_same, with_word
from app.alarms.state import AlarmState, Overtaken
from app.clock import Clock
from app.config import Settings
from app.errors import Unavailable
from app.features import features_of
from app.live.picture import Picture
from app.live.present import Present
from app.live.setting_values import number_set
from app.logs import told
from app.store.interface import Store

log = logging.getLogger(__name__)

_SHORTEST_REPEAT_S = 30


class Engine:
    """The alarms of one person. ``troubles`` tells what is wrong with the feeds."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        settings: Settings,
        *,
        troubles: Troubles = no_troubles,
        rules: dict[str, Rule] | None = None,
    ) -> None:
        self._state = AlarmState(store, clock)
        self._silences = Silences(store, clock)
        self._features = features_of(settings)
        self._repeat_ms = int(1000 * max(_SHORTEST_REPEAT_S, number_set(settings, "HEARTBEAT")))
        self._troubles = troubles
        self._rules = RULES if rules is None else rules

    def look(self, picture: Picture, present: Present) -> None:
        """Judge the present of a picture and keep what follows from it.

        Raises ``Overtaken`` when another process did so meanwhile, and ``Unavailable``; whatever was kept by then
        stands, and looking again does the rest.
        """
        situation = self._situation(picture, present)
        judgement = judge(situation, self._rules)
        standings = self._state.standings()
        groups = {notice.group for notice in judgement.notices if notice.is_alarm}
        groups |= {group for group, standing in standings.items() if standing.stands}
        for group in sorted(groups):
            self._attempted(group, partial(self._settle, group, standings.get(group), judgement, situation))
        for notice in judgement.said_once:
            self._attempted(notice.group, partial(self._say_once, notice))

    def _situation(self, picture: Picture, present: Present) -> Situation:
        has_reading = present.last is not None or picture.last_before is not None
        since_ms = None if has_reading else self._state.watched_since_ms()
        return Situation(present, picture, self._features, troubles=self._troubles, watched_since_ms=since_ms)

    def _settle(self, group: str, before: Standing | None, judgement: Judgement, situation: Situation) -> None:
        now = brought_up_to_date(before, judgement, group, situation)
        quiet = now.stands and self._is_quiet(now, judgement, situation)
        rings_on = quiet and self._rings_on(now)
        now = with_word(now, situation, self._repeat_ms, quiet=quiet, rings_on=rings_on)
        if before is not None and is_same(now, before):
            return
        self._state.keep(now, before)
        if before is None or before.stands != now.stands or before.notice.level is not now.notice.level:
            level = now.notice.level.name.lower() if now.stands else "none"
            log.info("an alarm changed", extra=told(group=group, rule=now.notice.plugin, level=level))

    def _is_quiet(self, standing: Standing, judgement: Judgement, situation: Situation) -> bool:
        """Tell whether an alarm keeps quiet; a silence that was not meant for it ends."""
        notice = standing.notice
        silence = self._silences.of(notice.level, notice.group)
        if is_heard(standing, silence, situation.now_ms):
            return True
        if silence is not None:
            self._silences.lift(silence)
        return self._is_snoozed(notice, judgement)

    def _rings_on(self, standing: Standing) -> bool:
        """Tell whether an alarm sank to what keeps quiet, while nobody has heard what it was when it was told."""
        sank = standing.said_level > standing.notice.level
        return sank and self._silences.of(standing.said_level, standing.group) is None

    def _is_snoozed(self, notice: Notice, judgement: Judgement) -> bool:
        """Keep an alarm quiet for as long as the rules ask for, and tell whether they do."""
        asked = [one for one in judgement.snoozes if _covers(one, notice)]
        if not asked:
            return False
        longest = max(asked, key=lambda snooze: snooze.length_ms)
        self._silences.snooze(longest.level, longest.group, longest.length_ms, longest.plugin)
        return True

    def _say_once(self, notice: Notice) -> None:
        if self._state.say_once(notice):
            level = notice.level.name.lower()
            log.info("something was said", extra=told(group=notice.group, rule=notice.plugin, level=level))

    def _attempted(self, group: str, what: Callable[[], None]) -> None:
        """Do something about one group; what fails there takes no other group with it."""
        try:
            what()
        except (Overtaken, Unavailable):
            raise
        except Exception as problem:
            log.error("an alarm could not be kept", extra=told(group=group, problem=type(problem).__name__))


def _covers(snooze: Snooze, notice: Notice) -> bool:
    same = snooze.group == notice.group and snooze.level >= notice.level and snooze.length_ms > 0
    return same and not notice.is_urgent_low

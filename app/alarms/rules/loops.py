"""``openaps`` and ``loop``: a loop that no longer loops."""

from __future__ import annotations

from app.alarms.notice import Notice
from app.alarms.rules.finding import BLIND, NOTHING, Finding
from app.alarms.situation import Situation
from app.glucose.levels import Level
from app.glucose.time_ago import time_ago
from app.live.setting_values import number_set
from app.live.treated import is_offline

_MINUTE_MS = 60_000


def openaps(situation: Situation) -> Finding:
    """Find a rig, AndroidAPS, Trio or iAPS that has neither suggested nor enacted anything for too long."""
    if not situation.alerts("OPENAPS"):
        return NOTHING
    last = situation.present.openaps.last_loop
    return _judged(situation, "openaps", "OpenAPS", last.at_ms if last else None)


def loop(situation: Situation) -> Finding:
    """Find a Loop that has not run well for too long."""
    if not situation.alerts("LOOP"):
        return NOTHING
    return _judged(situation, "loop", "Loop", situation.present.loop.ok_ms)


def _judged(situation: Situation, plugin: str, name: str, ran_ms: int | None) -> Finding:
    if is_offline(situation.present.treatments, situation.now_ms):
        return NOTHING
    if ran_ms is None:
        return BLIND
    minutes, settings = (situation.now_ms - ran_ms) / _MINUTE_MS, situation.settings
    if minutes <= number_set(settings, f"{plugin.upper()}_WARN"):
        return NOTHING
    is_urgent = minutes > number_set(settings, f"{plugin.upper()}_URGENT")
    notice = Notice(
        level=Level.URGENT if is_urgent else Level.WARN,
        plugin=plugin,
        title=f"{name} isn't looping",
        message=f"Last Loop: {time_ago(ran_ms, situation.now_ms).text}",
        group=name,
        sound="echo",
    )
    return Finding((notice,))

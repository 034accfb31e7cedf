"""``timeago``: readings that no longer come. It counts by both clocks, and never having had a reading counts too."""

from __future__ import annotations

from app.alarms.notice import Notice
from app.alarms.rules.finding import NOTHING, Finding
from app.alarms.situation import Situation
from app.glucose.levels import Level
from app.live.setting_values import number_set

_MINUTE_MS = 60_000


def timeago(situation: Situation) -> Finding:
    """Find that the last reading is too old, and name the broken link."""
    level = _level(situation) if situation.alerts("TIMEAGO") else None
    if level is None:
        return NOTHING
    told = (situation.last_received, situation.message, situation.broken_hop)
    notice = Notice(
        level=level,
        plugin="timeago",
        title="Stale data, check rig?",
        message="\n".join(line for line in told if line),
        group="Time Ago",
        event_name="timeago",
        sound="echo",
    )
    return Finding((notice,))


def _level(situation: Situation) -> Level | None:
    minutes, settings = situation.contact_age_ms / _MINUTE_MS, situation.settings
    for level in (Level.URGENT, Level.WARN):
        limit = number_set(settings, f"ALARM_TIMEAGO_{level.name}_MINS")
        if settings[f"ALARM_TIMEAGO_{level.name}"] and minutes > limit:
            return level
    return None

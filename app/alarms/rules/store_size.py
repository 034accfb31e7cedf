"""``dbsize``: a store that fills up."""

from __future__ import annotations

from app.alarms.notice import Notice
from app.alarms.rules.finding import BLIND, NOTHING, Finding
from app.alarms.situation import Situation
from app.glucose.levels import Level
from app.glucose.nightscout_texts import js_text
from app.glucose.units import half_up
from app.live.store_size import store_size


def dbsize(situation: Situation) -> Finding:
    """Find a store near its limit."""
    if not situation.alerts("DBSIZE"):
        return NOTHING
    found = store_size(situation.present.documents.stats, situation.settings)
    if found is None:
        return BLIND
    if found.level < Level.WARN:
        return NOTHING
    size, limit = (js_text(half_up(mib, 2)) for mib in (found.size_mib, found.limit_mib))
    notice = Notice(
        level=found.level,
        plugin="dbsize",
        title=f"{found.level.display} Database Size near its limits!",
        message=f"Database size is {size} MiB out of {limit} MiB. Please backup and clean up database!",
        group="Database Size",
        sound="echo",
    )
    return Finding((notice,))

"""``bwp``: glucose that wants a bolus by the wizard's preview, and a high that insulin on board already answers."""

from __future__ import annotations

from app.alarms.notice import Notice, Snooze
from app.alarms.rules.finding import BLIND, NOTHING, Finding
from app.alarms.situation import Situation
from app.glucose.bolus_wizard import Absence
from app.glucose.levels import Level
from app.glucose.sentinels import rank
from app.live import lines
from app.live.present import Present
from app.live.setting_values import number_set

_MINUTE_MS = 60_000


def bwp(situation: Situation) -> Finding:
    """Find glucose above target for which there is not enough insulin on board, or more than enough."""
    present, settings = situation.present, situation.settings
    unit = present.person.unit
    found = present.bolus_preview(unit, lines.iob_u(present) if situation.features.on("iob") else None)
    profile = present.profile.in_unit(unit) if present.profile else None
    if found.errors or found.glucose is None or profile is None or profile.target_high is None:
        return BLIND if Absence.NOT_CURRENT in found.errors else NOTHING
    if _is_high(present) and found.bolus_u < number_set(settings, "BWP_SNOOZE"):
        length_ms = int(number_set(settings, "BWP_SNOOZE_MINS") * _MINUTE_MS)
        title = "Snoozing high alarm since there is enough IOB"
        return Finding(snoozes=(Snooze(Level.URGENT, "bwp", title, situation.message, length_ms),))
    if found.glucose <= profile.target_high or found.bolus_u <= number_set(settings, "BWP_WARN"):
        return NOTHING
    level = Level.URGENT if found.bolus_u > number_set(settings, "BWP_URGENT") else Level.WARN
    notice = Notice(
        level=level,
        plugin="bwp",
        title=f"{level.display}, Check BG, time to bolus?",
        message=situation.message,
        event_name="bwp",
        sound="updown" if level is Level.URGENT else "bike",
        debug={"bolusEstimate": found.bolus_u, "outcome": found.outcome_shown},
    )
    return Finding((notice,))


def _is_high(present: Present) -> bool:
    """Tell whether glucose is at the top of the target or beyond, or on its way there."""
    limits = present.person.thresholds
    if present.last is not None and rank(present.last.mgdl) >= limits.top:
        return True
    forecast, high = present.forecast, present.settings["ALARM_HIGH"]
    if forecast is None or forecast.level < Level.WARN:
        return False
    return forecast.event_name(limits, alarm_high=high, alarm_low=False) == "high"

"""``errorcodes``: a sensor that tells a code instead of glucose."""

from __future__ import annotations

from app.alarms.notice import USUAL_SOUND, Notice, hash_of
from app.alarms.rules.finding import BLIND, NOTHING, Finding
from app.alarms.rules.glucose import RAISING_MS, age_ms
from app.alarms.situation import Situation
from app.config import Settings
from app.glucose.levels import Level
from app.glucose.numbers import figure
from app.glucose.sentinels import LOW_MGDL, error_text
from app.glucose.units import half_up

GROUP = "CGM Error Code"
_SOUNDS = {5: "intermission", 9: "alien", 10: "alien"}
_TOLD_AGAIN_MS = 30 * 60_000


def errorcodes(situation: Situation) -> Finding:
    """Find a code in the last reading, by the lists of what matters how much."""
    present = situation.present
    if present.last is None or age_ms(present.last, present.now_ms) >= RAISING_MS:
        return BLIND
    code = int(half_up(present.last.mgdl))
    level = _level(code, present.settings) if code < LOW_MGDL else None
    if level is None:
        return NOTHING
    words = error_text(code)[0]
    notice = Notice(
        level=level,
        plugin="errorcodes",
        title="CGM Error Code",
        message=words,
        group=GROUP,
        sound=_SOUNDS.get(code, USUAL_SOUND),
        notifyhash=hash_of({"eventType": GROUP, "code": code}) if level is Level.INFO else "",
        repeat_ms=_TOLD_AGAIN_MS if level is Level.INFO else None,
        debug={"lastSGV": code},
    )
    return Finding((notice,))


def _level(code: int, settings: Settings) -> Level | None:
    for level in (Level.URGENT, Level.WARN, Level.INFO):
        if code in map(figure, str(settings[f"ERRORCODES_{level.name}"]).split()):
            return level
    return None

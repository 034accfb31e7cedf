"""How the alarm of a group stands, and what becomes of it when the rules have spoken again. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from app.alarms.evidence import is_over
from app.alarms.notice import Loudness, Notice
from app.alarms.rules.table import GLUCOSE, Judgement
from app.alarms.silences import CLOCKS_APART_MS, Silence
from app.alarms.situation import Situation
from app.glucose.levels import Level

URGENT_LOW_QUIET_MS = 15 * 60_000
"""So long an urgent low keeps quiet at most: the time after which a treated low is measured again (American Diabetes
Association, Standards of Care: 15 g of carbohydrates, and another look after 15 minutes)."""


class Word(StrEnum):
    """What was said last of a group: that there is an alarm, or that there is none to hear."""

    ALARM = "alarm"
    CLEAR = "clear"


@dataclass(frozen=True, slots=True)
class Standing:
    """The alarm of a group: ``notice`` as it stands, or stood when ``stands`` is false.

    Since when it stands (``since_ms``), the moment of the reading that raised it last (``reading_ms``), the loudest it
    has been and since when (``loudest``, ``louder_ms``). ``emission`` counts what was said of this group, the last time
    ``word`` at ``said_ms``; ``said_reading_ms`` is the last reading there was then. Instants are UTC epoch ms.
    """

    group: str
    notice: Notice
    stands: bool
    since_ms: int
    reading_ms: int = 0
    loudest: Loudness = Loudness.NONE
    louder_ms: int = 0
    emission: int = 0
    word: Word | None = None
    said_ms: int = 0
    said_reading_ms: int = 0
    said_level: Level = Level.NONE


def brought_up_to_date(before: Standing | None, judgement: Judgement, group: str, situation: Situation) -> Standing:
    """Return how the alarm of a group stands now. There has to be one that stands or is wanted."""
    held = _held(before, judgement, situation) if before and before.stands else None
    wanted = judgement.alarms_of(group)
    candidates = sorted([*wanted, *([held] if held else [])], key=lambda notice: notice.rank, reverse=True)
    if not candidates:
        if before is None:
            raise ValueError("there is no alarm in this group")
        return replace(before, stands=False)
    notice = candidates[0]
    if before is None or not before.stands:
        before = _begun(before, notice, situation.now_ms)
    elif not notice.is_urgent_low:
        before = replace(before, loudest=Loudness.NONE)
    reading_ms = before.reading_ms if notice is held else _reading_ms(notice, situation)
    return _louder(replace(before, notice=notice, stands=True, reading_ms=reading_ms), situation.now_ms)


def _begun(before: Standing | None, notice: Notice, now_ms: int) -> Standing:
    """Return the beginning of an alarm in a group that had none, or had one that is over."""
    known = before or Standing(notice.group, notice, stands=True, since_ms=now_ms)
    return replace(known, since_ms=now_ms, loudest=Loudness.NONE, louder_ms=now_ms)


def _reading_ms(notice: Notice, situation: Situation) -> int:
    """Return the moment of the reading that raises an alarm of glucose."""
    return situation.contact.at_ms if notice.side is not None and situation.contact else 0


def _louder(standing: Standing, now_ms: int) -> Standing:
    """Note since when it is as loud as never before."""
    if standing.notice.loudness <= standing.loudest:
        return standing
    return replace(standing, loudest=standing.notice.loudness, louder_ms=now_ms)


def _held(before: Standing, judgement: Judgement, situation: Situation) -> Notice | None:
    """Return the alarm that stands on although no rule raises it, None when it is over."""
    notice = before.notice
    if notice.plugin in judgement.blind:
        return notice
    if notice.side is None or not judgement.asked & set(GLUCOSE):
        return None
    limits = situation.present.person.thresholds
    if is_over(notice, before.reading_ms, situation.readings, limits, situation.now_ms):
        return None
    told = situation.message if situation.present.is_current else f"{situation.last_received}\n{situation.message}"
    return replace(notice, message=told.strip())


def is_heard(standing: Standing, silence: Silence | None, now_ms: int) -> bool:
    """Tell whether a silence covers this alarm.

    Whoever silenced something less loud has not heard an urgent low, no rule silences one, and nobody for long.
    """
    if silence is None:
        return False
    if not standing.notice.is_urgent_low:
        return True
    is_about_it = not silence.by_rule and silence.since_ms >= standing.louder_ms
    return is_about_it and now_ms - silence.since_ms < URGENT_LOW_QUIET_MS


def is_same(now: Standing, before: Standing) -> bool:
    """Tell whether nothing is different that has to be kept: the lines of an alarm that is not said again are not."""
    same_lines = replace(now.notice, message=before.notice.message, debug=before.notice.debug)
    return replace(now, notice=same_lines) == before


def with_word(
    standing: Standing, situation: Situation, usual_ms: int, *, quiet: bool, rings_on: bool = False
) -> Standing:
    """Return the standing with what is to be said now; the same when there is nothing new to say.

    ``quiet``: somebody has heard it. ``rings_on``: nobody has heard what was said of it last, though.
    """
    now_ms = situation.now_ms
    last_ms = situation.contact.at_ms if situation.contact else 0
    if standing.word is Word.ALARM and (not standing.stands or (quiet and rings_on)):
        return replace(standing, emission=standing.emission + 1, word=Word.CLEAR, said_ms=now_ms)
    if not standing.stands or quiet or not _is_to_be_said(standing, last_ms, now_ms, usual_ms):
        return standing
    return replace(
        standing,
        emission=standing.emission + 1,
        word=Word.ALARM,
        said_ms=now_ms,
        said_reading_ms=last_ms,
        said_level=standing.notice.level,
    )


def _is_to_be_said(standing: Standing, last_ms: int, now_ms: int, usual_ms: int) -> bool:
    notice = standing.notice
    if standing.word is not Word.ALARM or standing.said_level is not notice.level:
        return True
    if standing.louder_ms > standing.said_ms or (notice.side is not None and last_ms > standing.said_reading_ms):
        return True
    interval_ms = usual_ms if notice.repeat_ms is None else notice.repeat_ms
    return not -CLOCKS_APART_MS <= now_ms - standing.said_ms < interval_ms

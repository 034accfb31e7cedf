"""Everything the top of the page says, worked out from the picture: words first, then the number, then its age."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import tzinfo

from app.glucose.delta import Delta, buckets, delta_of
from app.glucose.display import glucose_text
from app.glucose.moments import moment_text
from app.glucose.ranges import range_of
from app.glucose.sentinels import Sense, sense_of
from app.glucose.staleness import Staleness
from app.glucose.thresholds import Thresholds
from app.glucose.units import Unit
from app.glucose.words import (
    age_text,
    last_known_sentence,
    old_sentence,
    silence_sentence,
    status_sentence,
    trend_words,
)
from app.live.chain import Chain, Link, Trouble
from app.live.devices import device_name
from app.live.done import done_line
from app.live.kinds import ALL_KINDS, ENTRIES, only
from app.live.picture import Picture, Reading
from app.live.shown_facts import ShownFact, shown_facts
from app.live.sight import Sight, sight_of

DASHES = "–––"
"""What stands for the number where there is none."""


@dataclass(frozen=True, slots=True)
class Glance:
    """What is said of now. Texts are complete but for the unit of ``number``, which is ``unit``.

    ``state`` is the staleness: beyond LATE there is no ``range``, ``arrow``, ``trend`` and ``delta``, and the number is
    ``grey``; when it is gone also ``struck``, with ``last_known`` in words. ``delta`` has its unit, over ``delta_min``
    minutes. ``at_ms`` is when the sensor measured, ``device`` what people call it. ``broken`` is one sentence on what
    is broken and since when.
    """

    state: Staleness
    words: str
    number: str
    unit: str
    range: str = ""
    grey: bool = False
    struck: bool = False
    arrow: str = ""
    trend: str = ""
    delta: str = ""
    delta_min: int | None = None
    last_known: str = ""
    age: str = ""
    at_ms: int | None = None
    device: str = ""
    done: str = ""
    facts: tuple[ShownFact, ...] = ()
    chain: tuple[Link, ...] = ()
    broken: str = ""


def glance(
    picture: Picture,
    now_ms: int,
    thresholds: Thresholds,
    unit: Unit,
    zone: tzinfo,
    *,
    kinds: Collection[str] = ALL_KINDS,
    troubles: Sequence[Trouble] = (),
) -> Glance:
    """Return what the picture says at ``now_ms`` to a viewer who reads ``unit`` in ``zone`` and may see ``kinds``.

    ``troubles`` are what is wrong with uploaders. The viewer learns nothing of kinds they may not see.
    """
    visible = only(picture, kinds)
    sight = sight_of(visible, now_ms)
    done, facts = done_line(visible.treatments, now_ms), shown_facts(visible, sight)
    if ENTRIES not in kinds:
        return Glance(Staleness.NEVER, "Glucose is not shown here", DASHES, str(unit), done=done, facts=facts)
    chain = Chain(visible.facts, sight, troubles, zone, server_holds=not visible.behind)
    said = _said(sight, thresholds, unit, zone)
    return replace(said, done=done, facts=facts, chain=chain.links, broken=chain.broken)


def _said(sight: Sight, thresholds: Thresholds, unit: Unit, zone: tzinfo) -> Glance:
    reading = sight.reading
    if reading is None:
        return Glance(sight.state, "No readings yet", DASHES, str(unit))
    said = Glance(
        state=sight.state,
        words="",
        number=glucose_text(reading.mgdl, unit),
        unit=str(unit),
        grey=not sight.state.current,
        age=age_text(sight.age_ms),
        at_ms=reading.at_ms,
        device=device_name(reading.device),
    )
    if sight.state.current:
        return _current(said, sight, reading, thresholds, unit)
    if sight.state is Staleness.FUTURE:
        dated = moment_text(reading.at_ms, sight.now_ms, zone)
        return replace(said, words="Reading dated in the future", age=f"dated {dated}")
    if sight.state is Staleness.OLD:
        return replace(said, words=old_sentence(sight.age_ms))
    return replace(
        said,
        words=silence_sentence(moment_text(sight.measured_ms, sight.now_ms, zone)),
        struck=True,
        last_known=last_known_sentence(said.number, sight.direction),
    )


def _current(said: Glance, sight: Sight, reading: Reading, thresholds: Thresholds, unit: Unit) -> Glance:
    direction, range_ = sight.direction, range_of(reading.mgdl, thresholds)
    delta = _honest_delta(sight)
    return replace(
        said,
        words=status_sentence(reading.mgdl, thresholds, direction),
        range=range_.words,
        arrow=direction.arrow,
        trend=trend_words(range_, direction),
        delta=f"{delta.measured_text(unit)} {unit}" if delta else "",
        delta_min=round(delta.elapsed_min) if delta else None,
    )


def _honest_delta(sight: Sight) -> Delta | None:
    """Return the change up to the reading, None when a sentinel is part of it: nobody measured that difference."""
    found = buckets(sight.recent, max(sight.now_ms, *(reading.at_ms for reading in sight.recent[-1:])))
    compared = [bucket for bucket in found if bucket.readings][:2]
    numbers = all(sense_of(reading.mgdl) is Sense.NUMBER for bucket in compared for reading in bucket.readings)
    return delta_of(found) if numbers else None

"""What the chart draws: places, ranges and texts, worked out here so that the browser computes nothing medical.

A place is the height on a logarithmic axis from 40 to 400 mg/dL in thousandths; whatever lies beyond is at the edge.
Instants are UTC epoch seconds, since the rows travel with every page.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import zip_longest
from typing import Any
from zoneinfo import ZoneInfo

from app.glucose.display import glucose_text
from app.glucose.moments import moment_text
from app.glucose.ranges import Range, range_of
from app.glucose.sentinels import rank
from app.glucose.staleness import LATE_MS
from app.glucose.thresholds import Thresholds
from app.glucose.units import Unit
from app.live.amounts import grams_text, rate_text, units_text
from app.live.kinds import only
from app.live.picture import Picture, Reading, Treatment
from app.web.viewer import Viewer

DAY_MS = 24 * 3_600_000
_BOTTOM_MGDL = 40
_TOP_MGDL = 400
_SMALL_DOSE_U = 0.5  # an automatic dose below it is one of many and keeps its mark but not its label

Rows = list[list[Any]]


def place_of(mgdl: float) -> int:
    """Return the place on the axis of a stored number; LOW and error codes lie on the lower edge, HIGH on the upper."""
    inside = min(max(rank(mgdl), _BOTTOM_MGDL), _TOP_MGDL)
    return round(1000 * math.log(inside / _BOTTOM_MGDL) / math.log(_TOP_MGDL / _BOTTOM_MGDL))


def range_name(mgdl: float, thresholds: Thresholds) -> str:
    """Return the range of a stored number as style sheets and scripts name it, ``very-low``."""
    return range_of(mgdl, thresholds).words.replace(" ", "-")


def axis(viewer: Viewer) -> dict[str, Any]:
    """Return what stays while readings come and go: ticks, names of the ranges, unit, zone, the gap that is missing."""
    limits = viewer.person.thresholds
    ticks = ((limits.very_high, "edge"), (limits.top, "target"), (limits.bottom, "target"), (limits.very_low, "edge"))
    return {
        "ticks": [
            {"place": place_of(mgdl), "text": glucose_text(mgdl, viewer.unit), "kind": kind} for mgdl, kind in ticks
        ],
        "ranges": {member.words.replace(" ", "-"): member.words for member in Range},
        "unit": str(viewer.unit),
        "zone": viewer.person.zone,
        "missing_s": LATE_MS // 1000,
    }


def marks(picture: Picture, since_ms: int, viewer: Viewer) -> dict[str, Any]:
    """Return the rows of what this viewer may see at or after ``since_ms``, oldest first; basal that ended since."""
    visible = only(picture, viewer.kinds)
    readings = [reading for reading in visible.readings if reading.at_ms >= since_ms]
    return {
        "from_s": since_ms // 1000,
        "readings": [_reading_row(reading, viewer) for reading in readings if reading.kind == "sgv"],
        "fingers": [_reading_row(reading, viewer) for reading in readings if reading.kind == "mbg"],
        "marks": _dose_rows(treatment for treatment in visible.treatments if treatment.at_ms >= since_ms),
        "basal": _basal_rows(visible.treatments, since_ms),
    }


def table_rows(picture: Picture, since_ms: int, now_ms: int, viewer: Viewer) -> list[dict[str, str]]:
    """Return the same as a table, newest first: local time, value with its unit, what it is."""
    rows = marks(picture, since_ms, viewer)
    names, zone = axis(viewer)["ranges"], ZoneInfo(viewer.person.zone)
    found = [(at_s, f"{text} {viewer.unit}", names[range_]) for at_s, _, text, range_ in rows["readings"]]
    found += [(at_s, f"{text} {viewer.unit}", f"{names[range_]}, finger") for at_s, _, text, range_ in rows["fingers"]]
    found += [(at_s, text, kind) for at_s, kind, text, *_ in rows["marks"]]
    return [
        {"time": moment_text(at_s * 1000, now_ms, zone), "value": value, "what": what}
        for at_s, value, what in sorted(found, reverse=True)
    ]


def first_difference(before: Picture, after: Picture, since_ms: int) -> int | None:
    """Return the earliest moment (UTC epoch ms) from ``since_ms`` on where two pictures differ, None when nowhere."""
    pairs: tuple[tuple[Sequence[Reading | Treatment], Sequence[Reading | Treatment]], ...] = (
        (before.readings, after.readings),
        (before.treatments, after.treatments),
    )
    return min((at_ms for old, new in pairs if (at_ms := _parting(old, new, since_ms)) is not None), default=None)


def _parting(before: Sequence[Reading | Treatment], after: Sequence[Reading | Treatment], since_ms: int) -> int | None:
    if before is after:
        return None
    old = (item for item in before if item.at_ms >= since_ms)
    new = (item for item in after if item.at_ms >= since_ms)
    for left, right in zip_longest(old, new):
        if left != right:
            return min(item.at_ms for item in (left, right) if item)
    return None


def _reading_row(reading: Reading, viewer: Viewer) -> list[Any]:
    return [reading.at_ms // 1000, *_shown(reading.mgdl, viewer.unit, viewer.person.thresholds)]


@lru_cache(maxsize=2048)
def _shown(mgdl: float, unit: Unit, limits: Thresholds) -> tuple[int, str, str]:
    """Return place, text and range: there are only so many numbers, and a day of minutes has each of them often."""
    return place_of(mgdl), glucose_text(mgdl, unit), range_name(mgdl, limits)


def _dose_rows(treatments: Iterable[Treatment]) -> Rows:
    rows: Rows = []
    for treatment in treatments:
        at_s = treatment.at_ms // 1000
        if treatment.carbs:
            rows.append([at_s, "carbs", grams_text(treatment.carbs), treatment.carbs, False])
        if treatment.insulin:
            small = treatment.automatic and treatment.insulin < _SMALL_DOSE_U
            rows.append([at_s, "insulin", units_text(treatment.insulin), treatment.insulin, small])
    return rows


def _basal_rows(treatments: Sequence[Treatment], since_ms: int) -> Rows:
    """Return where a temp basal of a known rate ran: until its end or the next one, whichever came first."""
    temps = [treatment for treatment in treatments if "temp basal" in treatment.event_type.lower()]
    ends = [*(later.at_ms for later in temps[1:]), math.inf]
    spans = [
        (temp.at_ms, min(temp.at_ms + temp.duration_min * 60_000, end), temp.absolute)
        for temp, end in zip(temps, ends, strict=False)
        if temp.duration_min and temp.absolute is not None
    ]
    return [[start // 1000, int(end // 1000), rate, rate_text(rate)] for start, end, rate in spans if end >= since_ms]

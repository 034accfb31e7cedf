"""What the chart draws: places, ranges and texts, worked out here so that the browser draws and computes nothing medical.

A place is the height on a logarithmic axis from 40 to 400 mg/dL in thousandths; whatever lies beyond is at the edge.
Instants are UTC epoch seconds, since the rows travel with every page.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any

from app.glucose.display import glucose_text
from app.glucose.ranges import Range, range_of
from app.glucose.sentinels import rank
from app.glucose.staleness import LATE_MS
from app.glucose.thresholds import Thresholds
from app.glucose.units import Unit
from app.live.picture import Picture, Reading, Treatment

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


def axis(thresholds: Thresholds, unit: Unit, zone: str) -> dict[str, Any]:
    """Return what stays while readings come and go: ticks, names of the ranges, unit, zone, and what counts as missing."""
    limits = (
        (thresholds.very_high, "edge"),
        (thresholds.top, "target"),
        (thresholds.bottom, "target"),
        (thresholds.very_low, "edge"),
    )
    return {
        "ticks": [{"place": place_of(mgdl), "text": glucose_text(mgdl, unit), "kind": kind} for mgdl, kind in limits],
        "ranges": {member.words.replace(" ", "-"): member.words for member in Range},
        "unit": str(unit),
        "zone": zone,
        "missing_s": LATE_MS // 1000,
    }


def marks(picture: Picture, since_ms: int, thresholds: Thresholds, unit: Unit) -> dict[str, Rows]:
    """Return the rows of every reading and treatment at or after ``since_ms``, oldest first; basal that ended since."""
    readings = [reading for reading in picture.readings if reading.at_ms >= since_ms]
    return {
        "readings": [_reading_row(reading, thresholds, unit) for reading in readings if reading.kind == "sgv"],
        "fingers": [_reading_row(reading, thresholds, unit) for reading in readings if reading.kind == "mbg"],
        "marks": _dose_rows(treatment for treatment in picture.treatments if treatment.at_ms >= since_ms),
        "basal": _basal_rows(picture.treatments, since_ms),
    }


def _reading_row(reading: Reading, thresholds: Thresholds, unit: Unit) -> list[Any]:
    mgdl = reading.mgdl
    return [reading.at_ms // 1000, place_of(mgdl), glucose_text(mgdl, unit), range_name(mgdl, thresholds)]


def _dose_rows(treatments: Iterable[Treatment]) -> Rows:
    rows: Rows = []
    for treatment in treatments:
        at_s = treatment.at_ms // 1000
        if treatment.carbs:
            rows.append([at_s, "carbs", f"{treatment.carbs:g} g", treatment.carbs, False])
        if treatment.insulin:
            small = treatment.automatic and treatment.insulin < _SMALL_DOSE_U
            rows.append([at_s, "insulin", f"{treatment.insulin:g} U", treatment.insulin, small])
    return rows


def _basal_rows(treatments: Sequence[Treatment], since_ms: int) -> Rows:
    """Return where a temp basal of a known rate ran: until its end or the next one, whichever came first."""
    temps = [treatment for treatment in treatments if "temp basal" in treatment.event_type.lower()]
    ends = [later.at_ms for _, later in pairwise(temps)] + [math.inf]
    spans = [
        (temp.at_ms, min(temp.at_ms + temp.duration_min * 60_000, end), temp.absolute)
        for temp, end in zip(temps, ends, strict=True)
        if temp.duration_min and temp.absolute is not None
    ]
    highest = max((rate for _, _, rate in spans), default=0) or 1
    return [
        [start // 1000, int(end // 1000), round(1000 * rate / highest), f"{rate:g} U/h"]
        for start, end, rate in spans
        if end >= since_ms
    ]

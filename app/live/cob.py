"""Which carbs on board count: what a loop worked out in the last minutes, else what the treatments come to."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from app.glucose.carbs import CarbsOnBoard, carbs_on_board
from app.glucose.numbers import figure, positive
from app.glucose.profile import ProfileAt
from app.live.fields import Document, part
from app.live.iob import CLOCKS_DIFFER_MS, LATELY_MS, Source
from app.live.openaps_status import run_ms
from app.live.statuses import Status
from app.live.treated import Treated

_MINUTE_MS = 60_000
_TRUE_FOR_MS = 10 * _MINUTE_MS


@dataclass(frozen=True, slots=True)
class ReportedCarbs:
    """Carbs on board (g, None where the loop did not say) as a loop reported them, and when that was true."""

    grams: float | None
    source: Source
    device: str
    said_ms: int


@dataclass(frozen=True, slots=True)
class Carbs:
    """Carbs on board: a loop's word or what the treatments come to, one of the two."""

    reported: ReportedCarbs | None = None
    treatments: CarbsOnBoard[Treated] | None = None

    @property
    def grams(self) -> float | None:
        """How much it is, None where nobody can tell."""
        if self.reported:
            return self.reported.grams
        return self.treatments.grams if self.treatments else None


def carbs_at(
    at_ms: int,
    statuses: Sequence[Status],
    treatments: Sequence[Treated],
    *,
    profile_at: Callable[[int], ProfileAt | None],
    activity_at: Callable[[int], float | None],
) -> Carbs:
    """Return carbs on board at a moment; nothing without a profile that has sensitivity and carb ratio."""
    profile = profile_at(at_ms)
    if profile is None or not positive(profile.sens) or not positive(profile.carb_ratio_g_per_u):
        return Carbs()
    reported = _latest(statuses, at_ms)
    if reported and reported.grams is not None and reported.said_ms >= at_ms - _TRUE_FOR_MS:
        return Carbs(reported)
    if not treatments:
        return Carbs()
    return Carbs(None, carbs_on_board(treatments, at_ms, settings_at=profile_at, activity_at=activity_at))


def _latest(statuses: Iterable[Status], at_ms: int) -> ReportedCarbs | None:
    around = (status for status in statuses if at_ms - LATELY_MS <= status.at_ms <= at_ms + CLOCKS_DIFFER_MS)
    found = (one for status in around if (one := _reported(status)))
    return max(found, key=lambda one: one.said_ms, default=None)


def _reported(status: Status) -> ReportedCarbs | None:
    openaps, cob = part(status.document, "openaps"), part(part(status.document, "loop"), "cob")
    runs = [
        (at_ms, run)
        for run in (part(openaps, "suggested"), part(openaps, "enacted"))
        if run and (at_ms := _ran_ms(status, run)) is not None
    ]
    if runs:
        said_ms, run = max(runs, key=lambda one: one[0])
        return ReportedCarbs(figure(run.get("COB")), Source.OPENAPS, status.device, said_ms)
    said_ms = status.said_ms(cob, "timestamp") or status.at_ms
    return ReportedCarbs(figure(cob.get("cob")), Source.LOOP, status.device, said_ms) if cob else None


def _ran_ms(status: Status, run: Document) -> int | None:
    """Return when a rig worked this out; AndroidAPS leaves the time to the status itself."""
    found = run_ms(status, run)
    return status.at_ms if found is None else found

"""What the pump's automatic mode gave as basal, and when it gave nothing, as pieces that hold exactly what was given.

Each marker is a dose for five minutes, not a rate: the rate is twelve times as much. Deliveries come a few seconds
early or late, so a dose lasts until the next one at most and its rate is the dose over its time; a run of equal doses
is one piece with all of them. The sum of rate times duration is the sum of the doses.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from app.records.sources.acts import MOST_RATE_U_PER_H
from app.records.sources.basals import BLOCK_MS, TOUCHING_MS, Piece, joined
from app.records.sources.documents import HOUR_MS, MINUTE_MS, BadRecord
from app.uploaders.carelink.payload import Marker, flag_of

STEP_MS = 5 * MINUTE_MS
LONGEST_PAUSE_MS = 2 * HOUR_MS
"""Suspension by low glucose ends by itself after two hours (MiniMed user guides, "Suspend on low")."""

_SAME_MS = MINUTE_MS  # deliveries closer than this are one: as a rate of some seconds they would be absurd
_SAME_U = 0.00005
_MOST_U = MOST_RATE_U_PER_H / 12
_NEVER_MS = 1 << 62


@dataclass(frozen=True, slots=True)
class Delivery:
    """So many units of basal insulin for the five minutes from an instant on (UTC epoch ms)."""

    at_ms: int
    units: float


@dataclass(frozen=True, slots=True)
class Pause:
    """Delivery stopped at an instant because glucose was low, or (``ends``) went on."""

    at_ms: int
    ends: bool = False


@dataclass(frozen=True, slots=True)
class Told:
    """All that a payload tells of basal.

    ``bolus_ms`` are the instants of boluses: a suspended pump gives none. ``until_ms`` is how far the payload reaches.
    """

    deliveries: tuple[Delivery, ...] = ()
    pauses: tuple[Pause, ...] = ()
    bolus_ms: tuple[int, ...] = ()
    until_ms: int = 0


def delivery_of(marker: Marker, at_ms: int) -> Delivery:
    """Return the delivery of a marker. Raises ``BadRecord``."""
    units = marker.number("bolusAmount")
    if units is None or not 0 <= units <= _MOST_U:
        raise BadRecord("the basal insulin is no amount")
    return Delivery(at_ms, units)


def pause_of(marker: Marker, at_ms: int) -> Pause:
    """Return what a marker of a suspension says."""
    return Pause(at_ms, ends=flag_of(marker.values.get("deliverySuspended")) is False)


def pieces_of(told: Told) -> list[Piece]:
    """Return the pieces of basal, in order, none reaching across a full hour."""
    doses = _doses(told.deliveries)
    return joined([*_runs(doses), *_pauses(told, doses)])


@dataclass(frozen=True, slots=True)
class _Dose:
    at_ms: int
    end_ms: int
    units: float


def _doses(deliveries: Iterable[Delivery]) -> list[_Dose]:
    """Return the deliveries in order, each until the next; those told twice once, those of one minute as one."""
    found: list[Delivery] = []
    for one in sorted(set(deliveries), key=lambda one: (one.at_ms, one.units)):
        if found and one.at_ms - found[-1].at_ms < _SAME_MS:
            found[-1] = Delivery(found[-1].at_ms, found[-1].units + one.units)
        else:
            found.append(one)
    ends = [*(one.at_ms for one in found[1:]), _NEVER_MS]
    return [
        _Dose(one.at_ms, min(one.at_ms + STEP_MS, end_ms), one.units) for one, end_ms in zip(found, ends, strict=False)
    ]


def _runs(doses: Sequence[_Dose]) -> list[Piece]:
    """Return the doses as rates, equal neighbours within one hour as one."""
    runs: list[list[_Dose]] = []
    for dose in doses:
        if runs and _goes_on(runs[-1][-1], dose):
            runs[-1].append(dose)
        else:
            runs.append([dose])
    return [_as_rate(run) for run in runs]


def _goes_on(before: _Dose, dose: _Dose) -> bool:
    return (
        abs(before.units - dose.units) < _SAME_U
        and before.at_ms // BLOCK_MS == dose.at_ms // BLOCK_MS
        and dose.at_ms - before.end_ms <= TOUCHING_MS
    )


def _as_rate(run: Sequence[_Dose]) -> Piece:
    whole_u, first_ms, end_ms = sum(one.units for one in run), run[0].at_ms, run[-1].end_ms
    return Piece(first_ms, end_ms, whole_u * HOUR_MS / (end_ms - first_ms))


def _pauses(told: Told, doses: Sequence[_Dose]) -> list[Piece]:
    """Return nothing delivered, from each stop (or the end of the dose before it) to the next delivery."""
    ended = (one.at_ms for one in told.pauses if one.ends)
    went_on = sorted([*(one.at_ms for one in doses), *ended, *told.bolus_ms])
    made: list[Piece] = []
    for stop in sorted((one for one in told.pauses if not one.ends), key=lambda one: one.at_ms):
        running = (one.end_ms for one in doses if one.at_ms <= stop.at_ms < one.end_ms and one.units)
        at_ms = max([stop.at_ms, *running])
        next_ms = next((one for one in went_on if one > stop.at_ms), _NEVER_MS)
        end_ms = min(next_ms, told.until_ms, stop.at_ms + LONGEST_PAUSE_MS)
        if end_ms > at_ms and not (made and at_ms < made[-1].end_ms):
            made.append(Piece(at_ms, end_ms, 0.0))
    return made

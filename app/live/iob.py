"""Which insulin on board counts: what a loop or a pump reported lately, else what the treatments come to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from app.glucose.insulin import InsulinOnBoard, insulin_on_board
from app.glucose.numbers import figure
from app.glucose.profile import ProfileAt
from app.live.fields import Document, part
from app.live.openaps_status import first_iob
from app.live.statuses import Status
from app.live.treated import Treated

_MINUTE_MS = 60_000
LATELY_MS = 30 * _MINUTE_MS
CLOCKS_DIFFER_MS = 5 * _MINUTE_MS


class Source(StrEnum):
    """Who says how much is on board, as Nightscout names them."""

    LOOP = "Loop"
    OPENAPS = "OpenAPS"
    MINIMED = "MM Connect"
    PUMP = ""
    TREATMENTS = "Care Portal"


@dataclass(frozen=True, slots=True)
class ReportedInsulin:
    """Insulin on board (U) as a device reported it; ``said_ms`` is when it was true, ``heard_ms`` when it was told."""

    units: float
    source: Source
    device: str
    said_ms: int
    heard_ms: int
    basal_units: float | None = None
    activity: float | None = None


@dataclass(frozen=True, slots=True)
class Insulin:
    """What is known of insulin on board at a moment: what a device reports, and what the treatments come to.

    ``treatments`` is None where there is no treatment at all.
    """

    reported: ReportedInsulin | None
    treatments: InsulinOnBoard[Treated] | None

    @property
    def units(self) -> float | None:
        """How much it is: the device's word first."""
        if self.reported:
            return self.reported.units
        return self.treatments.units if self.treatments else None

    @property
    def activity(self) -> float | None:
        """How fast it lowers glucose, by the same source; None where that does not say."""
        if self.reported:
            return self.reported.activity
        return self.treatments.activity if self.treatments else None


def insulin_at(
    at_ms: int, reported: Sequence[ReportedInsulin], doses: Sequence[Treated] | None, profile: ProfileAt | None
) -> Insulin:
    """Return insulin on board at a moment, by the profile of that moment; ``doses`` None: nobody enters treatments."""
    if doses is None:
        return Insulin(_latest(reported, at_ms), None)
    dia_h, sens = (profile.dia_h, profile.sens) if profile else (None, None)
    return Insulin(_latest(reported, at_ms), insulin_on_board(doses, at_ms, dia_h=dia_h, sens=sens))


def _latest(reported: Sequence[ReportedInsulin], at_ms: int) -> ReportedInsulin | None:
    """Return the newest report around a moment; Loop's own before that of the pump, which Loop uploads too."""
    around = [one for one in reported if at_ms - LATELY_MS <= one.heard_ms <= at_ms + CLOCKS_DIFFER_MS]
    by_loop = [one for one in around if one.source is Source.LOOP]
    return max(by_loop or around, key=lambda one: one.said_ms, default=None)


def reported_insulin(status: Status) -> ReportedInsulin | None:
    """Return what a device reported about insulin on board, None where it said nothing."""
    openaps, loop, pump = (part(status.document, name) for name in ("openaps", "loop", "pump"))
    for source, iob, units in (
        (Source.OPENAPS, first_iob(openaps), figure(first_iob(openaps).get("iob"))),
        (Source.LOOP, part(loop, "iob"), figure(part(loop, "iob").get("iob"))),
        (_pump_source(status), part(pump, "iob"), _pump_units(part(pump, "iob"))),
    ):
        if units is not None:
            said_ms = status.said_ms(iob, "time", "timestamp") if iob else None
            by_rig = iob if source is Source.OPENAPS else {}
            return ReportedInsulin(
                units,
                source,
                status.device,
                status.at_ms if said_ms is None else said_ms,
                status.at_ms,
                basal_units=figure(by_rig.get("basaliob")),
                activity=figure(by_rig.get("activity")),
            )
    return None


def _pump_source(status: Status) -> Source:
    return Source.MINIMED if "connect" in status.document else Source.PUMP


def _pump_units(iob: Document) -> float | None:
    total = figure(iob.get("iob"))
    return figure(iob.get("bolusiob")) if total is None else total

"""What a loop of the Loop family last did: its last run, what it enacted and expects, and whether that is well."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from app.config import Settings
from app.live.fields import Document, moment, part
from app.live.setting_values import number_set
from app.live.statuses import Status, with_part

_MINUTE_MS = 60_000
LOOKS_BACK_MS = 6 * 60 * _MINUTE_MS


class LoopCode(StrEnum):
    """How a loop is, by Nightscout's codes."""

    ERROR = "error"
    NOT_ENACTED = "notenacted"
    ENACTED = "enacted"
    RECOMMENDATION = "recommendation"
    LOOPING = "looping"
    WAITING = "waiting"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Said:
    """A part of a device status, and the moment it speaks of."""

    part: Document
    at_ms: int


@dataclass(frozen=True, slots=True)
class LoopStatus:
    """The last of each thing the loop reported within six hours; ``ok_ms`` is its last run without a failure."""

    run: Said | None
    enacted: Said | None
    predicted: Document | None
    override: Said | None
    ok_ms: int | None
    code: LoopCode


def loop_status(statuses: Iterable[Status], now_ms: int, settings: Settings) -> LoopStatus:
    """Return what Loop reported up to ``now_ms``."""
    run: Said | None = None
    enacted: Said | None = None
    override: Said | None = None
    predicted: Document | None = None
    ok_ms: int | None = None
    for status, loop in with_part(statuses, "loop", now_ms - LOOKS_BACK_MS, now_ms):
        at_ms = status.said_ms(loop, "timestamp")
        if at_ms is None:
            continue
        run = newer(run, Said(loop, at_ms))
        enacted = newer(enacted, said(status, part(loop, "enacted")))
        override = newer(override, said(status, part(status.document, "override")))
        predicted = part(loop, "predicted") if part(loop, "predicted").get("startDate") else predicted
        if not loop.get("failureReason"):
            ok_ms = at_ms if ok_ms is None else max(ok_ms, at_ms)
    since_ms = now_ms - number_set(settings, "LOOP_WARN") / 2 * _MINUTE_MS
    return LoopStatus(run, enacted, predicted, override, ok_ms, _code(run, since_ms))


def said(status: Status, found: Document) -> Said | None:
    """Return a part of a status with the moment its ``timestamp`` names, None where there is none of them."""
    at_ms = status.said_ms(found, "timestamp")
    return None if at_ms is None else Said(found, at_ms)


def newer(known: Said | None, found: Said | None) -> Said | None:
    """Return the newer of the two; of two of one moment the one that is known."""
    if known is None or found is None:
        return known or found
    return found if found.at_ms > known.at_ms else known


def _code(run: Said | None, since_ms: float) -> LoopCode:
    if run is None:
        return LoopCode.WARNING
    enacted, recommended_ms = part(run.part, "enacted"), moment(part(run.part, "recommendedTempBasal").get("timestamp"))
    if run.part.get("failureReason") or (enacted and not enacted.get("received")):
        return LoopCode.ERROR
    if run.at_ms <= since_ms:
        return LoopCode.WARNING
    if enacted:
        return LoopCode.ENACTED
    recommends = recommended_ms is not None and recommended_ms > since_ms
    return LoopCode.RECOMMENDATION if recommends else LoopCode.LOOPING

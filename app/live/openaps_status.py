"""What loops of the OpenAPS family (oref0, AndroidAPS, Trio, iAPS) last did: suggested, enacted or failed to enact."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from app.config import Settings
from app.live.fields import Document, part
from app.live.loop_status import LOOKS_BACK_MS, LoopCode, Said, newer, said
from app.live.setting_values import number_set
from app.live.statuses import Status, with_part

_MINUTE_MS = 60_000
_NAMELESS = "device"


@dataclass(frozen=True, slots=True)
class Rig:
    """A device that loops: its own name, how it was at its last word, and the last tuning of its radio."""

    uri: str
    at_ms: int
    code: LoopCode
    mmtune: Said | None = None


@dataclass(frozen=True, slots=True)
class OpenApsStatus:
    """The last of each thing rigs reported within six hours, each at the moment it was true.

    ``predictions`` are the curves of whichever of ``enacted`` and ``suggested`` brought curves last. ``code`` says how
    looping goes altogether.
    """

    rigs: tuple[Rig, ...] = ()
    enacted: Said | None = None
    not_enacted: Said | None = None
    suggested: Said | None = None
    iob: Said | None = None
    mmtune: Said | None = None
    predictions: Said | None = None
    code: LoopCode = LoopCode.WARNING

    @property
    def last_loop(self) -> Said | None:
        """The newer of what was enacted and what was suggested."""
        return newer(self.suggested, self.enacted)


def openaps_status(statuses: Iterable[Status], now_ms: int, settings: Settings) -> OpenApsStatus:
    """Return what rigs reported up to ``now_ms``."""
    since_ms = now_ms - number_set(settings, "OPENAPS_WARN") / 2 * _MINUTE_MS
    rigs: dict[str, Rig] = {}
    last = OpenApsStatus()
    for status, openaps in with_part(statuses, "openaps", now_ms - LOOKS_BACK_MS, now_ms):
        one = _report(status, openaps)
        mmtune = said(status, part(status.document, "mmtune"))
        uri = status.device or _NAMELESS
        known = rigs.get(uri)
        code = _code(one, since_ms)
        rigs[uri] = Rig(
            uri,
            status.at_ms,
            LoopCode.WAITING if code is LoopCode.WARNING else code,
            newer(known.mmtune if known else None, mmtune),
        )
        last = OpenApsStatus(
            enacted=newer(last.enacted, one.enacted),
            not_enacted=newer(last.not_enacted, one.not_enacted),
            suggested=newer(last.suggested, one.suggested),
            iob=newer(last.iob, one.iob),
            mmtune=newer(last.mmtune, mmtune),
            predictions=newer(newer(last.predictions, _curves(one.enacted)), _curves(one.suggested)),
        )
    return replace(last, rigs=tuple(rigs.values()), code=_code(last, since_ms))


def first_iob(openaps: Document) -> Document:
    """Return what a rig says is on board; older rigs send a list, the present first and then the predicted."""
    iob = openaps.get("iob")
    first = (iob[0] if iob else None) if isinstance(iob, list) else iob
    return first if isinstance(first, Mapping) else {}


def run_ms(status: Status, run: Document) -> int | None:
    """Return when a rig suggested or enacted this: its own milliseconds, else its time as text."""
    return status.said_ms(run, "mills", "timestamp")


def _report(status: Status, openaps: Document) -> OpenApsStatus:
    """Return what a single device status says."""
    enacted, iob = part(openaps, "enacted"), first_iob(openaps)
    did = _at(enacted, run_ms(status, enacted) if enacted.get("timestamp") else None)
    received = bool(enacted.get("received") or enacted.get("recieved"))
    suggested = part(openaps, "suggested")
    return OpenApsStatus(
        enacted=did if received else None,
        not_enacted=None if received else did,
        suggested=_at(suggested, run_ms(status, suggested)),
        iob=_at(iob, status.said_ms(iob, "mills", "time", "timestamp")),
    )


def _at(found: Document, at_ms: int | None) -> Said | None:
    return None if at_ms is None else Said(found, at_ms)


def _curves(run: Said | None) -> Said | None:
    curves = run.part.get("predBGs") if run else None
    if run is None or not curves:
        return None
    if isinstance(curves, list):
        return Said({"values": curves}, run.at_ms)
    return Said(curves, run.at_ms) if isinstance(curves, Mapping) else None


def _code(last: OpenApsStatus, since_ms: float) -> LoopCode:
    failed_ms = last.not_enacted.at_ms if last.not_enacted else None
    if failed_ms is not None and failed_ms > (last.enacted.at_ms if last.enacted else since_ms):
        return LoopCode.NOT_ENACTED
    if last.enacted and last.enacted.at_ms > since_ms:
        return LoopCode.ENACTED
    return LoopCode.LOOPING if last.suggested and last.suggested.at_ms > since_ms else LoopCode.WARNING

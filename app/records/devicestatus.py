"""Device status: what a loop, a pump or a phone reports about itself every few minutes. Each report is a document."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from app.actor import Actor
from app.clock import Clock
from app.records.collection import Records
from app.records.ids import settle_ids
from app.records.plan import Plan
from app.records.replacing import plan_replacements, stored_with_ids
from app.records.sanitising import cleaned
from app.records.stamps import without_stamps
from app.records.times import Instant, read_instant
from app.store.interface import Document, Sort, Store

PREDICTIONS_MAX_SIZE = 288
"""A day of five-minute points: as much of a prediction as Nightscout keeps."""

_PREDICTIONS = ("IOB", "COB", "UAM", "ZT")


class DeviceStatus(Records):
    """Keeps and finds device status; ``predictions_max_size`` is the most points kept of a prediction, 0 all."""

    collection: ClassVar[str] = "devicestatus"
    newest_first: ClassVar[Sort] = (("created_at", -1),)

    def __init__(
        self, store: Store, clock: Clock, actor: Actor, *, predictions_max_size: int = PREDICTIONS_MAX_SIZE
    ) -> None:
        super().__init__(store, clock, actor)
        self._predictions_max_size = predictions_max_size

    def _whole(self, document: Mapping[str, Any]) -> Document:
        status = without_stamps(cleaned(document))
        settle_ids(status)
        instant = read_instant(status.get("created_at")) or Instant(self._clock.now_ms())
        status["created_at"] = instant.iso
        status["utcOffset"] = instant.offset_min
        if status.get("pump", "") is None:
            # LoopFollow crashes on a pump that is null.
            del status["pump"]
        if self._predictions_max_size:
            _shorten_predictions(status, self._predictions_max_size)
        return status

    def _plan(self, batch: Sequence[Document], stamp_ms: int) -> Plan:
        return plan_replacements(batch, stored_with_ids(self._kept, batch), stamp_ms)


def _shorten_predictions(status: Document, most: int) -> None:
    openaps = status.get("openaps")
    for part in ("suggested", "enacted"):
        decision = openaps.get(part) if isinstance(openaps, dict) else None
        curves = decision.get("predBGs") if isinstance(decision, dict) else None
        if isinstance(curves, dict):
            for name in _PREDICTIONS:
                if isinstance(curves.get(name), list):
                    curves[name] = curves[name][:most]

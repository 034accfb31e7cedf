"""What one run knows of doses, carbs and rates, so that what two kinds of records tell is told once.

Glooko keeps a meal's carbs on the bolus and often among the foods as well, and what somebody typed into a sensor's app
beside what the pump reports. The pump's record counts. Only the same amount at the same time is the same.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from app.records.sources.documents import MINUTE_MS, ms_of
from app.records.sources.layers import Layers
from app.store.interface import Document

SAME_PUMP_MS = MINUTE_MS
SAME_ENTERED_MS = 2 * MINUTE_MS
"""How far two records of one dose lie apart: both of the pump, or one of them typed in."""

_SAME_U = 0.01
_SAME_G = 0.5
_ONLY_WITH_INSULIN = ("insulin", "automatic")


@dataclass(frozen=True, slots=True)
class Amount:
    """So much of insulin (U) or carbs (g) at an instant (UTC epoch ms), as one resource tells it."""

    at_ms: int
    amount: float
    resource: str


class _Amounts:
    """Amounts by the minute, so that only those around an instant are looked at."""

    def __init__(self, same: float) -> None:
        self._same = same
        self._by_minute: dict[int, set[Amount]] = defaultdict(set)

    def add(self, one: Amount) -> None:
        self._by_minute[one.at_ms // MINUTE_MS].add(one)

    def hold(self, one: Amount, within_ms: int) -> bool:
        minutes = range((one.at_ms - within_ms) // MINUTE_MS, (one.at_ms + within_ms) // MINUTE_MS + 1)
        return any(
            other.resource != one.resource
            and abs(other.at_ms - one.at_ms) <= within_ms
            and abs(other.amount - one.amount) < self._same
            for minute in minutes
            for other in self._by_minute.get(minute, ())
        )


@dataclass(slots=True)
class Known:
    """The doses, carbs and rates of one run."""

    layers: Layers = field(default_factory=Layers)
    doses: _Amounts = field(default_factory=lambda: _Amounts(_SAME_U))
    carbs: _Amounts = field(default_factory=lambda: _Amounts(_SAME_G))

    def learn(self, resource: str, documents: Iterable[Document]) -> None:
        """Take note of what a resource's documents give and feed."""
        for document in documents:
            at_ms = ms_of(document["created_at"]) or 0
            if document.get("insulin"):
                self.doses.add(Amount(at_ms, document["insulin"], resource))
            if document.get("carbs"):
                self.carbs.add(Amount(at_ms, document["carbs"], resource))

    def untold(self, resource: str, documents: Iterable[Document], within_ms: int) -> list[Document]:
        """Return the documents less what other resources told: a meal whose dose is told keeps its carbs."""
        left = (self._untold(resource, document, within_ms) for document in documents)
        return [document for document in left if document is not None]

    def _untold(self, resource: str, document: Document, within_ms: int) -> Document | None:
        at_ms = ms_of(document["created_at"]) or 0
        insulin, carbs = document.get("insulin"), document.get("carbs")
        if insulin and self.doses.hold(Amount(at_ms, insulin, resource), within_ms):
            if not carbs:
                return None
            document = {name: value for name, value in document.items() if name not in _ONLY_WITH_INSULIN}
            document["eventType"], insulin = "Carb Correction", None
        if carbs and not insulin and self.carbs.hold(Amount(at_ms, carbs, resource), within_ms):
            return None
        return document

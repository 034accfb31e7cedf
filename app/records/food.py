"""Food: a household's own table of what it eats, and quick picks, which are meals put together from it.

Texts are kept as they were sent, and numbers too: Nightscout's food editor sends forms, in which everything is text.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

from app.clock import iso_of
from app.records.collection import Records
from app.records.ids import settle_ids
from app.records.numbers import numeric_text
from app.records.plan import Plan
from app.records.replacing import plan_replacements, stored_with_ids
from app.records.sanitising import plain
from app.records.stamps import without_stamps
from app.store.interface import Document, Filter, Sort

REGULAR: Filter = {"type": "food"}
_QUICK_PICKS: Filter = {"type": "quickpick", "hidden": {"$in": ["false", False]}}
_OLDEST_FIRST: Sort = (("_id", 1),)


class Food(Records):
    """Keeps and finds food and quick picks. Each upload without an ``_id`` is a new one."""

    collection: ClassVar[str] = "food"
    newest_first: ClassVar[Sort] = (("created_at", -1), ("_id", -1))

    def in_order(self, filter: Filter | None = None) -> Iterator[bytes]:
        """Yield the matching food as JSON bytes, in the order in which it was made."""
        return self.search_json(filter, sort=_OLDEST_FIRST)

    def quick_picks(self) -> list[Document]:
        """Return the quick picks that are not hidden, by ``position``, be it a number or text."""
        return sorted(self.search(_QUICK_PICKS, sort=_OLDEST_FIRST), key=_position)

    def _followed(self) -> Filter:
        return {}

    def _normalised(self, document: Mapping[str, Any]) -> list[Document]:
        return [self._whole({**document, "created_at": None})]

    def _whole(self, document: Mapping[str, Any]) -> Document:
        food = without_stamps(plain(document))
        settle_ids(food)
        if not food.get("created_at"):
            food["created_at"] = iso_of(self._clock.now_ms())
        return food

    def _plan(self, batch: Sequence[Document], stamp_ms: int) -> Plan:
        return plan_replacements(batch, stored_with_ids(self._kept, batch), stamp_ms)


def _position(food: Document) -> tuple[bool, float]:
    written = food.get("position")
    place = numeric_text(written) if isinstance(written, str) else written
    return (False, place) if isinstance(place, int | float) else (True, 0)

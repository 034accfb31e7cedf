"""Profiles: basal rates, ratios, sensitivities and targets. A change of settings is a new document."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from app.clock import iso_of
from app.records.collection import Records
from app.records.ids import settle_ids
from app.records.plan import Plan
from app.records.replacing import plan_replacements, stored_with_ids
from app.records.sanitising import cleaned
from app.records.stamps import without_stamps
from app.store.interface import Document, Sort


class Profiles(Records):
    """Keeps and finds profiles."""

    collection: ClassVar[str] = "profile"
    newest_first: ClassVar[Sort] = (("startDate", -1), ("_id", -1))

    def current(self) -> Document | None:
        """Return the profile that started last, or None when there is none."""
        return next(self.search(limit=1), None)

    def _whole(self, document: Mapping[str, Any]) -> Document:
        profile = without_stamps(cleaned(document))
        settle_ids(profile)
        if not profile.get("created_at"):
            profile["created_at"] = iso_of(self._clock.now_ms())
        return profile

    def _plan(self, batch: Sequence[Document], stamp_ms: int) -> Plan:
        return plan_replacements(batch, stored_with_ids(self._kept, batch), stamp_ms)

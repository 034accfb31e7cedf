"""What a file holds and what became of it, counted: the preview, and the report when it is done."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from app.importers.format import Rejected
from app.records.sources.documents import TIME_FIELDS, ms_of
from app.records.sources.kinds import KINDS, kind_of
from app.store.interface import Document

SHOWN_REJECTIONS = 200
SHOWN_NOTES = 50
BAD_SHARE = 0.05
"""More rejected records than this share, and the file is not imported before somebody has said so."""

_LEAST_FOR_A_SHARE = 20
_TIMELESS = ("profile", "food")  # what they say holds for a time that has no end


@dataclass(slots=True)
class Tally:
    """Counts by kind of what is new and what is there already; the first rejections word for word, all by reason.

    ``first_ms`` and ``last_ms`` are the period (UTC epoch ms) of everything usable; ``spans`` those of each collection.
    """

    new: Counter[str] = field(default_factory=Counter)
    known: Counter[str] = field(default_factory=Counter)
    rejected: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    rejections: list[Rejected] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    spans: dict[str, tuple[int, int]] = field(default_factory=dict)

    def add(self, collection: str, document: Document, *, new: bool) -> None:
        """Count a usable record."""
        (self.new if new else self.known)[kind_of(collection, document)] += 1
        at_ms = ms_of(document.get(TIME_FIELDS[collection]))
        if at_ms is not None:
            first_ms, last_ms = self.spans.get(collection, (at_ms, at_ms))
            self.spans[collection] = (min(first_ms, at_ms), max(last_ms, at_ms))

    def reject(self, place: str, why: str) -> None:
        """Count a record that cannot be used."""
        self.rejected += 1
        if len(self.reasons) < SHOWN_REJECTIONS or why in self.reasons:
            self.reasons[why] += 1
        if len(self.rejections) < SHOWN_REJECTIONS:
            self.rejections.append(Rejected(place, why))

    def note(self, text: str) -> None:
        """Take down something worth knowing, once."""
        if text not in self.notes and len(self.notes) < SHOWN_NOTES:
            self.notes.append(text)

    @property
    def usable(self) -> int:
        """Return how many records can be used."""
        return self.new.total() + self.known.total()

    @property
    def is_doubtful(self) -> bool:
        """Tell whether so much of the file was rejected that somebody has to look at it first."""
        whole = self.usable + self.rejected
        return whole >= _LEAST_FOR_A_SHARE and self.rejected > BAD_SHARE * whole

    @property
    def first_ms(self) -> int | None:
        """Return when the oldest record is from."""
        return min((first for name, (first, _) in self.spans.items() if name not in _TIMELESS), default=None)

    @property
    def last_ms(self) -> int | None:
        """Return when the newest record is from."""
        return max((last for name, (_, last) in self.spans.items() if name not in _TIMELESS), default=None)

    @property
    def kinds(self) -> list[tuple[str, int, int]]:
        """Return each kind that is in the file with how many are new and how many are there already."""
        return [(kind, self.new[kind], self.known[kind]) for kind in KINDS if self.new[kind] or self.known[kind]]

    def as_document(self) -> Document:
        """Return the tally as it is stored."""
        return {
            "new": dict(self.new),
            "known": dict(self.known),
            "rejected": self.rejected,
            "reasons": [[why, count] for why, count in self.reasons.most_common(SHOWN_REJECTIONS)],
            "rejections": [[one.place, one.why] for one in self.rejections],
            "notes": list(self.notes),
            "spans": {name: list(span) for name, span in self.spans.items()},
        }


def tally_in(document: Mapping[str, Any]) -> Tally:
    """Return the tally a stored document describes."""
    return Tally(
        new=Counter(document["new"]),
        known=Counter(document["known"]),
        rejected=document["rejected"],
        reasons=Counter(dict(document["reasons"])),
        rejections=[Rejected(place, why) for place, why in document["rejections"]],
        notes=list(document["notes"]),
        spans={name: (span[0], span[1]) for name, span in document["spans"].items()},
    )

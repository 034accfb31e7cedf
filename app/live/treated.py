"""Treatments as the calculations read them, each with the document it was stored as."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from app.glucose.numbers import figure
from app.glucose.profile_history import ProfileSwitch
from app.glucose.units import half_up
from app.live.fields import Document, first_moment, text
from app.records.deletion import is_deleted

_MINUTE_MS = 60_000
_LONGEST_MIN = 100 * 366 * 1440  # what lasts longer has no end


@dataclass(frozen=True, slots=True)
class Treated:
    """Something done: a dose, a meal, a temporary rate, a change of something; absent amounts are None."""

    at_ms: int
    event_type: str
    duration_min: float | None
    insulin_u: float | None
    carbs_g: float | None
    absolute_u_per_h: float | None
    percent: float | None
    relative_u_per_h: float | None
    document: Document

    @property
    def until_ms(self) -> int:
        """When it was meant to end."""
        return self.at_ms + int(min(self.duration_min or 0, _LONGEST_MIN) * _MINUTE_MS)

    def is_about(self, words: str) -> bool:
        """Tell whether these words are part of its type."""
        return words in self.event_type


def treatment_done(document: Document) -> Treated | None:
    """Return the treatment a document tells of, None when it is deleted or has no time."""
    at_ms = first_moment(document, "created_at", "date", "mills", "timestamp")
    return None if at_ms is None or is_deleted(document) else _treated(document, at_ms)


def _treated(document: Document, at_ms: int) -> Treated:
    absolute = figure(document.get("absolute"))
    return Treated(
        at_ms=at_ms,
        event_type=text(document.get("eventType")),
        duration_min=duration_min_of(document),
        insulin_u=figure(document.get("insulin")),
        carbs_g=figure(document.get("carbs")),
        absolute_u_per_h=figure(document.get("amount")) if absolute is None else absolute,
        percent=figure(document.get("percent")),
        relative_u_per_h=figure(document.get("relative")),
        document=document,
    )


def duration_min_of(document: Document) -> float | None:
    """Return how long a treatment was meant to last, where AndroidAPS only tells it in milliseconds too."""
    minutes, exact_ms = figure(document.get("duration")), figure(document.get("durationInMilliseconds"))
    return half_up(exact_ms / _MINUTE_MS) if minutes is None and exact_ms is not None else minutes


def profile_switches(treatments: Iterable[Treated]) -> tuple[ProfileSwitch, ...]:
    """Return the switches between profiles among treatments."""
    return tuple(
        ProfileSwitch(
            at_ms=treated.at_ms,
            profile=text(treated.document.get("profile")),
            duration_min=treated.duration_min,
            profile_json=text(treated.document.get("profileJson")) or None,
            circadian=treated.document.get("CircadianPercentageProfile") is True,
            percentage=figure(treated.document.get("percentage")),
            timeshift_h=figure(treated.document.get("timeshift")),
        )
        for treated in treatments
        if treated.event_type == "Profile Switch"
    )


def is_offline(treatments: Sequence[Treated], now_ms: int) -> bool:
    """Tell whether somebody put the loop out of action for a time that is not over."""
    marked = (treated for treated in reversed(treatments) if treated.event_type == "OpenAPS Offline")
    return any(treated.at_ms <= now_ms <= treated.until_ms for treated in marked)

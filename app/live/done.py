"""What has been done: the last carbs and the last insulin, each with its age, in one line."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from app.glucose.words import age_text, span_text
from app.live.amounts import grams_text, units_text
from app.live.picture import Treatment

_HOUR_MS = 3_600_000
_LONG_AGO_MS = 3 * _HOUR_MS  # from here on it matters that there was none, not how much the last was
_CLOCKS_DIFFER_MS = 60_000


def done_line(treatments: Sequence[Treatment], now_ms: int) -> str:
    """Return ``8 g carbs 11 min ago · 0.40 U 52 min ago``, newest first; ``no carbs for 4 h`` when it is long ago.

    Of one age they are told together: ``30 g carbs, 1.20 U 5 min ago``.
    What is planned for later has not been done; what is not in the picture at all is not spoken of.
    """
    carbs = _last(treatments, now_ms, lambda treatment: treatment.carbs)
    insulin = _last(treatments, now_ms, lambda treatment: treatment.insulin)
    said: dict[str, tuple[int, list[str]]] = {}
    for found, text, none in ((carbs, _carbs_text, "no carbs"), (insulin, units_text, "no insulin")):
        if found:
            at_ms, amount = found
            what, when = _said(text(amount), none, now_ms - at_ms)
            said.setdefault(when, (at_ms, []))[1].append(what)
    newest_first = sorted(said.items(), key=lambda one: -one[1][0])
    return " · ".join(f"{', '.join(what)} {when}" for when, (_, what) in newest_first)


def _last(
    treatments: Sequence[Treatment], now_ms: int, amount_of: Callable[[Treatment], float | None]
) -> tuple[int, float] | None:
    for treatment in reversed(treatments):
        amount = amount_of(treatment)
        if amount and amount > 0 and treatment.at_ms <= now_ms + _CLOCKS_DIFFER_MS:
            return treatment.at_ms, amount
    return None


def _said(amount: str, none: str, age_ms: int) -> tuple[str, str]:
    if age_ms >= _LONG_AGO_MS:
        return none, f"for {span_text(age_ms // _HOUR_MS * _HOUR_MS)}"
    return amount, age_text(age_ms)


def _carbs_text(grams: float) -> str:
    return f"{grams_text(grams)} carbs"

"""Choosing how to answer from the ``Accept`` header, as Express does it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class _Wish:
    main: str
    sub: str
    quality: float
    place: int

    def weight(self, offered: str) -> tuple[float, int, int] | None:
        """Return quality, how specific the wish is and its place, or None when it does not fit."""
        main, sub = offered.split("/")
        if (self.main, self.sub) == (main, sub):
            return self.quality, 2, -self.place
        if (self.main, self.sub) == (main, "*"):
            return self.quality, 1, -self.place
        if (self.main, self.sub) == ("*", "*"):
            return self.quality, 0, -self.place
        return None


def chosen(accept: str, offers: Sequence[str]) -> str | None:
    """Return the offered media type the client likes best, None when it likes none.

    Quality decides, then how specific the client was, then the client's order, then ours. No header likes everything.
    """
    wishes = [wish for place, text in enumerate((accept or "*/*").split(",")) if (wish := _wish(text, place))]
    best: str | None = None
    best_weight: tuple[float, int, int] | None = None
    for offered in offers:
        weights = [weight for wish in wishes if (weight := wish.weight(offered))]
        # The most specific wish for a type is the one that counts for it: "text/*, text/csv;q=0".
        weight = max(weights, key=lambda found: found[1], default=None)
        if weight and weight[0] > 0 and (best_weight is None or weight > best_weight):
            best, best_weight = offered, weight
    return best


def _wish(text: str, place: int) -> _Wish | None:
    name, *parameters = (part.strip() for part in text.split(";"))
    main, slash, sub = name.lower().partition("/")
    if not slash:
        return None
    quality = 1.0
    for parameter in parameters:
        if parameter.startswith("q="):
            try:
                quality = float(parameter[2:])
            except ValueError:
                quality = 0.0
    return _Wish(main, sub, quality, place)

"""Glucose as tables write it: a number in the unit of the file, or a word for below and above what can be measured."""

from __future__ import annotations

from dataclasses import dataclass

from app.glucose.sentinels import HIGH_MGDL, LOW_MGDL
from app.glucose.units import Unit, from_unit
from app.importers.tables import number_in
from app.records.sources.documents import HIGHEST_MGDL, BadRecord

_LOW_WORDS = frozenset(
    {"low", "lo", "niedrig", "tief", "bas", "bajo", "basso", "laag", "baixo", "låg", "lav", "matala"}
)
_HIGH_WORDS = frozenset({"high", "hi", "hoch", "haut", "élevé", "alto", "alta", "hoog", "hög", "høy", "høj", "korkea"})

_MGDL_FROM = 40
"""No meter and no sensor shows 40 mmol/L (720 mg/dL), and hardly any shows a number below 40 in mg/dL."""

_HANDFUL = 10


def unit_in(header: str) -> Unit | None:
    """Return the unit a column's name speaks of, None when it names none."""
    text = header.lower().replace(" ", "")
    if "mmol" in text or "ммоль" in text:
        return Unit.MMOLL
    return Unit.MGDL if "mg/d" in text or "мг/д" in text else None


def glucose_in(text: str, unit: Unit) -> int | None:
    """Return whole mg/dL of a field; None for an empty one and for 0, which everywhere means that there is no reading.

    Raises ``ValueError`` for what is no number and no word for low or high, and for what no device measures.
    """
    if not text:
        return None
    word = text.strip().strip("<>").lower()
    if word in _LOW_WORDS:
        return LOW_MGDL
    if word in _HIGH_WORDS:
        return HIGH_MGDL
    number = number_in(text)
    if not number:
        return None
    mgdl = from_unit(number, unit)
    if not 0 < mgdl <= HIGHEST_MGDL:
        raise BadRecord(f"{text.strip()[:20]} {unit} is no reading")
    return mgdl


@dataclass(slots=True)
class Magnitude:
    """Finds out in which unit the glucose of a file is written, by all of it. What is no number says nothing."""

    count: int = 0
    most: float = 0.0

    def see(self, text: str) -> None:
        """Take note of one field."""
        try:
            number = number_in(text)
        except ValueError:
            return
        if number and number > 0:
            self.count += 1
            self.most = max(self.most, number)

    @property
    def unit(self) -> Unit | None:
        """Return the unit the numbers can only be in, None for a handful that may be in either."""
        if self.most >= _MGDL_FROM:
            return Unit.MGDL
        return Unit.MMOLL if self.count >= _HANDFUL else None

    def proposed(self, named: Unit | None) -> tuple[Unit | None, tuple[str, ...]]:
        """Return the unit to propose where the file names this one, and what to warn of.

        None is proposed where nothing tells, and where the file says one thing and its numbers another.
        """
        if named is None or self.unit in (None, named):
            return named or self.unit, ()
        return None, (f"The file says that glucose is in {named}, but its numbers look like {self.unit}.",)

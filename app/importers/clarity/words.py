"""What the words in Clarity's rows mean, in the languages it speaks; which fields are filled tells the rest."""

from __future__ import annotations

from collections import Counter
from enum import StrEnum

from app.importers.clarity.columns import Line


class Kind(StrEnum):
    """What a row is about."""

    READING = "reading"
    CALIBRATION = "calibration"
    INSULIN = "insulin"
    CARBS = "carbs"
    EXERCISE = "exercise"
    NOTE = "note"


_READINGS = frozenset({"egv", "egw"})
_CALIBRATIONS = ("calib", "kalib", "étal", "etal", "калиб", "βαθμον", "校", "보정")
_ALERTS = ("alert", "alarm", "warn", "waarsch", "avis", "avviso", "aviso", "hälyt", "varsel", "varning", "ostrze")
_EXERCISES = ("exerc", "ejerc", "eserc", "sport", "beweg", "train", "träning", "trening", "motion", "liikun")
_NOTES = ("note", "notiz", "nota", "notit", "remarque", "anteck", "notat", "muist", "uwag", "pozn", "замет")
_LONG = ("long", "lang", "lent", "lång", "depot", "basal", "verzög", "retard", "pitkä", "dług", "dlouh", "длит")
_FAST = ("fast", "rapid", "rápid", "schnell", "snel", "snabb", "hurti", "rask", "nopea", "szybk", "rychl", "быстр")

_MOST_WORDS = 200
_MOST_OF_ALL = 0.6


class Words:
    """The words by which a file calls its kinds of records, found out from all rows."""

    def __init__(self) -> None:
        self._with_glucose: Counter[str] = Counter()
        self._commonest: str | None = None

    def see(self, line: Line) -> None:
        """Take note of a row that has a time and a glucose value."""
        word = _word(line.type)
        if word in self._with_glucose or len(self._with_glucose) < _MOST_WORDS:
            self._with_glucose[word] += 1

    def settle(self) -> None:
        """Find out which word is the one for a reading, in a language whose word we do not know."""
        if not self._with_glucose or _READINGS & self._with_glucose.keys():
            return
        word, count = self._with_glucose.most_common(1)[0]
        if not word.startswith((*_CALIBRATIONS, *_ALERTS)) and count >= _MOST_OF_ALL * self._with_glucose.total():
            self._commonest = word

    def kind_of(self, line: Line) -> Kind:
        """Return what a row is about."""
        word = _word(line.type)
        if word in _READINGS or word == self._commonest:
            return Kind.READING
        if word.startswith(_CALIBRATIONS):
            return Kind.CALIBRATION
        if word.startswith(_ALERTS) or line.glucose:
            return Kind.NOTE
        if word.startswith(_EXERCISES):
            return Kind.EXERCISE
        if line.insulin:
            return Kind.INSULIN
        if line.carbs:
            return Kind.CARBS
        return Kind.EXERCISE if line.duration else Kind.NOTE


def is_long_acting(subtype: str) -> bool | None:
    """Tell whether insulin is long-acting by a row's subtype, None where it says neither."""
    word = _word(subtype)
    if any(part in word for part in _LONG):
        return True
    return False if any(part in word for part in _FAST) else None


def is_note(type_word: str) -> bool:
    """Tell whether a type is what somebody wrote, so that its own name adds nothing."""
    return _word(type_word).startswith(_NOTES)


def _word(text: str) -> str:
    return text.strip().lower()

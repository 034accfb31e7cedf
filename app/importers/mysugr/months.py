"""Dates that spell the month: ``Mar 14, 2026``, ``14. März 2026``, ``14 de marzo de 2026``."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from datetime import date

_STEMS: Mapping[int, tuple[str, ...]] = {
    1: ("jan", "ene", "gen", "sty", "led", "oca", "янв"),
    2: ("feb", "fev", "lut", "uno", "sub", "фев"),
    3: ("mar", "maa", "mrt", "mrz", "mae", "bre", "мар"),
    4: ("apr", "avr", "abr", "kwi", "dub", "nis", "апр"),
    5: ("may", "mai", "maj", "mei", "mag", "kve", "май", "мая"),
    6: ("jun", "juin", "giu", "cze", "haz", "июн"),
    7: ("jul", "juil", "lug", "lip", "tem", "июл"),
    8: ("aug", "aou", "ago", "sie", "srp", "ağu", "авг"),
    9: ("sep", "set", "wrz", "zar", "eyl", "сен"),
    10: ("oct", "okt", "out", "ott", "paz", "rij", "eki", "окт"),
    11: ("nov", "lis", "kas", "ноя"),
    12: ("dec", "dez", "dic", "des", "gru", "pro", "ara", "дек"),
}
"""How the names of the months begin, without accents, in the languages apps for people with diabetes come in."""

_BY_STEM = {stem: month for month, stems in _STEMS.items() for stem in stems}
_WORDS = re.compile(r"[^\W\d_]+")
_NUMBERS = re.compile(r"\d+")


def date_in_words(text: str) -> date | None:
    """Return the date a text spells, None when it names no month, no day or no year of four digits."""
    months = [month for word in _WORDS.findall(_plain(text)) if (month := _month(word))]
    numbers = [int(number) for number in _NUMBERS.findall(text)]
    years = [number for number in numbers if number >= 1000]
    days = [number for number in numbers if number < 1000]
    if len(months) != 1 or len(years) != 1 or len(days) != 1:
        return None
    try:
        return date(years[0], months[0], days[0])
    except (ValueError, OverflowError):
        return None


def _month(word: str) -> int | None:
    return _BY_STEM.get(word[:4]) or (_BY_STEM.get(word[:3]) if len(word) >= 3 else None)


def _plain(text: str) -> str:
    decomposed = unicodedata.normalize("NFD", text.lower())
    # The breve of a Cyrillic letter is part of the letter.
    bare = "".join(sign for sign in decomposed if not unicodedata.combining(sign) or sign == "\u0306")
    return unicodedata.normalize("NFC", bare)

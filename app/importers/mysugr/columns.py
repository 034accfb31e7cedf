"""Which column of mySugr's table is which, by the words of its name in the languages the app comes in."""

from __future__ import annotations

import csv
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from app.glucose.units import Unit
from app.importers.bounded import Opened
from app.importers.readings import unit_in
from app.importers.tables import delimiter_of, number_in, plain_header, text_of

_LINES_LOOKED_AT = 5

_DATE = r"(date|datum|fecha|data|dato)"
_TIME = r"(time|zeit|uhrzeit|heure|hora|ora|tijd|tid|klokkeslett|czas|godzina)"
_ZONE = r"time ?zone|zeitzone|fuseau|zona horaria|fuso|tijdzone|tidszon|tidssone|strefa"
_TEMPORARY = r"temp|tijdelijk|tillfallig|midlertidig|tymczas"
_LENGTH = r"duration|dauer|duree|duracion|durata|duur|duracao|varaktighet|varighe|czas|minut|langd"
_MEAL = r"meal|mahlzeit|essen|repas|comida|pasto|pasti|maaltijd|refeic|maltid|posil"
_WORDS = r"descri|beschreib|beschrijv|beskriv|opis"
_ACTIVITY = r"activ|aktiv|attivit|aktyw|exerc"

_RULES: Sequence[tuple[str, tuple[str, ...]]] = (
    ("zone", (_ZONE,)),
    ("date", (rf"^{_DATE}$",)),
    ("time", (rf"^{_TIME}$",)),
    ("temp_min", (_TEMPORARY, _LENGTH)),
    ("temp_percent", (_TEMPORARY,)),
    ("ketones", (r"keton|cetona|cetone|cheton|cetonas",)),
    ("long", (r"basal|basis|bazal|bazow",)),
    ("pen", (r"insul", r"\bpen\b|stylo|pluma|penna|caneta|wstrzykiwacz")),
    ("pump", (r"insul", r"pump|pompe|bomba|pompa|\bpomp|infusor")),
    ("meal", (r"insul", _MEAL)),
    ("correction", (r"insul", r"corre|korre|korek")),
    ("carbs", (r"carbo|kohlenhydrat|glucid|hidrat|koolhydrat|kolhydrat|kulhydrat|karbohydrat|weglowodan",)),
    ("meal_words", (_MEAL, _WORDS)),
    ("activity_min", (_ACTIVITY, _LENGTH)),
    ("activity_words", (_ACTIVITY, _WORDS)),
    ("steps", (r"^(steps|schritte|pas|pasos|passi|stappen|passos|steg|skridt|skritt|kroki)\b",)),
    ("tags", (r"^(tags?|etiquet|etichett|labels?|taggar|mots-cles)",)),
    ("note", (r"^(note|notiz|nota|notitie|anteckning|notat|comment|kommentar|opmerking)",)),
    ("food", (r"^(food|lebensmittel|aliment|tipo de comida|voedsel|livsmedel|type d.aliment)",)),
    ("medication", (r"medica|medika|farmac|\bleki",)),
    ("pressure", (r"pressure|blutdruck|tension|presion|pressione|bloeddruk|blodtryck|pressao",)),
    ("weight", (r"weight|gewicht|poids|peso|vikt|vekt|vaegt|masa",)),
    ("hba1c", (r"hba1c|a1c",)),
    ("place", (r"^(location|ort|lieu|lugar|luogo|locatie|plats|sted|localiza|posizione|ubicacion)",)),
)
_SUGAR = re.compile(r"sugar|glucose|zucker|glyc|gluc|glic|suiker|socker|sukker|cukr|glik|glyk")
_ASKED_FOR = ("glucose", "long", "carbs")
_FACTOR = re.compile(r"\d+(?:[.,]\d+)?")
_GRAMS = re.compile(r"gram|\(g\b|\bg\)")
_LARGEST_FACTOR = 50.0
NOT_IMPORTED: Mapping[str, str] = {
    "steps": "steps",
    "pressure": "blood pressure",
    "weight": "weight",
    "hba1c": "HbA1c",
    "place": "places",
}
"""Columns that are left where they are."""


@dataclass(frozen=True, slots=True)
class Columns:
    """How a file is laid out. ``header_row`` counts from 1; ``carb_g`` is what 1 of its carbs are in grams, None where
    the header does not say.
    """

    header_row: int
    delimiter: str
    places: Mapping[str, int]
    unit: Unit | None
    carb_g: float | None


def columns_of(file: Opened) -> Columns | None:
    """Return the columns of a file, None for a table that is none of mySugr's."""
    lines = re.split(r"\r\n?|\n", text_of(file.unpacked_head), maxsplit=_LINES_LOOKED_AT)[:_LINES_LOOKED_AT]
    for number, line in enumerate(lines, 1):
        delimiter = delimiter_of(line)
        try:
            header = next(csv.reader([line], delimiter=delimiter), [])
        except csv.Error:
            continue
        places = _places(header)
        if all(name in places for name in _ASKED_FOR) and ("pen" in places or "pump" in places):
            unit = unit_in(header[places["glucose"]])
            return Columns(number, delimiter, places, unit, _carb_g(header[places["carbs"]]))
    return None


def _places(header: Sequence[str]) -> dict[str, int]:
    places: dict[str, int] = {}
    for place, written in enumerate(header):
        name = _bare(plain_header(written))
        places.setdefault(_meaning(name), place)
    places.pop("", None)
    # Date and time lead in every language, whatever they are called there.
    for leading, name in enumerate(("date", "time")):
        if name not in places and leading not in places.values():
            places[name] = leading
    return places


def _meaning(name: str) -> str:
    if _SUGAR.search(name) and unit_in(name) and "glucid" not in name and not re.search(r"keton|ceton|cheton", name):
        return "glucose"
    return next((meaning for meaning, words in _RULES if all(re.search(word, name) for word in words)), "")


def _carb_g(name: str) -> float | None:
    bare = _bare(plain_header(name))
    numbers = [number_in(text) or 0.0 for text in _FACTOR.findall(bare)]
    if numbers:
        return numbers[-1] if 0 < numbers[-1] <= _LARGEST_FACTOR else None
    return 1.0 if _GRAMS.search(bare) else None


def _bare(text: str) -> str:
    return "".join(sign for sign in unicodedata.normalize("NFD", text) if not unicodedata.combining(sign))

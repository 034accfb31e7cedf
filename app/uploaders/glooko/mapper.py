"""Turns Glooko's records into documents; pure functions. Basal rates are in ``basals.py``, points in ``graph.py``.

Each takes one record and its ``Origin`` and returns the documents it makes: none for one that says nothing happened.
The names of the fields differ by resource and are not described anywhere: the first that is there counts. What is not
certain is not guessed: a dose is read only from a field that is one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.records.sources.acts import (
    LONGEST_MIN,
    MOST_CARBS_G,
    MOST_INSULIN_U,
    Act,
    bg_check,
    bolus,
    carb_correction,
    combo_bolus,
    event,
    exercise,
    long_acting,
)
from app.records.sources.documents import (
    BadRecord,
    amount_of,
    glucose_of,
    identifier_of,
    meter_entry,
    sensor_entry,
)
from app.records.sources.pump_words import changes_in
from app.store.interface import Document
from app.uploaders.glooko.moments import Moment

DEVICE = "nightlight-glooko"

HIGHEST_EXTENDED_U_PER_H = 10.0
"""The unit of an extended bolus's duration is not known: as seconds it is believed up to this rate."""

LONGEST_EXTENDED_MIN, SHORTEST_EXTENDED_MIN = 24 * 60, 5
"""No pump extends a bolus for longer than a day, or for a moment."""

_LONGEST_TEXT = 500
_HUNDREDTHS = 100
_GLUCOSE = ("glucoseValue", "value")
_DELIVERED = ("insulinDelivered", "totalInsulinDelivered")
_INITIAL = ("initialDelivery", "initialInsulinDelivered", "initialDelivered")
_EXTENDED = ("extendedDelivery", "extendedInsulinDelivered", "extendedDelivered")
_INJECTED = (*_DELIVERED, "units", "dose", "amount", "insulin")
_CARBS = ("carbsInput", "carbs", "carbohydrates", "totalCarbs", "grams")
_NAMES = ("name", "description", "title", "type")
_INSULIN_NAMES = ("insulinName", "medicationName", "insulinType", "name", "type")
_ALARM_NAMES = (
    "description",
    "alarmDescription",
    "message",
    "alarmName",
    "name",
    "alarmType",
    "type",
    "alarmCode",
    "code",
)
_EVENT_NAMES = ("eventType", "type", "name", "event", "eventName", "description")
_NOTE_TEXTS = ("text", "note", "notes", "content", "body", "value", "description")
_BY_THE_PUMP = ("automatic", "isAutomatic", "isAutomated", "automated", "isAutomaticBolus")


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a record comes from and when it happened; ``guid`` is the vendor's own name for it."""

    account: str
    guid: str
    at_ms: int
    offset_min: int | None = None

    @classmethod
    def at(cls, account: str, guid: str, moment: Moment) -> Origin:
        """Return the origin of a record that happened at a moment."""
        return cls(account, guid, moment.at_ms, moment.offset_min)

    def identifier(self, slot: str) -> str:
        """Return the identifier of the document a record makes in ``slot``."""
        return identifier_in(self.account, slot, self.guid)

    def act(self, slot: str, notes: str = "") -> Act:
        """Return what a treatment made of the record says of itself."""
        return {
            "identifier": self.identifier(slot),
            "at_ms": self.at_ms,
            "entered_by": DEVICE,
            "offset_min": self.offset_min,
            "notes": notes,
        }


def identifier_in(account: str, slot: str, guid: str) -> str:
    """Return the identifier of the document that a record of an account makes in ``slot``."""
    return identifier_of("glooko", account, slot, guid)


def first_of(record: Mapping[str, Any], names: Iterable[str]) -> Any:
    """Return the first of some fields that holds something, None when none does."""
    return next((record[name] for name in names if record.get(name) not in (None, "")), None)


def text_of(record: Mapping[str, Any], names: Iterable[str]) -> str:
    """Return the first of some fields that holds text or a number, as one line of bearable length."""
    found = next((record[name] for name in names if isinstance(record.get(name), str | int) and record[name]), "")
    return " ".join(str(found).split())[:_LONGEST_TEXT]


def glucose_in(record: Mapping[str, Any]) -> int:
    """Return mg/dL: Glooko writes hundredths of it, whatever unit its user sees. Raises ``BadRecord``."""
    value = first_of(record, _GLUCOSE)
    if isinstance(value, str):
        value = amount_of(value, most=_HUNDREDTHS * 1000, what="glucose")
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise BadRecord("the glucose is not a number")
    return glucose_of(value / _HUNDREDTHS)


def sensor_reading(record: Mapping[str, Any], origin: Origin) -> list[Document]:
    """Return the entry for a reading of a sensor; Glooko tells no arrow."""
    return [
        sensor_entry(
            identifier=origin.identifier("egv"),
            at_ms=origin.at_ms,
            glucose_mgdl=glucose_in(record),
            device=DEVICE,
            offset_min=origin.offset_min,
        )
    ]


def meter_reading(record: Mapping[str, Any], origin: Origin) -> list[Document]:
    """Return the entry and the BG Check for a reading of a meter."""
    glucose_mgdl = glucose_in(record)
    entry = meter_entry(
        identifier=origin.identifier("reading"),
        at_ms=origin.at_ms,
        glucose_mgdl=glucose_mgdl,
        device=DEVICE,
        offset_min=origin.offset_min,
    )
    return [entry, bg_check(glucose_mgdl=glucose_mgdl, **origin.act("reading_check"))]


def normal_bolus(record: Mapping[str, Any], origin: Origin) -> list[Document]:
    """Return a bolus: with carbs only where they are on the same record."""
    insulin_u, carbs_g = insulin_in(record), _carbs_in(record)
    if not insulin_u:
        return [carb_correction(carbs_g=carbs_g, **origin.act("normal_bolus"))] if carbs_g else []
    return [
        bolus(
            insulin_u=insulin_u,
            carbs_g=carbs_g,
            automatic=is_by_the_pump(record),
            **origin.act("normal_bolus"),
        )
    ]


def extended_bolus(record: Mapping[str, Any], origin: Origin) -> list[Document]:
    """Return a Combo Bolus: the part that was given at once, and the rest over its time."""
    now_u, extended_u = _parts_of(record)
    carbs_g = _carbs_in(record)
    act = origin.act("extended_bolus")
    if not now_u and not extended_u:
        return [carb_correction(carbs_g=carbs_g, **act)] if carbs_g else []
    duration_min = extended_minutes(extended_u, amount_of(record.get("duration"), most=1e6, what="duration"))
    if extended_u and not duration_min:
        # Nobody says over what time: the dose is told, its shape is not invented.
        now_u, extended_u = now_u + extended_u, 0.0
    return [
        combo_bolus(
            now_u=now_u,
            extended_u=extended_u,
            duration_min=duration_min,
            carbs_g=carbs_g,
            automatic=is_by_the_pump(record),
            **act,
        )
    ]


def extended_minutes(extended_u: float, duration: float) -> float:
    """Return how many minutes a duration means that may be of seconds or of minutes.

    Seconds, unless that is faster or shorter than pumps extend a bolus, and minutes are a time they can.
    """
    if not duration or not extended_u:
        return 0.0
    as_seconds_min = duration / 60
    rate_u_per_h = extended_u / (as_seconds_min / 60)
    is_plausible = rate_u_per_h <= HIGHEST_EXTENDED_U_PER_H and as_seconds_min >= SHORTEST_EXTENDED_MIN
    if is_plausible or duration > LONGEST_EXTENDED_MIN:
        return round(as_seconds_min, 2)
    return duration


def injection(record: Mapping[str, Any], origin: Origin) -> list[Document]:
    """Return the bolus for an injection of rapid-acting insulin."""
    insulin_u = _injected_in(record)
    notes = text_of(record, _INSULIN_NAMES)
    return (
        [bolus(insulin_u=insulin_u, carbs_g=_carbs_in(record), **origin.act("injection", notes))] if insulin_u else []
    )


def long_injection(record: Mapping[str, Any], origin: Origin) -> list[Document]:
    """Return the note for an injection of long-acting insulin."""
    insulin_u = _injected_in(record)
    notes = text_of(record, _INSULIN_NAMES)
    return [long_acting(insulin_u=insulin_u, **origin.act("injection", notes))] if insulin_u else []


def noted_insulin(record: Mapping[str, Any], origin: Origin) -> list[Document]:
    """Return what somebody entered in a sensor's app: a bolus, or a note where it says that it was long-acting."""
    kind = text_of(record, ("insulinType", "eventSubType", "subType", "type", "name")).lower()
    is_long = any(word in kind for word in ("long", "basal", "slow"))
    return long_injection(record, origin) if is_long else injection(record, origin)


def food(record: Mapping[str, Any], origin: Origin) -> list[Document]:
    """Return the carbs of something that was eaten."""
    carbs_g = _carbs_in(record)
    if not carbs_g:
        return []
    return [
        carb_correction(
            carbs_g=carbs_g,
            fat_g=_nutrient(record, "fat"),
            protein_g=_nutrient(record, "protein"),
            **origin.act("food", text_of(record, _NAMES)),
        )
    ]


def pump_event(record: Mapping[str, Any], origin: Origin) -> list[Document]:
    """Return the changes an event of a pump means: a new pod is a new site and new insulin. Others say nothing here."""
    words = text_of(record, _EVENT_NAMES)
    return [event(kind, **origin.act(slot)) for kind, slot in changes_in(words)]


def alarm(record: Mapping[str, Any], origin: Origin) -> list[Document]:
    """Return the note for an alarm of the pump. Raises ``BadRecord`` for one that does not say what for."""
    words = text_of(record, _ALARM_NAMES)
    if not words:
        raise BadRecord("an alarm does not say what for")
    return [event("Note", **origin.act("alarm", f"Pump alarm: {words}"))]


def note(record: Mapping[str, Any], origin: Origin) -> list[Document]:
    """Return a note somebody wrote."""
    words = text_of(record, _NOTE_TEXTS)
    return [event("Note", **origin.act("note", words))] if words else []


def activity(record: Mapping[str, Any], origin: Origin) -> list[Document]:
    """Return an activity; Glooko counts its duration in seconds."""
    duration_min = amount_of(record.get("duration"), most=60 * LONGEST_MIN, what="duration") / 60
    words = ", ".join(filter(None, (text_of(record, _NAMES), text_of(record, ("intensity",)))))
    return [exercise(duration_min=round(duration_min, 2) or None, **origin.act("exercise", words))]


def is_by_the_pump(record: Mapping[str, Any]) -> bool:
    """Tell whether a pump decided on a bolus by itself."""
    if any(record.get(name) in (True, "true", 1) for name in _BY_THE_PUMP):
        return True
    return text_of(record, ("bolusType", "deliveryType", "type")).lower().startswith("auto")


def insulin_in(record: Mapping[str, Any], names: Sequence[str] = _DELIVERED) -> float:
    """Return the insulin a record tells, in units. Raises ``BadRecord`` where it tells none."""
    found = first_of(record, names)
    if found is None:
        raise BadRecord("a dose does not say how much was given")
    return amount_of(found, most=MOST_INSULIN_U, what="insulin")


def _injected_in(record: Mapping[str, Any]) -> float:
    if any(record.get(name) in (True, "true", 1) for name in ("isPrime", "prime", "primed", "isPriming")):
        return 0.0
    return insulin_in(record, _INJECTED)


def _parts_of(record: Mapping[str, Any]) -> tuple[float, float]:
    """Return what an extended bolus gave at once and later; a total alone was all given later."""
    initial, later, total = (first_of(record, names) for names in (_INITIAL, _EXTENDED, _DELIVERED))
    if initial is None and later is None and total is None:
        raise BadRecord("a dose does not say how much was given")
    now_u, extended_u, total_u = (
        amount_of(one, most=MOST_INSULIN_U, what="insulin") for one in (initial, later, total)
    )
    if later is None:
        return now_u, max(0.0, round(total_u - now_u, 3))
    if initial is None and total is not None:
        return max(0.0, round(total_u - extended_u, 3)), extended_u
    return now_u, extended_u


def _carbs_in(record: Mapping[str, Any]) -> float:
    return amount_of(first_of(record, _CARBS), most=MOST_CARBS_G, what="carbs")


def _nutrient(record: Mapping[str, Any], name: str) -> float | None:
    try:
        return amount_of(record.get(name), most=MOST_CARBS_G, what=name) or None
    except BadRecord:
        return None

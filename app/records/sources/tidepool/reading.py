"""Going through many records: what each becomes, and which of them speak of one event.

Records are gone through twice. ``see`` takes note of those that others are joined with, ``documents`` makes documents
of each, and ``rest`` of what was to be joined and found nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import tzinfo
from typing import Any

from app.records.sources.documents import MINUTE_MS, BadRecord
from app.records.sources.tidepool.events import activity, device_event
from app.records.sources.tidepool.glucose import calibration, is_repeated, ketones, mgdl_in, reading, stick
from app.records.sources.tidepool.insulin import basal, given, injection, is_given
from app.records.sources.tidepool.meals import Meals, bolus_named_in, bolus_within, food, lone_meal, meal_in
from app.records.sources.tidepool.record import Record, record_of, text_of, type_of
from app.records.sources.tidepool.settings import Settings, settings_of
from app.store.interface import Document

TYPES = (
    *("cbg", "smbg", "bloodKetone", "bolus", "wizard", "insulin", "food", "basal", "deviceEvent", "physicalActivity"),
    "pumpSettings",
)
"""The types of records that become documents."""

_SAME_STICK_MIN = 5
"""A calibration this near to a finger stick of its value is that finger stick."""

_SAME_READING_MIN = 2
"""A pump's repetition this near to a sensor's own reading is that reading."""

_DAY_MIN = 24 * 60


class _Minutes:
    """Minutes in which something was, a few bytes for each day."""

    def __init__(self) -> None:
        self._by_day: dict[int, int] = {}

    def add(self, at_ms: int) -> None:
        """Remember the minute of an instant."""
        day, minute = divmod(at_ms // MINUTE_MS, _DAY_MIN)
        self._by_day[day] = self._by_day.get(day, 0) | 1 << minute

    def has_near(self, at_ms: int, minutes: int) -> bool:
        """Tell whether something was at most so many minutes from an instant."""
        around = range(at_ms // MINUTE_MS - minutes, at_ms // MINUTE_MS + minutes + 1)
        return any(self._by_day.get(each // _DAY_MIN, 0) >> each % _DAY_MIN & 1 for each in around)


@dataclass(frozen=True, slots=True)
class Made:
    """A document, and the type and moment (UTC epoch ms) of the record it was made of.

    ``fills`` is true for a reading that counts only where no other is near.
    """

    collection: str
    document: Document
    type: str
    at_ms: int
    fills: bool = False


class Reading:
    """Goes through the records of one person.

    ``zone_at`` tells by which clock the person lived at an instant. ``knows_profile``: scheduled basal is in a profile
    and need not be told. Without ``joins_meals`` carbs stay apart from boluses; without ``has_carbs`` there are none.
    """

    def __init__(
        self,
        now_ms: int,
        zone_at: Callable[[int], tzinfo],
        *,
        knows_profile: bool,
        joins_meals: bool = True,
        has_carbs: bool = True,
    ) -> None:
        self._now_ms = now_ms
        self._zone_at = zone_at
        self._joins_meals = joins_meals
        self._has_carbs = has_carbs
        self._meals = Meals()
        self._sticks: set[tuple[int, int]] = set()
        self._sensed = _Minutes()
        self.knows_profile = knows_profile

    def see(self, fields: Any) -> None:
        """Take note of a record that others may be joined with. What cannot be used is judged in ``documents``."""
        try:
            type = type_of(fields)
            if type == "wizard" and self._has_carbs:
                record = record_of(fields, self._now_ms)
                meal = meal_in(record)
                if meal is not None:
                    self._meals.add(meal, bolus_named_in(record))
            elif type == "smbg":
                record = record_of(fields, self._now_ms)
                self._sticks.add((record.at_ms // MINUTE_MS, mgdl_in(record.get("value"), record.get("units"))))
            elif type == "cbg":
                record = record_of(fields, self._now_ms)
                if not is_repeated(record):
                    self._sensed.add(record.at_ms)
        except (BadRecord, TypeError, ValueError, ArithmeticError):
            return

    def documents(self, fields: Any) -> Iterator[Made]:
        """Yield the documents of a record, none for one of no use here. Raises ``BadRecord`` for one that is broken."""
        if type_of(fields) not in TYPES:
            return
        try:
            record = record_of(fields, self._now_ms)
            for collection, document, fills in self._of(record):
                yield Made(collection, document, record.type, record.at_ms, fills)
        except BadRecord:
            raise
        except (TypeError, ValueError, LookupError, AttributeError, ArithmeticError):
            raise BadRecord("a record has an unknown shape") from None

    def settings(self, fields: Any) -> Settings | None:
        """Return what a pump is set to by a record, None for a record of something else. Raises ``BadRecord``."""
        if type_of(fields) != "pumpSettings":
            return None
        record = record_of(fields, self._now_ms)
        try:
            return settings_of(record, getattr(self._zone_at(record.at_ms), "key", ""))
        except BadRecord:
            raise
        except (TypeError, ValueError, LookupError, AttributeError, ArithmeticError):
            raise BadRecord("the settings of a pump have an unknown shape") from None

    def rest(self) -> Iterator[Made]:
        """Yield the carbs whose bolus did not come."""
        for meal in self._meals.alone():
            yield Made("treatments", lone_meal(meal), "wizard", meal.at_ms)

    def joined(self) -> Iterator[tuple[str, int]]:
        """Yield the identifiers carbs went by as long as their bolus was not there, with the moment of the bolus."""
        return ((meal.act["identifier"], at_ms) for meal, at_ms in self._meals.joined())

    def _of(self, record: Record) -> Iterator[tuple[str, Document, bool]]:
        match record.type:
            case "cbg":
                entry, repeated = reading(record), is_repeated(record)
                if not (repeated and self._sensed.has_near(record.at_ms, _SAME_READING_MIN)):
                    yield "entries", entry, repeated
            case "smbg":
                for collection, document in stick(record):
                    yield collection, document, False
            case "deviceEvent" if record.get("subType") == "calibration":
                if not self._is_stick(record):
                    yield "entries", calibration(record), False
            case _:
                for treatment in self._treatments(record):
                    if treatment is not None:
                        yield "treatments", treatment, False

    def _treatments(self, record: Record) -> Iterator[Document | None]:
        match record.type:
            case "bolus":
                yield self._bolus(record)
            case "wizard":
                inner = bolus_within(record)
                yield self._bolus(record_of(inner, self._now_ms)) if inner else None
            case "insulin":
                yield injection(record)
            case "food":
                yield food(record, self._meals) if self._has_carbs else None
            case "basal":
                yield from basal(record, knows_profile=self.knows_profile)
            case "deviceEvent":
                yield device_event(record)
            case "physicalActivity":
                yield activity(record)
            case "bloodKetone":
                yield ketones(record)

    def _bolus(self, record: Record) -> Document | None:
        # The carbs of a bolus that was cancelled were eaten all the same, or nobody would have told of them.
        joins = self._joins_meals and is_given(record)
        meal = self._meals.take(text_of(record.get("id")), record.at_ms) if joins else None
        return given(record, meal)

    def _is_stick(self, record: Record) -> bool:
        minute, mgdl = record.at_ms // MINUTE_MS, mgdl_in(record.get("value"), record.get("units"))
        return any((minute + apart, mgdl) in self._sticks for apart in range(-_SAME_STICK_MIN, _SAME_STICK_MIN + 1))

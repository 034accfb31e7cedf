"""Turns rows of a CareLink export into documents, as the uploader of CareLink turns what the cloud shows."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

from app.glucose.units import Unit
from app.glucose.wall_clock import Came, Placed
from app.importers.carelink.boluses import (
    DELIVERED,
    Boluses,
    Given,
    Wizard,
    grams_of,
    is_automatic,
    is_micro,
    minutes_in,
)
from app.importers.carelink.overview import Overview
from app.importers.carelink.sections import Line
from app.importers.format import Found, Item, Rejected, Said
from app.importers.readings import glucose_in
from app.importers.tables import number_in
from app.records.sources.acts import (
    LONGEST_MIN,
    MOST_CARBS_G,
    MOST_INSULIN_U,
    MOST_RATE_U_PER_H,
    Act,
    bg_check,
    carb_correction,
    combo_bolus,
    event,
    exercise,
    temp_basal,
    treatment,
)
from app.records.sources.documents import BadRecord, amount_of, identifier_of, meter_entry, sensor_entry
from app.store.interface import Document

VENDOR = "carelink-csv"
SOURCE = "nightlight-import CareLink"

_LEAST_U = 0.0005
_MOST_PERCENT = 500.0
_LONGEST_NOTE = 2000
_CONNECTED = "sensor connected"
_BOUNDARY = re.compile(r"(start|end)\b( of)?( the)?( day)?( marker)?", re.IGNORECASE)
_GRAMS = re.compile(r"(\d+(?:[.,]\d+)?)\s*(?:g\b|gr\b|grams?\b)", re.IGNORECASE)

Documents = Iterator[tuple[str, Document]]


class Mapper:
    """Maps row after row; ``exchange_g`` are the grams of carbohydrate in one exchange, None where nobody knows."""

    def __init__(self, unit: Unit, overview: Overview, exchange_g: float | None) -> None:
        self._unit = unit
        self._overview = overview
        self._exchange_g = exchange_g
        self._unused_carbs = 0
        self._parts: tuple[Callable[[Line, datetime, Placed], Documents], ...] = (
            self._sensor,
            self._stick,
            self._calibration,
            self._bolus,
            self._carbs_alone,
            self._temp_basal,
            self._suspension,
            self._change,
            self._announcement,
            self._marker,
        )

    def items(self, line: Line, local: datetime, placed: Placed) -> Iterator[Item]:
        """Yield the documents of a row; what one of its fields says wrong costs the others nothing."""
        for part in self._parts:
            try:
                for collection, document in part(line, local, placed):
                    yield Found(collection, document, line.place)
            except ValueError as problem:
                yield Rejected(line.place, str(problem))

    def notes(self) -> Iterator[Said]:
        """Yield what there is to say at the end."""
        if self._overview.boluses.cancelled:
            yield Said(f"{self._overview.boluses.cancelled} boluses were chosen and nothing of them was delivered.")
        if self._unused_carbs:
            yield Said(
                f"{self._unused_carbs} times carbs were entered into the calculator and no bolus followed; "
                "these carbs are left out."
            )
        if self._overview.open_suspensions:
            yield Said(
                f"{self._overview.open_suspensions} suspensions are left out: the file does not say when they ended."
            )

    def _sensor(self, line: Line, local: datetime, placed: Placed) -> Documents:
        mgdl = glucose_in(line.at("sensor glucose"), self._unit)
        if mgdl:
            yield (
                "entries",
                sensor_entry(
                    identifier=identifier_of(VENDOR, line.section.serial, "sgv", key_of(local, placed)),
                    at_ms=placed.at_ms,
                    glucose_mgdl=mgdl,
                    device=SOURCE,
                    offset_min=placed.offset_min,
                ),
            )

    def _stick(self, line: Line, local: datetime, placed: Placed) -> Documents:
        mgdl = glucose_in(line.at("bg reading"), self._unit)
        if mgdl:
            yield from self._finger_stick(line, local, placed, mgdl, "")

    def _calibration(self, line: Line, local: datetime, placed: Placed) -> Documents:
        text = line.at("sensor calibration bg")
        mgdl = glucose_in(text, self._unit)
        if mgdl and not line.at("bg reading") and not self._overview.is_known_stick(line, local, text):
            refused = line.at("sensor calibration rejected reason")
            notes = f"Calibration, not accepted: {words_in(refused)}" if refused else "Calibration"
            yield from self._finger_stick(line, local, placed, mgdl, notes)

    def _finger_stick(self, line: Line, local: datetime, placed: Placed, mgdl: int, notes: str) -> Documents:
        yield (
            "entries",
            meter_entry(
                identifier=identifier_of(VENDOR, line.section.serial, "mbg", key_of(local, placed)),
                at_ms=placed.at_ms,
                glucose_mgdl=mgdl,
                device=SOURCE,
                offset_min=placed.offset_min,
            ),
        )
        yield "treatments", bg_check(glucose_mgdl=mgdl, **act_of(line, local, placed, "bg check", notes))

    def _bolus(self, line: Line, local: datetime, placed: Placed) -> Documents:
        units = delivered_in(line)
        given = self._overview.boluses.given.get(line.number)
        if not units or given is None or given.is_second_part or is_micro(given.told_by):
            return
        now_u, extended_u, duration_min = _parts_of(given)
        carbs_g, said = self._carbs_of(given.wizard)
        began = given.began
        at = Placed(placed.at_ms - round((local - began) / timedelta(milliseconds=1)), placed.offset_min, placed.came)
        notes = ". ".join(text for text in (_not_all_of(given, line), said) if text)
        yield (
            "treatments",
            combo_bolus(
                now_u=now_u,
                extended_u=extended_u,
                duration_min=duration_min,
                carbs_g=carbs_g,
                automatic=is_automatic(given.told_by),
                **act_of(line, began, at, f"bolus|{given.number}", notes),
            ),
        )

    def _carbs_alone(self, line: Line, local: datetime, placed: Placed) -> Documents:
        """Yield carbs for which the calculator found no insulin to be needed."""
        wizard = self._overview.boluses.wizards.get(line.number)
        number_in(line.at("bwz carb input"))
        if wizard is None or wizard.given is not None or not wizard.carbs:
            return
        if wizard.estimate_u and wizard.estimate_u >= _LEAST_U:
            self._unused_carbs += 1
            return
        carbs_g, said = self._carbs_of(wizard)
        act = act_of(line, local, placed, "carbs", said)
        yield "treatments", carb_correction(carbs_g=carbs_g, **act) if carbs_g else event("Note", **act)

    def _carbs_of(self, wizard: Wizard | None) -> tuple[float, str]:
        """Return grams, and what to say where only exchanges are known."""
        if wizard is None or not wizard.carbs:
            return 0.0, ""
        grams = grams_of(wizard, self._exchange_g)
        return (grams, "") if grams is not None else (0.0, f"Carbohydrates: {wizard.carbs:g} exchanges")

    def _temp_basal(self, line: Line, local: datetime, placed: Placed) -> Documents:
        duration = line.at("temp basal duration")
        if not duration and not line.at("temp basal amount"):
            return
        minutes, amount = minutes_in(duration), number_in(line.at("temp basal amount")) or 0.0
        if minutes > LONGEST_MIN:
            raise BadRecord("a temp basal lasts too long")
        act = act_of(line, local, placed, "temp basal")
        if not minutes:
            yield "treatments", treatment("Temp Basal", act, duration=0)
        elif "percent" in line.at("temp basal type").lower() or "%" in line.at("temp basal type"):
            percent = amount_of(amount, most=_MOST_PERCENT, what="temp basal") - 100
            yield "treatments", treatment("Temp Basal", act, percent=percent, duration=minutes)
        else:
            rate = amount_of(amount, most=MOST_RATE_U_PER_H, what="temp basal")
            yield "treatments", temp_basal(rate_u_per_h=rate, duration_min=minutes, **act)

    def _suspension(self, line: Line, local: datetime, placed: Placed) -> Documents:
        minutes = self._overview.suspended_min.get(line.number)
        if minutes:
            act = act_of(line, local, placed, "suspend", words_in(line.at("suspend")))
            yield "treatments", temp_basal(rate_u_per_h=0, duration_min=minutes, **act)

    def _change(self, line: Line, local: datetime, placed: Placed) -> Documents:
        changed = self._overview.changes.get(line.number)
        if changed:
            yield "treatments", event(changed, **act_of(line, local, placed, changed))

    def _announcement(self, line: Line, local: datetime, placed: Placed) -> Documents:
        alert, exception = line.at("alert"), line.at("sensor exception")
        is_kept = line.number in self._overview.kept_alerts
        if _CONNECTED in words_in(exception).lower() or (is_kept and _CONNECTED in words_in(alert).lower()):
            yield "treatments", event("Sensor Start", **act_of(line, local, placed, "sensor"))
        elif is_kept:
            text = words_in(alert)
            yield "treatments", event("Note", **act_of(line, local, placed, f"alert|{text}", f"Pump alert: {text}"))

    def _marker(self, line: Line, local: datetime, placed: Placed) -> Documents:
        text = line.at("event marker")[:_LONGEST_NOTE]
        if not text or _BOUNDARY.fullmatch(text.strip()):
            return
        grams = _GRAMS.search(text)
        act = act_of(line, local, placed, f"marker|{text}", text)
        if grams:
            carbs_g = amount_of(number_in(grams[1]), most=MOST_CARBS_G, what="carbohydrate")
            if carbs_g:
                yield "treatments", carb_correction(carbs_g=carbs_g, **act)
                return
        yield "treatments", exercise(**act) if "exercise" in text.lower() else event("Note", **act)


def delivered_in(line: Line) -> float:
    """Return the units delivered in a row, 0 where there are none. Raises ``ValueError``."""
    return amount_of(number_in(line.at(DELIVERED)), most=MOST_INSULIN_U, what="insulin")


def key_of(local: datetime, placed: Placed) -> str:
    """Return what tells a record's moment: the same in any zone, but for times the pump's clock showed twice."""
    return str(placed.at_ms) if placed.came is Came.TWICE else local.isoformat(timespec="seconds")


def act_of(line: Line, local: datetime, placed: Placed, kind: str, notes: str = "") -> Act:
    """Return what a treatment of a row says of itself."""
    return Act(
        identifier=identifier_of(VENDOR, line.section.serial, kind, key_of(local, placed)),
        at_ms=placed.at_ms,
        entered_by=SOURCE,
        offset_min=placed.offset_min,
        notes=notes,
    )


def micro_source(line: Line, boluses: Boluses) -> bool:
    """Tell whether a row tells of basal that the automatic mode gave."""
    given = boluses.given.get(line.number)
    return is_micro(given.told_by if given else line.at("bolus source"))


def words_in(text: str) -> str:
    """Return one of the pump's words as people write: ``USER_SUSPEND`` is "user suspend"."""
    plain = " ".join(text.replace("_", " ").split())[:_LONGEST_NOTE]
    return plain.lower() if plain.isupper() else plain


def _parts_of(given: Given) -> tuple[float, float, float]:
    """Return the units given at once, those given over time, and over how many minutes."""
    if given.extended is not None:
        duration_min = given.extended.duration_min or given.duration_min
        now_u, extended_u = given.units, given.extended.units
    elif "square" in given.type or ("dual" in given.type and "normal" not in given.type):
        duration_min, now_u, extended_u = given.duration_min, 0.0, given.units
    else:
        return given.units, 0.0, 0.0
    # Nobody knows over which time, and it is not to be lost.
    return (now_u, extended_u, duration_min) if duration_min else (now_u + extended_u, 0.0, 0.0)


def _not_all_of(given: Given, line: Line) -> str:
    """Return what was chosen where less, or more, was delivered, and why."""
    delivered_u = given.units + (given.extended.units if given.extended else 0.0)
    told: list[str] = []
    chosen = {id(one): one for part in (given, given.extended) if part and (one := part.chosen)}
    chosen_u = sum(one.units for one in chosen.values())
    if chosen and abs(chosen_u - delivered_u) > 10 * _LEAST_U and not _is_lone_part(given):
        told.append(f"Programmed {chosen_u:g} U, delivered {delivered_u:g} U")
    reason = words_in(line.at("bolus cancellation reason"))
    return ". ".join([*told, reason] if reason else told)


def _is_lone_part(given: Given) -> bool:
    return "part" in given.type and given.extended is None

"""``treatmentnotify``: what somebody did, entered or announced a moment ago, and the quiet that asks for."""

from __future__ import annotations

from collections.abc import Iterator

from app.alarms.notice import Notice, Snooze, hash_of
from app.alarms.rules.finding import Finding
from app.alarms.situation import Situation
from app.clock import iso_of
from app.glucose.display import glucose_text
from app.glucose.levels import Level
from app.glucose.nightscout_texts import insulin_text, js_text, unit_label
from app.glucose.numbers import figure
from app.glucose.ranges import Range, range_of
from app.glucose.units import MGDL_PER_MMOLL, Unit, unit_named
from app.live.enrichment import drawn_mgdl
from app.live.fields import text
from app.live.measurements import Measurement
from app.live.present import Present
from app.live.setting_values import number_set
from app.live.statuses import received_of
from app.live.treated import Treated

_MINUTE_MS = 60_000
NEW_MS = 10 * _MINUTE_MS
LATE_MS = 60 * _MINUTE_MS
"""An announcement that could not be sent for so long is still told when it comes."""

LONGEST = 1000
_BY_LOOPS = ("openaps://", "loop://")
_TOLD_ALL_THE_SAME = frozenset({"BG Check", "Meal Bolus", "Carb Correction", "Correction Bolus"})
_BOLUSES = frozenset({"Meal Bolus", "Correction Bolus"})
_NAMELESS = frozenset({"", "<none>"})
_ANNOUNCEMENT = "Announcement"


def treatmentnotify(situation: Situation) -> Finding:
    """Find announcements, and where the feature is on new treatments and finger sticks, whose giver knows of the alarm.

    An announcement is told whatever features are on: somebody wants everybody to know.
    """
    present, is_on = situation.present, situation.features.on("treatmentnotify")
    done = [one for one in present.treatments if one.at_ms <= present.now_ms and _counts(one, situation)]
    fingers = [one for one in _fingers(present) if is_on and _is_new(one.at_ms, present.now_ms)]
    notices = [_finger_notice(one, present.person.unit) for one in fingers]
    for one in done:
        if is_announcement(one):
            if _is_new_announcement(one, present.now_ms):
                notices.append(_announcement(one, present))
        elif is_on and _is_new(one.at_ms, present.now_ms):
            notices.append(_treatment_notice(one, present.person.unit))
    last = done[-1] if done and is_on else None
    return Finding(tuple(notices), tuple(_snoozes(situation, last, has_finger=bool(fingers))))


def is_announcement(treated: Treated) -> bool:
    """Tell whether a treatment is something somebody wants everybody to know."""
    return treated.document.get("isAnnouncement") is True or treated.event_type == _ANNOUNCEMENT


def _counts(treated: Treated, situation: Situation) -> bool:
    """Tell whether a treatment is one that people make, or want to hear of."""
    by_loop = text(treated.document.get("enteredBy")).startswith(_BY_LOOPS)
    if by_loop and treated.event_type not in _TOLD_ALL_THE_SAME:
        return False
    least = number_set(situation.settings, "TREATMENTNOTIFY_INCLUDE_BOLUSES_OVER")
    return treated.event_type not in _BOLUSES or (treated.insulin_u or 0) >= least


def _snoozes(situation: Situation, last: Treated | None, *, has_finger: bool) -> Iterator[Snooze]:
    if last is None or is_announcement(last) or not (has_finger or _is_new(last.at_ms, situation.now_ms)):
        return
    length_ms = int(number_set(situation.settings, "TREATMENTNOTIFY_SNOOZE_MINS") * _MINUTE_MS)
    title = "Snoozing alarms since there was a recent treatment"
    message = _lines(last, situation.present.person.unit)
    yield Snooze(Level.URGENT, "treatmentnotify", title, message, length_ms)


def _is_new(at_ms: int, now_ms: int) -> bool:
    return 0 <= now_ms - at_ms < NEW_MS


def _is_new_announcement(treated: Treated, now_ms: int) -> bool:
    received_ms = received_of(treated.document) or treated.at_ms
    return now_ms - treated.at_ms < LATE_MS and _is_new(max(treated.at_ms, min(received_ms, now_ms)), now_ms)


def _fingers(present: Present) -> Iterator[Measurement]:
    return (one for one in present.measurements if one.reading.kind == "mbg")


def _finger_notice(finger: Measurement, unit: Unit) -> Notice:
    title = "Calibration"
    return Notice(
        level=Level.INFO,
        plugin="treatmentnotify",
        title=title,
        message=f"Meter BG: {glucose_text(finger.mgdl, unit)} {unit_label(unit)}",
        sound="magic",
        notifyhash=hash_of({"eventType": title, "timestamp": iso_of(finger.at_ms)}),
    )


def _treatment_notice(treated: Treated, unit: Unit) -> Notice:
    title, message = _title(treated), _lines(treated, unit) or "..."
    if treated.event_type == "Temporary Target" and treated.duration_min == 0:
        title, message = "Temporary Target Cancel", "Canceled"
    return Notice(Level.INFO, "treatmentnotify", title, message, notifyhash=_hash(treated, title))


def _announcement(treated: Treated, present: Present) -> Notice:
    mgdl = drawn_mgdl(treated, present.sensor, present.person.unit)
    range_ = range_of(mgdl, present.person.thresholds)
    is_extreme = range_ in (Range.VERY_LOW, Range.VERY_HIGH)
    level = Level.URGENT if is_extreme else Level.INFO if range_ is Range.IN_RANGE else Level.WARN
    title = treated.event_type or _ANNOUNCEMENT
    return Notice(
        level=level,
        plugin="treatmentnotify",
        title=f"{level.display} {title}" if is_extreme else title,
        message=_cut(treated.document.get("notes")) or ".",
        group=_ANNOUNCEMENT,
        is_announcement=True,
        notifyhash=_hash(treated, title),
    )


def _title(treated: Treated) -> str:
    """Return the type of a treatment, by its amounts where nobody named it."""
    if treated.event_type not in _NAMELESS:
        return treated.event_type
    if treated.carbs_g:
        return "Meal Bolus" if treated.insulin_u else "Carb Correction"
    return "Correction Bolus" if treated.insulin_u else "Note"


def _lines(treated: Treated, unit: Unit) -> str:
    """Return what is known of a treatment, a line each."""
    found, units = treated.document, treated.insulin_u
    told = (
        ("", _glucose_text(treated, unit)),
        ("Reason", _cut(found.get("reason"))),
        ("Target Top", _number_text(found.get("targetTop"))),
        ("Target Bottom", _number_text(found.get("targetBottom"))),
        ("Carbs", f"{js_text(treated.carbs_g)}g" if treated.carbs_g else ""),
        ("Insulin", f"{insulin_text(units)}U" if units else ""),
        ("Duration", f"{js_text(treated.duration_min)} min" if treated.duration_min else ""),
        ("Percent", f"{js_text(treated.percent)}%" if treated.percent else ""),
        ("Value", "" if treated.absolute_u_per_h is None else f"{js_text(treated.absolute_u_per_h)}U"),
        ("Entered By", _cut(found.get("enteredBy"))),
        ("Notes", _cut(found.get("notes"))),
    )
    return "\n".join(f"{name}: {said}" if name else said for name, said in told if said)


def _glucose_text(treated: Treated, unit: Unit) -> str:
    """Return ``BG: 100 (Finger)`` in the unit of everything else that is said."""
    glucose, written = figure(treated.document.get("glucose")), text(treated.document.get("units"))
    if not glucose:
        return ""
    if written:
        in_mmol = unit_named(written) is Unit.MMOLL
        shown = glucose_text(glucose * MGDL_PER_MMOLL if in_mmol else glucose, unit)
    else:
        shown = js_text(glucose)
    kind = _cut(treated.document.get("glucoseType"))
    return f"BG: {shown}{f' ({kind})' if kind else ''}"


def _number_text(value: object) -> str:
    found = figure(value)
    return js_text(found) if found else ""


def _cut(value: object) -> str:
    return text(value)[:LONGEST]


def _hash(treated: Treated, title: str) -> str:
    told = treated.document.get("timestamp")
    timestamp = told if isinstance(told, str | int) and told else iso_of(treated.at_ms)
    return hash_of({"eventType": title, "timestamp": timestamp})

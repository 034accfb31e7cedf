"""Files of an OpenAPS rig (oref0): readings, the pump's history, decisions and settings, one or many in a zip."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from app.clock import iso_of
from app.glucose.sentinels import LOW_MGDL
from app.glucose.trend import direction_named
from app.glucose.units import Unit
from app.importers.bounded import Opened
from app.importers.format import Found, How, Item, Question, Rejected, Said, Survey, Unreadable, unit_question
from app.importers.openaps.events import Clock, Event, events_of, naive, times_of
from app.importers.openaps.history import STICKS, VENDOR, History
from app.importers.openaps.parts import MOST_BYTES, SETTINGS, Kind, Part, kinds_seen, parts
from app.importers.openaps.settings import profile_in, profile_of, statuses
from app.importers.readings import Magnitude
from app.importers.tables import local_time
from app.records.numbers import numeric_text
from app.records.sources.documents import BadRecord, glucose_of, identifier_of, meter_entry, ms_of, sensor_entry
from app.store.interface import Document

PROFILE_SINCE = "profile_since"
_SOURCE = "nightlight-import openaps"
_DECISIONS = (Kind.SUGGESTED, Kind.ENACTED, Kind.IOB)
_COPIED = ("noise", "filtered", "unfiltered", "rssi")


@dataclass(slots=True)
class _Rig:
    """Everything of a rig that somebody brought, by what it is."""

    parts: list[Part] = field(default_factory=list)
    too_large: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, file: Opened) -> _Rig:
        rig = cls()
        rig.parts.extend(parts(file, rig.too_large))
        if not rig.parts:
            raise Unreadable("There is no file of an OpenAPS rig in it")
        return rig

    def of_kind(self, *kinds: Kind) -> list[Part]:
        return [part for part in self.parts if part.kind in kinds]

    @property
    def records(self) -> Iterator[dict[str, Any]]:
        for part in self.of_kind(Kind.HISTORY, Kind.GLUCOSE):
            yield from (one for one in part.value if isinstance(one, dict))


class OpenapsFiles:
    """Reads the files of a rig."""

    name = "openaps-files"
    title = "OpenAPS / oref0 (JSON files, or a zip of them)"

    def recognises(self, file: Opened) -> str | None:
        """Return how one sees that a file is of this format, else None."""
        seen = kinds_seen(file)
        if not seen:
            return None
        name, kind = seen[0]
        return f"{name} in it is a rig's {kind}" if file.is_zip else f"it is a rig's {kind}"

    def survey(self, file: Opened) -> Survey:
        """Look at all files: which they are, whether times have zones, and since when settings may be in force."""
        rig = _Rig.of(file)
        times = [_time(one) for one in rig.records]
        magnitude = Magnitude()
        for one in rig.records:
            if one.get("_type") in STICKS:
                magnitude.see(str(one.get("amount") or ""))
        questions = []
        if magnitude.count:
            questions.append(unit_question(magnitude.unit))
        if rig.of_kind(*SETTINGS):
            questions.append(_since_question([at_ms for time in times if (at_ms := ms_of(time)) is not None]))
        facts = (("Files", ", ".join(sorted({f"{part.name} ({part.kind})" for part in rig.parts}))[:500]),)
        warnings = tuple(f"{name} is larger than any file of a rig and is left out." for name in rig.too_large[:5])
        return Survey(facts, any(naive(time) for time in times), tuple(questions), warnings)

    def read(self, file: Opened, how: How) -> Iterator[Item]:
        """Yield every record: settings, readings, the pump's history, decisions."""
        rig = _Rig.of(file)
        yield from _settings(rig.of_kind(*SETTINGS), how)
        for part in rig.of_kind(Kind.GLUCOSE):
            yield from _readings(part, how)
        yield from _history(rig.of_kind(Kind.HISTORY), how)
        yield from statuses(rig.of_kind(*_DECISIONS), how.now_ms, how.wall_clock.offset_min)
        for name in rig.too_large:
            yield Said(f"{name} is left out: it is larger than {MOST_BYTES >> 20} MB.")


def _settings(settings: Sequence[Part], how: How) -> Iterator[Item]:
    if not settings:
        return
    since = how.answers.get(PROFILE_SINCE, "").strip()
    if not since:
        yield Said("The settings are not imported: it is not known since when they were in force.")
        return
    try:
        profile = profile_in(settings)
        if profile is None:
            yield Said("The settings are not imported: basal rates, carb ratios and sensitivities are not all there.")
            return
        since_ms = how.wall_clock.place(local_time(since, "ymd")).at_ms
        zone_name = str(how.wall_clock.zone_at(since_ms))
        yield Found("profile", profile_of(profile, since_ms, zone_name), settings[0].name)
    except (ValueError, OverflowError) as problem:
        yield Rejected(settings[0].name, str(problem))


def _readings(part: Part, how: How) -> Iterator[Item]:
    clock = Clock(how.wall_clock, how.now_ms, (_time(one) for one in part.value if isinstance(one, dict)))
    for number, record in enumerate(part.value, 1):
        place = f"{part.name}, record {number}"
        try:
            entry = _entry(record, clock)
        except BadRecord as problem:
            yield Rejected(place, str(problem))
            continue
        if entry:
            yield Found("entries", entry, place)
    yield from clock.walks.notes()


def _entry(record: Any, clock: Clock) -> Document | None:
    """Return the entry of a reading, None for what is no reading. Raises ``BadRecord``."""
    if not isinstance(record, dict):
        raise BadRecord("it is no reading")
    kind = "mbg" if record.get("type") == "mbg" or ("mbg" in record and "sgv" not in record) else "sgv"
    value = record.get(kind) or record.get("glucose")
    value = numeric_text(value) if isinstance(value, str) else value
    if not value or record.get("type") not in (None, "sgv", "mbg"):
        return None
    mgdl = glucose_of(value)
    at_ms, offset_min = clock.moment(_time(record))
    identifier = identifier_of(VENDOR, "", kind, at_ms)
    if kind == "mbg":
        return meter_entry(identifier=identifier, at_ms=at_ms, glucose_mgdl=mgdl, device=_SOURCE, offset_min=offset_min)
    if mgdl < LOW_MGDL:
        raise BadRecord(f"{mgdl} is an error code of the sensor, and no glucose")
    direction = record.get("direction")
    entry = sensor_entry(
        identifier=identifier,
        at_ms=at_ms,
        glucose_mgdl=mgdl,
        device=_SOURCE,
        direction=direction_named(direction).value if isinstance(direction, str) and direction else None,
        offset_min=offset_min,
    )
    return entry | {name: number for name in _COPIED if isinstance(number := record.get(name), int | float)}


def _history(histories: Sequence[Part], how: How) -> Iterator[Item]:
    events: list[Event] = []
    for part in histories:
        clock = Clock(how.wall_clock, how.now_ms, times_of(part))
        for one in events_of(part, clock):
            if isinstance(one, Rejected):
                yield one
            else:
                events.append(one)
        yield from clock.walks.notes()
    yield from History(events, how.unit or Unit.MGDL).items()


def _time(record: dict[str, Any]) -> object:
    """Return when a record was, as it is written. A rig's own times can be hours off where the reading's is right."""
    for name in ("timestamp", "date", "dateString", "display_time"):
        if record.get(name):
            found: object = record[name]
            return found
    return None


def _since_question(times_ms: Sequence[int]) -> Question:
    help = "As 2026-03-14. The settings say no date themselves. Left empty, they are not imported."
    proposed = iso_of(min(times_ms))[:10] if times_ms else ""
    return Question(PROFILE_SINCE, "The settings have been in force since", (), proposed, help)

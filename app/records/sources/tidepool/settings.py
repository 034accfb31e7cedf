"""What a pump is set to, as a profile; of the same settings told again and again only the first sight."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.glucose.units import MGDL_PER_MMOLL, half_up
from app.records.sources.documents import BadRecord
from app.records.sources.profile_document import (
    PumpProfile,
    Sight,
    Step,
    profile_document,
    profile_store,
    sight_of,
    store_name,
)
from app.records.sources.tidepool.record import SOURCE, Record, entered_by, number_in, part_of, text_of
from app.records.times import zone_named
from app.store.interface import Document

MOST_SIGHTS = 100
_ONLY = "Default"
_HIGHEST_MMOLL_TARGET = 30  # no target in mg/dL is as low, none in mmol/L as high
_DAY_S = 86_400
_HOURS: Mapping[str, float] = {"hours": 1, "minutes": 1 / 60, "seconds": 1 / 3600, "milliseconds": 1 / 3_600_000}
_DIA_H = (1, 24)


@dataclass(frozen=True, slots=True)
class Settings:
    """What a pump was set to at ``at_ms`` (UTC epoch ms): the ``store`` of a profile document, and the one in force."""

    at_ms: int
    default_profile: str
    store: Mapping[str, Document]
    entered_by: str = SOURCE

    @property
    def sight(self) -> Sight:
        """Return these settings as seen at this moment."""
        return sight_of(self.default_profile, self.store, None, self.at_ms)


def settings_of(record: Record, zone_name: str) -> Settings:
    """Return the settings a record tells; ``zone_name`` is by which clock the pump runs, where it does not say.

    Raises ``BadRecord``.
    """
    names = [name for name in record.part("basalSchedules") if isinstance(name, str)] or [_ONLY]
    in_mmoll = _is_mmoll(record)
    profiles = [_profile(record, name, in_mmoll=in_mmoll) for name in names]
    told_zone = zone_named(text_of(record.get("timezone")))
    store = profile_store(profiles, told_zone or zone_name)
    if not any(len(profile) > 2 for profile in store.values()):
        raise BadRecord("the settings of a pump are empty")
    active = store_name(text_of(record.get("activeSchedule")))
    return Settings(record.at_ms, active if active in store else next(iter(store)), store, entered_by(record.fields))


def changed(settings: Iterable[Settings], known: Sequence[Sight]) -> tuple[list[Document], list[Sight]]:
    """Return a profile for each change of the settings, and all changes known by now, oldest first.

    A record is a change when the one known before it was another; ``known`` are the changes of earlier fetches, so that
    the settings at the beginning of a fetch are no news.
    """
    changes = {sight.since_ms: sight for sight in known}
    made: list[Document] = []
    for one in sorted(settings, key=lambda each: each.at_ms):
        before = max((at_ms for at_ms in changes if at_ms < one.at_ms), default=None)
        sight = one.sight
        if before is not None and changes[before].fingerprint == sight.fingerprint:
            continue
        changes[one.at_ms] = sight
        made.append(profile_document("tidepool", "", one.default_profile, one.store, sight, one.entered_by))
    return made, [changes[at_ms] for at_ms in sorted(changes)][-MOST_SIGHTS:]


def _profile(record: Record, name: str, *, in_mmoll: bool) -> PumpProfile:
    def mgdl(value: float) -> float:
        return half_up(value * MGDL_PER_MMOLL if in_mmoll else value, 1)

    targets = [(minute, *_target(item)) for minute, item in _items(record, name, "bgTargets", "bgTarget")]
    # A ratio in exchanges would be read as one in grams.
    in_grams = "exch" not in text_of(record.part("units").get("carb")).lower()
    ratios = _steps(_items(record, name, "carbRatios", "carbRatio"), "amount") if in_grams else []
    sens = _steps(_items(record, name, "insulinSensitivities", "insulinSensitivity"), "amount")
    return PumpProfile(
        name,
        basal=_steps(_items(record, name, "basalSchedules", ""), "rate"),
        carb_ratio=ratios,
        sens=[(minute, mgdl(value)) for minute, value in sens],
        target_low=[(minute, mgdl(low)) for minute, low, _ in targets],
        target_high=[(minute, mgdl(high)) for minute, _, high in targets],
        dia_h=_dia_h(record),
    )


def _items(record: Record, name: str, by_name: str, for_all: str) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """Yield the parts of a schedule, each with its minute of the day: that of one profile, else the one of them all."""
    found = part_of(record.fields, by_name).get(name)
    if not isinstance(found, list) and for_all:
        found = record.get(for_all)
    for item in found if isinstance(found, list) else ():
        start_ms = number_in(item.get("start")) if isinstance(item, Mapping) else None
        if start_ms is None:
            raise BadRecord("a schedule of a pump has no times")
        yield int(start_ms // 60_000), item


def _steps(items: Iterable[tuple[int, Mapping[str, Any]]], field: str) -> list[Step]:
    return [(minute, _value(item, field)) for minute, item in items]


def _value(item: Mapping[str, Any], field: str) -> float:
    value = number_in(item.get(field))
    if value is None:
        raise BadRecord("a setting of a pump is no number")
    return value


def _target(item: Mapping[str, Any]) -> tuple[float, float]:
    """Return the lowest and highest of a target: two ends, a middle with a range, or one number."""
    if item.get("target") is None:
        return _value(item, "low"), _value(item, "high")
    target = _value(item, "target")
    if item.get("range") is not None:
        reach = _value(item, "range")
        return target - reach, target + reach
    return target, max(target, _value(item, "high")) if item.get("high") is not None else target


def _is_mmoll(record: Record) -> bool:
    """Tell the unit: the one the targets can only be in, else the one that is named, else the service's own."""
    lists = [record.get("bgTarget"), *record.part("bgTargets").values()]
    ends = [
        number
        for found in lists
        if isinstance(found, list)
        for item in found
        if isinstance(item, Mapping)
        for name in ("low", "target", "high")
        if (number := number_in(item.get(name))) is not None and number > 0
    ]
    if ends and max(ends) < _HIGHEST_MMOLL_TARGET:
        return True
    if ends and min(ends) >= _HIGHEST_MMOLL_TARGET:
        return False
    return "mg" not in text_of(record.part("units").get("bg")).lower()


def _dia_h(record: Record) -> float | None:
    told = part_of(part_of(record.part("bolus"), "calculator"), "insulin")
    hours = (number_in(told.get("duration")) or 0) * _HOURS.get(text_of(told.get("units")).lower(), 0)
    if not hours:
        seconds = number_in(record.part("insulinModel").get("actionDuration")) or 0
        hours = (seconds if seconds <= _DAY_S else seconds / 1000) / 3600
    return round(hours, 2) if _DIA_H[0] <= hours <= _DIA_H[1] else None

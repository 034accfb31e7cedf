"""``bgnow``, ``delta``, ``buckets``, ``rawbg``, ``direction``, ``ar2``: what the sensor says."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from app.compat.directions import direction_word, entity
from app.compat.runtime_records import cal_record, scaled_sgv_record
from app.compat.wire import given
from app.glucose.delta import Bucket
from app.glucose.levels import Level
from app.glucose.measured import Measured
from app.glucose.nightscout_texts import change_text
from app.glucose.units import half_up, in_unit
from app.live.lines import arrow_now, raw_line, raw_now
from app.live.measurements import Measurement
from app.live.present import Present

Property = dict[str, Any]


def bgnow(present: Present) -> Property:
    """Return the newest bucket that holds readings."""
    filled = _filled(present)
    return _bucket(present, filled[0]) if filled else {}


def buckets(present: Present) -> list[Property]:
    """Return the four newest stretches of five minutes."""
    return [
        _bucket(present, bucket)
        | {"index": bucket.index, "fromMills": bucket.from_ms, "toMills": bucket.to_ms}
        | ({} if bucket.readings else {"isEmpty": True})
        for bucket in present.buckets
    ]


def delta(present: Present) -> Property | None:
    """Return the change between the two newest buckets that hold readings."""
    found, unit = present.delta, present.person.unit
    if found is None:
        return None
    scaled = found.scaled(unit)
    return {
        "absolute": found.absolute_mgdl,
        "elapsedMins": found.elapsed_min,
        "interpolated": found.interpolated,
        "mean5MinsAgo": found.mean_5_min_ago_mgdl,
        "times": {"recent": found.recent_ms, "previous": found.previous_ms},
        "mgdl": found.mgdl,
        "scaled": scaled,
        "display": change_text(scaled),
        "previous": _bucket(present, _filled(present)[1]),
    }


def rawbg(present: Present) -> Property:
    """Return what the raw signal says, with the reading and the calibration it comes from."""
    found = raw_now(present)
    if found is None:
        return {}
    return {
        "mgdl": found.mgdl,
        "noiseLabel": found.noise,
        "sgv": _sgv(present, found.measured),
        "cal": cal_record(found.calibrated),
        "displayLine": raw_line(found, present),
    }


def direction(present: Present) -> Property | None:
    """Return where glucose goes by the last reading's own word, as long as that is current."""
    label = arrow_now(present)
    if present.last is None or label is None:
        return None
    told = present.last.reading.direction
    return {"display": None} | given(value=direction_word(told) or None, label=label, entity=entity(label))


def ar2(present: Present) -> Property | None:
    """Return the forecast for half an hour, and whether it is alarming."""
    found, unit, settings = present.forecast, present.person.unit, present.settings
    if found is None:
        return None
    predicted = [
        {"mills": point.at_ms, "mgdl": point.mgdl, "color": "cyan", "scaled": in_unit(point.mgdl, unit)}
        for point in found.points
    ]
    property: Property = {"forecast": {"predicted": predicted, "avgLoss": found.average_loss}}
    if found.level > Level.NONE:
        high, low = settings["ALARM_HIGH"], settings["ALARM_LOW"]
        event_name = found.event_name(present.person.thresholds, alarm_high=high, alarm_low=low)
        property |= {"level": found.level, "eventName": event_name}
    return property | {"displayLine": found.text(unit)}


def _filled(present: Present) -> list[Bucket]:
    return [bucket for bucket in present.buckets if bucket.readings]


def _bucket(present: Present, bucket: Bucket) -> Property:
    known = given(
        mean=bucket.mean_mgdl,
        last=None if bucket.last_mgdl is None else half_up(bucket.last_mgdl),
        mills=bucket.at_ms,
        errors=_sgvs(present, bucket.errors) or None,
    )
    return known | {"sgvs": _sgvs(present, bucket.readings)}


def _sgvs(present: Present, readings: Iterable[Measured]) -> list[Property]:
    return [_sgv(present, reading) for reading in readings if isinstance(reading, Measurement)]


def _sgv(present: Present, measured: Measurement) -> Property:
    obscured = present.settings["OBSCURE_DEVICE_PROVENANCE"]
    return scaled_sgv_record(measured, present.person.unit, obscured=obscured)

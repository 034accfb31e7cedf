"""Documents in the shapes of Nightscout's runtime data: what properties, ddata and sockets show of them."""

from __future__ import annotations

from typing import Any

from app.compat.directions import direction_word
from app.glucose.units import Unit, half_up, in_unit
from app.live.measurements import Calibrated, Measurement
from app.live.statuses import Status, uploader_of

Record = dict[str, Any]

_SGV_FIELDS = ("filtered", "unfiltered", "noise", "rssi")


def sgv_record(measured: Measurement, *, obscured: str = "") -> Record:
    """Return a sensor reading; ``obscured`` is shown in place of its device."""
    record = _reading_record(measured, "sgv", obscured)
    if measured.reading.direction:
        record["direction"] = direction_word(measured.reading.direction)
    return record | {name: measured.document[name] for name in _SGV_FIELDS if name in measured.document}


def scaled_sgv_record(measured: Measurement, unit: Unit, *, obscured: str = "") -> Record:
    """Return a sensor reading with its number in ``unit`` beside it."""
    return sgv_record(measured, obscured=obscured) | {"scaled": in_unit(measured.mgdl, unit)}


def mbg_record(measured: Measurement, *, obscured: str = "") -> Record:
    """Return a finger-stick reading."""
    return _reading_record(measured, "mbg", obscured)


def cal_record(calibrated: Calibrated) -> Record:
    """Return a calibration."""
    fields = {name: calibrated.document.get(name) for name in ("scale", "intercept", "slope")}
    return {"_id": calibrated.document.get("_id"), "mills": calibrated.at_ms, **fields, "type": "cal"}


def status_record(status: Status) -> Record:
    """Return a device status: with ``mills``, with ``uploader`` for ``uploaderBattery``, without a ``pump`` of null."""
    left_out = {"uploaderBattery"} if (uploader := uploader_of(status.document)) else set()
    record = {
        name: value
        for name, value in status.document.items()
        if name not in left_out and (name != "pump" or value is not None)
    }
    if uploader:
        record["uploader"] = dict(uploader)
    return record | {"mills": status.at_ms}


def _reading_record(measured: Measurement, type: str, obscured: str) -> Record:
    record: Record = {
        "_id": measured.document.get("_id"),
        "mgdl": half_up(measured.mgdl),
        "mills": measured.at_ms,
        "device": obscured or measured.document.get("device"),
        "type": type,
    }
    return {name: value for name, value in record.items() if value is not None}

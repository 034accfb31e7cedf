"""What pump, sensor and phone said of themselves at the last upload, as a device status."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.records.sources.documents import DAY_MS, FUTURE_MS, MINUTE_MS, BadRecord, checked_instant
from app.records.sources.pump_status import PumpState, status_document
from app.store.interface import Document
from app.uploaders.carelink.payload import Payload, flag_of, local_time, number_of, time_in, word_of
from app.uploaders.carelink.scope import DEVICE, Scope

_WITHOUT_PUMP = ("GUARDIAN", "CGM")
_FULLEST_U = 1000.0
_MOST_TEXT = 100
_UNKNOWN_BATTERY = 255

_TOLD = (
    "medicalDeviceFamily",
    "sensorState",
    "systemStatusMessage",
    "sensorDurationHours",
    "sensorDurationMinutes",
    "timeToNextCalibHours",
    "calibStatus",
    "gstBatteryLevel",
    "gstCommunicationState",
    "pumpCommunicationState",
    "conduitInRange",
    "conduitMedicalDeviceInRange",
    "conduitSensorInRange",
    "maxAutoBasalRate",
)
_TOLD_DEEPER = {
    "therapyAlgorithmState": ("autoModeShieldState", "autoModeReadinessState", "safeBasalDuration"),
    "basal": ("activeBasalPattern", "basalRate", "tempBasalRate", "tempBasalPercentage", "tempBasalType"),
}


def status_of(payload: Payload, scope: Scope) -> Document | None:
    """Return the device status of the last upload, None when no time is told for it.

    What this vendor alone knows stands under ``connect``, where Nightscout's clients look for MiniMed Connect's.
    """
    at_ms = _at_ms(payload, scope)
    if at_ms is None:
        return None
    family = word_of(payload.get("medicalDeviceFamily"))
    return status_document(
        identifier=scope.name("status", at_ms),
        at_ms=at_ms,
        device=DEVICE,
        offset_min=scope.clock.offset_min(at_ms),
        pump=None if family in _WITHOUT_PUMP else _pump(payload, at_ms, scope),
        uploader_percent=_percent(payload.get("conduitBatteryLevel")),
        more={"connect": _connect(payload)},
    )


def _at_ms(payload: Payload, scope: Scope) -> int | None:
    server_ms = number_of(payload.get("lastConduitUpdateServerDateTime"))
    try:
        if server_ms:
            return checked_instant(int(server_ms), scope.now_ms)
        return scope.place(local_time(payload.get("lastConduitDateTime"))).at_ms
    except BadRecord:
        return None


def _pump(payload: Payload, at_ms: int, scope: Scope) -> PumpState:
    iob_u, iob_at_ms = _insulin_on_board(payload, scope)
    device = payload.get("medicalDeviceInformation")
    model = payload.get("pumpModelNumber") or (device.get("modelNumber") if isinstance(device, Mapping) else None)
    suspended = flag_of(payload.get("pumpSuspended"))
    battery = _percent(payload.get("pumpBatteryLevelPercent"))
    return PumpState(
        clock_ms=_heard_ms(payload, at_ms, scope),
        reservoir_u=_between(number_of(payload.get("reservoirRemainingUnits")), _FULLEST_U),
        battery_percent=_percent(payload.get("medicalDeviceBatteryLevelPercent")) if battery is None else battery,
        suspended=flag_of(payload.get("medicalDeviceSuspended")) if suspended is None else suspended,
        iob_u=iob_u,
        iob_at_ms=iob_at_ms,
        manufacturer="Medtronic",
        model=str(model)[:_MOST_TEXT] if isinstance(model, str | int) else "",
    )


def _heard_ms(payload: Payload, at_ms: int, scope: Scope) -> int:
    """Return when the pump was last heard: its clock, a wall clock's time written as an instant; else the upload."""
    told = number_of(payload.get("medicalDeviceTime"))
    if told:
        heard_ms = int(told) - scope.clock.offset_min(at_ms) * MINUTE_MS
        if at_ms - DAY_MS <= heard_ms <= at_ms + FUTURE_MS:
            return heard_ms
    return at_ms


def _insulin_on_board(payload: Payload, scope: Scope) -> tuple[float | None, int | None]:
    told = payload.get("activeInsulin")
    if not isinstance(told, Mapping):
        return None, None
    units = _between(number_of(told.get("amount")), _FULLEST_U)
    try:
        return units, scope.place(time_in(told)).at_ms
    except BadRecord:
        return units, None


def _percent(told: Any) -> float | None:
    return _between(number_of(told), 100.0)


def _between(number: float | None, most: float) -> float | None:
    """Return a number from 0 to ``most``, whole ones as such; the vendor writes -1 and 255 for "unknown"."""
    if number is None or not 0 <= number <= most:
        return None
    return int(number) if number.is_integer() else number


def _connect(payload: Payload) -> Document:
    told: Document = {name: value for name in _TOLD if (value := _plain(payload.get(name))) is not None}
    if told.get("gstBatteryLevel") == _UNKNOWN_BATTERY:
        del told["gstBatteryLevel"]
    for part, names in _TOLD_DEEPER.items():
        inner = payload.get(part)
        if isinstance(inner, Mapping):
            found = {name: value for name in names if (value := _plain(inner.get(name))) is not None}
            if found:
                told[part] = found
    return told


def _plain(value: Any) -> Any:
    """Return a value that is a short text, a number or a yes or no, else None."""
    if isinstance(value, str):
        return value[:_MOST_TEXT]
    return value if isinstance(value, bool | int | float) else None

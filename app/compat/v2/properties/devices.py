"""``upbat``, ``pump``, ``sensorState``: what phone, pump and transmitter say of themselves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.alarms.rules.devices import charge_text, transmitter_notice
from app.compat.runtime_records import status_record
from app.compat.v2.properties.notification import notification
from app.compat.wire import given, iso
from app.glucose.levels import Level
from app.glucose.nightscout_texts import fixed_text
from app.glucose.numbers import figure
from app.glucose.time_ago import time_ago
from app.glucose.units import half_up
from app.live.present import Present
from app.live.pump_status import Gauge, PumpStatus
from app.live.setting_values import switched_on
from app.live.statuses import device_name
from app.live.uploader_batteries import Charge, Uploader, lowest_charge

Property = dict[str, Any]

_BATTERY_STEPS = ((95, 100), (55, 75), (30, 50))
_EMPTIEST = 25
_TRANSMITTER_FIELDS = {
    "lastState": "state",
    "lastStateString": "stateString",
    "lastStateStringShort": "stateStringShort",
    "lastSessionStart": "sessionStart",
    "lastTxId": "txId",
    "lastTxStatus": "txStatus",
    "lastTxStatusString": "txStatusString",
    "lastTxStatusStringShort": "txStatusStringShort",
    "lastTxActivation": "txActivation",
    "lastMode": "mode",
    "lastRssi": "rssi",
    "lastUnfiltered": "unfiltered",
    "lastFiltered": "filtered",
    "lastNoise": "noise",
    "lastNoiseString": "noiseString",
    "lastCalType": "calType",
    "lastCalibrationDate": "lastCalibrationDate",
    "lastBatteryTimestamp": "batteryTimestamp",
    "lastVoltageA": "voltagea",
    "lastVoltageB": "voltageb",
    "lastTemperature": "temperature",
    "lastResistance": "resistance",
}


def upbat(present: Present) -> Property:
    """Return the batteries of the uploaders, the lowest first of all."""
    lowest = lowest_charge(present.uploaders)
    property: Property = {"display": "?%", "devices": {one.uri: _uploader(one) for one in present.uploaders}}
    if lowest is None:
        return property
    least = _charge(lowest)
    shown = given(level=least.get("level"), display=least["display"], status=lowest.level.status)
    return shown | {"devices": property["devices"], "min": least}


def pump(present: Present) -> Property:
    """Return the device status that says most about the pump, and what it says as texts with levels."""
    found = present.pump
    if found is None:
        return {"data": {"level": Level.NONE, "title": "Pump Status", "device": {"label": "Device"}}}
    return status_record(found.status) | {"clockMills": found.heard_ms, "data": _pump_data(found, present.now_ms)}


def sensor_state(present: Present) -> Property:
    """Return what the transmitter says of itself."""
    found = present.transmitter
    told = {name: found.said.get(field) for name, field in _TRANSMITTER_FIELDS.items()}
    line = {f"last{name}": _rounded(found.said.get(name.lower())) for name in ("Slope", "Intercept")}
    property = {
        "seenDevices": {uri: {"name": device_name(uri), "uri": uri} for uri in found.devices},
        "latest": status_record(found.latest) if found.latest else None,
        "level": found.level,
        "lastDevice": found.latest.document.get("device") if found.latest else None,
        "lastStateTime": iso(found.at_ms),
        **told,
        **line,
    }
    alerts = switched_on(present.settings, "XDRIPJS_ENABLE_ALERTS")
    return property | notification(transmitter_notice(found) if alerts else None)


def _uploader(uploader: Uploader) -> Property:
    statuses = [
        {
            "uploader": _charge(charge),
            "created_at": charge.status.document.get("created_at"),
            "mills": charge.status.at_ms,
            "_id": charge.status.document.get("_id"),
        }
        for charge in uploader.charges
    ]
    lowest = given(min=_charge(uploader.lowest) if uploader.lowest else None)
    return {"name": device_name(uploader.uri), "uri": uploader.uri, "statuses": statuses} | lowest


def _charge(charge: Charge) -> Property:
    property = {**charge.uploader}
    if charge.volts is not None:
        property |= {"voltage": charge.volts, "voltageDisplay": f"{fixed_text(charge.volts, 3)}v"}
    if not charge.is_known:
        return property
    value = charge.volts if charge.percent is None else charge.percent
    property |= {"value": value, "display": charge_text(charge)}
    if charge.percent is not None:
        percent = charge.percent
        property["battery"] = percent
        property["level"] = next((shown for least, shown in _BATTERY_STEPS if percent >= least), _EMPTIEST)
    return property | ({"notification": charge.level} if charge.level >= Level.WARN else {})


def _pump_data(found: PumpStatus, now_ms: int) -> Property:
    document, said = found.pump, found.status.document
    words = {name: complaint[1] for name, complaint in found.complaints.items()}
    data: Property = {"level": found.level, "title": "Pump Status"}
    if found.clock_ms is not None:
        data["clock"] = {
            "value": iso(found.clock_ms),
            "label": "Last Clock",
            "display": time_ago(found.clock_ms, now_ms).text,
            "level": found.clock_level,
        } | given(message=words.get("clock"))
    if found.reservoir_text:
        data["reservoir"] = _gauge(found.reservoir, "Reservoir", found.reservoir_text, words)
    if found.battery_text:
        in_percent = {"unit": "percent" if found.percent else "volts"}
        data["battery"] = _gauge(found.battery, "Battery", found.battery_text, words) | in_percent
    if found.word:
        data["status"] = {"value": found.word, "display": found.word, "label": "Status"}
        if found.word_level >= Level.WARN:
            data["status"] |= {"level": found.word_level, "message": words["status"]}
    data["device"] = {"label": "Device"} | given(display=said.get("device"))
    overrides = ("reservoir_display_override", "reservoir_level_override")
    data |= given(**{name: document.get(name) for name in ("manufacturer", "model", "extended", *overrides)})
    return data | ({"message": found.message} if found.level > Level.NONE else {})


def _gauge(gauge: Gauge | None, label: str, shown: str, words: Mapping[str, str]) -> Property:
    told = {"label": label, "display": shown, "level": gauge.level if gauge else Level.NONE}
    return given(value=gauge.value if gauge else None) | told | given(message=words.get(label.lower()))


def _rounded(value: Any) -> float | None:
    found = figure(value)
    return None if found is None else half_up(found, 2)

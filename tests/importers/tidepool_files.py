"""Records of a Tidepool account, and the files Tidepool's exporter makes of them: flat JSON, and workbooks."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import Any

from openpyxl import Workbook

from app.clock import iso_of
from app.records.times import read_instant
from tests.clocks import START_MS

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
MGDL = 18.01559
COMMON = (
    "timezoneOffset",
    "conversionOffset",
    "clockDriftOffset",
    "deviceId",
    "id",
    "uploadId",
    "payload",
    "annotations",
)
TIMES = ("time", "localTime", "deviceTime")
SETTINGS_PARTS = {
    "basalSchedules": "basalSchedule",
    "bgTarget": "bgTarget",
    "bgTargets": "bgTarget",
    "carbRatio": "carbRatio",
    "carbRatios": "carbRatio",
    "insulinSensitivity": "insulinSensitivity",
    "insulinSensitivities": "insulinSensitivity",
}
SHEETS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "cbg": ("CGM", ("value", "units")),
    "smbg": ("SMBG", ("subType", "value", "units")),
    "basal": (
        "Basal",
        (
            *("deliveryType", "duration", "expectedDuration", "rate", "percent", "scheduleName"),
            *("suppressed.scheduleName", "suppressed.deliveryType", "suppressed.type", "suppressed.rate"),
        ),
    ),
    "bolus": (
        "Bolus",
        ("subType", "duration", "expectedDuration", "extended", "expectedExtended", "normal", "expectedNormal"),
    ),
    "wizard": (
        "Bolus Calculator",
        (
            *("bgInput", "insulinSensitivity", "carbInput", "insulinCarbRatio", "insulinOnBoard", "bolus", "units"),
            *("recommended.carb", "recommended.correction", "recommended.net"),
        ),
    ),
    "food": ("Food", ("name", "nutrition")),
    "physicalActivity": ("Physical Activity", ("name", "distance", "duration", "energy", "reportedIntensity")),
    "deviceEvent": (
        "Device Event",
        (
            *("subType", "alarmType", "value", "units", "duration", "expectedDuration", "change.from", "change.to"),
            *("change.agent", "status", "primeTarget", "volume", "reason.suspended", "reason.resumed"),
        ),
    ),
    "bloodKetone": ("Blood Ketone", ("value", "units")),
    "upload": ("Upload", ("computerTime", "timezone", "deviceModel")),
    "pumpSettings.basalSchedules": (
        "Basal Schedules",
        ("activeSchedule", "scheduleName", "basalSchedule.start", "basalSchedule.rate", "bolus"),
    ),
    "pumpSettings.bgTarget": (
        "BG Targets",
        (
            *("activeSchedule", "scheduleName", "bgTarget.start", "bgTarget.low", "bgTarget.high", "bgTarget.target"),
            *("bgTarget.range", "units.bg", "units.carb", "bolus"),
        ),
    ),
    "pumpSettings.carbRatio": (
        "Carb Ratios",
        ("activeSchedule", "scheduleName", "carbRatio.start", "carbRatio.amount", "units.bg", "units.carb", "bolus"),
    ),
    "pumpSettings.insulinSensitivity": (
        "Insulin Sensitivities",
        (
            *("activeSchedule", "scheduleName", "insulinSensitivity.start", "insulinSensitivity.amount"),
            *("units.bg", "units.carb", "bolus"),
        ),
    ),
}
SHEETS_OF = SHEETS | {
    "pumpSettings.bgTargets": SHEETS["pumpSettings.bgTarget"],
    "pumpSettings.carbRatios": SHEETS["pumpSettings.carbRatio"],
    "pumpSettings.insulinSensitivities": SHEETS["pumpSettings.insulinSensitivity"],
}
HEADERS = {
    "time": "Zulu Time",
    "type": "Tidepool Data Type",
    "bgTarget.start": "BG Target Start",
    "bgTarget.low": "BG Low Target Setting",
    "bgTarget.high": "BG High Target Setting",
    "bgTarget.target": "BG Target Setting",
    "bgTarget.range": "BG Target Range Setting",
    "units.bg": "BG Units",
    "units.carb": "Carb Units",
}


def record(type: str, min_ago: float, **fields: Any) -> dict[str, Any]:
    at_ms = START_MS - int(min_ago * MINUTE_MS)
    return {
        "type": type,
        "id": f"{type}-{min_ago}",
        "time": iso_of(at_ms),
        "deviceTime": iso_of(at_ms + HOUR_MS)[:19],
        "timezoneOffset": 60,
        "conversionOffset": 0,
        "deviceId": "DexG6_8ABCDE" if type == "cbg" else "MMT-1780:NG1234567H",
        "uploadId": "upid_0123456789ab",
        **fields,
    }


def account() -> list[dict[str, Any]]:
    """A day in the life of an account, newest first within each type as the service answers."""
    suppressed = {"type": "basal", "deliveryType": "scheduled", "rate": 0.8}
    low = [{"code": "bg/out-of-range", "value": "low", "threshold": 40}]
    weekday = [{"start": 0, "rate": 0.8}, {"start": 6 * HOUR_MS, "rate": 1.05}]
    return [
        *(
            record("cbg", 2.05 + 5 * step, value=(100 + step) / MGDL, units="mmol/L", payload={"trend": "flat"})
            for step in range(12)
        ),
        record("cbg", 200, value=39 / MGDL, units="mmol/L", annotations=low),
        record("smbg", 33, value=118 / MGDL, units="mmol/L", subType="linked"),
        record("bolus", 30, subType="normal", normal=1.5),
        record("bolus", 60, subType="dual/square", normal=2.5, extended=1.2, expectedExtended=2.5, duration=HOUR_MS),
        record("bolus", 90, subType="normal", normal=0, expectedNormal=2),
        record("wizard", 61, bolus="bolus-60", carbInput=48, bgInput=7.1, units="mmol/L", recommended={"net": 5}),
        record("wizard", 150, bolus="never told", carbInput=20, units="mmol/L"),
        record("basal", 20, deliveryType="suspend", duration=90_000),
        record("basal", 50, deliveryType="temp", rate=0.4, duration=30 * MINUTE_MS, suppressed=suppressed),
        record("basal", 80, deliveryType="scheduled", rate=0.8, duration=30 * MINUTE_MS),
        record("basal", 6000, deliveryType="suspend", duration=3 * 24 * HOUR_MS),
        record("food", 100, name="Apple", nutrition={"carbohydrate": {"net": 15, "units": "grams"}}),
        record("physicalActivity", 300, name="Run", duration={"value": 30, "units": "minutes"}),
        record("deviceEvent", 400, subType="prime", primeTarget="cannula", volume=0.5),
        record("deviceEvent", 401, subType="reservoirChange", status="x"),
        record("deviceEvent", 402, subType="timeChange", change={"from": "2026-11-21T01:00", "to": "2026-11-21T02:00"}),
        record("deviceEvent", 403, subType="status", status="suspended", reason={"suspended": "manual"}),
        record("deviceEvent", 404, subType="calibration", value=117 / MGDL, units="mmol/L"),
        record("deviceEvent", 405, subType="alarm", alarmType="no_delivery"),
        record("bloodKetone", 500, value=0.6, units="mmol/L"),
        record(
            "pumpSettings",
            700,
            activeSchedule="Weekday",
            basalSchedules={"Weekday": weekday, "Rest": [{"start": 0, "rate": 0.5}]},
            bgTarget=[{"start": 0, "low": 80 / MGDL, "high": 108 / MGDL}],
            carbRatio=[{"start": 0, "amount": 10}],
            insulinSensitivity=[{"start": 0, "amount": 50 / MGDL}],
            units={"bg": "mmol/L", "carb": "grams"},
            bolus={"calculator": {"insulin": {"duration": 4, "units": "hours"}}},
        ),
        record(
            "pumpSettings",
            600,
            activeSchedule="Weekday",
            basalSchedules={"Weekday": weekday},
            bgTargets={"Weekday": [{"start": 0, "target": 6, "range": 0.5}]},
            carbRatios={"Weekday": [{"start": 0, "amount": 12}]},
            insulinSensitivities={"Weekday": [{"start": 0, "amount": 2.5}]},
            units={"bg": "mmol/L", "carb": "grams"},
        ),
        record("upload", 10, deviceModel="1780", computerTime="2026-11-21T09:30:00", timezone="Europe/Berlin"),
    ]


def flat(records: Iterable[Mapping[str, Any]], unit: str = "mmol/L") -> list[dict[str, Any]]:
    """What Tidepool's exporter makes of records: one for each step of a schedule, flat, in a unit and in minutes."""
    factor = MGDL if unit == "mg/dL" else 1.0
    return [_flat(copy.deepcopy(dict(part)), unit, factor) for one in records for part in _parts(one)]


def as_json(records: Iterable[Mapping[str, Any]], *, is_whole: bool = True) -> str:
    """A file of records; one that is not whole ends as the exporter ends when it gives up."""
    told = [json.dumps(one) for one in records]
    if not is_whole:
        told.append(json.dumps({"exportError": "Due to the size of your export, Tidepool was unable to"}))
    return f"[{','.join(told)}]"


def as_workbook(records: Iterable[Mapping[str, Any]], unit: str = "mg/dL", *, is_whole: bool = True) -> bytes:
    """A workbook as Tidepool's exporter writes it."""
    book = Workbook()
    error = book.active
    assert error is not None
    error.title = "EXPORT ERROR"
    error.append(["Due to the size of your export, Tidepool was unable to retrieve all of your data at one time."])
    for one in flat(records, unit):
        title, members = SHEETS_OF[one["type"]]
        members = (*TIMES, "type", *members, *COMMON)
        if title not in book.sheetnames:
            book.create_sheet(title).append([_header(name, one["type"]) for name in members])
        book[title].append([_cell(name, one.get(name)) for name in members])
    if len(book.sheetnames) == 1:
        book.create_sheet("NO DATA").append(["Data is not available within the specified date range."])
    if is_whole:
        error.sheet_state = "veryHidden"
    saved = BytesIO()
    book.save(saved)
    return saved.getvalue()


def _parts(one: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    if one["type"] != "pumpSettings":
        yield one
        return
    common = {name: value for name, value in one.items() if name not in (*SETTINGS_PARTS, "units")}
    for part, member in SETTINGS_PARTS.items():
        units = {} if part == "basalSchedules" else {"units": one.get("units")}
        held = one.get(part) or []
        named = held.items() if isinstance(held, Mapping) else [(None, held)]
        for name, steps in named:
            for step in steps:
                called = {} if name is None else {"scheduleName": name}
                yield {**common, **units, **called, "type": f"pumpSettings.{part}", member: dict(step)}


def _flat(one: dict[str, Any], unit: str, factor: float) -> dict[str, Any]:
    type = one["type"]
    instant = read_instant(one["time"])
    assert instant is not None
    one["localTime"] = iso_of(instant.at_ms + one.get("timezoneOffset", 0) * MINUTE_MS)
    if type in ("cbg", "smbg", "deviceEvent") and one.get("value"):
        one["value"] *= factor
    if isinstance(one.get("units"), str) and type != "bloodKetone":
        one["units"] = unit
    if isinstance(one.get("units"), dict):
        one["units"]["bg"] = unit
    for member, names in (("bgTarget", ("low", "high", "target", "range")), ("insulinSensitivity", ("amount",))):
        if isinstance(one.get(member), dict):
            for name in names:
                if name in one[member]:
                    one[member][name] *= factor
    for member in ("basalSchedule", "bgTarget", "carbRatio", "insulinSensitivity"):
        if type.startswith("pumpSettings.") and member in one:
            one[member]["start"] = iso_of(one[member]["start"])
    if type == "physicalActivity":
        one["duration"] = timedelta(**{one["duration"]["units"]: one["duration"]["value"]}) / timedelta(days=1)
    elif "duration" in one:
        one["duration"] = one["duration"] / MINUTE_MS
    for name in ("payload", "annotations", "nutrition", "distance", "energy"):
        if name in one:
            one[name] = json.dumps(one[name], separators=(",", ":"))
    if type.startswith("pumpSettings.") and "bolus" in one:
        one["bolus"] = json.dumps(one["bolus"])
    made: dict[str, Any] = {}
    for name, value in one.items():
        if isinstance(value, dict):
            made |= {f"{name}.{inner}": held for inner, held in value.items()}
        else:
            made[name] = value
    return made


def _header(name: str, type: str) -> str:
    if name == "type" and type == "wizard":
        return "Tidepool Wizard Type"
    if name in ("duration", "expectedDuration") and type != "physicalActivity":
        return "Duration (mins)" if name == "duration" else "Expected Duration (mins)"
    if name in HEADERS:
        return HEADERS[name]
    spaced = "".join(f" {letter}" if letter.isupper() else letter for letter in name.replace(".", " "))
    return " ".join(word[:1].upper() + word[1:] for word in spaced.split())


def _cell(name: str, value: Any) -> Any:
    is_moment = name in (*TIMES, "computerTime") or name.endswith(".start")
    if not is_moment or not isinstance(value, str):
        return value
    instant = read_instant(value)
    return value if instant is None else datetime.fromtimestamp(instant.at_ms / 1000, UTC).replace(tzinfo=None)

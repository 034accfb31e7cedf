"""Device statuses and profiles as real programs upload them, told by how many minutes before the tests' clock."""

from __future__ import annotations

from typing import Any

from app.clock import iso_of
from tests.live.uploads import at


def when(minutes: float) -> str:
    return iso_of(at(minutes))


def by_loop(minutes: float = 2, **loop: Any) -> dict[str, Any]:
    said = when(minutes)
    return {
        "device": "loop://iPhone",
        "identifier": "loop",
        "created_at": said,
        "pump": {
            "clock": said,
            "pumpID": "1F08A2B3",
            "manufacturer": "Insulet",
            "model": "Dash",
            "suspended": False,
            "bolusing": False,
            "reservoir": 30,
            "secondsFromGMT": 3600,
        },
        "uploader": {"name": "iPhone", "timestamp": said, "battery": 55},
        "loop": {
            "name": "Loop",
            "version": "3.4.1",
            "timestamp": said,
            "iob": {"timestamp": said, "iob": 1.5049},
            "cob": {"timestamp": said, "cob": 25.04},
            "predicted": {"startDate": said, "values": [118, 119, 121]},
            "automaticDoseRecommendation": {"timestamp": said, "bolusVolume": 0},
            "enacted": {"timestamp": said, "rate": 0.5, "duration": 30, "received": True, "bolusVolume": 0},
            **loop,
        },
        "override": {"active": False, "timestamp": said},
    }


def by_androidaps(minutes: float = 2, **fields: Any) -> dict[str, Any]:
    said = when(minutes)
    return {
        "date": at(minutes),
        "created_at": said,
        "utcOffset": 60,
        "app": "AAPS",
        "device": "openaps://samsung SM-A515F",
        "uploaderBattery": 81,
        "isCharging": False,
        "pump": {
            "clock": said,
            "reservoir": 143.2,
            "battery": {"percent": 75},
            "status": {"status": "normal", "timestamp": said},
            "extended": {"Version": "3.4.2.2", "ActiveProfile": "Weekday", "BaseBasalRate": 0.8},
        },
        "openaps": {
            "iob": {"iob": 1.12, "basaliob": 0.2, "activity": 0.011, "time": said},
            "suggested": {"timestamp": said, "bg": 117, "rate": 0, "duration": 30, "COB": 12, "eventualBG": 104},
            "enacted": {"timestamp": said, "rate": 0, "duration": 30, "received": True, "COB": 12, "eventualBG": 104},
        },
        **fields,
    }


def by_old_rig(minutes: float = 2) -> dict[str, Any]:
    """A status of oref0 before 0.7: the insulin on board is a list, and ``received`` is misspelt."""
    said = when(minutes)
    return {
        "device": "openaps://edison",
        "created_at": said,
        "openaps": {
            "iob": [
                {"iob": 0.831, "basaliob": 0.2, "bolussnooze": 0.3, "activity": 0.0074, "time": said},
                {"iob": 0.8, "time": when(minutes - 5)},
            ],
            "suggested": {
                "bg": 101,
                "temp": "absolute",
                "timestamp": said,
                "eventualBG": 96,
                "COB": 7,
                "predBGs": {"IOB": [101, 99, 97], "ZT": [101, 98]},
            },
            "enacted": {
                "rate": 0.3,
                "duration": 30,
                "timestamp": when(minutes + 5),
                "recieved": True,
                "eventualBG": 95,
            },
        },
        "pump": {"clock": said, "battery": {"status": "normal", "voltage": 1.51}, "reservoir": 81.9, "status": {}},
        "uploader": {"batteryVoltage": 3894, "battery": 64},
        "mmtune": {"timestamp": when(minutes + 60), "setFreq": 868.36, "scanDetails": []},
    }


def by_minimed_connect(minutes: float = 2) -> dict[str, Any]:
    return {
        "device": "connect://paradigm",
        "created_at": when(minutes),
        "uploader": {"battery": 70},
        "pump": {"battery": {"percent": 100}, "iob": {"bolusiob": 0.85, "timestamp": when(minutes)}, "reservoir": 140},
        "connect": {"sensorState": "NORMAL", "calibStatus": "LESS_THAN_THREE_HRS"},
    }


def by_transmitter(minutes: float = 2, **said: Any) -> dict[str, Any]:
    return {
        "device": "xdripjs://raspberrypi",
        "created_at": when(minutes),
        "xdripjs": {
            "state": 6,
            "stateString": "OK",
            "stateStringShort": "OK",
            "txId": "80ABCD",
            "txStatus": 0,
            "txStatusString": "OK",
            "txStatusStringShort": "OK",
            "mode": "not expired",
            "timestamp": at(minutes),
            "rssi": -65,
            "unfiltered": 118.5,
            "filtered": 120.1,
            "noise": 1,
            "noiseString": "Clean",
            "slope": 1.23456,
            "intercept": -12.3456,
            "calType": "LeastSquaresRegression",
            "batteryTimestamp": at(60),
            "voltagea": 312,
            "voltageb": 303,
            "temperature": 34,
            "resistance": 700,
            **said,
        },
    }


def by_xdrip(minutes: float = 2, battery: Any = 71, name: str = "Pixel 8") -> dict[str, Any]:
    return {
        "device": "Pixel 8",
        "created_at": when(minutes),
        "uploader": {"name": name, "battery": battery, "type": "PHONE"},
    }


def a_profile(**fields: Any) -> dict[str, Any]:
    """A profile of Nightscout's own editor, in mg/dL and Berlin time."""
    return {
        "defaultProfile": "Default",
        "startDate": "2026-10-01T00:00:00.000Z",
        "units": "mg/dl",
        "created_at": "2026-10-01T00:00:00.000Z",
        "store": {
            "Default": {
                "dia": "4",
                "carbs_hr": "30",
                "delay": "20",
                "timezone": "Europe/Berlin",
                "units": "mg/dl",
                "basal": [
                    {"time": "00:00", "value": "0.5", "timeAsSeconds": 0},
                    {"time": "10:30", "value": "0.8", "timeAsSeconds": 37800},
                ],
                "carbratio": [{"time": "00:00", "value": "10"}],
                "sens": [{"time": "00:00", "value": "50"}],
                "target_low": [{"time": "00:00", "value": "100"}],
                "target_high": [{"time": "00:00", "value": "120"}],
                **fields,
            }
        },
    }

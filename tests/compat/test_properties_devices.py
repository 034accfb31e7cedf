"""``upbat``, ``pump``, ``sensorState``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.compat.conftest import Site
from tests.compat.reading_present import properties
from tests.live.device_documents import (
    by_androidaps,
    by_loop,
    by_minimed_connect,
    by_old_rig,
    by_transmitter,
    by_xdrip,
    when,
)
from tests.live.uploads import at, done

SiteWith = Callable[..., Site]


@pytest.fixture
def devices(site_with: SiteWith) -> Site:
    return site_with(ENABLE="pump openaps xdripjs")


def shown(site: Site, name: str, *statuses: dict[str, Any]) -> Any:
    site.device_status.save(statuses)
    return properties(site, name)[name]


def test_the_batteries_of_the_uploaders(site: Site) -> None:
    upbat = shown(site, "upbat", by_xdrip(4, 54), by_androidaps(2, isCharging=True))
    phone = {"name": "Pixel 8", "battery": 54, "type": "PHONE", "value": 54, "display": "54%", "level": 50}
    [status] = upbat["devices"]["Pixel 8"].pop("statuses")
    assert status.pop("_id")
    assert status == {"uploader": phone, "created_at": when(4), "mills": at(4)}
    assert upbat["devices"].pop("Pixel 8") == {"name": "Pixel 8", "uri": "Pixel 8", "min": phone}
    other = upbat["devices"].pop("openaps://samsung SM-A515F")
    assert (other["name"], other["min"]["display"]) == ("samsung SM-A515F", "81%⚡")
    assert upbat == {"level": 50, "display": "54%", "status": "current", "devices": {}, "min": phone}


@pytest.mark.parametrize(
    ("percent", "level", "status", "notification"),
    [(100, 100, "current", None), (95, 100, "current", None), (94, 75, "current", None), (55, 75, "current", None),
     (30, 50, "warn", 1), (29, 25, "warn", 1), (20, 25, "urgent", 2), (0, 25, "urgent", 2)],
)  # fmt: skip
def test_a_battery_has_a_level_to_draw_and_one_to_warn(
    site: Site, percent: int, level: int, status: str, notification: int | None
) -> None:
    upbat = shown(site, "upbat", by_xdrip(4, percent))
    assert (upbat["level"], upbat["status"], upbat["display"]) == (level, status, f"{percent}%")
    assert upbat["min"].get("notification") == notification


def test_volts_are_told_too(site: Site) -> None:
    rig = shown(site, "upbat", by_old_rig())["min"]
    assert (rig["battery"], rig["voltage"], rig["voltageDisplay"], rig["display"]) == (64, 3.894, "3.894v", "64%")


def test_volts_alone_are_shown(site: Site) -> None:
    upbat = shown(site, "upbat", {"device": "rig", "created_at": when(2), "uploader": {"batteryVoltage": 3.9}})
    assert (upbat["display"], upbat["min"]["value"], "level" in upbat) == ("3.900v", 3.9, False)


def test_a_text_that_is_no_percentage_is_no_battery(site: Site) -> None:
    """xDrip+ tells the battery of a transmitter so."""
    upbat = shown(site, "upbat", by_xdrip(2, "50 days (voltage: 285/275)"))
    assert upbat["display"] == "?%"
    assert "min" not in upbat
    [status] = upbat["devices"]["Pixel 8"]["statuses"]
    assert status["uploader"]["battery"] == "50 days (voltage: 285/275)"


def test_the_pump_by_androidaps(devices: Site) -> None:
    pump = shown(devices, "pump", by_androidaps())
    assert (pump["device"], pump["clockMills"], pump["mills"]) == ("openaps://samsung SM-A515F", at(2), at(2))
    assert (pump["uploader"], pump["pump"]["reservoir"], pump["openaps"]["iob"]["iob"]) == (
        {"battery": 81},
        143.2,
        1.12,
    )
    assert "uploaderBattery" not in pump
    assert pump["data"] == {
        "level": -3,
        "title": "Pump Status",
        "clock": {"value": when(2), "label": "Last Clock", "display": "2m ago", "level": -3},
        "reservoir": {"value": 143.2, "label": "Reservoir", "display": "143U", "level": -3},
        "battery": {"value": 75, "unit": "percent", "label": "Battery", "display": "75%", "level": -3},
        "status": {"value": "normal", "display": "normal", "label": "Status"},
        "device": {"label": "Device", "display": "openaps://samsung SM-A515F"},
        "extended": {"Version": "3.4.2.2", "ActiveProfile": "Weekday", "BaseBasalRate": 0.8},
    }


def test_the_pump_by_loop(devices: Site) -> None:
    data = shown(devices, "pump", by_loop())["data"]
    assert (data["manufacturer"], data["model"], data["status"]["value"]) == ("Insulet", "Dash", "normal")
    assert data["reservoir"]["display"] == "30.0U"
    assert "battery" not in data


def test_the_pump_by_an_old_rig(devices: Site) -> None:
    battery = shown(devices, "pump", by_old_rig())["data"]["battery"]
    assert battery == {"value": 1.51, "unit": "volts", "label": "Battery", "display": "1.51v", "level": -3}


def test_the_pump_by_minimed_connect(devices: Site) -> None:
    pump = shown(devices, "pump", by_minimed_connect())
    assert (pump["clockMills"], pump["data"]["battery"]["display"]) == (at(2), "100%")
    assert "clock" not in pump["data"]


def test_what_matters_has_messages(devices: Site) -> None:
    status = by_androidaps()
    pump = status["pump"] | {"clock": when(70), "reservoir": 4, "battery": {"percent": 25}}
    data = shown(devices, "pump", status | {"pump": pump})["data"]
    assert (data["level"], data["message"]) == (2, "Pump Battery: 25%\nPump Reservoir: 4.00U")
    assert (data["clock"]["message"], data["clock"]["display"]) == ("URGENT: Pump data stale", "1h ago")
    assert data["reservoir"]["message"] == "URGENT: Pump Reservoir Low"
    assert data["battery"]["message"] == "Warning, Pump Battery Low"


@pytest.mark.parametrize(
    ("units", "shown_as"),
    [(0, "0.00U"), (4, "4.00U"), (12.34, "12.3U"), (99.95, "100U"), (143.2, "143U"), (0.5, "0.500U")],
)
def test_a_reservoir_has_three_digits(devices: Site, units: float, shown_as: str) -> None:
    status = {"device": "p", "created_at": when(2), "pump": {"reservoir": units}}
    assert shown(devices, "pump", status)["data"]["reservoir"]["display"] == shown_as


def test_a_pod_that_does_not_say_holds_more_than_fifty(devices: Site) -> None:
    pod = {"manufacturer": "Insulet", "clock": when(2)}
    data = shown(devices, "pump", {"device": "p", "created_at": when(2), "pump": pod})["data"]
    assert data["reservoir"] == {"label": "Reservoir", "display": "50+ U", "level": -3}


def test_a_pump_may_say_itself_what_to_show(devices: Site) -> None:
    told = {"reservoir": 50, "reservoir_display_override": "50+U", "reservoir_level_override": 0}
    data = shown(devices, "pump", {"device": "p", "created_at": when(2), "pump": told})["data"]
    assert data["reservoir"] == {"value": 50, "label": "Reservoir", "display": "50+U", "level": 0}
    assert (data["reservoir_display_override"], data["reservoir_level_override"], data["level"]) == ("50+U", 0, 0)


def test_a_suspended_pump_may_be_a_warning(site_with: SiteWith) -> None:
    """The original has this setting, and it does nothing."""
    status = by_loop()
    site = site_with(ENABLE="pump", PUMP_WARN_ON_SUSPEND="on")
    data = shown(site, "pump", status | {"pump": status["pump"] | {"suspended": True}})["data"]
    assert data["status"] == {
        "value": "suspended", "display": "suspended", "label": "Status", "level": 1, "message": "Pump Suspended",
    }  # fmt: skip
    assert data["level"] == 1


def test_while_the_loop_is_put_out_of_action_the_pump_is_no_alarm(devices: Site) -> None:
    devices.treatments.save([done(30, "OpenAPS Offline", duration=60)])
    status = by_androidaps()
    data = shown(devices, "pump", status | {"pump": status["pump"] | {"reservoir": 4}})["data"]
    assert (data["level"], data["reservoir"]["level"], "message" in data) == (-3, 2, False)


def test_a_pump_nobody_heard_of_lately_is_told_so(devices: Site) -> None:
    assert shown(devices, "pump", by_loop(121)) == {
        "data": {"level": -3, "title": "Pump Status", "device": {"label": "Device"}}
    }


def test_the_transmitter(devices: Site) -> None:
    found = shown(devices, "sensorState", by_transmitter())
    assert found.pop("latest")["xdripjs"]["txId"] == "80ABCD"
    assert found == {
        "seenDevices": {"xdripjs://raspberrypi": {"name": "raspberrypi", "uri": "xdripjs://raspberrypi"}},
        "level": -3,
        "lastDevice": "xdripjs://raspberrypi",
        "lastState": 6,
        "lastStateString": "OK",
        "lastStateStringShort": "OK",
        "lastStateTime": when(2),
        "lastSessionStart": None,
        "lastTxId": "80ABCD",
        "lastTxStatus": 0,
        "lastTxStatusString": "OK",
        "lastTxStatusStringShort": "OK",
        "lastTxActivation": None,
        "lastMode": "not expired",
        "lastRssi": -65,
        "lastUnfiltered": 118.5,
        "lastFiltered": 120.1,
        "lastNoise": 1,
        "lastNoiseString": "Clean",
        "lastSlope": 1.23,
        "lastIntercept": -12.35,
        "lastCalType": "LeastSquaresRegression",
        "lastCalibrationDate": None,
        "lastBatteryTimestamp": at(60),
        "lastVoltageA": 312,
        "lastVoltageB": 303,
        "lastTemperature": 34,
        "lastResistance": 700,
    }


def test_of_no_transmitter_everything_is_unknown(devices: Site) -> None:
    found = shown(devices, "sensorState", by_loop())
    assert (found.pop("seenDevices"), found.pop("level")) == ({}, -3)
    assert set(found.values()) == {None}


@pytest.mark.parametrize(
    ("said", "level", "title"),
    [
        ({"state": 7, "stateString": "Needs calibration"}, 0, "CGM Transmitter state: Needs calibration"),
        ({"state": 2, "stateString": "Warmup"}, 1, "CGM Transmitter state: Warmup"),
        ({"voltagea": 299}, 1, "CGM Transmitter Battery Low"),
        ({"state": 7, "voltageb": 289}, 1, "CGM Transmitter Battery Low"),
    ],
)
def test_a_transmitter_has_something_to_announce(
    site_with: SiteWith, said: dict[str, Any], level: int, title: str
) -> None:
    site = site_with(ENABLE="xdripjs", XDRIPJS_ENABLE_ALERTS="on")
    found = shown(site, "sensorState", by_transmitter(2, **said))
    assert (found["level"], found["notification"]["level"], found["notification"]["title"]) == (level, level, title)
    assert found["notification"]["group"] == "xDrip-js"
    assert "notification" not in properties(site_with(ENABLE="xdripjs"))["sensorState"]


def test_deleted_statuses_were_never_said(devices: Site) -> None:
    devices.device_status.save([by_androidaps() | {"isValid": False}])
    answer = properties(devices, "upbat,pump,openaps")
    assert answer["upbat"] == {"display": "?%", "devices": {}}
    assert answer["pump"].keys() == {"data"}
    assert answer["openaps"]["seenDevices"] == {}

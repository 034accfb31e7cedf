"""What people call the things that documents name by codes: sensors, apps and clouds."""

from __future__ import annotations

import re

_LONGEST_NAME = 40

# What a device text contains (in lower case), and the name people know. The first that fits counts.
_SENSORS = (
    (r"g7", "Dexcom G7", 10),
    (r"one ?\+|dexcom ?one", "Dexcom ONE", 10),
    (r"g6", "Dexcom G6", 10),
    (r"g5", "Dexcom G5", 7),
    (r"libre ?3 ?plus", "Libre 3 Plus", 15),
    (r"libre ?3", "Libre 3", 14),
    (r"libre ?2 ?plus", "Libre 2 Plus", 15),
    (r"libre ?2", "Libre 2", 14),
    (r"libre", "Libre", 14),
    (r"simplera", "Simplera", 7),
    (r"guardian|enlite", "Guardian", 7),
    (r"eversense", "Eversense", None),
    (r"dexcom", "Dexcom", 10),
)
_CLOUDS = (
    (r"share", "Dexcom Share", 10),
    (r"libre ?link|linkup", "LibreLinkUp", 14),
    (r"carelink|minimed|mmconnect", "CareLink", 7),
    (r"glooko", "Glooko", None),
)
_APPS = (
    (r"demo", "the demo"),
    (r"xdrip4i", "xDrip4iOS"),
    (r"xdrip", "xDrip"),
    (r"juggluco", "Juggluco"),
    (r"aaps|androidaps", "AAPS"),
    (r"openaps", "OpenAPS"),
    (r"trio", "Trio"),
    (r"iaps", "iAPS"),
    (r"spike", "Spike"),
    (r"loop", "Loop"),
)
_NAMED_G5_FOR_ALL = "xDrip"  # it writes DexcomG5 whichever Dexcom it reads


def device_name(device: str) -> str:
    """Return what people call the device an entry came from: ``Dexcom G6 by xDrip``, ``Dexcom Share``.

    What nobody knows is returned as it is, cut to a line.
    """
    cloud = _cloud(device)
    if cloud:
        return cloud[0]
    sensor, app = _sensor(device), _app(device)
    if sensor and app:
        return f"{sensor[0]} by {app}"
    return sensor[0] if sensor else app or device[:_LONGEST_NAME]


def sensor_days(device: str) -> int | None:
    """Return how many days the sensor behind a device lasts by its maker's word, None when unknown."""
    known = _cloud(device) or _sensor(device)
    return known[1] if known else None


def from_cloud(device: str) -> bool:
    """Tell whether a device text names a vendor's cloud, so that no phone of ours brought the reading."""
    return _cloud(device) is not None


def _cloud(device: str) -> tuple[str, int | None] | None:
    return next(((name, days) for pattern, name, days in _CLOUDS if re.search(pattern, _spaced(device))), None)


def _sensor(device: str) -> tuple[str, int | None] | None:
    for pattern, name, days in _SENSORS:
        if re.search(pattern, _spaced(device)):
            return ("Dexcom", 10) if name == "Dexcom G5" and _app(device) == _NAMED_G5_FOR_ALL else (name, days)
    return None


def _app(device: str) -> str:
    return next((name for pattern, name in _APPS if re.search(pattern, _spaced(device))), "")


def _spaced(device: str) -> str:
    return re.sub(r"[-_\s]+", " ", device.lower())

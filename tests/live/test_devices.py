from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.live.devices import device_name, from_cloud, sensor_days


@pytest.mark.parametrize(
    ("device", "name", "days"),
    [
        ("xDrip-DexcomG6", "Dexcom G6 by xDrip", 10),
        ("xDrip-DexcomG5", "Dexcom by xDrip", 10),
        ("xDrip-LibreReceiver", "Libre by xDrip", 14),
        ("Libre3", "Libre 3", 14),
        ("G7", "Dexcom G7", 10),
        ("loop://iPhone", "Loop", None),
        ("openaps://samsung SM-A515F", "OpenAPS", None),
        ("share2", "Dexcom Share", 10),
        ("nightlight-dexcom-share", "Dexcom Share", 10),
        ("nightlight-librelinkup", "LibreLinkUp", 14),
        ("connect-minimed", "CareLink", 7),
        ("homemade", "homemade", None),
        ("", "", None),
        ("x" * 100, "x" * 40, None),
    ],
)
def test_devices_have_names_people_know(device: str, name: str, days: int | None) -> None:
    assert device_name(device) == name
    assert sensor_days(device) == days


def test_clouds_are_told_from_phones() -> None:
    assert all(map(from_cloud, ["share2", "nightlight-librelinkup", "nightscout-librelink-up", "CareLink"]))
    assert not any(map(from_cloud, ["xDrip-DexcomG6", "Libre3", "loop://iPhone", "G7", ""]))


@given(st.text(max_size=200))
def test_a_name_is_never_longer_than_a_line(device: str) -> None:
    assert len(device_name(device)) <= 40

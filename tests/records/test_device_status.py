"""Device status: every report is a document, with its predictions cut to a day."""

from __future__ import annotations

import pytest

from app.records.devicestatus import DeviceStatus
from app.store import ObjectId
from app.store.interface import Store
from tests.clocks import SettableClock
from tests.records.conftest import ACTOR

NOW = "2026-11-21T10:00:00.000Z"
HEX = "64b1f0c2a7e94e3f8a5d1c20"


def test_the_same_report_twice_is_two_documents(device_status: DeviceStatus) -> None:
    device_status.save([{"device": "openaps://rig", "created_at": NOW}, {"device": "openaps://rig", "created_at": NOW}])
    assert device_status.count() == 2


def test_a_report_with_an_id_is_one_document_however_often_it_comes(device_status: DeviceStatus, store: Store) -> None:
    [first] = device_status.save([{"_id": HEX, "created_at": NOW}])
    before = store.last_seq()
    [again] = device_status.save([{"_id": HEX, "created_at": NOW}])
    assert first["_id"] == again["_id"] == ObjectId(HEX)
    assert device_status.count() == 1
    assert store.last_seq() == before


@pytest.mark.parametrize(
    ("sent", "created_at", "offset_min"),
    [
        ("2026-01-14T08:05:09+01:00", "2026-01-14T07:05:09.000Z", 60),
        ("nonsense", NOW, 0),
        (None, NOW, 0),
    ],
)
def test_the_moment_is_utc_with_milliseconds(
    device_status: DeviceStatus, sent: object, created_at: str, offset_min: int
) -> None:
    [kept] = device_status.save([{"created_at": sent}])
    assert (kept["created_at"], kept["utcOffset"]) == (created_at, offset_min)


@pytest.mark.parametrize(("most", "kept"), [(288, 288), (2, 2), (0, 300)])
def test_predictions_are_cut_to_their_size(store: Store, clock: SettableClock, most: int, kept: int) -> None:
    curve = [100] * 300
    curves = {"IOB": curve, "COB": curve, "UAM": curve, "ZT": curve, "aCOB": curve}
    service = DeviceStatus(store, clock, ACTOR, predictions_max_size=most)
    [status] = service.save(
        [{"openaps": {"suggested": {"predBGs": dict(curves)}, "enacted": {"predBGs": dict(curves)}}}]
    )
    for part in ("suggested", "enacted"):
        lengths = {name: len(points) for name, points in status["openaps"][part]["predBGs"].items()}
        assert lengths == {"IOB": kept, "COB": kept, "UAM": kept, "ZT": kept, "aCOB": 300}


@pytest.mark.parametrize(
    "openaps",
    [
        None,
        [],
        "x",
        {"suggested": None},
        {"suggested": {"predBGs": None}},
        {"enacted": {"predBGs": {"IOB": "x", "COB": None}}},
        {"iob": [{"iob": 1}]},
    ],
)
def test_reports_of_any_shape_are_kept_as_they_are(device_status: DeviceStatus, openaps: object) -> None:
    [kept] = device_status.save([{"openaps": openaps, "uploader": {}}])
    assert kept["openaps"] == openaps
    assert kept["uploader"] == {}


def test_a_pump_that_is_null_is_not_kept(device_status: DeviceStatus) -> None:
    [kept] = device_status.save([{"pump": None, "uploaderBattery": False}])
    assert "pump" not in kept
    assert kept["uploaderBattery"] is False


def test_our_own_fields_are_no_clients(device_status: DeviceStatus) -> None:
    device_status.save([{"srvModified": 5}])
    [kept] = device_status.search()
    assert kept["srvModified"] > 5

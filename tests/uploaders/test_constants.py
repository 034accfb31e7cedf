"""Vendors' constants: ours, and over them what the operator writes, without a restart."""

from __future__ import annotations

import logging
import os
from pathlib import Path

import pytest

from app.uploaders.constants import FILE, MOST_BYTES, Constants, built_in_constants
from app.uploaders.vendors import VENDORS


def write(folder: Path, text: str) -> None:
    path = folder / FILE
    before = path.stat().st_mtime_ns if path.exists() else 0
    path.write_text(text)
    os.utime(path, ns=(before + 1_000_000_000, before + 1_000_000_000))


def test_without_a_file_ours_count(tmp_path: Path) -> None:
    assert Constants(tmp_path).of("librelinkup") == built_in_constants("librelinkup")
    assert Constants(tmp_path).of("no such vendor") == {}


def test_one_value_is_changed_and_the_others_stay(tmp_path: Path) -> None:
    constants = Constants(tmp_path)
    write(tmp_path, '[librelinkup]\nversion = "9.9.9"\n[dexcom_share.regions.jp]\nhost = "https://x.example"\n')
    assert constants.of("librelinkup")["version"] == "9.9.9"
    assert constants.of("librelinkup")["product"] == built_in_constants("librelinkup")["product"]
    regions = constants.of("dexcom_share")["regions"]
    assert regions["jp"]["host"] == "https://x.example"
    assert regions["jp"]["application_id"] == built_in_constants("dexcom_share")["regions"]["jp"]["application_id"]
    assert regions["us"] == built_in_constants("dexcom_share")["regions"]["us"]


def test_a_change_of_the_file_counts_at_once_and_so_does_its_end(tmp_path: Path) -> None:
    constants = Constants(tmp_path)
    for version in ("5.0.0", "6.0.0"):
        write(tmp_path, f'[librelinkup]\nversion = "{version}"\n')
        assert constants.of("librelinkup")["version"] == version
    (tmp_path / FILE).unlink()
    assert constants.of("librelinkup") == built_in_constants("librelinkup")


@pytest.mark.parametrize(
    "text", ["[librelinkup\n", "[librelinkup]\nversion = 5\n", 'librelinkup = "x"\n', "#" * (MOST_BYTES + 1), "\x00"]
)
def test_what_cannot_be_used_changes_nothing_and_is_said(
    tmp_path: Path, text: str, caplog: pytest.LogCaptureFixture
) -> None:
    constants = Constants(tmp_path)
    write(tmp_path, text)
    with caplog.at_level(logging.ERROR):
        assert constants.of("librelinkup") == built_in_constants("librelinkup")
    assert caplog.records


def test_a_new_region_can_be_added(tmp_path: Path) -> None:
    write(tmp_path, '[dexcom_share.regions.xx]\nhost = "https://x.example"\napplication_id = "1"\n')
    assert Constants(tmp_path).of("dexcom_share")["regions"]["xx"]["application_id"] == "1"


WITH_ADDRESSES = ["dexcom_share", "librelinkup", "carelink", "tandem_source", "glooko", "tidepool"]


@pytest.mark.parametrize("vendor", WITH_ADDRESSES)
def test_each_vendor_with_an_address_of_its_own_has_constants(vendor: str) -> None:
    assert vendor in VENDORS
    assert built_in_constants(vendor)

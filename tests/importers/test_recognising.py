"""Which format a file is of: its own, first, and no sibling's."""

from __future__ import annotations

import gzip
import json

import pytest

from app.importers.formats import FORMATS, as_it_is, recognised
from tests.importers import (
    nightscout_site,
    test_apple_health,
    test_carelink_csv,
    test_clarity_csv,
    test_diasend_xls,
    test_glooko_zip,
    test_health_connect,
    test_libreview_csv,
    test_mysugr_csv,
    test_nightscout_bson,
    test_openaps_files,
    test_tconnect_csv,
    test_xdrip_database,
    tidepool_files,
)
from tests.importers.conftest import MakeFile, read_with
from tests.importers.databases_made import zipped

LIBREVIEW = test_libreview_csv.table(test_libreview_csv.day_of_a_child())
LIBREVIEW_GERMAN = test_libreview_csv.table(test_libreview_csv.day_of_a_child(), header=test_libreview_csv.GERMAN)
MYSUGR = test_mysugr_csv.table(test_mysugr_csv.day_of_a_child())
MYSUGR_GERMAN = test_mysugr_csv.table(test_mysugr_csv.day_of_a_child(), header=test_mysugr_csv.GERMAN)

SAMPLES = {
    "libreview": ("libreview-csv", LIBREVIEW),
    "libreview in German": ("libreview-csv", LIBREVIEW_GERMAN),
    "mysugr": ("mysugr-csv", MYSUGR),
    "mysugr in German": ("mysugr-csv", MYSUGR_GERMAN),
    "apple health": ("apple-health", test_apple_health.GOOD),
    "apple health zipped": ("apple-health", test_apple_health.zipped(test_apple_health.glucose(0, 120))),
    "xdrip": ("xdrip-database", test_xdrip_database.GOOD),
    "xdrip zipped": ("xdrip-database", zipped({"export20260314.sqlite": test_xdrip_database.GOOD})),
    "health connect": ("health-connect", zipped({"health_connect_export.db": test_health_connect.GOOD})),
    "rig's pump history": ("openaps-files", test_openaps_files.history(*test_openaps_files.DAY)),
    "rig's readings": ("openaps-files", json.dumps([test_openaps_files.reading(0, 120)]).encode()),
    "rig's profile": ("openaps-files", json.dumps(test_openaps_files.PROFILE).encode()),
    "rig's files": ("openaps-files", test_openaps_files.GOOD),
    "clarity": ("clarity-csv", test_clarity_csv.CANONICAL),
    "t:connect": ("tconnect-csv", test_tconnect_csv.day_of_a_child()),
    "glooko": ("glooko-zip", test_glooko_zip.A_DAY),
    "diasend": ("diasend-xls", test_diasend_xls.A_DAY["xls"]),
    "diasend as xlsx": ("diasend-xls", test_diasend_xls.A_DAY["xlsx"]),
    "tidepool": ("tidepool-json", tidepool_files.as_json(tidepool_files.account()).encode()),
    "tidepool as xlsx": ("tidepool-xlsx", tidepool_files.as_workbook(tidepool_files.account())),
    "nightscout": ("nightscout-json", json.dumps(nightscout_site.small_site()["entries"], default=str).encode()),
    "nightscout's dump": ("nightscout-bson", test_nightscout_bson.WHOLE["folder"]),
    "carelink": ("carelink-csv", test_carelink_csv.day_of_a_child().made()),
}


@pytest.mark.parametrize("sample", SAMPLES)
def test_a_file_is_of_its_own_format_and_of_no_other(file: MakeFile, sample: str) -> None:
    name, content = SAMPLES[sample]
    assert [one.format.name for one in recognised(file(content))] == [name]


@pytest.mark.parametrize("sample", [name for name, (_, content) in SAMPLES.items() if not content.startswith(b"PK")])
def test_a_file_that_was_packed_once_more_is_read_as_it_is(file: MakeFile, sample: str) -> None:
    name, content = SAMPLES[sample]
    with as_it_is(file(gzip.compress(content)).path, "file.gz") as opened:
        (found,) = recognised(opened)
        assert found.format.name == name
        packed = read_with(found.format, opened, profile_since="2026-03-14")
    plain = read_with(found.format, file(content), profile_since="2026-03-14")
    assert [one for _, one in packed.documents] == [one for _, one in plain.documents]
    assert plain.documents


def test_every_format_has_a_name_of_its_own() -> None:
    names = [format.name for format in FORMATS]
    assert len(names) == len(set(names))

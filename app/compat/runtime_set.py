"""Nightscout's runtime data as one object: everything known of a stretch of time, sorted by what it is about."""

from __future__ import annotations

from typing import Any

from app.compat.runtime_records import Record, cal_record, mbg_record, sgv_record, status_record
from app.live.enrichment import enriched
from app.live.fields import first_moment
from app.live.present import Present
from app.store.interface import Document


def runtime_set(present: Present) -> dict[str, Any]:
    """Return the runtime data of a present, every list oldest first."""
    documents, obscured = present.documents, present.settings["OBSCURE_DEVICE_PROVENANCE"]
    fingers = [one for one in present.measurements if one.reading.kind == "mbg"]
    readings = [one for one in present.measurements if one.reading.kind == "sgv"]
    made = enriched(present.treatments, present.sensor, present.person.unit)
    switch = present.profiles.switch_at(present.now_ms)
    return {
        "sgvs": [sgv_record(one, obscured=obscured) for one in readings],
        "treatments": made.treatments,
        "mbgs": [mbg_record(one, obscured=obscured) for one in fingers],
        "cals": [cal_record(one) for one in present.calibrations],
        "profiles": documents.profiles,
        "devicestatus": [status_record(one) for one in present.statuses],
        "food": documents.food,
        "activity": [_with_mills(one) for one in documents.activity],
        "dbstats": _stats(present),
        "lastUpdated": present.now_ms,
        "entries": [],
        "lastProfileFromSwitch": present.profiles.name_at(present.now_ms) if switch else None,
        "sitechangeTreatments": made.site_changes,
        "insulinchangeTreatments": made.insulin_changes,
        "batteryTreatments": made.battery_changes,
        "sensorTreatments": made.sensor,
        "profileTreatments": made.profile_switches,
        "combobolusTreatments": made.combo_boluses,
        "tempbasalTreatments": made.temp_basals,
        "tempTargetTreatments": made.temp_targets,
    }


def _with_mills(document: Document) -> Record:
    at_ms = first_moment(document, "mills", "created_at", "date")
    return {**document} if at_ms is None else {**document, "mills": at_ms}


def _stats(present: Present) -> Record:
    stats = present.documents.stats
    return {"dataSize": stats["data_bytes"], "indexSize": stats.get("index_bytes", 0)} if "data_bytes" in stats else {}

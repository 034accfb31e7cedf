"""Which kinds of data a viewer may see, and a picture that holds nothing else."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from app.live.picture import Facts, Picture

ENTRIES, TREATMENTS, STATUSES = "entries", "treatments", "devicestatus"
ALL_KINDS = frozenset({ENTRIES, TREATMENTS, STATUSES})
"""The kinds, by the names of their collections."""


def only(picture: Picture, kinds: Collection[str]) -> Picture:
    """Return the picture without whatever comes from another kind: sensor and site changes are treatments."""
    if set(kinds) >= ALL_KINDS:
        return picture
    facts = picture.facts if STATUSES in kinds else Facts()
    events = picture.facts if TREATMENTS in kinds else Facts()
    return Picture(
        seq=picture.seq,
        readings=picture.readings if ENTRIES in kinds else (),
        treatments=picture.treatments if TREATMENTS in kinds else (),
        facts=replace(facts, sensor_started_ms=events.sensor_started_ms, site_changed_ms=events.site_changed_ms),
        last_before=picture.last_before if ENTRIES in kinds else None,
        behind=picture.behind,
    )

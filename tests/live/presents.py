"""The present over documents told by hand, at the moment the tests' clock starts."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import count
from typing import Any

from app.config import load_settings
from app.glucose.thresholds import Thresholds
from app.glucose.units import Unit
from app.live.documents import Documents
from app.live.present import Present
from app.records.person import Person
from tests.clocks import START_MS

Uploads = Iterable[dict[str, Any]]

_ids = count(1)


def documents(
    entries: Uploads = (), treatments: Uploads = (), statuses: Uploads = (), profiles: Uploads = (), **others: Any
) -> Documents:
    def kept(uploads: Uploads) -> tuple[dict[str, Any], ...]:
        return tuple({"_id": f"{next(_ids):024x}", **upload} for upload in uploads)

    return Documents(
        entries=kept(entries),
        treatments=kept(treatments),
        device_statuses=kept(statuses),
        profiles=kept(profiles),
        **others,
    )


def present(
    entries: Uploads = (),
    treatments: Uploads = (),
    statuses: Uploads = (),
    profiles: Uploads = (),
    *,
    now_ms: int = START_MS,
    unit: Unit = Unit.MGDL,
    zone: str = "UTC",
    **environment: str,
) -> Present:
    """Return the present of a person over these uploads, with these settings."""
    person = Person("", zone, unit, Thresholds(55, 80, 180, 260))
    found = documents(entries, treatments, statuses, profiles)
    return Present(found, now_ms, person, load_settings(environment))

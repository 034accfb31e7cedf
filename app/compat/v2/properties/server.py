"""``dbsize`` and ``runtimestate``: how this server is."""

from __future__ import annotations

from typing import Any

from app.glucose.nightscout_texts import js_text
from app.glucose.units import half_up
from app.live.present import Present
from app.live.setting_values import switched_on
from app.live.store_size import store_size

Property = dict[str, Any]


def dbsize(present: Present) -> Property | None:
    """Return how full the store is."""
    found = store_size(present.documents.stats, present.settings)
    if found is None:
        return None
    in_mib = switched_on(present.settings, "DBSIZE_IN_MIB")
    return {
        "display": f"{js_text(half_up(found.size_mib))}MiB" if in_mib else f"{found.percent}%",
        "status": found.level.status,
        "totalDataSize": found.size_mib,
        "dataPercentage": found.percent,
        "notificationLevel": found.level,
        "details": {"maxSize": half_up(found.limit_mib, 2), "dataSize": half_up(found.size_mib, 2)},
    }


def runtimestate(present: Present) -> Property:
    """Return that data is loaded: there is no present before it is."""
    return {"state": "loaded"}

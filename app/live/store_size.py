"""How full the store is, against what somebody pays for or allows."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from app.config import Settings
from app.glucose.levels import Level
from app.live.setting_values import number_set

_MIB = 1024 * 1024
_NO_LIMIT_MIB = 100 * 1024
"""What counts as the limit where DBSIZE_MAX sets none."""


@dataclass(frozen=True, slots=True)
class StoreSize:
    """The size of data and indexes, the limit (both MiB), the whole percents of it, and how much that matters."""

    size_mib: float
    limit_mib: float
    percent: int
    level: Level


def store_size(stats: Mapping[str, int], settings: Settings) -> StoreSize | None:
    """Return how full the store is by its ``stats`` (bytes), None while nobody has looked."""
    if "data_bytes" not in stats:
        return None
    size_mib = (stats["data_bytes"] + stats.get("index_bytes", 0)) / _MIB
    set_mib = number_set(settings, "DBSIZE_MAX")
    limit_mib = set_mib if set_mib > 0 else _NO_LIMIT_MIB
    warn_mib, urgent_mib = (
        math.floor(number_set(settings, f"DBSIZE_{name}_PERCENTAGE") / 100 * limit_mib) for name in ("WARN", "URGENT")
    )
    level = Level.URGENT if size_mib >= urgent_mib > 0 else Level.WARN if size_mib >= warn_mib > 0 else Level.INFO
    return StoreSize(size_mib, limit_mib, math.floor(size_mib / limit_mib * 100), level)

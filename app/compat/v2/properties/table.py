"""The table of properties in the order in which Nightscout's plugins offer them."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from app.compat.v2.properties import ages, devices, doses, glucose, loops, server
from app.features import Features
from app.live.present import Present

log = logging.getLogger(__name__)

Offered = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Provider:
    """A feature that offers a property: ``compute`` sees the present and what was offered before."""

    feature: str
    name: str
    compute: Callable[[Present, Offered], Any]


def _alone(compute: Callable[[Present], Any]) -> Callable[[Present, Offered], Any]:
    return lambda present, offered: compute(present)


PROVIDERS = (
    Provider("bgnow", "bgnow", _alone(glucose.bgnow)),
    Provider("bgnow", "delta", _alone(glucose.delta)),
    Provider("bgnow", "buckets", _alone(glucose.buckets)),
    Provider("rawbg", "rawbg", _alone(glucose.rawbg)),
    Provider("direction", "direction", _alone(glucose.direction)),
    Provider("upbat", "upbat", _alone(devices.upbat)),
    Provider("ar2", "ar2", _alone(glucose.ar2)),
    Provider("iob", "iob", _alone(doses.iob)),
    Provider("cob", "cob", _alone(doses.cob)),
    Provider("pump", "pump", _alone(devices.pump)),
    Provider("openaps", "openaps", _alone(loops.openaps)),
    Provider("xdripjs", "sensorState", _alone(devices.sensor_state)),
    Provider("loop", "loop", _alone(loops.loop)),
    Provider("bwp", "bwp", lambda present, offered: doses.bwp(present, present.person.unit, offered)),
    Provider("cage", "cage", _alone(ages.cage)),
    Provider("sage", "sage", _alone(ages.sage)),
    Provider("iage", "iage", _alone(ages.iage)),
    Provider("bage", "bage", _alone(ages.bage)),
    Provider("basal", "basal", _alone(doses.basal)),
    Provider("dbsize", "dbsize", _alone(server.dbsize)),
    Provider("runtimestate", "runtimestate", _alone(server.runtimestate)),
)


def properties_of(present: Present, features: Features, providers: tuple[Provider, ...] = PROVIDERS) -> dict[str, Any]:
    """Return every property an enabled feature offers; of two offers of one name the first counts.

    A provider that fails is logged and passed over: it must not take the others with it.
    """
    offered: dict[str, Any] = {}
    for provider in providers:
        if provider.name in offered or not features.on(provider.feature):
            continue
        try:
            value = provider.compute(present, offered)
        except Exception:
            log.exception("the property %s could not be worked out", provider.name)
            continue
        # JavaScript's truth: an empty object is one, and is offered.
        if value or isinstance(value, dict | list):
            offered[provider.name] = value
    return offered

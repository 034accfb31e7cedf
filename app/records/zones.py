"""The zones a person has lived in: now the one on the page of the person, before that what was entered there.

Devices that write local time are placed on the time line by it, so a journey is worth entering. The last stay goes on,
in the zone the person has now.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from app.actor import Actor
from app.config import Settings
from app.errors import BadDocument
from app.glucose.wall_clock import WallClock, ZoneSince
from app.records.person import COLLECTION, is_entered, read_person
from app.records.times import zone_named
from app.store.interface import Store

MOST_STAYS = 200
_ID = "zones"


@dataclass(frozen=True, slots=True)
class Stay:
    """The person lived by the clock of ``zone`` (IANA) from an instant on (UTC epoch ms)."""

    from_ms: int
    zone: str


def read_stays(store: Store) -> list[Stay]:
    """Return what was entered of former zones and journeys, oldest first; empty when nothing was."""
    kept = store.collection(COLLECTION).find_one({"_id": _ID})
    return [Stay(one["from_ms"], one["zone"]) for one in kept["stays"]] if kept else []


def save_stays(store: Store, stays: Iterable[Stay], actor: Actor) -> list[Stay]:
    """Keep the zones, each in its proper spelling, in order of time, and return them. Raises ``BadDocument``."""
    kept: dict[int, Stay] = {}
    for stay in stays:
        zone = zone_named(stay.zone)
        if zone is None:
            raise BadDocument(f"There is no time zone {stay.zone!r}", hint="For instance Europe/Berlin.")
        kept[stay.from_ms] = Stay(stay.from_ms, zone)
    if len(kept) > MOST_STAYS:
        raise BadDocument(f"More than {MOST_STAYS} changes of zone cannot be kept")
    in_order = [kept[from_ms] for from_ms in sorted(kept)]
    document = {"stays": [{"from_ms": one.from_ms, "zone": one.zone} for one in in_order]}
    store.collection(COLLECTION, actor=actor.label).replace_one({"_id": _ID}, document, upsert=True)
    return in_order


def with_stay(stays: Sequence[Stay], home: str, stay: Stay, until_ms: int | None) -> list[Stay]:
    """Return the stays with another one among them, until an instant or, with None, for good.

    After it the person is back where they would have been without it. ``home`` is where they live as long as nothing
    else was entered.
    """
    before = list(stays) or [Stay(0, home)]
    kept = [one for one in before if one.from_ms < stay.from_ms or (until_ms is not None and one.from_ms > until_ms)]
    if until_ms is None:
        return [*kept, stay]
    back = [one for one in before if one.from_ms <= until_ms][-1]
    return sorted([*kept, stay, Stay(until_ms, back.zone)], key=lambda one: one.from_ms)


def without_stay(stays: Sequence[Stay], from_ms: int) -> list[Stay]:
    """Return the stays without the one that began at an instant: the one before it goes on in its place."""
    kept: list[Stay] = []
    for place, one in enumerate(stays):
        taken_out = place > 0 and one.from_ms == from_ms
        if not taken_out and (not kept or kept[-1].zone != one.zone):
            kept.append(one)
    return kept if len(kept) > 1 else []


def wall_clock(store: Store, settings: Settings) -> WallClock:
    """Return the person's wall clock: the zones that were entered, else the one zone of the person.

    It is not known as long as nobody has entered the person.
    """
    now = ZoneInfo(read_person(store, settings).zone)
    former = [ZoneSince(one.from_ms, ZoneInfo(one.zone)) for one in read_stays(store)]
    last = ZoneSince(former[-1].from_ms if former else 0, now)
    return WallClock([*former[:-1], last], is_known=is_entered(store))

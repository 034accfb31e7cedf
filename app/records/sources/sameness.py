"""Whether two records are one event: the phone uploads the same readings as the cloud, the loop the same boluses.

Pure functions over documents. Whom to believe is said in ``ranks.py``; here ``there`` are always records of sources at
least as good, and one of theirs is at most completed. Each judgement depends on one record and on what is there, never
on its neighbours in the batch: two halves, in any order, end as the whole.
"""

from __future__ import annotations

import statistics
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

from app.records.sources.documents import HIGHEST_MGDL, MINUTE_MS, ms_of
from app.records.sources.kinds import ALONE
from app.records.sources.ranks import is_brought
from app.store.interface import Document

NEAR_MS = 150_000
"""Half of the five minutes between two readings of most sensors: closer ones are the same measurement."""

NEAR_DENSE_MS = 30_000
"""The same for sensors that give a reading each minute."""

SAME_MGDL = 1  # what rounding through mmol/L can change

LIVE_MS = 30 * MINUTE_MS
"""Somebody who uploaded a kind of records this recently is still doing so."""

HOLD_MS = 10 * MINUTE_MS
"""How long the newest readings are left to a phone that uploads them itself. No longer: a late reading alarms late."""

SAME_DOSE_MS = 2 * MINUTE_MS
SAME_CHANGE_MS = 30 * MINUTE_MS
SAME_DOSE_U = 0.01
SAME_CARBS_G = 0.5

COMPLETED = ("direction", "filtered", "noise")
_CHANGES = frozenset(
    {"Site Change", "Sensor Start", "Sensor Change", "Sensor Stop", "Insulin Change", "Pump Battery Change"}
)

_BRANDS: Mapping[str, tuple[str, ...]] = {
    "dexcom": ("dexcom", "share2"),
    "libre": ("libre", "linkup", "limitter", "miaomiao", "bubble", "blucon", "abbott"),
    "medtronic": ("medtronic", "minimed", "mdt", "enlite", "guardian", "simplera", "carelink", "paradigm"),
    "eversense": ("eversense", "senseonics"),
    "medtrum": ("medtrum", "touchcare"),
    "aidex": ("aidex", "linx"),
    "sibionics": ("sibionics",),
}


@dataclass(slots=True)
class Verdict:
    """What to do with a batch: each document is in exactly one of ``new``, ``known`` and ``held``.

    ``completions`` are documents already there with the fields they lacked. ``held`` come again at the next fetch.
    """

    new: list[Document] = field(default_factory=list)
    known: list[Document] = field(default_factory=list)
    held: list[Document] = field(default_factory=list)
    completions: list[tuple[Document, Document]] = field(default_factory=list)

    def add(self, other: Verdict) -> None:
        """Add the verdict on some more."""
        self.new += other.new
        self.known += other.known
        self.held += other.held
        self.completions += other.completions


def brand_of(device: object) -> str:
    """Return the brand of sensor a ``device`` text speaks of, "" when it names none."""
    text = str(device).lower()
    return next((brand for brand, words in _BRANDS.items() if any(word in text for word in words)), "")


class _Body:
    """The stored readings that may come from one brand of sensor, by time: its own, and those that name no brand."""

    def __init__(self, brand: str, there: Iterable[Document], interval_ms: int) -> None:
        mine = [reading for reading in there if not brand or brand_of(reading.get("device")) in ("", brand)]
        self._readings = sorted(mine, key=_time_of)
        self._times = [_time_of(reading) for reading in self._readings]
        gaps = [later - earlier for earlier, later in pairwise(self._times)]
        spacing_ms = min(interval_ms, statistics.median(gaps) if gaps else interval_ms)
        self._near_ms = NEAR_DENSE_MS if spacing_ms < NEAR_MS else NEAR_MS
        # Another uploader is no phone to wait for: two that waited for each other would both be late.
        self.newest_ms = max((_time_of(reading) for reading in mine if not is_brought(reading)), default=0)

    def within(self, at_ms: float, reach_ms: int) -> list[Document]:
        """Return the readings at most so far from an instant."""
        first, last = bisect_left(self._times, at_ms - reach_ms), bisect_right(self._times, at_ms + reach_ms)
        return self._readings[first:last]

    def twin_of(self, reading: Document) -> Document | None:
        """Return the stored reading that is this one."""
        at_ms = _time_of(reading)
        alike = [
            other
            for other in self.within(at_ms, self._near_ms)
            if abs(_mgdl_of(other) - _mgdl_of(reading)) <= SAME_MGDL or _time_of(other) == at_ms
        ]
        return min(alike, key=lambda other: abs(_time_of(other) - at_ms), default=None)


def judge_readings(
    incoming: Iterable[Document], there: Sequence[Document], *, taken: str, interval_ms: int, now_ms: int
) -> Verdict:
    """Judge sensor readings against those somebody else stored.

    Same: one body, within half the sensor's interval, and 1 mg/dL (or the very same instant). While ``taken`` is
    "alone" a reading counts only where theirs have a hole, and while they are uploading the newest are left to them for
    ten minutes. ``interval_ms`` is the source's own pace.
    """
    verdict = Verdict()
    bodies: dict[str, _Body] = {}
    for reading in incoming:
        brand = brand_of(reading.get("device"))
        body = bodies.get(brand) or bodies.setdefault(brand, _Body(brand, there, interval_ms))
        twin = body.twin_of(reading)
        if twin is not None:
            verdict.known.append(reading)
            missing = lacking(twin, reading)
            if missing:
                verdict.completions.append((twin, missing))
        elif taken == ALONE and body.within(_time_of(reading), NEAR_MS - 1):
            verdict.known.append(reading)
        elif taken == ALONE and _is_left_to_others(_time_of(reading), body.newest_ms, now_ms):
            verdict.held.append(reading)
        else:
            verdict.new.append(reading)
    return verdict


def twins(ours: Iterable[Document], theirs: Sequence[Document], interval_ms: int) -> list[tuple[Document, Document]]:
    """Return each of our stored readings that somebody else stored too, with his."""
    bodies: dict[str, _Body] = {}
    found = []
    for reading in ours:
        brand = brand_of(reading.get("device"))
        body = bodies.get(brand) or bodies.setdefault(brand, _Body(brand, theirs, interval_ms))
        twin = body.twin_of(reading)
        if twin is not None:
            found.append((reading, twin))
    return found


def lacking(stored: Document, reading: Document) -> Document:
    """Return the fields a stored reading lacks and another record of the same measurement has."""
    return {name: reading[name] for name in COMPLETED if reading.get(name) and not stored.get(name)}


def _is_left_to_others(at_ms: float, newest_ms: float, now_ms: int) -> bool:
    return now_ms - newest_ms < LIVE_MS and at_ms > newest_ms and now_ms - at_ms < HOLD_MS


def _time_of(reading: Document) -> float:
    at_ms = reading.get("date")
    return at_ms if isinstance(at_ms, int | float) else 0.0


def _mgdl_of(reading: Document) -> float:
    value = reading.get("sgv")
    return value if isinstance(value, int | float) else -HIGHEST_MGDL


def judge_others(incoming: Iterable[Document], there: Iterable[Document]) -> Verdict:
    """Judge finger sticks (the same within a minute and of equal value) and whatever is no sensor reading."""
    verdict = Verdict()
    others = list(there)
    for entry in incoming:
        known = any(_is_same_entry(entry, other) for other in others)
        (verdict.known if known else verdict.new).append(entry)
    return verdict


def _is_same_entry(one: Document, other: Document) -> bool:
    if one.get("type") != other.get("type"):
        return False
    apart_ms = abs(_time_of(one) - _time_of(other))
    return apart_ms == 0 or (apart_ms <= MINUTE_MS and one.get("mbg") is not None and one["mbg"] == other.get("mbg"))


@dataclass(frozen=True, slots=True)
class _Act:
    """A treatment, as far as two of them are compared. ``rate`` is that of a temp basal, None for all else.

    ``source`` is the name of the source that brought it, "" for what an app uploaded itself.
    """

    at_ms: float
    kind: str
    insulin: float
    carbs: float
    rate: tuple[float, float] | None
    end_ms: float
    source: str = ""

    def near(self, other: _Act, reach_ms: float) -> bool:
        return abs(self.at_ms - other.at_ms) <= reach_ms


def judge_treatments(incoming: Iterable[Document], there: Iterable[Document], *, basals_taken: str) -> Verdict:
    """Judge treatments against those somebody else stored.

    Same: one moment and event type; an equal dose (to 0.01 U, to the gram) within two minutes, also as part of a meal
    bolus; a change of site, sensor, insulin or battery within half an hour; a temp basal of equal rate for more than
    half the time. While basals are taken "alone", none is taken for a time in which a better source tells its own; what
    the same source brought before, in another file, is no better one.
    """
    verdict = Verdict()
    others = _Acts(there)
    for treatment in incoming:
        act = replace(_act_of(treatment), source=str(treatment.get("enteredBy") or ""))
        known = others.hold(act, basals_taken)
        (verdict.known if known else verdict.new).append(treatment)
    return verdict


def told_again(lesser: Iterable[Document], better: Iterable[Document]) -> list[Document]:
    """Return those stored treatments all of which better sources tell too."""
    others = _Acts(better)
    return [treatment for treatment in lesser if others.hold(_act_of(treatment), ALONE)]


def _act_of(treatment: Document) -> _Act:
    at_ms = ms_of(treatment.get("created_at")) or 0
    kind = str(treatment.get("eventType") or "")
    rate = (_number(treatment, "absolute"), _number(treatment, "percent")) if "Temp Basal" in kind else None
    length_ms = _number(treatment, "duration") * MINUTE_MS
    source = str(treatment.get("enteredBy") or "") if is_brought(treatment) else ""
    amounts = _number(treatment, "insulin"), _number(treatment, "carbs")
    return _Act(at_ms, kind, *amounts, rate, at_ms + length_ms, source)


def _number(treatment: Document, name: str) -> float:
    value = treatment.get(name)
    return value if isinstance(value, int | float) and not isinstance(value, bool) else 0.0


class _Acts:
    """Some acts by time, so that each judgement looks at those around it only."""

    def __init__(self, treatments: Iterable[Document]) -> None:
        self._acts = sorted(map(_act_of, treatments), key=lambda act: act.at_ms)
        self._times = [act.at_ms for act in self._acts]
        self._longest_ms = max((act.end_ms - act.at_ms for act in self._acts if act.rate is not None), default=0.0)

    def hold(self, act: _Act, basals_taken: str) -> bool:
        """Tell whether an act is among these."""
        if act.rate is not None and basals_taken == ALONE and self._set_basal(act):
            return True
        near = self._between(act.at_ms - SAME_CHANGE_MS, act.at_ms + SAME_CHANGE_MS)
        if any(other.kind == act.kind and other.near(act, _reach_ms(act.kind)) for other in near):
            return True
        if act.rate is not None:
            running = self._between(act.at_ms - self._longest_ms, act.end_ms)
            return any(other.rate == act.rate and _mostly_overlap(act, other) for other in running)
        return _dose_is_there(act, [other for other in near if other.near(act, SAME_DOSE_MS)])

    def _set_basal(self, act: _Act) -> bool:
        near = self._between(act.at_ms - LIVE_MS, act.at_ms + LIVE_MS)
        return any(other.rate is not None and not (other.source and other.source == act.source) for other in near)

    def _between(self, first_ms: float, last_ms: float) -> list[_Act]:
        return self._acts[bisect_left(self._times, first_ms) : bisect_right(self._times, last_ms)]


def _reach_ms(kind: str) -> int:
    return SAME_CHANGE_MS if kind in _CHANGES else 0


def _dose_is_there(act: _Act, near: Sequence[_Act]) -> bool:
    """Tell whether every amount is found: insulin in one record and carbs in another are a meal bolus together."""
    if not act.insulin and not act.carbs:
        return False
    insulin = not act.insulin or any(abs(other.insulin - act.insulin) < SAME_DOSE_U for other in near)
    carbs = not act.carbs or any(abs(other.carbs - act.carbs) < SAME_CARBS_G for other in near)
    return insulin and carbs


def _mostly_overlap(one: _Act, other: _Act) -> bool:
    shared_ms = min(one.end_ms, other.end_ms) - max(one.at_ms, other.at_ms)
    return shared_ms > 0.5 * min(one.end_ms - one.at_ms, other.end_ms - other.at_ms)

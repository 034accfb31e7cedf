"""Which app's samples to take from a phone's health data, where every app that saw a glucose keeps it again.

Two apps that wrote the same are never both taken. Where one app after the other was used, each day is taken from the
one that wrote most on it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from app.clock import iso_of
from app.importers.format import Question
from app.importers.health.xml import CARBS, GLUCOSE, INSULIN
from app.records.sources.documents import DAY_MS, EARLIEST_MS, MINUTE_MS
from app.records.sources.sameness import brand_of

EACH_DAY = "*each day*"
ALL = "*all*"
SOURCE, INSULIN_SOURCE, CARBS_SOURCE, FINGER_STICKS = "source", "insulin_source", "carbs_source", "finger_sticks"
_QUESTION_OF = {GLUCOSE: SOURCE, INSULIN: INSULIN_SOURCE, CARBS: CARBS_SOURCE}
_WORDS_OF = {GLUCOSE: "glucose", INSULIN: "insulin", CARBS: "carbohydrates"}

_MOST_SOURCES = 100
_SHOWN_SOURCES = 6
_SENSOR_GAP_MS = 20 * MINUTE_MS
_MOST_DAYS_MISSED = 0.05
_SENSOR_APPS = (
    *(
        "xdrip",
        "dexdrip",
        "spike",
        "loop",
        "trio",
        "iaps",
        "freeaps",
        "nightscout",
        "sugarmate",
        "gluroo",
        "diabox",
        "juggluco",
    ),
    *("glucose direct", "shuggah", "zukka", "sweetdreams", "omnipod", "t:connect", "tandem", "camaps"),
)


@dataclass(slots=True)
class Source:
    """What one app wrote of one kind: how much on which day (days since 1970, UTC), and how close together."""

    name: str
    by_day: dict[int, int] = field(default_factory=dict)
    count: int = 0
    close: int = 0
    _before_ms: int | None = None

    def see(self, at_ms: int) -> None:
        """Take note of a sample."""
        self.count += 1
        self.by_day[at_ms // DAY_MS] = self.by_day.get(at_ms // DAY_MS, 0) + 1
        if self._before_ms is not None and abs(at_ms - self._before_ms) <= _SENSOR_GAP_MS:
            self.close += 1
        self._before_ms = at_ms

    @property
    def a_day(self) -> float:
        """Return how many samples it has on a day on which it has any."""
        return self.count / len(self.by_day) if self.by_day else 0.0

    @property
    def is_sensor(self) -> bool:
        """Tell whether a sensor measured: the app is of one, or its samples are minutes apart."""
        name = self.name.lower()
        return (
            bool(brand_of(name))
            or any(app in name for app in _SENSOR_APPS)
            or (self.close > 0 and 2 * self.close >= self.count)
        )

    @property
    def words(self) -> str:
        """Return its name and how much it has, for people who choose."""
        first, last = (iso_of(day * DAY_MS)[:10] for day in (min(self.by_day), max(self.by_day)))
        return f"{self.name or 'an app without a name'}: {self.a_day:.0f} a day, {first} to {last}"


@dataclass(slots=True)
class Sources:
    """All apps that wrote, by kind of sample."""

    by_kind: dict[str, dict[str, Source]] = field(default_factory=lambda: {GLUCOSE: {}, INSULIN: {}, CARBS: {}})

    def see(self, kind: str, name: str, at_ms: int) -> None:
        """Take note of a sample of an app at an instant (UTC epoch ms)."""
        known = self.by_kind[kind]
        if at_ms >= EARLIEST_MS and (name in known or len(known) < _MOST_SOURCES):
            known.setdefault(name, Source(name)).see(at_ms)

    @property
    def facts(self) -> tuple[tuple[str, str], ...]:
        """Return who wrote what, for people who check it: the apps with most first."""
        written = {}
        for kind, known in self.by_kind.items():
            sources = sorted(known.values(), key=lambda source: -source.count)
            written[kind] = "; ".join(source.words for source in sources[:_SHOWN_SOURCES])
        return tuple((kind.capitalize(), words) for kind, words in written.items() if words)

    def questions(self) -> list[Question]:
        """Return what has to be chosen: nothing where only one app wrote."""
        asked = [self._question(kind) for kind in (GLUCOSE, INSULIN, CARBS) if len(self.by_kind[kind]) > 1]
        if self.meters() and self.sensors():
            names = ", ".join(meter.name for meter in self.meters()[:5])
            label = f"Also take what looks like finger sticks, from {names}"
            choices = (("no", "no"), ("yes", "yes"))
            asked.append(Question(FINGER_STICKS, label, choices, "no", "Some apps write a sensor's readings again."))
        return asked

    def sensors(self) -> list[Source]:
        """Return the apps whose glucose is a sensor's."""
        return [source for source in self.by_kind[GLUCOSE].values() if source.is_sensor]

    def meters(self) -> list[Source]:
        """Return the apps whose glucose is no sensor's."""
        return [source for source in self.by_kind[GLUCOSE].values() if not source.is_sensor]

    def proposed(self, kind: str) -> str:
        """Return the app with most samples a day, or each day's where that one misses days others have."""
        rivals = self._rivals(kind)
        best = max(rivals, key=lambda source: (source.a_day, source.count))
        days = {day for source in rivals for day in source.by_day}
        return best.name if len(best.by_day) >= (1 - _MOST_DAYS_MISSED) * len(days) else EACH_DAY

    def choice(self, answers: Mapping[str, str]) -> Choice:
        """Return whose samples are taken by these answers."""
        picked = {}
        for kind, known in self.by_kind.items():
            answer = answers.get(_QUESTION_OF[kind], "")
            if len(known) > 1 and answer not in known and answer not in (EACH_DAY, ALL):
                answer = self.proposed(kind)
            picked[kind] = answer if len(known) > 1 else ALL
        days = {kind: _best_by_day(self._rivals(kind)) for kind, answer in picked.items() if answer == EACH_DAY}
        meters = frozenset(source.name for source in self.meters())
        with_sticks = answers.get(FINGER_STICKS) == "yes" and bool(self.sensors())
        return Choice(picked, days, meters, with_sticks)

    def _rivals(self, kind: str) -> list[Source]:
        """Return the apps of which one is taken: for glucose those of sensors, as long as there is any."""
        known = list(self.by_kind[kind].values())
        return (self.sensors() or known) if kind == GLUCOSE else known

    def _question(self, kind: str) -> Question:
        known = sorted(self.by_kind[kind].values(), key=lambda source: -source.a_day)
        choices = [(source.name, source.words) for source in known]
        choices.append((EACH_DAY, "of each day the app that wrote most on it"))
        help = "Several apps wrote the same: only one is taken at a time."
        if kind != GLUCOSE:
            choices.append((ALL, "all of them"))
            help = "Take all only if no two apps wrote the same: else it counts double."
        label = f"Take {_WORDS_OF[kind]} from"
        return Question(_QUESTION_OF[kind], label, tuple(choices), self.proposed(kind), help)


@dataclass(frozen=True, slots=True)
class Choice:
    """Whose samples are taken. ``by_day`` has, for kinds taken day by day, the name of the app for each day."""

    picked: Mapping[str, str]
    by_day: Mapping[str, Mapping[int, str]]
    meters: frozenset[str]
    with_sticks: bool

    def takes(self, kind: str, source: str, at_ms: int) -> bool:
        """Tell whether a sample is taken."""
        if kind == GLUCOSE and self.with_sticks and source in self.meters:
            return True
        picked = self.picked[kind]
        if picked == EACH_DAY:
            return self.by_day[kind].get(at_ms // DAY_MS) == source
        return picked in (ALL, source)


def _best_by_day(rivals: Iterable[Source]) -> dict[int, str]:
    best: dict[int, tuple[int, float, str]] = {}
    for source in rivals:
        for day, count in source.by_day.items():
            candidate = (count, source.a_day, source.name)
            if candidate > best.get(day, (0, 0.0, "")):
                best[day] = candidate
    return {day: name for day, (_, _, name) in best.items()}

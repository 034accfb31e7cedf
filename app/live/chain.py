"""The chain a reading comes through, link by link, and one sentence that names the broken one and since when."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import tzinfo
from typing import Literal

from app.glucose.moments import moment_text
from app.glucose.staleness import Staleness
from app.glucose.words import age_text, span_text
from app.live.amounts import rate_text, reservoir_text
from app.live.devices import device_name, from_cloud, sensor_days
from app.live.picture import Facts
from app.live.shown_facts import LOOP_LATE_MS, PUMP_LATE_MS, sensor_day
from app.live.sight import Sight

LinkState = Literal["ok", "unknown", "broken"]

_PHONE_SILENT_MS = 15 * 60_000
_WITHOUT_READINGS_MS = 10 * 60_000
_GOES_ON = re.compile(r"\b(?:is|are|has|have|does|do|answers|waits)\b")
_WARM_UP_MS = 150 * 60_000  # the longest warm-up of a sensor is two hours; its first reading comes a little later


@dataclass(frozen=True, slots=True)
class Trouble:
    """What is wrong with an uploader, as a sentence with neither time nor full stop: ``Dexcom refused the password``.

    The time follows by itself: "at" after what happened once, "since" after what goes on (``has no new reading``).
    """

    name: str
    sentence: str
    since_ms: int


@dataclass(frozen=True, slots=True)
class Link:
    """One link of the chain: its name, what is known of it, and whether it holds."""

    name: str
    text: str
    state: LinkState


@dataclass(frozen=True, slots=True)
class Break:
    """The sentence about what is broken, and the name of the link (empty when nobody can tell which)."""

    sentence: str
    link: str = ""


class Chain:
    """The links as they look from one ``Sight``; ``zone`` is where the times of the sentences are read.

    ``server_holds`` is false while this server cannot read its own store.
    """

    def __init__(
        self, facts: Facts, sight: Sight, troubles: Sequence[Trouble], zone: tzinfo, *, server_holds: bool = True
    ) -> None:
        self._server_holds = server_holds
        self._facts = facts
        self._sight = sight
        self._troubles = sorted(troubles, key=lambda trouble: trouble.since_ms)
        self._zone = zone
        self._device = sight.reading.device if sight.reading else ""
        self._by_phone = sight.reading is not None and not from_cloud(self._device)
        self._broken = self._find_break()

    @property
    def broken(self) -> str:
        """The sentence that names the broken link and when, empty when all holds."""
        return self._broken.sentence if self._broken else ""

    @property
    def links(self) -> tuple[Link, ...]:
        """The links that are known to exist, from the sensor to this server."""
        found = (self._sensor(), *self._clouds(), self._phone(), self._loop(), self._pump())
        server = Link("Server", "up", "ok") if self._server_holds else Link("Server", "cannot read its store", "broken")
        return (*(link for link in found if link), server)

    def _find_break(self) -> Break | None:
        if not self._server_holds:
            return Break("This server cannot read its store.", "Server")
        if self._sight.state is Staleness.FUTURE and self._sight.reading:
            dated = self._at(self._sight.reading.at_ms)
            return Break(f"A clock is wrong: the last reading is dated {dated}.", "Phone" if self._by_phone else "")
        if self._troubles:
            return Break(f"{self._told(self._troubles[0])}.", self._troubles[0].name)
        return self._behind_the_loop() if self._sight.state.current else self._why_silent()

    def _why_silent(self) -> Break:
        reading, started_ms = self._sight.reading, self._facts.sensor_started_ms
        if reading is None:
            return Break("No reading has come yet.")
        warming = started_ms is not None and reading.at_ms < started_ms <= self._sight.now_ms < started_ms + _WARM_UP_MS
        if started_ms is not None and warming:
            return Break(f"A new sensor was started at {self._at(started_ms)} and has to warm up.")
        since = self._at(self._sight.measured_ms)
        if not self._by_phone or self._facts.phone is None:
            return Break(f"Nothing has come from {device_name(self._device) or 'the sensor'} since {since}.")
        # A phone that went on without readings lost the sensor; one that spoke last with a reading fell silent itself.
        if self._sent_ms - self._sight.measured_ms >= _WITHOUT_READINGS_MS and not self._phone_is_silent:
            return Break(f"The sensor stopped reading at {since}.", "Sensor")
        return Break(f"The phone stopped sending at {self._at(self._sent_ms)}.", "Phone")

    def _behind_the_loop(self) -> Break | None:
        facts = self._facts
        if facts.phone and self._phone_is_silent:
            return Break(f"The phone stopped sending at {self._at(self._sent_ms)}.", "Phone")
        if facts.loop and self._age_ms(facts.loop.at_ms) >= LOOP_LATE_MS:
            return Break(f"The loop last ran at {self._at(facts.loop.at_ms)}.", "Loop")
        if facts.pump and self._age_ms(facts.pump.at_ms) >= PUMP_LATE_MS:
            return Break(f"The pump was last heard at {self._at(facts.pump.at_ms)}.", "Pump")
        return None

    @property
    def _sent_ms(self) -> int:
        """When the phone last sent anything: a status, or a reading that came through it."""
        heard = [self._facts.phone.at_ms] if self._facts.phone else []
        if self._by_phone and self._sight.reading:
            heard.append(self._sight.reading.received_ms or self._sight.reading.at_ms)
        return min(max(heard, default=0), self._sight.now_ms)

    @property
    def _phone_is_silent(self) -> bool:
        return self._age_ms(self._sent_ms) > _PHONE_SILENT_MS

    def _sensor(self) -> Link:
        reading, started_ms = self._sight.reading, self._facts.sensor_started_ms
        parts = []
        if reading and self._sight.state is not Staleness.FUTURE:
            parts.append(f"read {age_text(self._sight.age_ms)}")
        if started_ms is not None:
            parts.append(f"day {sensor_day(started_ms, self._sight.now_ms, sensor_days(self._device))}")
        return Link("Sensor", ", ".join(parts) or "nothing yet", self._state("Sensor", self._sight.state.current))

    def _clouds(self) -> list[Link]:
        troubled = [Link(trouble.name, self._told(trouble), "broken") for trouble in self._troubles]
        if troubled or self._by_phone or self._sight.reading is None:
            return troubled
        name = device_name(self._device)
        return [Link(name, f"sent {age_text(self._sight.age_ms)}", self._state(name, self._sight.state.current))]

    def _phone(self) -> Link | None:
        if self._facts.phone is None and not self._by_phone:
            return None
        battery = self._facts.phone_battery
        parts = [f"sent {age_text(self._age_ms(self._sent_ms))}"]
        if battery and not isinstance(battery.value, str):
            parts.append(f"{battery.value:.0f} %")
        return Link("Phone", ", ".join(parts), self._state("Phone", not self._phone_is_silent))

    def _loop(self) -> Link | None:
        ran, basal = self._facts.loop, self._facts.basal
        if ran is None:
            return None
        rate = basal.value if basal and basal.at_ms >= ran.at_ms else ""
        did = "ran" if isinstance(rate, str) else f"enacted {rate_text(rate)}"
        age_ms = self._age_ms(ran.at_ms)
        return Link("Loop", f"{did} {age_text(age_ms)}", self._state("Loop", age_ms < LOOP_LATE_MS))

    def _pump(self) -> Link | None:
        pump, reservoir, site_ms = self._facts.pump, self._facts.reservoir, self._facts.site_changed_ms
        if pump is None:
            return None
        parts = ["suspended"] if pump.value == "suspended" else []
        if reservoir:
            parts.append(reservoir.value if isinstance(reservoir.value, str) else reservoir_text(reservoir.value))
        if site_ms is not None:
            parts.append(f"site {span_text(self._age_ms(site_ms))}")
        age_ms = self._age_ms(pump.at_ms)
        heard = ", ".join(parts) or f"heard {age_text(age_ms)}"
        return Link("Pump", heard, self._state("Pump", age_ms < PUMP_LATE_MS))

    def _told(self, trouble: Trouble) -> str:
        word = "since" if _GOES_ON.search(trouble.sentence) else "at"
        return f"{trouble.sentence} {word} {self._at(trouble.since_ms)}"

    def _state(self, link: str, holds: bool) -> LinkState:
        if self._broken and self._broken.link == link:
            return "broken"
        return "ok" if holds else "unknown"

    def _age_ms(self, at_ms: int) -> int:
        return max(0, self._sight.now_ms - at_ms)

    def _at(self, at_ms: int) -> str:
        return moment_text(at_ms, self._sight.now_ms, self._zone)

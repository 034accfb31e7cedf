"""What the rules look at: the present, the picture it was made of, and what is known of the feeds."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from functools import cached_property
from operator import attrgetter

from app.config import Settings
from app.features import Features
from app.glucose.staleness import age_ms_of
from app.glucose.time_ago import time_ago
from app.live import lines
from app.live.chain import Chain, Trouble
from app.live.measurements import Measurement, finger_stick
from app.live.picture import Picture, Reading
from app.live.present import Present
from app.live.setting_values import switched_on
from app.live.sight import sight_of
from app.logs import told

log = logging.getLogger(__name__)

Troubles = Callable[[], Sequence[Trouble]]


def no_troubles() -> Sequence[Trouble]:
    """Return that nothing is known to be wrong with the feeds."""
    return ()


class Situation:
    """The present of a picture as alarms see it.

    ``troubles`` tells what is wrong with the feeds; it is asked only when somebody has to be told. ``watched_since_ms``
    is since when there could have been a reading.
    """

    def __init__(
        self,
        present: Present,
        picture: Picture,
        features: Features,
        *,
        troubles: Troubles = no_troubles,
        watched_since_ms: int | None = None,
    ) -> None:
        self.present = present
        self.picture = picture
        self.features = features
        self.watched_since_ms = present.now_ms if watched_since_ms is None else watched_since_ms
        self._troubles = troubles

    @property
    def now_ms(self) -> int:
        """The moment (UTC epoch ms)."""
        return self.present.now_ms

    @property
    def settings(self) -> Settings:
        """The settings."""
        return self.present.settings

    def alerts(self, feature: str) -> bool:
        """Tell whether somebody switched a feature's alarms on (``CAGE``)."""
        return switched_on(self.settings, f"{feature}_ENABLE_ALERTS")

    @property
    def contact(self) -> Reading | None:
        """The sensor's last reading, however old."""
        return self.present.last.reading if self.present.last else self.picture.last_before

    @property
    def contact_age_ms(self) -> int:
        """How long ago that was, by both clocks; without any reading: how long there could have been one."""
        if self.contact is None:
            return max(0, self.now_ms - self.watched_since_ms)
        return age_ms_of(self.now_ms, self.contact.at_ms, self.contact.received_ms)

    @property
    def last_received(self) -> str:
        """When that was, in Nightscout's words: ``Last received: 16 mins ago``; empty when there was none."""
        if self.contact is None:
            return ""
        ago = time_ago(self.now_ms - self.contact_age_ms, self.now_ms)
        return f"Last received: {ago.label if ago.value is None else f'{ago.value} {ago.label}'}"

    @cached_property
    def message(self) -> str:
        """The lines of alarms that have none of their own."""
        return lines.message(self.present, self.features)

    @property
    def readings(self) -> tuple[Measurement, ...]:
        """All readings, oldest first: those of sensor and meter, and what somebody entered from a finger stick."""
        unit = self.present.person.unit
        entered = [found for done in self.present.treatments if (found := finger_stick(done, unit))]
        return tuple(sorted((*self.present.measurements, *entered), key=attrgetter("at_ms")))

    @property
    def broken_hop(self) -> str:
        """The sentence that names the broken link between sensor and server, empty when all holds."""
        sight = sight_of(self.picture, self.now_ms)
        return Chain(self.picture.facts, sight, self._known_troubles(), self.present.zone).broken

    def _known_troubles(self) -> Sequence[Trouble]:
        try:
            return self._troubles()
        except Exception as problem:
            # Whatever is wrong there: that contact is lost has to be told all the same.
            log.warning("the feeds could not be asked", extra=told(problem=type(problem).__name__))
            return ()

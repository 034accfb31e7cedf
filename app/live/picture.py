"""What the picture of now is made of. Instants are UTC epoch milliseconds, glucose is mg/dL, insulin U, carbs g."""

from __future__ import annotations

from dataclasses import dataclass, field

from app.live.documents import Documents


@dataclass(frozen=True, slots=True)
class Reading:
    """A glucose value: when the sensor measured it, and when we received it (None where nobody recorded that).

    ``mgdl`` is the stored number, sentinels included (39 and below, 401): ask ``glucose/`` what it means. ``direction``
    is Nightscout's word, empty when there was none. ``kind`` is ``sgv`` (sensor) or ``mbg`` (finger).
    """

    id: str
    at_ms: int
    received_ms: int | None
    mgdl: float
    direction: str = ""
    device: str = ""
    kind: str = "sgv"


@dataclass(frozen=True, slots=True)
class Treatment:
    """Something done, as the chart and the list need it; absent amounts are None."""

    id: str
    at_ms: int
    event_type: str
    insulin: float | None = None
    carbs: float | None = None
    duration_min: float | None = None
    absolute: float | None = None
    percent: float | None = None
    automatic: bool = False
    notes: str = ""
    entered_by: str = ""


@dataclass(frozen=True, slots=True)
class Fact:
    """A value some device reported, and when it was true."""

    value: float | str
    at_ms: int


@dataclass(frozen=True, slots=True)
class Facts:
    """The latest of what loop, pump and phone reported, and when sensor and site were changed; None when unknown.

    ``loop`` is the loop's name at its last good run, ``phone`` the phone's at its last word, ``pump`` the pump's status
    (``normal``, ``suspended``, ``bolusing``) by its own clock. ``iob`` U and ``cob`` g are as the loop reported them,
    ``basal`` U/h as it enacted it; ``reservoir`` U (text where the pump only says "more than"), ``phone_battery`` and
    ``pump_battery`` percent.
    """

    loop: Fact | None = None
    iob: Fact | None = None
    cob: Fact | None = None
    basal: Fact | None = None
    reservoir: Fact | None = None
    pump: Fact | None = None
    pump_battery: Fact | None = None
    phone: Fact | None = None
    phone_battery: Fact | None = None
    sensor_started_ms: int | None = None
    site_changed_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Picture:
    """The state of now: readings and treatments of the last two days, oldest first, and the latest facts.

    ``seq`` is the change log's place up to which everything is in here. ``last_before`` is the newest sensor reading
    from before the two days, known when they hold none. Readings dated in the future are in here like all others:
    ``glance`` tells them from the rest. ``documents`` is what all of it was made of. ``behind`` is true while the store
    could not be read, so that something may be missing.
    """

    seq: int
    readings: tuple[Reading, ...]
    treatments: tuple[Treatment, ...]
    facts: Facts
    last_before: Reading | None = None
    documents: Documents = field(default_factory=Documents, repr=False)
    behind: bool = False


@dataclass(frozen=True, slots=True)
class PictureChange:
    """What became different in the picture, up to and including the change ``seq``.

    ``readings`` and ``treatments`` are new or have a new content, ``removed_ids`` are ids of either that are gone;
    ``facts_changed`` says to look at the facts anew. With ``resync`` nothing is listed: take the whole picture.
    """

    seq: int
    readings: tuple[Reading, ...] = ()
    treatments: tuple[Treatment, ...] = ()
    removed_ids: tuple[str, ...] = ()
    facts_changed: bool = False
    resync: bool = False

    @property
    def is_empty(self) -> bool:
        """True when nothing a viewer sees became different."""
        return not (self.readings or self.treatments or self.removed_ids or self.facts_changed or self.resync)

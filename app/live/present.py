"""The present: what the documents behind the picture say at one moment, each thing worked out once, when it is asked.

Where a device says it and the calculations say it too, the modules beside this one decide who is believed; here it all
comes together, for every surface alike.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import cached_property
from zoneinfo import ZoneInfo

from app.clock import datetime_of
from app.config import Settings
from app.glucose.basal import BasalAt, RunningBasal
from app.glucose.bolus_wizard import BolusPreview, preview_of
from app.glucose.delta import Bucket, Delta, buckets, delta_of
from app.glucose.forecast import Forecast, forecast_of
from app.glucose.profile import ProfileAt
from app.glucose.profile_history import ProfileHistory
from app.glucose.units import Unit
from app.live.cob import Carbs, carbs_at
from app.live.documents import Documents
from app.live.fields import moment
from app.live.iob import Insulin, ReportedInsulin, insulin_at
from app.live.loop_status import LoopStatus, loop_status
from app.live.measurements import Calibrated, Measurement, calibrations_of, true_measurements
from app.live.openaps_status import OpenApsStatus, openaps_status
from app.live.parsed import Parsed
from app.live.picture import Picture
from app.live.pump_status import PumpStatus, pump_status
from app.live.statuses import Status
from app.live.transmitter import Transmitter, transmitter
from app.live.treated import Treated, is_offline, profile_switches
from app.live.uploader_batteries import Uploader, uploaders
from app.records.person import Person
from app.records.times import zone_named

CURRENT_MS = 15 * 60_000
"""How old the last reading may be to be what is now."""

_STEADY_MS = 30_000


class Present:
    """What ``documents`` say at ``now_ms`` (UTC epoch ms) of a person. Nothing in here raises, whatever is in them.

    ``parsed`` remembers what was made of the documents of presents before it.
    """

    def __init__(
        self, documents: Documents, now_ms: int, person: Person, settings: Settings, parsed: Parsed | None = None
    ) -> None:
        self._parsed = parsed or Parsed()
        self.documents = documents
        self.now_ms = now_ms
        self.person = person
        self.settings = settings
        self.zone = ZoneInfo(person.zone)

    @cached_property
    def measurements(self) -> tuple[Measurement, ...]:
        """All readings, sensor and finger, oldest first."""
        return true_measurements(self._parsed.measurements.of(self.documents.entries), self.now_ms)

    @cached_property
    def sensor(self) -> tuple[Measurement, ...]:
        """The sensor's readings that are not in the future, oldest first."""
        return tuple(one for one in self.measurements if one.reading.kind == "sgv" and one.at_ms <= self.now_ms)

    @property
    def last(self) -> Measurement | None:
        """The sensor's last reading."""
        return self.sensor[-1] if self.sensor else None

    @property
    def is_current(self) -> bool:
        """Tell whether the last reading can be read as what is now."""
        return self.last is not None and self.now_ms - self.last.at_ms <= CURRENT_MS

    @cached_property
    def calibrations(self) -> tuple[Calibrated, ...]:
        """The calibrations, oldest first."""
        return calibrations_of(self.documents.entries)

    @cached_property
    def buckets(self) -> tuple[Bucket, ...]:
        """The newest readings in four buckets of five minutes, newest first; none without a reading."""
        return buckets(self.sensor, self.now_ms)

    @cached_property
    def delta(self) -> Delta | None:
        """The change between the two newest buckets that hold readings."""
        return delta_of(self.buckets)

    @cached_property
    def forecast(self) -> Forecast | None:
        """Where glucose goes by AR2."""
        if self.delta is None:
            return None
        return forecast_of(self.delta.mean_mgdl, self.delta.mean_5_min_ago_mgdl, self.delta.recent_ms)

    @cached_property
    def statuses(self) -> tuple[Status, ...]:
        """The device statuses, oldest first."""
        return self._parsed.statuses.of(self.documents.device_statuses)

    @cached_property
    def uploaders(self) -> tuple[Uploader, ...]:
        """The uploaders of the last half hour and their batteries."""
        return uploaders(self.statuses, self.now_ms, self.settings)

    @cached_property
    def pump(self) -> PumpStatus | None:
        """What the pump last said."""
        local = datetime_of(self.now_ms).astimezone(self.profile.zone if self.profile else self.zone)
        offline = is_offline(self.treatments, self.now_ms)
        hour = local.hour + local.minute / 60
        return pump_status(self.statuses, self.now_ms, self.settings, hour=hour, offline=offline)

    @cached_property
    def loop(self) -> LoopStatus:
        """What Loop last did."""
        return loop_status(self.statuses, self.now_ms, self.settings)

    @cached_property
    def openaps(self) -> OpenApsStatus:
        """What a rig or AndroidAPS last did."""
        return openaps_status(self.statuses, self.now_ms, self.settings)

    @cached_property
    def transmitter(self) -> Transmitter:
        """What the transmitter last said."""
        return transmitter(self.statuses, self.now_ms, self.settings)

    @cached_property
    def treatments(self) -> tuple[Treated, ...]:
        """The treatments, oldest first; those planned for later are among them."""
        return self._parsed.treatments.of(self.documents.treatments)

    @cached_property
    def profiles(self) -> ProfileHistory:
        """Which profile was in force when."""
        return ProfileHistory(
            self.documents.profiles,
            profile_switches(self.treatments),
            read_moment=moment,
            zone_of=_zone_of,
            home=self.zone,
        )

    @cached_property
    def profile(self) -> ProfileAt | None:
        """The profile's values now."""
        return self.profiles.at(self.now_ms)

    @cached_property
    def running_basal(self) -> RunningBasal[Treated, Treated]:
        """The temporary rates and combo boluses."""
        return RunningBasal(
            [treated for treated in self.treatments if treated.is_about("Temp Basal")],
            [treated for treated in self.treatments if treated.event_type == "Combo Bolus"],
        )

    @cached_property
    def basal(self) -> BasalAt[Treated, Treated]:
        """The basal rate now."""
        return self.running_basal.at(self.now_ms, self.profile.basal_u_per_h if self.profile else None)

    @cached_property
    def insulin(self) -> Insulin:
        """Insulin on board now."""
        return self._insulin_at(self.now_ms)

    @cached_property
    def carbs(self) -> Carbs:
        """Carbs on board now."""
        return carbs_at(
            self.now_ms,
            self.statuses,
            self.treatments,
            profile_at=self.profiles.at,
            activity_at=lambda at_ms: self._insulin_at(at_ms).activity,
        )

    def bolus_preview(self, unit: Unit, iob_u: float | None) -> BolusPreview:
        """Return the bolus wizard preview in ``unit`` with so much insulin on board (None: nobody knows)."""
        mgdl = self.last.mgdl if self.last else None
        return preview_of(mgdl, unit, current=self.is_current, profile=self.profile, iob_u=iob_u)

    def _insulin_at(self, at_ms: int) -> Insulin:
        doses = self._doses if self.treatments else None
        return insulin_at(at_ms, self._reported_insulin, doses, self.profiles.at(at_ms))

    @cached_property
    def _doses(self) -> tuple[Treated, ...]:
        return tuple(treated for treated in self.treatments if treated.insulin_u)

    @cached_property
    def _reported_insulin(self) -> tuple[ReportedInsulin, ...]:
        return self._parsed.insulin.of(self.statuses)


class Presents:
    """The present of one process, the same for everybody until the picture changes, and for half a minute at most.

    So that whoever asks again meanwhile can be told that nothing is new. ``read_person`` reads whose data this is; it
    is called when something was written. Safe for many threads.
    """

    def __init__(self, settings: Settings, read_person: Callable[[], Person]) -> None:
        self._settings = settings
        self._read_person = read_person
        self._lock = threading.Lock()
        self._parsed = Parsed()
        self._seq: int | None = None
        self._present: Present | None = None

    def at(self, picture: Picture, now_ms: int) -> Present:
        """Return the present of a picture. Raises what reading the person raises."""
        with self._lock:
            person = self._read_person() if self._present is None or self._seq != picture.seq else self._present.person
            if self._present is None or not _still_holds(self._present, picture, person, now_ms):
                self._present = Present(picture.documents, now_ms, person, self._settings, self._parsed)
            self._seq = picture.seq
            return self._present


def _still_holds(present: Present, picture: Picture, person: Person, now_ms: int) -> bool:
    same_half_minute = present.now_ms // _STEADY_MS == now_ms // _STEADY_MS
    return same_half_minute and present.documents is picture.documents and present.person == person


def _zone_of(name: str) -> ZoneInfo | None:
    known = zone_named(name)
    return ZoneInfo(known) if known else None

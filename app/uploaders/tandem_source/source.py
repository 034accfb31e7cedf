"""Tandem Source as an uploader: its form, its pace, and how the logs of a person's pumps become pages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from app.records.sources.documents import DAY_MS, HOUR_MS, MINUTE_MS, BadRecord
from app.records.sources.kinds import BASALS, BOLUSES, CARBS, EVENTS, GLUCOSE, NEVER, PROFILE, STATUS
from app.records.sources.profile_document import profile_document, profile_store, sight_of, store_name
from app.records.sources.ranks import SLOW
from app.records.times import zone_named
from app.store.interface import Document
from app.uploaders.constants import built_in_constants
from app.uploaders.errors import ActionRequired, NoPatient, SchemaChanged
from app.uploaders.form import UploaderForm, address, choice, number, secret, taken, zone
from app.uploaders.tandem_source.auth import Account
from app.uploaders.tandem_source.events import ASKED_FOR, Event, event_of
from app.uploaders.tandem_source.mapper import Mapped, PumpLog, documents_of
from app.uploaders.tandem_source.readings import DEVICE
from app.uploaders.tandem_source.settings import profiles_in
from app.uploaders.tandem_source.timeline import timed
from app.uploaders.tandem_source.windows import (
    DEEP,
    Pump,
    Window,
    as_cursor,
    is_deep,
    moved,
    offset_in,
    pumps_in,
    wanted_from,
    whole_hours,
    windows,
)
from app.uploaders.vendor import Access, Cursors, Pace, Page, Vendor


class TandemForm(UploaderForm):
    """What we need to know of a Tandem Source account."""

    email = secret("E-mail address", "Of the Tandem Source account the pump's app uploads to.", kind="text")
    password = secret("Password")
    region = choice(
        "Region",
        tuple((name, told["name"]) for name, told in built_in_constants("tandem_source")["regions"].items()),
        default="us",
        help="Where the account was made.",
    )
    first_days = choice(
        "How far back to begin",
        (("2", "2 days"), ("14", "2 weeks"), ("90", "3 months"), ("365", "a year"), ("3650", "everything")),
        default="14",
    )
    interval_min = number("Minutes between visits", 5, 120, default=15, advanced=True)
    zone = zone("Time zone of the pump", "The pump writes local time. Leave it empty to use the person's time zone.")
    glucose = taken("Take the pump's sensor readings")
    boluses = taken("Take boluses")
    carbs = taken("Take carbs without a bolus")
    basals = taken("Take basal rates")
    events = taken("Take changes of site and cartridge, modes, meter values")
    profile = taken("Take profiles")
    status = taken("Take device status")
    server = address("Other server", "Only when Tandem Source has moved.", advanced=True)


class TandemSource:
    """The pumps of one person."""

    def __init__(self, access: Access) -> None:
        self._access = access
        self._account = Account(access)
        zone_name = zone_named(access.options.get("zone", ""))
        self._wall_clock = access.wall_clock.in_zone(ZoneInfo(zone_name)) if zone_name else access.wall_clock

    def look(self) -> Sequence[Document]:
        """Sign in and return the sensor readings of the last day of the pump that was worn last."""
        now_ms = self._access.clock.now_ms()
        pump = self._pumps()[0]
        end_ms = min(pump.last_ms or now_ms, now_ms)
        window = Window(end_ms - DAY_MS, (end_ms // HOUR_MS + 1) * HOUR_MS, True)
        log, _, _ = self._log(pump, window, {})
        entries = documents_of(log, window.from_ms, window.end_ms, now_ms).documents["entries"]
        return sorted(entries, key=lambda entry: entry["date"])

    def pages(self, cursors: Cursors) -> Iterator[Page]:
        """Bring the settings, then the logs of all pumps from where each has been read, oldest first."""
        now_ms = self._access.clock.now_ms()
        pumps = self._pumps()
        if self._access.options.get("profile") != NEVER:
            yield from self._profile(pumps)
        first_ms = now_ms - DAY_MS * int(self._access.options.get("first_days", "14"))
        wanted = {pump.id: wanted_from(pump, cursors, first_ms, now_ms) for pump in pumps}
        asked = {id: from_ms for id, from_ms in wanted.items() if from_ms is not None}
        reached = dict(cursors)
        for window in windows(min(asked.values()), now_ms) if asked else ():
            page = self._page([pump for pump in pumps if self._takes_part(pump, window, asked)], asked, window, reached)
            reached |= page.cursors
            yield page

    def _pumps(self) -> list[Pump]:
        if not self._wall_clock.is_known:
            raise ActionRequired(
                "The pump writes local time, and nobody has said in which time zone",
                kind="zone",
                hint="Enter the person's time zone under Account, or one for this uploader.",
            )
        pumper = self._account.call(lambda client, ticket: client.pumper(ticket.token, ticket.pumper_id))
        pumps = pumps_in(pumper, self._wall_clock)
        if not pumps:
            raise NoPatient(
                "There is no pump in this Tandem Source account",
                hint="Let the pump's app or the uploader on a computer upload once, then test again.",
            )
        return pumps

    @staticmethod
    def _takes_part(pump: Pump, window: Window, asked: Mapping[str, int]) -> bool:
        """Tell whether a pump's log is needed: a page is whole only with the logs of all pumps of its time."""
        is_known = pump.first_ms is not None or pump.last_ms is not None
        return pump.reaches_into(window.from_ms, window.end_ms) if is_known else pump.id in asked

    def _page(self, pumps: Sequence[Pump], asked: Mapping[str, int], window: Window, cursors: Cursors) -> Page:
        now_ms = self._access.clock.now_ms()
        parts: list[Mapped] = []
        after: dict[str, int] = {}
        times_ms: list[int] = []
        for pump in pumps:
            log, unusable, clock = self._log(pump, window, cursors)
            inside = [one.at_ms for one in log.events if one.at_ms < window.end_ms and one.at_ms <= now_ms]
            times_ms += inside
            parts += [documents_of(log, window.from_ms, window.end_ms, now_ms), Mapped(unusable=unusable)]
            if pump.id in asked:
                after |= moved(pump, cursors, max(inside, default=0), window) | (clock if window.is_last else {})
        span = whole_hours(times_ms, window)
        collections = ("entries", "treatments", "devicestatus")
        return Page(
            after | ({DEEP: now_ms} if window.is_last and is_deep(cursors, now_ms) else {}),
            {name: [one for part in parts for one in part.documents.get(name, ())] for name in collections},
            whole={BASALS: span} if span else {},
            unusable=[why for part in parts for why in part.unusable],
        )

    def _log(self, pump: Pump, window: Window, cursors: Cursors) -> tuple[PumpLog, list[str], dict[str, int]]:
        """Fetch what a pump wrote in a window and around it; say why some cannot be read, and how its clock goes."""
        first, last = window.days(self._wall_clock)
        found = self._account.call(
            lambda client, ticket: client.logs(ticket.token, ticket.pumper_id, pump.id, first, last, ASKED_FOR)
        )
        records = found.get("events")
        if not isinstance(records, list):
            raise SchemaChanged("Tandem Source's answer holds no events")
        events, unusable = _read(records)
        changes, _ = _read(found.get("clockChanges"))
        ours = {event.key for event in events}
        unset_min = offset_in(cursors.get(pump.unset))
        line = timed([*changes, *events], self._wall_clock, self._access.clock.now_ms(), unset_min)
        log = PumpLog(pump.id, pump.model, [one for one in line.events if one.event.key in ours])
        return log, unusable, {pump.unset: as_cursor(line.unset_min)} if log.events else {}

    def _profile(self, pumps: Sequence[Pump]) -> Iterator[Page]:
        pump = next((one for one in pumps if one.settings), None)
        if pump is None:
            return
        now_ms = self._access.clock.now_ms()
        try:
            active, profiles = profiles_in(pump.settings)
            zone_name = str(getattr(self._wall_clock.zone_at(now_ms), "key", ""))
            store = profile_store(profiles, zone_name)
        except BadRecord as problem:
            yield Page({}, unusable=[str(problem)])
            return
        sight = sight_of(store_name(active), store, self._account.profile_seen, now_ms)
        if sight.as_document() != self._account.profile_seen:
            # Kept before it is written: a run that is killed in between writes the same document again.
            self._account.keep_profile_seen(sight.as_document())
        account = self._account.pumper_id
        document = profile_document("tandem_source", account, store_name(active), store, sight, DEVICE)
        yield Page({}, {"profile": [document]})


def _read(records: Any) -> tuple[list[Event], list[str]]:
    events: list[Event] = []
    unusable: list[str] = []
    for record in records if isinstance(records, list) else ():
        try:
            events.append(event_of(record))
        except BadRecord as problem:
            unusable.append(str(problem))
    return events, unusable


def _pace(options: Mapping[str, Any]) -> Pace:
    interval_ms = options.get("interval_min", 15) * MINUTE_MS
    return Pace(interval_ms=interval_ms, lag_ms=5 * MINUTE_MS, floor_ms=5 * MINUTE_MS)


TANDEM_SOURCE = Vendor(
    name="tandem_source",
    title="Tandem Source",
    about="A t:slim X2 or Mobi pump whose app uploads to Tandem Source. Minutes to an hour late.",
    form=TandemForm,
    pace=_pace,
    open=TandemSource,
    kinds={
        GLUCOSE: "glucose",
        BOLUSES: "boluses",
        CARBS: "carbs",
        BASALS: "basals",
        EVENTS: "events",
        PROFILE: "profile",
        STATUS: "status",
    },
    rank=SLOW,
    when_silent="Open the pump's app on the phone and let it upload. A pump without a sensor of its own never brings "
    "readings: then answer No to taking them.",
    silent_after_ms=6 * HOUR_MS,
)

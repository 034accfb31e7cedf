"""Glooko as an uploader: its form, its pace, and which of its two ways of reading each kind of records takes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from app.glucose.wall_clock import WallClock
from app.records.sources.documents import DAY_MS, HOUR_MS, MINUTE_MS
from app.records.sources.kinds import BASALS, BOLUSES, CARBS, EVENTS, GLUCOSE, NEVER
from app.records.sources.ranks import COLLECTED
from app.store.interface import Document
from app.uploaders.constants import built_in_constants
from app.uploaders.form import UploaderForm, address, choice, number, secret, taken, zone
from app.uploaders.glooko.auth import Account
from app.uploaders.glooko.errors import NotGiven
from app.uploaders.glooko.graph import GraphReader
from app.uploaders.glooko.moments import as_wall_clock
from app.uploaders.glooko.resources import RESOURCES, Resource
from app.uploaders.glooko.sync import Sync
from app.uploaders.vendor import Access, Cursors, Pace, Page, Vendor

KINDS: Mapping[str, str] = {kind: kind for kind in (GLUCOSE, BOLUSES, CARBS, BASALS, EVENTS)}
"""Each kind is switched by the option of its name."""

GRAPH = "graph"
"""The cursor of the graph, and what is kept of the resources it stands in for: since when each."""

LOOK_MS = 12 * HOUR_MS
_GRAPH_DAYS = 3
_NOBODYS = ("UTC", "Etc/UTC")  # what a person has whose zone nobody entered
_REFUSALS = 3
"""Runs in which a resource that was given before has to be refused until the graph takes its place."""

_HOPELESS = 3  # as many refusals with nothing given, and the others need not be asked


class GlookoForm(UploaderForm):
    """What we need to know of a Glooko account."""

    email = secret("E-mail address", "Of the Glooko account the devices upload to.", kind="text")
    password = secret("Password")
    region = choice(
        "Region",
        ((name, one["name"]) for name, one in built_in_constants("glooko")["regions"].items()),
        default="us",
        help="Where the account lives. The address you sign in at tells: my.glooko.com, eu.my.glooko.com and so on.",
    )
    first_days = choice(
        "How far back to begin",
        (("2", "2 days"), ("14", "2 weeks"), ("90", "3 months"), ("365", "a year"), ("3650", "everything")),
        default="14",
    )
    zone = zone(
        help="Glooko writes what the devices' clocks show, without a zone. Empty: the person's time zone, or the "
        "account's where nobody has entered one."
    )
    interval_min = number("Minutes between visits", 15, 120, default=30, advanced=True)
    glucose = taken("Take glucose")
    boluses = taken("Take boluses")
    carbs = taken("Take carbs")
    basals = taken("Take basal rates")
    events = taken("Take changes, alarms and notes")
    server = address("Other server", "Only when Glooko has moved.", advanced=True)


class GlookoSource:
    """The records of one account."""

    def __init__(self, access: Access) -> None:
        self._access = access
        self._account = Account(access)
        self._moved: dict[str, int] = dict(self._account.remembered(GRAPH) or {})
        self._refusals: dict[str, int] = dict(self._account.remembered("refusals") or {})
        self._given = 0

    def pages(self, cursors: Cursors) -> Iterator[Page]:
        """Fetch each resource by what changed in it; from the graph what is not given in this way."""
        wanted = [one for one in RESOURCES if self._is_wanted(one)]
        asked = {one.name for one in wanted if one.name not in self._moved}
        wall_clock = self._wall_clock()
        now_ms, first_ms = self._access.clock.now_ms(), self._first_ms()
        sync = Sync(self._account, cursors, wall_clock, now_ms=now_ms, first_ms=first_ms, asked=asked)
        refused: list[Resource] = []
        for resource in wanted:
            if resource.name not in asked:
                continue
            if len(refused) >= _HOPELESS and not self._given:
                refused.append(resource)
                continue
            try:
                yield from sync.pages(resource)
                self._given += 1
            except NotGiven:
                refused.append(resource)
                asked.discard(resource.name)
        yield from self._instead_of(refused, cursors)
        if self._moved:
            yield from self._from_graph(wanted, wall_clock, cursors)

    def look(self) -> Sequence[Document]:
        """Sign in and return the readings of the last hours."""
        wall_clock, now_ms = self._wall_clock(), self._access.clock.now_ms()
        since_ms = now_ms - LOOK_MS
        glucose = RESOURCES[0]
        sync = Sync(self._account, {}, wall_clock, now_ms=now_ms, first_ms=since_ms, asked={glucose.name})
        try:
            entries = sync.look(glucose, since_ms)
        except NotGiven:
            page = self._graph_page(dict.fromkeys(glucose.series, since_ms), (since_ms, now_ms), wall_clock)
            entries = list(page.documents["entries"])
        return sorted(entries, key=lambda entry: entry["date"])

    def _is_wanted(self, resource: Resource) -> bool:
        return any(self._access.options.get(KINDS[kind]) != NEVER for kind in resource.kinds)

    def _first_ms(self) -> int:
        days = int(self._access.options.get("first_days", "14"))
        return self._access.clock.now_ms() - days * DAY_MS

    def _wall_clock(self) -> WallClock:
        """Return the clock of the devices: the form's zone, else the person's; the account's where nobody said one."""
        chosen: str = self._access.options.get("zone", "")
        person = self._access.wall_clock
        if not chosen and str(person.zone_at(self._access.clock.now_ms())) in _NOBODYS:
            chosen = self._account.zone()
        return WallClock.in_zone(ZoneInfo(chosen)) if chosen else person

    def _instead_of(self, refused: Sequence[Resource], cursors: Cursors) -> Iterator[Page]:
        """Move refused resources to the graph: at once those that were never given, the others when it stays so.

        Raises ``NotGiven`` when nothing at all is given, for which the graph cannot stand in.
        """
        counted = {one.name: self._refusals.get(one.name, 0) + 1 for one in refused}
        told = [one for one in refused if counted[one.name] == 1]
        first_ms = self._first_ms()
        for one in refused:
            if one.series and counted[one.name] >= (_REFUSALS if one.name in cursors else 1):
                self._moved[one.name] = cursors.get(one.name, first_ms)
                del counted[one.name]
        if counted != self._refusals or refused:
            self._refusals = counted
            self._account.remember(**{GRAPH: self._moved, "refusals": counted})
        if told:
            yield Page({}, unusable=[f"Glooko does not give {one.name}" for one in told])
        if refused and not self._given and not self._moved:
            raise NotGiven("Glooko gives us none of this account's records", hint="Test the uploader.")

    def _from_graph(self, wanted: Sequence[Resource], wall_clock: WallClock, cursors: Cursors) -> Iterator[Page]:
        """Fetch the series of what was moved here, oldest first, a few days each time."""
        moved = [one for one in wanted if one.name in self._moved]
        from_ms = {series: self._moved[one.name] for one in moved for series in one.series}
        if not from_ms:
            return
        now_ms, earliest_ms = self._access.clock.now_ms(), min(from_ms.values())
        start_ms = max(earliest_ms, cursors[GRAPH] - DAY_MS) if GRAPH in cursors else earliest_ms
        while start_ms < now_ms:
            end_ms = min(start_ms + _GRAPH_DAYS * DAY_MS, now_ms)
            yield self._graph_page(from_ms, (start_ms, end_ms), wall_clock)
            start_ms = end_ms

    def _graph_page(self, from_ms: Mapping[str, int], span: tuple[int, int], wall_clock: WallClock) -> Page:
        start, end = (as_wall_clock(at_ms, wall_clock) for at_ms in span)
        points = self._account.call(lambda client, ticket: client.graph(ticket, list(from_ms), start, end))
        reader = GraphReader(self._account.name, wall_clock, self._access.clock.now_ms())
        return reader.page(points, from_ms, span, GRAPH)


def _pace(options: Mapping[str, Any]) -> Pace:
    return Pace(interval_ms=options.get("interval_min", 30) * MINUTE_MS, lag_ms=MINUTE_MS, floor_ms=5 * MINUTE_MS)


GLOOKO = Vendor(
    name="glooko",
    title="Glooko",
    about="A Glooko account: Omnipod 5 and DASH, other pumps, meters, smart pens, and sensors that upload there.",
    form=GlookoForm,
    pace=_pace,
    open=GlookoSource,
    kinds=KINDS,
    rank=COLLECTED,
    when_silent="Glooko gets readings hours late. See on its own page whether it has newer ones; if so, check the time "
    "zone of the person and in this form. An account without a sensor has its meter's only, which do not count here.",
    silent_after_ms=4 * HOUR_MS,
)

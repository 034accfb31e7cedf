"""Which profile was in force when: the stored documents by their start, and the switches between their profiles.

A switch may carry a ``timeshift`` in hours. It is told but not applied: Nightscout never applied it, so every other
screen shows the schedules unmoved, and writers do not agree on its direction; moving them the wrong way would be twice
as wrong as not moving them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import tzinfo

from app.glucose.numbers import figure, moment
from app.glucose.profile import Profile, ProfileAt, profile_of
from app.glucose.spans import cut_spans

Written = Mapping[str, object]

_MS_1980 = 315_532_800_000  # when a document begins that does not say
_ONLY_NAME = "Default"


@dataclass(frozen=True, slots=True)
class ProfileSwitch:
    """A treatment that puts a profile in force, for some minutes or (0 or None) until the next one.

    ``profile_json`` is the profile itself as text, used when the document has none of this name. ``percentage`` counts
    only when ``circadian`` (AndroidAPS' ``CircadianPercentageProfile``).
    """

    at_ms: int
    profile: str
    duration_min: float | None = 0
    profile_json: str | None = None
    circadian: bool = False
    percentage: float | None = None
    timeshift_h: float | None = None


@dataclass(frozen=True, slots=True)
class _Book:
    """A document: when it starts, what it holds, and the name in force by default (None: nobody can tell)."""

    start_ms: int
    written: Written
    store: Mapping[str, Written]
    default_name: str | None
    read: dict[str, Profile] = field(default_factory=dict)

    def profile(self, name: str, written: Written) -> Profile:
        """Return a profile of it, or one a switch brought along."""
        found = self.read.get(name)
        if found is None:
            profile = profile_of(name, {"units": self.written.get("units"), **written})
            found = self.read.setdefault(name, profile)
        return found


class ProfileHistory:
    """Profile documents as stored (newest first where they start together) and the switches between their profiles.

    ``read_moment`` reads a ``startDate`` (UTC epoch ms), ``zone_of`` finds a zone by the name a profile gives it,
    ``home`` is the zone where it gives none that exists. True when there is any document.
    """

    def __init__(
        self,
        documents: Iterable[Written],
        switches: Iterable[ProfileSwitch] = (),
        *,
        read_moment: Callable[[object], int | None],
        zone_of: Callable[[str], tzinfo | None],
        home: tzinfo,
    ) -> None:
        books = [_book(document, read_moment) for document in documents if isinstance(document, Mapping)]
        self._books = sorted(books, key=lambda book: book.start_ms, reverse=True)
        self._switches = tuple(reversed(cut_spans(switches, keep_endless=True)))
        self._brought: dict[int, Written | None] = {}
        self._zone_of = zone_of
        self._home = home

    def __bool__(self) -> bool:
        return bool(self._books)

    def at(self, at_ms: int) -> ProfileAt | None:
        """Return the values in force at a moment, None only when there is no document.

        A switch to a profile nobody knows leaves the document's own in force, as Nightscout does.
        """
        book = self._book_at(at_ms)
        if book is None:
            return None
        switch = self.switch_at(at_ms)
        name, written = self._in_force(book, switch)
        profile = profile_of("", written) if name is None else book.profile(name, written)
        zone = self._zone_of(profile.zone_name) if profile.zone_name else None
        values = profile.at(at_ms, zone or self._home)
        if switch is None or not switch.circadian:
            return values
        percentage = 100 if switch.percentage is None else figure(switch.percentage)
        return replace(values.scaled(percentage), timeshift_h=figure(switch.timeshift_h) or 0.0)

    def name_at(self, at_ms: int) -> str | None:
        """Return the name of the profile in force; one that a switch brought along is ``<name>@@@@@<ms>``."""
        book = self._book_at(at_ms)
        return self._in_force(book, self.switch_at(at_ms))[0] if book else None

    def document_at(self, at_ms: int) -> Written | None:
        """Return the newest document that has started, else the first that will; None when there is none."""
        book = self._book_at(at_ms)
        return book.written if book else None

    def switch_at(self, at_ms: int) -> ProfileSwitch | None:
        """Return the switch that runs at a moment and began no earlier than the document in force."""
        book = self._book_at(at_ms)
        if book is None:
            return None
        for span in self._switches:
            endless = span.until_ms == span.from_ms
            if book.start_ms <= span.from_ms <= at_ms and (endless or at_ms < span.until_ms):
                return span.item
        return None

    def _book_at(self, at_ms: int) -> _Book | None:
        started = next((book for book in self._books if book.start_ms <= at_ms), None)
        return started or (self._books[-1] if self._books else None)

    def _in_force(self, book: _Book, switch: ProfileSwitch | None) -> tuple[str | None, Written]:
        if switch is not None and isinstance(switch.profile, str):
            if switch.profile in book.store:
                return switch.profile, book.store[switch.profile]
            brought = self._brought_by(switch)
            if brought is not None:
                marked = "@@@@@" in switch.profile
                return (switch.profile if marked else f"{switch.profile}@@@@@{switch.at_ms}"), brought
        name = book.default_name
        return name, {} if name is None else book.store[name]

    def _brought_by(self, switch: ProfileSwitch) -> Written | None:
        if switch.at_ms not in self._brought:
            self._brought[switch.at_ms] = _profile_in(switch.profile_json)
        return self._brought[switch.at_ms]


def _profile_in(text: str | None) -> Written | None:
    try:
        written = json.loads(text) if isinstance(text, str) else None
    except (ValueError, RecursionError):
        return None
    return written if isinstance(written, Mapping) else None


def _book(document: Written, read_moment: Callable[[object], int | None]) -> _Book:
    start_ms = moment(read_moment(document.get("startDate")))
    start_ms = _MS_1980 if start_ms is None else start_ms
    stored = document.get("store")
    if not isinstance(stored, Mapping):
        return _Book(start_ms, document, {_ONLY_NAME: document}, _ONLY_NAME)
    store = {name: profile for name, profile in stored.items() if isinstance(profile, Mapping)}
    wanted = document.get("defaultProfile")
    only = next(iter(store)) if len(store) == 1 else None
    return _Book(start_ms, document, store, wanted if isinstance(wanted, str) and wanted in store else only)

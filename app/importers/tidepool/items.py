"""What files of Tidepool become, whether JSON or a workbook: the documents the service's own records become."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from app.importers.format import Found, How, Item, Rejected, Said
from app.importers.tidepool.rows import SETTINGS, Form, Schedules, nested
from app.records.sources.documents import BadRecord
from app.records.sources.profile_document import Sight
from app.records.sources.tidepool.reading import TYPES, Reading
from app.records.sources.tidepool.record import text_of, type_of
from app.records.sources.tidepool.settings import Settings, changed
from app.store.interface import Document

INCOMPLETE = "Tidepool says that it could not put all data into this file: export a shorter time, or several."
"""What is said of an export that was broken off."""

ERROR = "exportError"
"""The member that ends a JSON file which was broken off."""

_SAID_OF_TYPES = 8


class Items:
    """Goes through the records of a file twice, as ``Reading`` does.

    The first time all of them may be shown to ``see``; those of ``SEEN`` have to be. Then ``of`` yields what each
    becomes, and ``rest`` what is left at the end.
    """

    SEEN = ("wizard", "smbg", "cbg", SETTINGS)

    def __init__(self, how: How) -> None:
        self._reading = Reading(how.now_ms, how.wall_clock.zone_at, knows_profile=False)
        self._form = Form()
        self._schedules = Schedules()
        self._settings: list[Settings] = []
        self._stores: dict[str, Mapping[str, Document]] = {}
        self._places: dict[int, str] = {}
        self._others: Counter[str] = Counter()
        self._is_incomplete = False

    def see(self, record: Any, place: str) -> None:
        """Take note of a record. What cannot be used is judged in ``of``."""
        if not isinstance(record, Mapping):
            return
        self._form.see(record)
        type = text_of(record.get("type"))
        if not type.startswith(self.SEEN):
            return
        whole = nested(record) if self._form.is_flat(record) else record
        try:
            if type == SETTINGS:
                self._add_settings(whole, place)
            elif type.startswith(f"{SETTINGS}."):
                self._schedules.add(whole, place)
                self._reading.knows_profile = True
            else:
                self._reading.see(whole)
        except BadRecord:
            return

    def of(self, record: Any, place: str) -> Iterator[Item]:
        """Yield what a record becomes."""
        try:
            type = type_of(record)
            if ERROR in record:
                self._is_incomplete = True
            elif type.startswith(f"{SETTINGS}."):
                Schedules().add(nested(record), place)
            elif type == SETTINGS:
                self._reading.settings(self._as_served(record))
            elif type in TYPES:
                for made in self._reading.documents(self._as_served(record)):
                    yield Found(made.collection, made.document, place)
            else:
                self._others[type] += 1
        except BadRecord as problem:
            yield Rejected(place, str(problem))

    def rest(self) -> Iterator[Item]:
        """Yield carbs without a bolus, profiles, and what is to be said of the whole."""
        for made in self._reading.rest():
            yield Found(made.collection, made.document, "carbs without a bolus")
        for place, settings in self._schedules.records():
            try:
                self._add_settings(settings, place)
            except BadRecord as problem:
                yield Rejected(place, str(problem))
        none: tuple[Sight, ...] = ()
        for profile in changed(self._settings, none)[0]:
            yield Found("profile", profile, "settings of the pump")
        if self._is_incomplete:
            yield Said(INCOMPLETE)
        if self._others:
            told = [f"{type or 'no type'} ({count})" for type, count in self._others.most_common(_SAID_OF_TYPES)]
            yield Said(f"Records of these types hold nothing to import: {', '.join(told)}.")

    def _as_served(self, record: Mapping[str, Any]) -> Mapping[str, Any]:
        return nested(record) if self._form.is_flat(record) else record

    def _add_settings(self, record: Mapping[str, Any], place: str) -> None:
        settings = self._reading.settings(record)
        if settings is None:
            return
        # A pump tells the same settings with each upload: one copy of them is enough.
        store = self._stores.setdefault(settings.sight.fingerprint, settings.store)
        self._settings.append(Settings(settings.at_ms, settings.default_profile, store, settings.entered_by))
        self._reading.knows_profile = True

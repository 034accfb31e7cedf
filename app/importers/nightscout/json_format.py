"""Nightscout's records as JSON: answers of its API, and what ``mongoexport`` and backup scripts write.

One file or a zip of several. Source of the shapes: Nightscout's API v1 and v3, MongoDB's Extended JSON.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from app.importers.bounded import Opened
from app.importers.format import How, Item, Rejected, Said, Survey
from app.importers.json_records import Record, first_records, is_one_list, records_in
from app.importers.nightscout.extended_json import plain_of
from app.importers.nightscout.parts import LOOKED_AT, ORDER, Part, Taking, collection_in, each, head_of, parts_of
from app.records.sources.documents import BadRecord
from app.records.sources.nightscout_documents import collection_of

_ENDINGS = (".json", ".ndjson", ".jsonl")
_OF_MONGODUMP = (".metadata.json", "prelude.json")
_LIST_NAMES = (*ORDER, "profiles", "sgvs")
_DEFAULT_COUNTS = (10, 100, 1000)
"""How many records Nightscout's API gives at most when nobody says how many are wanted."""

_OF_OTHERS = frozenset({"uploadId", "deviceTime", "_type", "display_time", "system_time"})
"""Members of records of Tidepool and of OpenAPS, some of which look like Nightscout's."""


class NightscoutJson:
    """Nightscout's records as JSON."""

    name = "nightscout-json"
    title = "Nightscout JSON (API or mongoexport)"

    def recognises(self, file: Opened) -> str | None:
        """See whether the first records look like Nightscout's."""
        found = [_collection(_first(file, part)) for part in _parts(file)[:LOOKED_AT]]
        known = sorted({collection for collection in found if collection}, key=ORDER.index)
        if not known:
            return None
        return f"its records look like Nightscout's {' and '.join(known)}"

    def survey(self, file: Opened) -> Survey:
        """Say what is in the file; nothing has to be asked."""
        parts = [part for part in _parts(file)[:LOOKED_AT] if _collection(_first(file, part))]
        held = {part.named or _collection(_first(file, part)) for part in parts}
        facts = [("Unit", "mg/dL, as Nightscout keeps it"), ("Begins with", ", ".join(sorted(held)))]
        if file.is_zip:
            facts.append(("Files", ", ".join(part.name for part in parts)[:500]))
        return Survey(tuple(facts))

    def read(self, file: Opened, how: How) -> Iterator[Item]:
        """Yield a document for every record."""
        taking = Taking(how.now_ms)
        yield from each(_parts(file), lambda part: _read(file, part, taking))
        yield from taking.said()


def _parts(file: Opened) -> list[Part]:
    return [part for part in parts_of(file, _ENDINGS) if not part.name.lower().endswith(_OF_MONGODUMP)]


def _first(file: Opened, part: Part) -> list[Record]:
    return first_records(head_of(file, part), _LIST_NAMES)


def _collection(records: list[Record]) -> str:
    """Return the collection of the first record that tells, "" when none does or they are somebody else's."""
    for record in records:
        if isinstance(record.value, dict):
            if record.value.keys() & _OF_OTHERS and "_id" not in record.value:
                return ""
            if collection := collection_of(record.value):
                return collection
    return ""


def _read(file: Opened, part: Part, taking: Taking) -> Iterator[Item]:
    if part.member is not None and not _collection(_first(file, part)):
        taking.leave_out(part.name)
        return
    head, count = head_of(file, part), 0
    for record in records_in(partial(file.open, part.member), head, _LIST_NAMES):
        count += 1
        place = f"{part.name}, {record.place}" if part.member else record.place
        item = _item(record, part, taking, place)
        if item is not None:
            yield item
    if count in _DEFAULT_COUNTS and is_one_list(head):
        yield Said(
            f"{part.name} holds exactly {count} records, as many as Nightscout gives when it is not asked for more: "
            "there may be more where it came from."
        )


def _item(record: Record, part: Part, taking: Taking, place: str) -> Item | None:
    if record.why:
        return Rejected(place, record.why)
    try:
        value: Any = plain_of(record.value)
    except BadRecord as problem:
        return Rejected(place, str(problem))
    return taking.item(value, collection_in(record.under) or part.named, place)

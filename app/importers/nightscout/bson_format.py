"""Nightscout's database as ``mongodump`` writes it: a collection's BSON, the folder as a zip, or an archive.

Each may be packed by gzip. Collections that hold no health records (accounts, settings) are not imported.
"""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from typing import IO

from app.importers.bounded import Opened
from app.importers.format import How, Item, Rejected, Survey
from app.importers.nightscout.parts import (
    DATABASE,
    LOOKED_AT,
    NAMED_AFTER,
    Part,
    Taking,
    database_question,
    each,
    head_of,
    parts_of,
)
from app.records.sources.nightscout_documents import collection_of
from app.store.foreign_bson import ARCHIVE_MAGIC, Archive, Damaged, Namespace, Read, documents_in

_ENDINGS = (".bson", ".archive")
_NOT_OF_HEALTH = ("auth_", "nl_", "system.", "settings", "$")
_FIRST = 5
_BEGINS_WITH = (b"\x07_id\x00", b"\x02_id\x00")
"""A document begins with its ``_id``, an ObjectId or a text."""


class NightscoutBson:
    """Nightscout's records as ``mongodump`` writes them."""

    name = "nightscout-bson"
    title = "Nightscout database (mongodump)"

    def recognises(self, file: Opened) -> str | None:
        """See an archive's magic number, or the BSON of a record of Nightscout's."""
        for part in parts_of(file, _ENDINGS)[:LOOKED_AT]:
            head = head_of(file, part)
            if head.startswith(ARCHIVE_MAGIC):
                return "it begins like an archive of mongodump"
            if collection := _collection_at(head, part.named):
                return f"it is BSON, and its records look like Nightscout's {collection}"
        return None

    def survey(self, file: Opened) -> Survey:
        """Say which collections there are, and ask which database is meant if there are several."""
        held: set[Namespace] = set()
        facts = [("Unit", "mg/dL, as Nightscout keeps it")]
        for part in parts_of(file, _ENDINGS):
            head = head_of(file, part)
            if head.startswith(ARCHIVE_MAGIC):
                with file.open(part.member) as stream:
                    archive = Archive(stream)
                held |= {one for one in archive.namespaces if _may_hold_records(one.collection)}
                facts.append(("Written by", f"mongodump, from MongoDB {archive.server_version}"))
            elif collection := _collection_at(head, part.named):
                held.add(Namespace(part.database, collection))
        facts.append(("Collections", ", ".join(sorted({one.collection for one in held}))[:500]))
        return Survey(tuple(facts), questions=database_question({one.database for one in held}))

    def read(self, file: Opened, how: How) -> Iterator[Item]:
        """Yield a document for every record."""
        taking = Taking(how.now_ms)
        database = how.answers.get(DATABASE, "")
        yield from each(parts_of(file, _ENDINGS), lambda part: _read(file, part, taking, database))
        yield from taking.said()


def _read(file: Opened, part: Part, taking: Taking, database: str) -> Iterator[Item]:
    with file.open(part.member) as stream:
        counts: Counter[Namespace] = Counter()
        for namespace, read in _documents(stream, head_of(file, part), part):
            if database and namespace.database != database:
                continue
            counts[namespace] += 1
            place = f"{namespace.collection}, record {counts[namespace]}"
            item = _item(read, namespace.collection, taking, place)
            if item is not None:
                yield item


def _documents(stream: IO[bytes], head: bytes, part: Part) -> Iterator[tuple[Namespace, Read]]:
    if head.startswith(ARCHIVE_MAGIC):
        yield from Archive(stream).documents()
        return
    namespace = Namespace(part.database, part.named or part.name.removesuffix(".gz").removesuffix(".bson"))
    for document in documents_in(stream):
        yield namespace, document


def _item(read: Read, name: str, taking: Taking, place: str) -> Item | None:
    if not _may_hold_records(name):
        taking.leave_out(name)
        return None
    if isinstance(read, Damaged):
        return Rejected(place, "it is damaged")
    named = NAMED_AFTER.get(name, "")
    if not named and collection_of(read) is None:
        taking.leave_out(name)
        return None
    return taking.item(read, named, place)


def _may_hold_records(name: str) -> bool:
    return not name.startswith(_NOT_OF_HEALTH)


def _collection_at(head: bytes, named: str) -> str:
    """Return the collection of a dump that begins like this, "" when it is none of Nightscout's."""
    try:
        for document in islice(documents_in(io.BytesIO(head)), _FIRST):
            if isinstance(document, dict) and (collection := collection_of(document)):
                return named or collection
    except (ValueError, EOFError):
        pass
    return named if head[4:].startswith(_BEGINS_WITH) else ""

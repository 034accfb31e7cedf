"""Going through a file once: to see what would be imported, or to import it. Both judge each record alike."""

from __future__ import annotations

import logging
import sys
import traceback
from collections.abc import Callable, Collection, Iterator

from app.actor import Actor
from app.clock import Clock
from app.importers.bounded import BROKEN, Opened, in_words
from app.importers.doubles import Doubles
from app.importers.format import Format, Found, How, Item, Rejected, Said, Survey, Unreadable
from app.importers.tally import Tally
from app.logs import told
from app.records.sources.keeping import Keeping
from app.records.sources.kinds import ALONE, ALWAYS, KINDS, STATUS, kind_of
from app.records.sources.neighbours import Neighbours, file_import
from app.records.sources.ranks import FILE, read_ranks
from app.store.interface import Store

log = logging.getLogger(__name__)

BATCH = 1000

Progress = Callable[[Tally], None]


def surveyed(format: Format, file: Opened) -> Survey:
    """Return what a format learns of a file. Raises ``Unreadable``, whatever is in the file."""
    try:
        return format.survey(file)
    except Unreadable:
        raise
    except BROKEN as broken:
        raise Unreadable(f"The file cannot be read: {in_words(broken)}") from None
    except Exception as unforeseen:
        raise _gave_up(format, unforeseen) from None


class Going:
    """One way through a file for one import. ``unwanted`` kinds are counted nowhere and kept out."""

    def __init__(
        self, store: Store, clock: Clock, actor: Actor, import_id: str, unwanted: Collection[str] = ()
    ) -> None:
        taken = {kind: ALWAYS if kind == STATUS else ALONE for kind in KINDS}
        self._bringer = file_import(import_id, FILE, taken)
        self._keeping = Keeping(store, clock, actor, self._bringer.stamp)
        self._neighbours = Neighbours(self._keeping.records, clock, self._bringer, read_ranks(store))
        self._unwanted = frozenset(unwanted)

    def through(
        self,
        format: Format,
        file: Opened,
        how: How,
        *,
        write: bool,
        progress: Progress = lambda tally: None,
        go_on: Callable[[], bool] = lambda: True,
    ) -> Tally:
        """Go through the file and return what it holds; with ``write`` keep what is new.

        ``progress`` is told after each batch, which is acknowledged then. ``go_on`` is asked before each and ends the
        way early. What a broken file yielded before it broke counts, and a note says where it broke.
        """
        tally, doubles = Tally(), Doubles()
        batch: list[Found] = []
        for item in _guarded(format, file, how):
            if isinstance(item, Rejected):
                tally.reject(item.place, item.why)
            elif isinstance(item, Said):
                tally.note(item.text)
            elif kind_of(item.collection, item.document) not in self._unwanted:
                batch.append(item)
                if len(batch) >= BATCH:
                    self._settle(batch, tally, doubles, write=write)
                    batch = []
                    progress(tally)
                    if not go_on():
                        return tally
        self._settle(batch, tally, doubles, write=write)
        progress(tally)
        return tally

    def _settle(self, batch: list[Found], tally: Tally, doubles: Doubles, *, write: bool) -> None:
        for collection in sorted({found.collection for found in batch}):
            together = [found for found in batch if found.collection == collection]
            places = {found.document["identifier"]: found.place for found in together}
            fresh = []
            for found in together:
                if doubles.is_new(collection, found.document):
                    fresh.append(found.document)
                else:
                    tally.add(collection, found.document, new=False)
            there = self._keeping.named(collection, [one["identifier"] for one in fresh])
            candidates = []
            for one in fresh:
                kept = there.get(one["identifier"])
                if kept is None:
                    candidates.append(one)
                else:
                    # What this import itself kept before it was interrupted is no double.
                    tally.add(collection, one, new=self._bringer.brought(kept))
            verdict = self._neighbours.judged(collection, candidates)
            for one in (*verdict.known, *verdict.held):
                tally.add(collection, one, new=False)
            refused = dict[str, str]()
            if write and verdict.new:
                refused = {one["identifier"]: why for one, why in self._keeping.write(collection, verdict.new)}
            for one in verdict.new:
                if one["identifier"] in refused:
                    tally.reject(places[one["identifier"]], refused[one["identifier"]])
                else:
                    tally.add(collection, one, new=True)


def _guarded(format: Format, file: Opened, how: How) -> Iterator[Item]:
    """Yield what a format finds; whatever goes wrong ends the file, and is said."""
    try:
        yield from format.read(file, how)
    except Unreadable as refused:
        yield Said(f"The file ends early: {refused.message}.")
    except BROKEN as broken:
        yield Said(f"The file ends early: {in_words(broken)}.")
    except Exception as unforeseen:
        yield Said(f"The file ends early: {_gave_up(format, unforeseen).message}.")


def _gave_up(format: Format, unforeseen: Exception) -> Unreadable:
    # Its text may hold what is in the file; the place in our code is what helps.
    place = traceback.extract_tb(sys.exc_info()[2] or unforeseen.__traceback__)[-1]
    log.error(
        "an importer broke",
        extra=told(format=format.name, kind=type(unforeseen).__name__, at=f"{place.name}:{place.lineno}"),
    )
    return Unreadable("Something in it is not as it should be", hint="Please report it.")

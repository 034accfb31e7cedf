"""Which documents of a batch have to be sent: what is not there, what says something else there, what is to go."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from app.records.sources.documents import MINUTE_MS
from app.records.sources.kinds import ALONE, ALWAYS
from app.records.sources.nightscout_documents import is_deleted
from app.records.sources.outgoing import Outgoing
from app.records.sources.sameness import judge_others, judge_readings, judge_treatments
from app.store.interface import Document
from app.uploaders.nightscout_push.mapper import says_the_same, time_of
from app.uploaders.nightscout_push.theirs import Theirs, names_of

_INTERVAL_MS = 5 * MINUTE_MS

Known = Callable[[Document], bool]


@dataclass(slots=True)
class Chosen:
    """What has to be done there: ``new`` documents, ``changed`` ones with theirs, and those of theirs to ``delete``."""

    new: list[Document] = field(default_factory=list)
    changed: list[tuple[Document, Document]] = field(default_factory=list)
    delete: list[Document] = field(default_factory=list)

    @property
    def sent(self) -> list[Document]:
        """Return the documents of ours that go out."""
        return [*self.new, *(ours for ours, _ in self.changed)]


def choose(
    documents: Sequence[Document], theirs: Theirs, outgoing: Outgoing, *, taken: str, deletions: bool, now_ms: int
) -> Chosen:
    """Choose from a batch of one collection.

    What somebody else put there of the same moment and sort is left as it is, and ours stays here. While the kind is
    ``taken`` alone, so is what is the same event by the rule that also holds for what we fetch (``sameness``).
    """
    chosen = Chosen()
    stands_here = _standing_here(theirs, outgoing)
    others = [one for one in theirs.all if not stands_here(one)]
    foreign = Theirs(theirs.collection, others)
    unknown: list[Document] = []
    for one in documents:
        there = theirs.of(one)
        if is_deleted(one):
            if deletions and there is not None:
                chosen.delete.append(there)
        elif there is None:
            if foreign.beside(one) is None:
                unknown.append(one)
        elif not says_the_same(theirs.collection, one, there):
            chosen.changed.append((one, there))
    chosen.new = _not_told(theirs.collection, unknown, others, now_ms) if taken == ALONE else unknown
    chosen.delete = _without_living(theirs.collection, chosen.delete, outgoing)
    return chosen


def _standing_here(theirs: Theirs, outgoing: Outgoing) -> Known:
    """Return what tells whether a document of theirs is one of ours: sent by us, or from the same app as ours."""
    if theirs.collection == "entries":
        moments = outgoing.moments(at_ms for one in theirs.all if (at_ms := time_of("entries", one)) is not None)
        return lambda one: (time_of("entries", one), str(one.get("type"))) in moments
    known = outgoing.known(theirs.collection, (name for one in theirs.all for name in names_of(one)))
    return lambda one: any(name in known for name in names_of(one))


def _not_told(collection: str, unknown: list[Document], others: Sequence[Document], now_ms: int) -> list[Document]:
    if not others:
        return unknown
    if collection == "treatments":
        return judge_treatments(unknown, others, basals_taken=ALWAYS).new
    if collection != "entries":
        return unknown
    sensor = [one for one in unknown if one.get("type") == "sgv"]
    rest = [one for one in unknown if one.get("type") != "sgv"]
    there = [one for one in others if one.get("type") == "sgv"]
    judged = judge_readings(sensor, there, taken=ALWAYS, interval_ms=_INTERVAL_MS, now_ms=now_ms)
    return judged.new + judge_others(rest, others).new


def _without_living(collection: str, gone: list[Document], outgoing: Outgoing) -> list[Document]:
    """Leave out entries of an instant that another entry here still has: old databases hold doubles."""
    if collection != "entries" or not gone:
        return gone
    moments = outgoing.moments(at_ms for one in gone if (at_ms := time_of("entries", one)) is not None)
    return [one for one in gone if not moments.get((time_of("entries", one) or 0, str(one.get("type"))), False)]

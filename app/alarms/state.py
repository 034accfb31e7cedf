"""What has been said: the state of the alarms, kept in the store for every process.

A row is written once with everything there is to say, and whoever tells people learns of it from the change log: the
two cannot come apart, whichever process is killed when. Rows of alarms are written only where nothing moved since they
were read; who is overtaken looks again.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, fields
from typing import TypeVar

from app.alarms.notice import Loudness, Notice, document_of, notice_in
from app.alarms.silences import Silence
from app.alarms.standing import Standing, Word
from app.clock import Clock, datetime_of
from app.errors import DuplicateKey
from app.glucose.levels import Level
from app.logs import told
from app.store.interface import Collection, Document, Store

log = logging.getLogger(__name__)

Read = TypeVar("Read")

COLLECTION = "nl_alarms"
KEPT_MS = 24 * 3_600_000
"""How long what is over is kept, so that who was away hears that it is."""

SAID_KEPT_MS = 2 * 3_600_000
"""How long what was said once is remembered at least; no rule wants the same again as late as that."""

_ALARM, _ONCE, _WATCH = "alarm", "once", "watch"
_ACTOR = "alarms"


class Overtaken(Exception):
    """Another process moved an alarm meanwhile: what was read is out of date."""


@dataclass(frozen=True, slots=True)
class Saying:
    """Something said, for whoever tells it: ``id`` and ``emission`` tell it from all else that was ever said.

    ``word`` is CLEAR when there is no alarm to hear any more, with the notice of the one there was.
    """

    id: str
    emission: int
    word: Word
    notice: Notice
    said_ms: int

    def is_kept_quiet_by(self, silences: Iterable[Silence]) -> bool:
        """Tell whether somebody silenced this alarm since."""
        meant = (self.notice.level, self.notice.group)
        return self.notice.is_alarm and any((one.level, one.group) == meant for one in silences)


class AlarmState:
    """The state of one person's alarms."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store, self._clock = store, clock

    def standings(self) -> dict[str, Standing]:
        """Return how the alarms of every group stand or stood last, by group.

        A row that makes no sense is dropped: its alarm begins anew.
        """
        found: dict[str, Standing] = {}
        for row in self._rows().find({"kind": _ALARM}):
            standing = _sense_of(row, _standing_in)
            if standing is None:
                self._rows().delete_one({"_id": row["_id"]})
            else:
                found[standing.group] = standing
        return found

    def keep(self, standing: Standing, before: Standing | None) -> None:
        """Keep how an alarm stands, in place of ``before``. Raises ``Overtaken``."""
        row = _row_of(standing, self._clock.now_ms())
        if before is None:
            self._begin(row)
        elif not self._rows().replace_one(_still_as(before), row).matched:
            raise Overtaken

    def say_once(self, notice: Notice) -> bool:
        """Say something unless it was said already, and tell which it was."""
        now_ms = self._clock.now_ms()
        row: Document = {"_id": f"{_ONCE}:{notice.key}", "kind": _ONCE, "notice": document_of(notice)}
        kept_ms = max(SAID_KEPT_MS, 2 * (notice.repeat_ms or 0))
        row |= {"emission": 1, "said_ms": now_ms, "expires_at": datetime_of(now_ms + kept_ms)}
        if self._rows().find_one({"_id": row["_id"]}):
            return notice.repeat_ms is not None and self._say_again(row, now_ms - notice.repeat_ms)
        try:
            self._rows().insert_one(row)
        except DuplicateKey:
            return False  # another process said it in this very moment
        return True

    def said(self) -> list[Saying]:
        """Return the last thing said of every group, and what was said once lately, in the order it was said."""
        rows = self._rows().find({"kind": {"$in": [_ALARM, _ONCE]}, "emission": {"$gt": 0}})
        found = [saying for row in rows if (saying := _sense_of(row, _saying_in))]
        return sorted(found, key=lambda saying: (saying.said_ms, saying.id))

    def watched_since_ms(self) -> int:
        """Return since when somebody watches for readings: from the first time this was asked on."""
        row = self._rows().find_one({"_id": _WATCH})
        if row is None:
            kept = {"$setOnInsert": {"kind": _WATCH, "since_ms": self._clock.now_ms()}}
            row = self._rows().find_one_and_update({"_id": _WATCH}, kept, upsert=True)
        return int(row["since_ms"]) if row else self._clock.now_ms()

    def _begin(self, row: Document) -> None:
        try:
            self._rows().insert_one(row)
        except DuplicateKey:
            raise Overtaken from None

    def _say_again(self, row: Document, before_ms: int) -> bool:
        again = {name: row[name] for name in ("notice", "said_ms", "expires_at")}
        old = {"_id": row["_id"], "said_ms": {"$lte": before_ms}}
        return self._rows().find_one_and_update(old, {"$set": again, "$inc": {"emission": 1}}) is not None

    def _rows(self) -> Collection:
        return self._store.collection(COLLECTION, actor=_ACTOR)


def _row_id(group: str) -> str:
    return f"{_ALARM}:{group}"


def _row_of(standing: Standing, now_ms: int) -> Document:
    stood = asdict(standing) | {
        "notice": document_of(standing.notice),
        "loudest": int(standing.loudest),
        "said_level": int(standing.said_level),
        "word": standing.word.value if standing.word else None,
    }
    row: Document = {"_id": _row_id(standing.group), "kind": _ALARM, "emission": standing.emission, "standing": stood}
    return row if standing.stands else row | {"expires_at": datetime_of(now_ms + KEPT_MS)}


def _still_as(before: Standing) -> Document:
    """Return the filter that finds an alarm's row as long as it is what was read."""
    stood = _row_of(before, 0)["standing"]
    compared = ("emission", "stands", "since_ms", "reading_ms", "louder_ms", "said_ms")
    same = {f"standing.{name}": stood[name] for name in compared}
    return {"_id": _row_id(before.group), **same}


def _sense_of(row: Document, read: Callable[[Document], Read]) -> Read | None:
    """Return what a row says, None where it makes no sense: no such row may hold up the others."""
    try:
        return read(row)
    except (KeyError, TypeError, ValueError):
        log.warning("a row of the alarms makes no sense", extra=told(id=str(row["_id"])))
        return None


def _standing_in(row: Document) -> Standing:
    stood = row["standing"]
    known = {one.name: stood[one.name] for one in fields(Standing) if one.name in stood}
    return Standing(
        **{
            **known,
            "notice": notice_in(stood["notice"]),
            "loudest": Loudness(stood["loudest"]),
            "said_level": Level(stood["said_level"]),
            "word": Word(stood["word"]) if stood["word"] else None,
        }
    )


def _saying_in(row: Document) -> Saying:
    if row["kind"] == _ONCE:
        return Saying(row["_id"], row["emission"], Word.ALARM, notice_in(row["notice"]), row["said_ms"])
    standing = _standing_in(row)
    return Saying(row["_id"], row["emission"], standing.word or Word.CLEAR, standing.notice, standing.said_ms)

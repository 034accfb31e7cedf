"""Sending what was chosen: in as few requests as the other takes, each of which may be repeated without harm.

Through API v3 one by one where there are few and they have an identifier: whoever follows the other site through v3
learns of them. Through API v1 in lists where there are many, and what v1 apps wrote. A list that is refused is halved
until the record is found that is at fault: one bad record costs no other.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import orjson

from app.store.interface import Document
from app.uploaders.errors import Transient
from app.uploaders.nightscout.auth import Door
from app.uploaders.nightscout.errors import NotPermitted
from app.uploaders.nightscout_push.choosing import Chosen
from app.uploaders.nightscout_push.client import PushClient
from app.uploaders.nightscout_push.errors import RecordsRefused
from app.uploaders.nightscout_push.mapper import for_v1, for_v3, name_of
from app.uploaders.nightscout_push.theirs import names_of

AT_ONCE = 500
FEWEST_AT_ONCE = 25
ONE_BY_ONE = 100
"""Up to so many documents of a batch go through API v3, which takes one at a time."""

_NOT_IN_V3 = "activity"
_BODY_BYTES = {"food": 90_000, "activity": 90_000}
_MOST_BODY_BYTES = 900_000
"""Nightscout takes a megabyte of device status and profiles, a tenth of it of food; proxies often a megabyte."""

_FAILURES_IN_A_ROW = 12
"""A list of five hundred is halved nine times. More refusals without a single success are no record's fault."""

Pair = tuple[Document, Document | None]
"""A document of ours with the one that is there in its place."""


class Sending:
    """Sends to one site. ``at_once`` is how many documents go into a list; ``slower`` is told when fewer should."""

    def __init__(self, client: PushClient, door: Door, at_once: int, slower: Callable[[int], None]) -> None:
        self._client = client
        self._door = door
        self._at_once = at_once
        self._slower = slower
        self._accepted = 0
        self._in_a_row = 0

    def send(self, collection: str, chosen: Chosen) -> list[str]:
        """Send what is new or changed, delete what is to go; return why records were refused.

        Raises what the site's answers mean when nothing was taken.
        """
        self._accepted = self._in_a_row = 0
        pairs: list[Pair] = [*((one, None) for one in chosen.new), *chosen.changed]
        refused: list[RecordsRefused] = []
        rest = self._through_v3(collection, pairs)
        for together in self._lists(collection, rest):
            refused += self._in_parts(together, partial(self._save, collection))
        unusable: list[str] = []
        try:
            for theirs in chosen.delete:
                refused += self._in_parts([(theirs, theirs)], partial(self._delete, collection))
        except NotPermitted:
            # Whoever may write but not delete need not stop writing.
            unusable.append(f"the credential may not delete {collection}")
        if refused and not self._accepted and all(one.in_trouble for one in refused):
            raise Transient("The other Nightscout has trouble of its own")
        return unusable + [f"the other Nightscout refused a record of {collection}"] * len(refused)

    def _through_v3(self, collection: str, pairs: list[Pair]) -> list[Pair]:
        """Send through v3 what goes that way; return what does not, or was refused there."""
        named = [pair for pair in pairs if pair[0].get("identifier")]
        if not self._door.knows_changes or collection == _NOT_IN_V3 or len(named) > ONE_BY_ONE:
            return pairs
        rest = [pair for pair in pairs if not pair[0].get("identifier")]
        for ours, theirs in named:
            name = name_of(ours) if theirs is None else names_of(theirs)[0]
            body = for_v3(ours, collection, name)
            try:
                self._door.call(partial(self._client.create, collection, body))
                self._accepted += 1
            except RecordsRefused:
                rest.append((ours, theirs))
        return rest

    def _lists(self, collection: str, pairs: Sequence[Pair]) -> list[list[Pair]]:
        """Cut into lists as long as the other takes them."""
        most = _BODY_BYTES.get(collection, _MOST_BODY_BYTES)
        lists: list[list[Pair]] = []
        size = 0
        for pair in pairs:
            length = len(orjson.dumps(for_v1(pair[0], collection, pair[1])))
            if not lists or len(lists[-1]) >= self._at_once or size + length > most:
                lists.append([])
                size = 0
            lists[-1].append(pair)
            size += length
        return lists

    def _in_parts(self, pairs: list[Pair], send: Callable[[list[Pair]], None]) -> list[RecordsRefused]:
        try:
            self._door.call(partial(send, pairs))
        except RecordsRefused as refused:
            self._in_a_row += 1
            if refused.in_trouble and not self._accepted and self._in_a_row >= _FAILURES_IN_A_ROW:
                raise Transient("The other Nightscout has trouble of its own") from None
            if len(pairs) == 1:
                return [refused]
            half = len(pairs) // 2
            return self._in_parts(pairs[:half], send) + self._in_parts(pairs[half:], send)
        except Transient:
            if len(pairs) > FEWEST_AT_ONCE:
                self._slower(max(FEWEST_AT_ONCE, len(pairs) // 2))
            raise
        self._accepted += len(pairs)
        self._in_a_row = 0
        if len(pairs) >= self._at_once:
            self._at_once = min(AT_ONCE, self._at_once * 5 // 4)
        return []

    def _save(self, collection: str, pairs: list[Pair]) -> None:
        bodies = [for_v1(ours, collection, theirs) for ours, theirs in pairs]
        if collection == "entries":
            self._client.save(collection, bodies)
        elif collection == "treatments":
            self._save_treatments(bodies)
        elif collection == "food":
            self._client.put(collection, bodies)
        elif collection == "profile":
            self._put_each(collection, bodies)
        else:
            self._add(collection, pairs, bodies)

    def _save_treatments(self, bodies: list[Document]) -> None:
        """Save treatments; the list would take the meal of a bolus given ahead of it apart."""
        together = [one for one in bodies if not (one.get("preBolus") and one.get("carbs"))]
        if together:
            self._client.save("treatments", together)
        self._put_each("treatments", [one for one in bodies if one.get("preBolus") and one.get("carbs")])

    def _add(self, collection: str, pairs: list[Pair], bodies: list[Document]) -> None:
        """Add device status or activity, of which v1 recognises nothing; what changed there makes way first."""
        changed = [body for body, (_, theirs) in zip(bodies, pairs, strict=True) if theirs is not None]
        if collection == "activity":
            self._put_each(collection, changed)
            new = [body for body in bodies if body not in changed]
            if new:
                self._client.save(collection, new)  # by its _id and its time
            return
        for body in changed:
            self._client.remove(collection, body["_id"])
        self._client.add(collection, bodies)

    def _put_each(self, collection: str, bodies: Sequence[Any]) -> None:
        for body in bodies:
            self._client.put(collection, body)

    def _delete(self, collection: str, pairs: list[Pair]) -> None:
        for theirs, _ in pairs:
            if self._door.knows_changes and collection != _NOT_IN_V3:
                self._client.delete(collection, names_of(theirs)[0])
            else:
                self._client.remove(collection, theirs["_id"])

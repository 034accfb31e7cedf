"""Speaks the part of Nightscout's API that writes, and looks at what is there around what is to be written."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from app.uploaders.nightscout.client import NightscoutClient, page_size
from app.uploaders.nightscout.errors import NotThere
from app.uploaders.nightscout_push.errors import failure_of_write
from app.uploaders.transport import Answer

_NARROWEST_MS = 1000
_MOST_PROFILES = 1000
_SINCE_EVER = "1"  # as text it is before every date


class PushClient(NightscoutClient):
    """One site that is written to. Every write but ``add`` may be repeated, and is when it fails in passing."""

    def around(self, collection: str, field: str, first_ms: int, last_ms: int) -> list[Any]:
        """Return every document whose time lies in [first, last], however many answers that takes."""
        return self._between(collection, field, first_ms, last_ms + 1)

    def _between(self, collection: str, field: str, from_ms: int, to_ms: int) -> list[Any]:
        found = self.between(collection, field, from_ms, to_ms)
        if len(found) < page_size(collection) or to_ms - from_ms <= _NARROWEST_MS:
            return found
        middle_ms = (from_ms + to_ms) // 2
        return self._between(collection, field, from_ms, middle_ms) + self._between(collection, field, middle_ms, to_ms)

    def every_profile(self) -> list[Any]:
        """Return all profiles."""
        count = {"count": _MOST_PROFILES}
        try:
            return self._list(self._get("/api/v1/profiles.json", {"find[startDate][$gte]": _SINCE_EVER, **count}))
        except NotThere:
            # A Nightscout from before there was a search.
            return self._list(self._get("/api/v1/profile.json", count))

    def every_food(self) -> list[Any]:
        """Return all food."""
        return self._list(self._get("/api/v1/food.json"))

    def add(self, collection: str, documents: list[Any]) -> None:
        """Add documents through API v1, which may keep a document anew that it has, if its ``_id`` does not tell."""
        self._done("POST", f"/api/v1/{collection}.json", None, collection, documents)

    def save(self, collection: str, documents: list[Any]) -> None:
        """Save documents through API v1 where it recognises each by itself."""
        self._write("POST", f"/api/v1/{collection}.json", collection, documents)

    def put(self, collection: str, body: Any) -> None:
        """Put a document (of food: several) in place of the one of its ``_id``, or as a new one, through API v1."""
        self._write("PUT", f"/api/v1/{collection}.json", collection, body)

    def remove(self, collection: str, id: str) -> None:
        """Delete the document of this ``_id`` through API v1."""
        self._write("DELETE", f"/api/v1/{collection}/{quote(id, safe='')}", collection)

    def create(self, collection: str, document: Any) -> None:
        """Keep a document under its identifier through API v3, as a new one or in place of the one that is there."""
        self._write("POST", f"/api/v3/{collection}", collection, document)

    def delete(self, collection: str, identifier: str) -> None:
        """Delete a document through API v3, so that those who follow it there learn of it; it may be gone already."""
        self._write("DELETE", f"/api/v3/{collection}/{quote(identifier, safe='')}", collection, gone_is_fine=True)

    def _write(self, method: str, path: str, collection: str, body: Any = None, *, gone_is_fine: bool = False) -> None:
        def ask(longest_s: float) -> Answer:
            return self._done(method, path, longest_s, collection, body, gone_is_fine=gone_is_fine)

        self._line.read(ask)

    def _done(
        self,
        method: str,
        path: str,
        longest_s: float | None,
        collection: str,
        body: Any,
        *,
        gone_is_fine: bool = False,
    ) -> Answer:
        answer = self._reached(method, path, longest_s, body=body)
        if gone_is_fine and answer.status in (HTTPStatus.NOT_FOUND, HTTPStatus.GONE):
            return answer
        failure = failure_of_write(answer, self._line.clock.now_ms(), collection)
        if failure is not None:
            raise failure
        return answer

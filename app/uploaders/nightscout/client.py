"""Speaks the part of Nightscout's API that reads: v1 searches by time, v3's history of changes and deletions."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import quote, urljoin, urlsplit

from app.clock import iso_of
from app.uploaders.errors import ActionRequired, SchemaChanged, SessionExpired, Transient
from app.uploaders.nightscout.errors import NotThere, failure_of
from app.uploaders.transport import Answer, Line

_PAGE = 1000
"""Asked for each time: without ``count`` most answers hold ten documents. API v3 refuses more than this."""

_PAGES = {"devicestatus": 200}  # a loop's predictions make ten kilobytes and more of each

MOST_PROFILES = 50
_REDIRECTS = 3


def page_size(collection: str) -> int:
    """Return the most documents one answer may hold."""
    return _PAGES.get(collection, _PAGE)


class NightscoutClient:
    """One site. ``headers`` carry the credential; a token that ends mid-run shows as ``SessionExpired``."""

    def __init__(self, line: Line, address: str) -> None:
        self._line = line
        self._address = address.rstrip("/")
        self.headers: Mapping[str, str] = {}

    def jwt_for(self, token: str) -> tuple[str, int]:
        """Return the JWT for an access token and when it ends (UTC epoch ms). Raises ``NotPermitted``."""
        told = self._get(f"/api/v2/authorization/request/{quote(token, safe='')}")
        try:
            return str(told["token"]), 1000 * int(told["exp"])
        except (TypeError, KeyError, ValueError):
            raise SchemaChanged("Nightscout's answer to the token holds no ticket") from None

    def has_v3(self) -> bool:
        """Tell whether the site offers API v3."""
        try:
            told = self._get("/api/v3/version")
        except NotThere:
            return False
        return isinstance(told, dict) and "result" in told

    def between(self, collection: str, field: str, from_ms: int, to_ms: int | None) -> list[Any]:
        """Return documents whose time lies in [from, to[, newest first, at most a page.

        ``field`` is ``date`` (numbers) or ``created_at`` (text, compared as text: always full ISO in UTC).
        """
        written = str if field == "date" else iso_of
        params: dict[str, str | int] = {f"find[{field}][$gte]": written(from_ms), "count": page_size(collection)}
        if to_ms is not None:
            params[f"find[{field}][$lt]"] = written(to_ms)
        return self._list(self._get(f"/api/v1/{collection}.json", params))

    def newest(self, count: int) -> list[Any]:
        """Return the newest sensor entries."""
        return self._list(self._get("/api/v1/entries/sgv.json", {"count": count}))

    def profiles(self) -> list[Any]:
        """Return the newest profiles."""
        return self._list(self._get("/api/v1/profile.json", {"count": MOST_PROFILES}))

    def history(self, collection: str, after_ms: int) -> list[Any]:
        """Return what changed or was deleted after a moment (``srvModified``), oldest first, at most a page."""
        told = self._get(f"/api/v3/{collection}/history/{max(after_ms, 1)}", {"limit": page_size(collection)})
        return self._list(told.get("result") if isinstance(told, dict) else None)

    def _get(self, path: str, params: Mapping[str, str | int] | None = None) -> Any:
        return self._line.read(lambda longest_s: self._answer(path, params, longest_s).json())

    def _answer(self, path: str, params: Mapping[str, str | int] | None, longest_s: float) -> Answer:
        answer = self._reached("GET", path, longest_s, params=params)
        failure = failure_of(answer, self._line.clock.now_ms())
        if failure is not None:
            raise failure
        return answer

    def _reached(
        self,
        method: str,
        path: str,
        longest_s: float | None,
        *,
        params: Mapping[str, str | int] | None = None,
        body: Any = None,
    ) -> Answer:
        """Return what the site answers, wherever on its host it sends us."""
        for _ in range(_REDIRECTS):
            url = self._address + path
            answer = self._line.ask(method, url, headers=self.headers, params=params, body=body, longest_s=longest_s)
            if not 300 <= answer.status < 400:
                break
            self._follow(answer, url, path)
        else:
            raise Transient("Nightscout sends us round in circles")
        if answer.status == HTTPStatus.UNAUTHORIZED and "authorization" in self.headers:
            raise SessionExpired("Nightscout's ticket has ended")
        return answer

    def _follow(self, answer: Answer, url: str, path: str) -> None:
        """Go on at the place a redirect names, if the credential may go there too: the same host, never less safe."""
        there = urljoin(url, answer.headers.get("location", ""))
        was, now = urlsplit(url), urlsplit(there)
        if now.hostname != was.hostname or (was.scheme, now.scheme) == ("https", "http"):
            raise ActionRequired(
                "This address sends visitors on to another one",
                kind="address",
                hint=f"Enter {now.scheme}://{now.netloc} if that is where your Nightscout lives now.",
            )
        if not now.path.endswith(path):
            raise ActionRequired(
                "This address does not answer like a Nightscout", kind="address", hint="Check the address."
            )
        self._address = there.partition("?")[0].removesuffix(path)

    @staticmethod
    def _list(found: Any) -> list[Any]:
        if not isinstance(found, list):
            raise SchemaChanged("Nightscout's answer holds no list of documents")
        return found

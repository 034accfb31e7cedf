"""Speaks Glooko's protocol: the ways to sign in, the account, records by time of change, points of the graph."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode, urlsplit

from app.uploaders.errors import SchemaChanged
from app.uploaders.glooko.errors import SIGN_IN_PATH, data_failure
from app.uploaders.transport import Answer, Line

COOKIE = "_logbook-web_session"
FIRST_GUID = "00000000-0000-0000-0000-000000000000"
"""Comes before every other: where a walk through the records begins."""

PAGE = 500
"""Records asked for each time: the most one answer holds."""


@dataclass(frozen=True, slots=True)
class Place:
    """The two hosts of a region: ``api`` is asked for records, ``web`` is where people go and what requests name."""

    api: str
    web: str


@dataclass(frozen=True, slots=True)
class Ticket:
    """What a sign-in gave: the session's cookie, the host it is good at, and the patient's code ("" when unknown)."""

    cookie: str = field(repr=False)
    base: str
    patient: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class SyncPage:
    """One answer of a walk: the records, and whether there are no more."""

    records: Sequence[Any]
    is_last: bool


def place_of(constants: Mapping[str, Any], region: str, server: str = "") -> Place:
    """Return the hosts of a region. ``server`` is another address; where it is one of Glooko's, its partner is found.

    A name of the form ``eu.api.…`` belongs to ``eu.my.…``; a web host answers the API's paths too.
    """
    regions: Mapping[str, Mapping[str, str]] = constants["regions"]
    if not server:
        found = regions.get(region) or regions["us"]
        return Place(found["api"], found["web"])
    server = server.rstrip("/")
    for one in regions.values():
        if server == one["api"]:
            return Place(one["api"], one["web"])
    parts = urlsplit(server)
    labels = parts.netloc.split(".")
    if "api" in labels[:2] and len(labels) > 2:
        labels[labels.index("api")] = "my"
        return Place(server, f"{parts.scheme}://{'.'.join(labels)}")
    return Place(server, server)


class GlookoClient:
    """Glooko in one region. Knows nothing of Nightscout."""

    def __init__(self, line: Line, place: Place, constants: Mapping[str, Any]) -> None:
        self.line = line
        self.place = place
        self._constants = constants
        self._asked = 0

    def sign_in_by_app(self, email: str, password: str) -> Answer:
        """Ask to be let in as the phone app is."""
        login = {"email": email, "password": password}
        body = {"userLogin": login, "deviceInformation": dict(self._constants["device"])}
        return self._post("/api/v2/users/sign_in", body)

    def sign_in_by_web(self, email: str, password: str) -> Answer:
        """Ask to be let in as the script of the web page is."""
        return self._post("/api/v3/users/sign_in", {"user": {"email": email, "password": password}})

    def sign_in_page(self) -> Answer:
        """Fetch the page with the form for signing in."""
        return self.line.ask("GET", self.place.web + SIGN_IN_PATH, headers=self._headers("", "text/html"))

    def send_form(self, form: Mapping[str, str], cookie: str) -> Answer:
        """Send the form of that page, with the cookie it came with."""
        headers = self._headers(cookie, "text/html")
        return self.line.ask("POST", self.place.web + SIGN_IN_PATH, headers=headers, form=form)

    def account(self, ticket: Ticket) -> Mapping[str, Any]:
        """Return what Glooko knows of the signed-in account. Raises ``SessionExpired``, ``NotGiven``."""
        told = self._read("/api/v3/session/users", (), ticket)
        user = told.get("currentUser") if isinstance(told, dict) else None
        if not isinstance(user, dict):
            raise SchemaChanged("Glooko's answer does not say whose account this is")
        return user

    def sync(self, ticket: Ticket, path: str, last_updated_at: str, last_guid: str) -> SyncPage:
        """Return a page of the records that changed after a place in the walk, deleted ones among them."""
        query = [
            ("lastUpdatedAt", last_updated_at),
            ("lastGuid", last_guid),
            ("limit", str(PAGE)),
            ("sendSoftDeleted", "true"),
        ]
        told = self._read_in_groups(path, [*query, *_patient(ticket)], ticket)
        if not isinstance(told, dict):
            raise SchemaChanged("Glooko's answer holds no records")
        records = _list_in(told, path)
        is_last = told.get("lastPage", len(records) < PAGE)
        return SyncPage(records, is_last in (True, "true", 1))

    def graph(self, ticket: Ticket, series: Sequence[str], start: str, end: str) -> Mapping[str, Sequence[Any]]:
        """Return the points of some series between two times of the person's wall clock, written as if they were UTC.

        A series Glooko says nothing of is not in the answer.
        """
        span = [("startDate", start), ("endDate", end)]
        query = [*_patient(ticket), *span, *(("series[]", one) for one in series)]
        told = self._read_in_groups("/api/v3/graph/data", query, ticket)
        for place in (told, *(told.values() if isinstance(told, dict) else ())):
            found = {name: place[name] for name in series if name in place} if isinstance(place, dict) else {}
            if found:
                return {name: points for name, points in found.items() if isinstance(points, list)}
        if isinstance(told, dict):
            return {}
        raise SchemaChanged("Glooko's answer holds no series")

    def _read_in_groups(self, path: str, query: Sequence[tuple[str, str]], ticket: Ticket) -> Any:
        """Read, with a rest between groups of reads: Glooko minds being asked too much at once."""
        if self._asked and self._asked % self._constants["group"] == 0:
            self.line.rest(self._constants["rest_s"])
        self._asked += 1
        return self._read(path, query, ticket)

    def _read(self, path: str, query: Sequence[tuple[str, str]], ticket: Ticket) -> Any:
        # A list of pairs: a name can come several times.
        url = f"{ticket.base}{path}?{urlencode(query)}" if query else f"{ticket.base}{path}"

        def ask(longest_s: float) -> Any:
            answer = self.line.ask("GET", url, headers=self._headers(ticket.cookie), longest_s=longest_s)
            failure = data_failure(answer, self.line.clock.now_ms())
            if failure is not None:
                raise failure
            return answer.json()

        return self.line.read(ask)

    def _post(self, path: str, body: Mapping[str, Any]) -> Answer:
        return self.line.ask("POST", self.place.api + path, headers=self._headers(""), body=body)

    def _headers(self, cookie: str, accept: str = "application/json") -> dict[str, str]:
        web = urlsplit(self.place.web)
        origin = f"{web.scheme}://{web.netloc}"
        headers = {
            "user-agent": self._constants["user_agent"],
            "origin": origin,
            "referer": f"{origin}/",
            "accept": accept,
        }
        return headers | {"cookie": f"{COOKIE}={cookie}"} if cookie else headers


def _patient(ticket: Ticket) -> list[tuple[str, str]]:
    return [("patient", ticket.patient)] if ticket.patient else []


def _list_in(told: Mapping[str, Any], path: str) -> Sequence[Any]:
    """Return the records of an answer: the list named like the path, else the first list of objects there is."""
    first, *rest = path.rpartition("/")[2].split("_")
    named = told.get(first + "".join(word.capitalize() for word in rest))
    if isinstance(named, list):
        return named
    lists = [one for one in told.values() if isinstance(one, list)]
    if not lists and "lastPage" not in told:
        raise SchemaChanged("Glooko's answer holds no records")
    return next((one for one in lists if one and isinstance(one[0], dict)), lists[0] if lists else [])


def is_let_in(answer: Answer) -> bool:
    """Tell whether an answer came with a session. Raises ``Transient`` for a page: those set cookies too."""
    if answer.status not in (HTTPStatus.OK, HTTPStatus.CREATED):
        return False
    answer.json()
    return bool(answer.cookies.get(COOKIE))

"""The event stream: what it tells, how it resumes, how many there may be, and when it ends."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest

from app.web.events import places_of
from tests.web.conftest import Serve, Site

DEADLINE_S = 5


class Listener:
    """An open stream, event by event."""

    def __init__(self, response: httpx.Response) -> None:
        self.response = response
        self._lines = response.iter_lines()

    def next(self) -> dict[str, Any]:
        """Return the next event; ``EOFError`` when the stream has ended."""
        event: dict[str, Any] = {}
        for line in self._lines:
            if not line and "event" in event:
                return event
            name, _, value = line.partition(": ")
            if name in ("event", "id", "data"):
                event[name] = json.loads(value) if name == "data" else value
        raise EOFError

    def until(self, name: str) -> dict[str, Any]:
        """Return the next event of this name."""
        while True:
            event = self.next()
            if event["event"] == name:
                return event


@contextmanager
def listening(site: Site, **headers: str) -> Iterator[Listener]:
    client = httpx.Client(timeout=DEADLINE_S)
    with client, client.stream("GET", f"{site.url}/events", headers=headers) as response:
        yield Listener(response)


def test_the_present_values_come_first(open_site: Site) -> None:
    open_site.glucose(110)
    with listening(open_site) as stream:
        assert stream.response.headers["Content-Type"] == "text/event-stream; charset=utf-8"
        assert stream.response.headers["Cache-Control"] == "no-store"
        first = stream.next()
        assert (first["event"], first["data"]["number"], first["data"]["at_ms"]) == ("glance", "110", open_site.ms(0))
        assert int(first["id"]) == first["data"]["seq"]


def test_an_upload_brings_the_new_mark_and_the_new_values(open_site: Site) -> None:
    open_site.entries([{"sgv": 110, "minutes_ago": 10}, {"sgv": 112, "minutes_ago": 5}])
    with listening(open_site) as stream:
        stream.next()
        open_site.glucose(115)
        marks, present = stream.next(), stream.next()
        assert (marks["event"], [row[2] for row in marks["data"]["readings"]]) == ("marks", ["115"])
        assert (present["event"], present["data"]["number"]) == ("glance", "115")


def test_a_removed_reading_leaves_the_chart(open_site: Site) -> None:
    open_site.entries([{"sgv": 110 + minutes, "minutes_ago": minutes} for minutes in (0, 5, 10)])
    with listening(open_site) as stream:
        stream.next()
        open_site.house.store.collection("entries").delete_one({"sgv": 115})
        marks = stream.next()
        assert (marks["event"], [row[2] for row in marks["data"]["readings"]]) == ("marks", ["110"])
        assert marks["data"]["from_s"] == open_site.ms(5) // 1000


def test_a_heartbeat_tells_the_servers_time(open_site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.web.events.HEARTBEAT_S", 0.05)
    open_site.glucose(110)
    with listening(open_site) as stream:
        assert stream.next()["data"]["lines"][0]["strong"] == "just now"
        open_site.clock.advance(minutes=4)
        ages = [stream.next()["data"]["lines"][0]["strong"] for _ in range(3)]
        assert ages[-1] == "4 min ago"


def test_a_page_that_knows_everything_is_not_sent_it_again(open_site: Site) -> None:
    open_site.glucose(110)
    with listening(open_site) as stream:
        known = stream.next()["id"]
    with listening(open_site, **{"Last-Event-ID": known}) as stream:
        assert stream.next()["event"] == "glance"


def test_a_page_that_missed_something_is_told_to_look_anew(open_site: Site) -> None:
    open_site.glucose(110, minutes_ago=5)
    with listening(open_site) as stream:
        known = stream.next()["id"]
    open_site.glucose(115)
    with listening(open_site, **{"Last-Event-ID": known}) as stream:
        assert [stream.next()["event"] for _ in range(2)] == ["resync", "glance"]
    assert "marks" in httpx.get(f"{open_site.url}/now.json", params={"after": known}).json()


def test_a_page_from_before_the_store_was_replaced_looks_anew(open_site: Site) -> None:
    open_site.glucose(110)
    with listening(open_site, **{"Last-Event-ID": "987654"}) as stream:
        assert stream.next()["event"] == "resync"


def test_streams_beyond_the_places_are_refused_and_a_closed_one_makes_room(serve: Serve) -> None:
    site = serve(AUTH_DEFAULT_ROLES="readable", THREADS="4")
    site.glucose(110)
    with listening(site) as stream:
        stream.next()
        refused = httpx.get(f"{site.url}/events")
        assert (refused.status_code, refused.headers["Retry-After"]) == (503, "10")
        assert httpx.get(f"{site.url}/now.json").status_code == 200
    _until_there_is_room(site)


def _until_there_is_room(site: Site) -> None:
    """A closed stream is noticed when it is next written to: upload until then."""
    for number in range(100):
        site.glucose(100 + number)
        with listening(site) as stream:
            if stream.response.status_code == 200:
                return
    pytest.fail("a closed stream kept its place")


@pytest.mark.parametrize(("threads", "places"), [(4, 1), (8, 5), (64, 48), (2000, 1500)])
def test_some_threads_are_kept_for_requests(threads: int, places: int) -> None:
    assert places_of(threads) == places


def test_a_stream_ends_when_its_viewer_may_no_longer_look(serve: Serve) -> None:
    site = serve(AUTH_DEFAULT_ROLES="looker")
    roles = site.house.store.collection("auth_roles")
    roles.insert_one({"name": "looker", "permissions": ["*:*:read"]})
    site.glucose(110)
    with listening(site) as stream:
        stream.next()
        roles.update_one({"name": "looker"}, {"$set": {"permissions": []}})
        site.glucose(55)
        assert stream.next()["event"] == "ended"
        with pytest.raises(EOFError):
            stream.next()


def test_what_a_viewer_may_see_can_shrink_while_they_look(serve: Serve) -> None:
    site = serve(AUTH_DEFAULT_ROLES="looker")
    roles = site.house.store.collection("auth_roles")
    roles.insert_one({"name": "looker", "permissions": ["*:*:read"]})
    site.treatment("Meal Bolus", 5, insulin=1)
    with listening(site) as stream:
        assert "1.00 U" in json.dumps(stream.next())
        roles.update_one({"name": "looker"}, {"$set": {"permissions": ["api:entries:read"]}})
        site.glucose(110)
        events = [stream.next(), stream.next()]
        assert [event["event"] for event in events] == ["resync", "glance"]
        assert "1.00 U" not in json.dumps(events)


def test_streams_end_when_the_process_does(serve: Serve) -> None:
    site = serve(AUTH_DEFAULT_ROLES="readable")
    site.glucose(110)
    with listening(site) as stream:
        stream.next()
        site.end_streams()
        with pytest.raises(EOFError):
            stream.next()

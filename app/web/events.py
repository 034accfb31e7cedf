"""The event stream of an open page: the present values on every change and as a heartbeat, and what the chart gained.

An event's ``id`` is the place in the change log up to which the page then knows everything.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

from flask import Blueprint, Flask, Response, current_app, request, stream_with_context
from flask.json import dumps

from app.actor import Actor
from app.errors import Forbidden, Gone, NightlightError, Unauthenticated, Unavailable
from app.house import House
from app.identity.door import guard, house, present_actor, requires
from app.live.feed import Feed
from app.live.picture import Picture
from app.web.chart import DAY_MS, first_difference, marks
from app.web.glance import SEES_NOW, live_picture, present_values
from app.web.identify import identify
from app.web.viewer import Viewer, viewer_of

HEARTBEAT_S = 10
_RETRY_MS = 2000

blueprint = Blueprint("events", __name__)
guard(blueprint, identify)


@blueprint.get("/events")
@requires(SEES_NOW)
def events() -> Response:
    """Answer a stream that resumes after ``Last-Event-ID`` or ``after``; 503 when this process has no place for one."""
    places: threading.BoundedSemaphore = current_app.extensions["stream places"]
    if not places.acquire(blocking=False):
        raise Unavailable("Too many pages are open on this server", hint="The page asks for news by itself instead.")
    after = request.headers.get("Last-Event-ID", type=int) or request.args.get("after", type=int)
    response = Response(stream_with_context(_stream(present_actor(), after)), mimetype="text/event-stream")
    # Not in the stream itself: one that is dropped before its first line never gets to its end.
    response.call_on_close(places.release)
    response.headers.update({"Cache-Control": "no-store", "X-Accel-Buffering": "no"})
    return response


def still_allowed() -> Actor | None:
    """Look anew at who opened this stream: the actor, or None when their session, link or permission has ended.

    Raises ``Unavailable`` when that cannot be told.
    """
    try:
        actor = identify(request)
    except (Unauthenticated, Forbidden, Gone):
        return None
    ended = actor.expires_at_ms is not None and actor.expires_at_ms <= house().clock.now_ms()
    return None if ended or not actor.may(SEES_NOW) else actor


def _stream(actor: Actor, after: int | None) -> Iterator[str]:
    feed = live_picture().subscribe()
    try:
        yield f"retry: {_RETRY_MS}\n\n"
        yield from _told(feed, actor, after)
    except NightlightError:
        # The store does not answer. The page comes back, and learns from the refusal not to trust its number.
        return
    finally:
        feed.close()


def _told(feed: Feed, opener: Actor, after: int | None) -> Iterator[str]:
    live = live_picture()
    shown, viewer, actor = live.now(), viewer_of(opener), opener
    if after is not None and not live.changes_since(after).is_empty:
        yield _event("resync", shown.seq, {})
    yield _present(shown, viewer)
    while _waited(feed):
        looked_at = still_allowed()
        if looked_at is None:
            yield _event("ended", shown.seq, {})
            return
        actor, before, earlier = looked_at, shown, viewer
        shown, viewer = live.now(), viewer_of(actor)
        yield from _changed(before, shown, earlier, viewer)
        yield _present(shown, viewer)


def _waited(feed: Feed) -> bool:
    """Wait for a change or the next heartbeat; changes that came at once are one. False when the stream ends."""
    feed.next(HEARTBEAT_S)
    while feed.next(0):
        continue
    return not feed.closed


def _changed(before: Picture, after: Picture, earlier: Viewer, viewer: Viewer) -> Iterator[str]:
    if viewer != earlier:
        yield _event("resync", after.seq, {})
        return
    from_ms = first_difference(before, after, house().clock.now_ms() - DAY_MS)
    if from_ms is not None:
        yield _event("marks", after.seq, marks(after, from_ms, viewer))


def _present(picture: Picture, viewer: Viewer) -> str:
    return _event("glance", picture.seq, present_values(picture, viewer))


def _event(name: str, seq: int, values: dict[str, Any]) -> str:
    return f"event: {name}\nid: {seq}\ndata: {dumps(values)}\n\n"


def places_of(threads: int) -> int:
    """Return how many streams may be open where so many requests can be served: a quarter, at least 3, stays free."""
    return max(1, threads - max(3, threads // 4))


def register(app: Flask) -> None:
    """Serve the streams, as many as leave room for requests."""
    shared: House = app.extensions["house"]
    app.extensions["stream places"] = threading.BoundedSemaphore(places_of(shared.settings["THREADS"]))
    app.register_blueprint(blueprint)

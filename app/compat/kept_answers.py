"""Answers kept for the next identical question, for as long as nothing they were made from has changed.

Followers, watches and widgets ask the same few things every few seconds. A view whose answers may be kept says so with
``@kept``; the answer is then given again without a look at the store, and without a walk through the application, until
one of the collections it names changes, or one that says who may ask. The credential is part of the question: what one
was answered is never given to another.
"""

from __future__ import annotations

import re
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from flask import request

from app.clock import Clock
from app.compat.quirks import quirk
from app.compat.validators import is_among
from app.store.interface import Store

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

View = TypeVar("View", bound=Callable[..., Any])
Headers = list[tuple[str, str]]
Question = tuple[str, ...]

LONGEST_MS = 60_000
"""Kept no longer than this, whatever happens: the window of four days moves, and the use of a token is to be noted."""

OF_THE_PRESENT_MS = 1000
"""How long what tells the time, or comes from the picture, may be kept: the picture hears of changes a little later."""

MOST_BYTES = 256 * 1024
MOST_BYTES_TOGETHER = 8 * 1024 * 1024

HEALTH = ("entries", "treatments", "devicestatus", "profile", "food", "activity")
ADMITTING = ("auth_roles", "auth_subjects", "nl_tokens")
"""The collections that say which program may do what."""

PERSON = "nl_person"
PRESENT = (*HEALTH, PERSON)
"""What the picture of now and everything computed from it is made of."""

_COUNTED = (*PRESENT, *ADMITTING)

_WISH = "nightlight.kept"
_ASKED_BY = (
    "PATH_INFO",
    "HTTP_ACCEPT",
    "HTTP_ACCEPT_ENCODING",
    "HTTP_API_SECRET",
    "HTTP_HOST",
    "HTTP_X_FORWARDED_PROTO",
    "REMOTE_ADDR",
)
# A web token ends at a moment of its own, and dates are compared with more than an answer's bytes.
_NOT_KEPT = ("HTTP_AUTHORIZATION", "HTTP_IF_MODIFIED_SINCE", "HTTP_CACHE_CONTROL")
_WEB_TOKEN = "token=ey"  # noqa: S105 - how one begins
_CACHE_BUSTER = re.compile(r"(?:^|&)rr=\d+(?=&|$)", re.ASCII)
_OF_CONTENT = frozenset({"content-type", "content-length", "content-encoding"})


class Wish(NamedTuple):
    """What a view's answers are made from, and how long they may be kept at most."""

    collections: tuple[str, ...]
    longest_ms: int


def kept(*collections: str, longest_ms: int = LONGEST_MS) -> Callable[[View], View]:
    """Let a view's answers be kept until one of these collections changes, ``longest_ms`` at most."""
    if not set(collections) <= set(_COUNTED):
        raise ValueError(f"nobody counts the changes of {collections}")
    wish = Wish(collections, longest_ms)

    def mark(view: View) -> View:
        @wraps(view)
        def answer(*args: Any, **named: Any) -> Any:
            request.environ[_WISH] = wish
            return view(*args, **named)

        return answer  # type: ignore[return-value]

    return mark


@dataclass(frozen=True, slots=True)
class KeptAnswer:
    """A 200: the collections it was made from, their versions before it was made, and until when it holds."""

    collections: tuple[str, ...]
    versions: tuple[int, ...]
    until_ms: int
    headers: Headers
    body: bytes

    def given(self, asked_tags: str, start_response: StartResponse) -> Iterable[bytes]:
        """Answer with it, or that it is what the client has already."""
        tag = next((value for name, value in self.headers if name == "ETag"), "")
        if asked_tags and tag and is_among(tag, asked_tags):
            start_response("304 NOT MODIFIED", [pair for pair in self.headers if pair[0].lower() not in _OF_CONTENT])
            return []
        start_response("200 OK", list(self.headers))
        return [self.body]


class KeptAnswers:
    """The kept answers of one process over one store. Safe to use from many threads."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._answers: OrderedDict[Question, KeptAnswer] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()

    def find(self, question: Question) -> KeptAnswer | None:
        """Return the answer to a question, if there is one that still holds."""
        found = self._answers.get(question)
        if found is None:
            return None
        if self._clock.now_ms() < found.until_ms and self._store.versions_of(found.collections) == found.versions:
            return found
        self._drop(question)
        return None

    def versions(self) -> Mapping[str, int] | None:
        """Return the versions of all collections answers are made from, by name; None while nobody can tell."""
        versions = self._store.versions_of(_COUNTED)
        return None if versions is None else dict(zip(("", *_COUNTED), versions, strict=True))

    def keep(self, question: Question, wish: Wish, before: Mapping[str, int], headers: Headers, body: bytes) -> None:
        """Keep an answer; ``before`` are the versions from before it was made. The oldest go to make room."""
        collections = (*wish.collections, *ADMITTING)
        versions = tuple(before[name] for name in ("", *collections))
        made = KeptAnswer(collections, versions, self._clock.now_ms() + wish.longest_ms, headers, body)
        self._drop(question)
        with self._lock:
            self._answers[question] = made
            self._bytes += len(body)
            while self._bytes > MOST_BYTES_TOGETHER:
                self._bytes -= len(self._answers.popitem(last=False)[1].body)

    def _drop(self, question: Question) -> None:
        with self._lock:
            dropped = self._answers.pop(question, None)
            if dropped:
                self._bytes -= len(dropped.body)


class AnsweredFromMemory:
    """WSGI middleware around the application: gives the answers that are kept, and keeps those that may be."""

    def __init__(self, application: WSGIApplication, answers: Callable[[], KeptAnswers]) -> None:
        self._application = application
        self._answers = answers

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a request."""
        question = _question_of(environ)
        if question is None:
            return self._application(environ, start_response)
        answers = self._answers()
        found = answers.find(question)
        if found:
            return found.given(environ.get("HTTP_IF_NONE_MATCH", ""), start_response)
        before = answers.versions()
        started: list[tuple[str, Headers]] = []

        def start(status: str, headers: Headers, *rest: Any) -> Callable[[bytes], object]:
            started.append((status, list(headers)))
            return start_response(status, headers, *rest)

        pieces = self._application(environ, start)
        wish: Wish | None = environ.get(_WISH)
        if wish is None or before is None or not started or not _may_be_kept(*started[0]):
            return pieces
        body = b"".join(pieces)
        _close(pieces)
        answers.keep(question, wish, before, started[0][1], body)
        return [body]


@quirk("rr= against caches asks the same question", "xDrip+")
def _question_of(environ: WSGIEnvironment) -> Question | None:
    """Return what an answer depends on, None when it is not to be kept."""
    if environ["REQUEST_METHOD"] != "GET" or not environ.get("PATH_INFO", "").startswith(("/api/v", "/pebble")):
        return None
    query = environ.get("QUERY_STRING", "")
    if _WEB_TOKEN in query or any(name in environ for name in _NOT_KEPT):
        return None
    return (_CACHE_BUSTER.sub("", query), *(environ.get(name, "") for name in _ASKED_BY))


def _may_be_kept(status: str, headers: Headers) -> bool:
    length = next((value for name, value in headers if name.lower() == "content-length"), "")
    return status.startswith("200") and length.isdigit() and int(length) <= MOST_BYTES


def _close(pieces: Iterable[bytes]) -> None:
    close = getattr(pieces, "close", None)
    if close:
        close()

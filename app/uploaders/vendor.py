"""What the runner knows of a vendor, and what a vendor is given to work with."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from app.clock import Clock
from app.store.interface import Document
from app.uploaders.documents import DAY_MS, HOUR_MS
from app.uploaders.form import ALONE, UploaderForm
from app.uploaders.transport import Line

Session = dict[str, Any]
Cursors = Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Pace:
    """When to come back: readings come each ``interval_ms``, can be fetched ``lag_ms`` later, never below the floor."""

    interval_ms: int
    lag_ms: int
    floor_ms: int


OVERLAP_MS = HOUR_MS
DEEP_OVERLAP_MS = DAY_MS
DEEP_EVERY_MS = HOUR_MS


def overlap_ms(deep_at_ms: int, now_ms: int) -> int:
    """Return how far before its cursor a fetch of readings begins, so that what reached the vendor late is found.

    An hour; once an hour a day: a phone that was out of reach uploads the newest reading first and hours of older ones
    afterwards. ``deep_at_ms`` is when the last fetch of a day was made.
    """
    return DEEP_OVERLAP_MS if now_ms - deep_at_ms >= DEEP_EVERY_MS else OVERLAP_MS


@dataclass(frozen=True, slots=True)
class Access:
    """What a source works with.

    ``options`` are the public answers of the form, ``secrets`` the others. ``session`` is what was kept last; ``keep``
    stores a new one and returns when it is safe. ``spend`` takes back a permission that was good for one time.
    """

    options: Mapping[str, Any]
    secrets: Mapping[str, str] = field(repr=False)
    session: Session = field(repr=False)
    keep: Callable[[Session], None]
    spend: Callable[[str], None]
    line: Line
    clock: Clock


@dataclass(frozen=True, slots=True)
class Page:
    """What one fetch brought, ready to save, and where to go on once it is saved.

    ``documents`` and ``deleted`` (identifiers) are by collection. ``fillers`` are entries that count only where nothing
    of ours lies near: a coarser record of what was already read finely. ``unusable`` says why records were left out.
    """

    cursors: Cursors
    documents: Mapping[str, Sequence[Document]] = field(default_factory=dict)
    fillers: Sequence[Document] = ()
    deleted: Mapping[str, Sequence[str]] = field(default_factory=dict)
    unusable: Sequence[str] = ()


class Source(Protocol):
    """One signed-in vendor account. Every call may raise the classes of ``uploaders/errors.py``."""

    def pages(self, cursors: Cursors) -> Iterator[Page]:
        """Fetch what came since the cursors (less an overlap), oldest first; each page is saved before the next."""
        ...

    def look(self) -> Sequence[Document]:
        """Sign in, fetch a little, and return the entries it holds."""
        ...


@dataclass(frozen=True, slots=True)
class Vendor:
    """A kind of source: its word in the store, its name for people, its form, its pace, how it is opened.

    ``kinds`` names, for each collection it brings, the option that switches it. ``when_silent`` says what to check when
    it answers but brings nothing.
    """

    name: str
    title: str
    form: type[UploaderForm]
    pace: Callable[[Mapping[str, Any]], Pace]
    open: Callable[[Access], Source]
    kinds: Mapping[str, str]
    when_silent: str

    def taken(self, options: Mapping[str, Any]) -> dict[str, str]:
        """Return by collection whether it is taken alone, always or never."""
        return {collection: options.get(option, ALONE) for collection, option in self.kinds.items()}

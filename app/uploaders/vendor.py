"""What the runner knows of a vendor, and what a vendor is given to work with."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from app.clock import Clock
from app.glucose.wall_clock import WallClock
from app.records.sources.documents import DAY_MS, HOUR_MS
from app.records.sources.kinds import ALONE
from app.records.sources.outgoing import Outgoing
from app.store.interface import Document
from app.uploaders.form import UploaderForm
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

    ``options`` are the public answers of the form, ``secrets`` the others, ``constants`` what ``vendors.toml`` says of
    the vendor. ``session`` is what was kept last; ``keep`` stores a new one and returns when it is safe. ``spend``
    takes back a permission that was good for one time. ``wall_clock`` places local times where the vendor writes no
    zone. ``outgoing`` reads what is stored here, for a vendor that takes documents instead of giving them.
    """

    options: Mapping[str, Any]
    secrets: Mapping[str, str] = field(repr=False)
    session: Session = field(repr=False)
    keep: Callable[[Session], None]
    spend: Callable[[str], None]
    line: Line
    clock: Clock
    constants: Mapping[str, Any]
    wall_clock: WallClock
    outgoing: Outgoing


@dataclass(frozen=True, slots=True)
class Page:
    """What one fetch brought, ready to save, and where to go on once it is saved.

    ``documents`` and ``deleted`` (identifiers) are by collection. ``fillers`` are entries that count only where nothing
    of ours lies near: a coarser record of what was already read finely. ``whole`` says, by kind, from when to when (UTC
    epoch ms, the end not included) the page holds everything the vendor has: what we brought before of that kind and
    time and is not in the page is gone there. ``unusable`` says why records were left out. ``sent`` are entries that a
    vendor which takes our documents has acknowledged.
    """

    cursors: Cursors
    documents: Mapping[str, Sequence[Document]] = field(default_factory=dict)
    fillers: Sequence[Document] = ()
    deleted: Mapping[str, Sequence[str]] = field(default_factory=dict)
    whole: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    unusable: Sequence[str] = ()
    sent: Sequence[Document] = ()


class Source(Protocol):
    """One signed-in vendor account. Every call may raise the classes of ``uploaders/errors.py``."""

    def pages(self, cursors: Cursors) -> Iterator[Page]:
        """Fetch what came since the cursors (less an overlap), oldest first; each page is saved before the next."""
        ...

    def look(self) -> Sequence[Document]:
        """Sign in, fetch a little, and return the entries it holds."""
        ...


@dataclass(frozen=True, slots=True)
class Begun:
    """A sign-in in the owner's browser that has begun: where it goes on, and what is needed to finish it.

    ``state`` is the random word the vendor hands back with the answer; ``pending`` is kept sealed until then.
    """

    url: str
    state: str
    pending: Session = field(repr=False)


class SignIn(Protocol):
    """A vendor's sign-in that only its owner's browser can do.

    ``way`` is ``return`` where the vendor sends the browser back to us, ``paste`` where the owner copies the address
    the browser ends at. ``depends_on`` names the options whose change makes a session useless.
    """

    way: Literal["return", "paste"]
    words: str
    depends_on: frozenset[str]

    def begin(self, access: Access, return_url: str) -> Begun:
        """Prepare the sign-in; asks the vendor where it begins if need be. Raises ``UploaderFailure``."""
        ...

    def finish(self, access: Access, pending: Session, answer: Mapping[str, str], return_url: str) -> None:
        """Turn the query of the address the browser ended at into a session, and keep it. Raises ``UploaderFailure``.

        That ``answer["state"]`` is the one of ``begin`` has been checked.
        """
        ...


@dataclass(frozen=True, slots=True)
class Vendor:
    """A kind of source: its word in the store, its name for people, its form, its pace, how it is opened.

    ``about`` says in a sentence for whom it is. ``kinds`` names, for each kind it brings (``kinds.py``), the option
    that switches it. ``rank`` says whom to believe (``ranks.py``). ``when_silent`` says what to check when it answers
    but brings nothing; ``silent_after_ms`` how long it may be without a reading. ``experimental`` ones were built
    from descriptions and never seen to work. ``sends`` is true for one that takes our documents. ``called`` is its
    name within a sentence, where its title is none.
    """

    name: str
    title: str
    about: str
    form: type[UploaderForm]
    pace: Callable[[Mapping[str, Any]], Pace]
    open: Callable[[Access], Source]
    kinds: Mapping[str, str]
    rank: int
    when_silent: str
    silent_after_ms: int = HOUR_MS // 2
    sign_in: SignIn | None = None
    experimental: bool = False
    sends: bool = False
    called: str = ""

    @property
    def spoken(self) -> str:
        """Return its name within a sentence."""
        return self.called or self.title

    def taken(self, options: Mapping[str, Any]) -> dict[str, str]:
        """Return by kind whether it is taken alone, always or never."""
        return {kind: options.get(option, ALONE) for kind, option in self.kinds.items()}

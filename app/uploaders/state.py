"""What an uploader is, as it is kept: one document in ``nl_uploaders``.

People write ``label``, ``enabled``, ``options`` and the sealed secrets, and each edit raises ``revision``. A run writes
``state``, ``cursors`` and the sealed session, and only while ``revision`` and ``fence`` are the ones it began with: the
result of a run that was overtaken by an edit, or by a newer holder of the lease, changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from app.store.interface import Document
from app.uploaders.backoff import Failure
from app.uploaders.errors import Locked, RateLimited

COLLECTION = "nl_uploaders"


@dataclass(frozen=True, slots=True)
class State:
    """Where an uploader stands; instants are UTC epoch ms, None where it never happened or never will.

    ``next_run_ms`` None means that it waits for its owner. ``run_now_ms`` is a wish to run at once. ``unusable`` and
    ``standing_by`` are of the last good run: records left out, collections left to somebody who uploads them too.
    """

    next_run_ms: int | None = None
    run_now_ms: int | None = None
    last_run_ms: int | None = None
    last_success_ms: int | None = None
    last_reading_ms: int | None = None
    last_reading_mgdl: float | None = None
    unusable: int = 0
    standing_by: tuple[str, ...] = ()
    failure: Failure | None = None


@dataclass(frozen=True, slots=True)
class Uploader:
    """One uploader without its secrets; ``secrets_set`` says since when each is set."""

    id: str
    vendor: str
    label: str
    enabled: bool
    origin: str
    options: Mapping[str, Any]
    secrets_set: Mapping[str, int]
    revision: int
    fence: int
    created_ms: int
    cursors: Mapping[str, int]
    state: State = field(default_factory=State)

    def is_due(self, now_ms: int) -> bool:
        """Tell whether it should run: its time has come, or somebody wishes it to and nothing forbids it."""
        if not self.enabled:
            return False
        due_ms = self.due_ms
        return due_ms is not None and due_ms <= now_ms

    @property
    def due_ms(self) -> int | None:
        """Return when it should run next, None for not by itself. A wish does not shorten a lockout or a rate limit."""
        wished_ms = self.state.run_now_ms
        return self.state.next_run_ms if wished_ms is None or self.is_shut_out else wished_ms

    @property
    def is_shut_out(self) -> bool:
        """True while the vendor said to stay away: knocking earlier makes it longer."""
        failure = self.state.failure
        return failure is not None and failure.kind in (Locked.code, RateLimited.code)


def uploader_in(document: Document) -> Uploader:
    """Return the uploader a stored document describes."""
    told = document["state"]
    failure = told.get("failure")
    state = State(
        **{name: told.get(name) for name in _INSTANTS},
        last_reading_mgdl=told.get("last_reading_mgdl"),
        unusable=told.get("unusable", 0),
        standing_by=tuple(told.get("standing_by", ())),
        failure=Failure(**failure) if failure else None,
    )
    return Uploader(
        id=document["_id"],
        vendor=document["vendor"],
        label=document["label"],
        enabled=document["enabled"],
        origin=document["origin"],
        options=document["options"],
        secrets_set=document["secrets_set"],
        revision=document["revision"],
        fence=document["fence"],
        created_ms=document["created_ms"],
        cursors=document["cursors"],
        state=state,
    )


_INSTANTS = ("next_run_ms", "run_now_ms", "last_run_ms", "last_success_ms", "last_reading_ms")


def state_document(state: State) -> Document:
    """Return a state as it is stored."""
    return asdict(state) | {"standing_by": list(state.standing_by)}

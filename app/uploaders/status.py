"""How an uploader is doing, in words: what is wrong, what to do about it, since when, and when it tries again."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from app.records.sources.documents import MINUTE_MS
from app.records.sources.kinds import GLUCOSE, NEVER
from app.uploaders.backoff import SCHEMA_NOTICE_AFTER, Failure
from app.uploaders.errors import ActionRequired, AuthInvalid, SchemaChanged
from app.uploaders.state import Uploader
from app.uploaders.vendor import Vendor
from app.uploaders.vendors import VENDORS

Condition = Literal["fine", "new", "silent", "retrying", "stopped", "off"]

UNTOLD_MS = 12 * MINUTE_MS
"""A failure that passes sooner is no trouble for a person: it costs one reading or two."""


@dataclass(frozen=True, slots=True)
class UploaderStatus:
    """One uploader as its page shows it; instants are UTC epoch ms.

    ``sentence`` says how it is, ``hint`` what to do; ``step`` names what the owner has to confirm. ``next_try_ms`` None
    means that it waits for its owner. ``notes`` are facts that are no trouble. One that ``sends`` tells the last
    reading it sent.
    """

    id: str
    label: str
    vendor_title: str
    enabled: bool
    condition: Condition
    sentence: str
    hint: str = ""
    step: str = ""
    since_ms: int | None = None
    next_try_ms: int | None = None
    last_success_ms: int | None = None
    last_reading_ms: int | None = None
    last_reading_mgdl: float | None = None
    notes: tuple[str, ...] = ()
    sends: bool = False


@dataclass(frozen=True, slots=True)
class Trouble:
    """A broken link in the chain, for the glance: "Dexcom refused the password", since 01:10."""

    uploader_id: str
    label: str
    sentence: str
    hint: str
    since_ms: int


def status(uploader: Uploader, now_ms: int) -> UploaderStatus:
    """Return how an uploader is doing."""
    vendor = VENDORS[uploader.vendor]
    condition, sentence, hint, since_ms = _said(uploader, vendor, now_ms)
    state = uploader.state
    return UploaderStatus(
        id=uploader.id,
        label=uploader.label,
        vendor_title=vendor.title,
        enabled=uploader.enabled,
        condition=condition,
        sentence=sentence,
        hint=hint,
        step=state.failure.step if state.failure and uploader.enabled else "",
        since_ms=since_ms,
        next_try_ms=uploader.due_ms if uploader.enabled else None,
        last_success_ms=state.last_success_ms,
        last_reading_ms=state.last_reading_ms,
        last_reading_mgdl=state.last_reading_mgdl,
        notes=_notes(uploader, vendor),
        sends=vendor.sends,
    )


def troubles(uploaders: Iterable[Uploader], now_ms: int) -> list[Trouble]:
    """Return what a parent has to know of the uploaders now: failures that stay, and sources that fell silent."""
    found = []
    for uploader in uploaders:
        told = status(uploader, now_ms)
        passing = told.condition == "retrying" and now_ms - (told.since_ms or now_ms) < UNTOLD_MS
        if told.condition in ("retrying", "stopped", "silent") and not passing:
            found.append(Trouble(told.id, told.label, told.sentence, told.hint, told.since_ms or now_ms))
    return found


def _said(uploader: Uploader, vendor: Vendor, now_ms: int) -> tuple[Condition, str, str, int | None]:
    state = uploader.state
    if not uploader.enabled:
        return "off", "Switched off", "", None
    if state.failure is not None:
        condition: Condition = "stopped" if state.next_run_ms is None else "retrying"
        return condition, state.failure.message, _hint_for(state.failure), state.failure.since_ms
    if state.last_success_ms is None:
        return "new", "Not run yet", "", None
    newest_ms = state.last_reading_ms or uploader.created_ms
    if vendor.sends:
        # That nothing is sent means that nothing is new here; whoever brings it here is told of.
        return "fine", "Working", "", None
    takes_readings = vendor.taken(uploader.options).get(GLUCOSE, NEVER) != NEVER
    if takes_readings and now_ms - newest_ms >= vendor.silent_after_ms:
        return "silent", f"{vendor.title} answers but has no new reading", vendor.when_silent, newest_ms
    return "fine", "Working", "", None


def _hint_for(failure: Failure) -> str:
    if failure.kind == SchemaChanged.code and failure.count >= SCHEMA_NOTICE_AFTER:
        return "The vendor seems to have changed its service: look for a newer Nightlight."
    if failure.kind in (AuthInvalid.code, ActionRequired.code):
        return failure.hint or "Open the uploader and test it."
    return failure.hint or "Nothing to do: it is tried again by itself."


def _notes(uploader: Uploader, vendor: Vendor) -> tuple[str, ...]:
    notes = []
    if uploader.state.standing_by:
        notes.append("Somebody else uploads the same, so this source stands by and fills the holes.")
    if uploader.state.unusable:
        done = "sent" if vendor.sends else "used"
        notes.append(f"{uploader.state.unusable} records of the last run could not be {done}.")
    return tuple(notes)

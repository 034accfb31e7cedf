"""Trying out a form before it is kept: signs in, fetches a little, stores nothing, and says plainly what came of it."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from typing import Any

from app.clock import Clock
from app.glucose.display import glucose_text
from app.glucose.units import Unit
from app.glucose.words import age_text
from app.keyring import SealBroken
from app.logs import told
from app.store.interface import Document
from app.uploaders.errors import ActionRequired, Patient, PatientAmbiguous, Transient, UploaderFailure
from app.uploaders.form import Answers
from app.uploaders.guard import Limits
from app.uploaders.state import Uploader
from app.uploaders.surroundings import Surroundings
from app.uploaders.transport import Line
from app.uploaders.uploaders import Lent, Uploaders
from app.uploaders.vendor import Access, Session, Vendor
from app.uploaders.vendors import vendor_named

log = logging.getLogger(__name__)

TRIAL_S = 25.0
"""Somebody is waiting in front of a page."""


@dataclass(frozen=True, slots=True)
class Trial:
    """What came of trying: a sentence, what to do about it, and the people to pick from where there are several.

    ``kind`` is the failure's code, empty when all is well; ``step`` what the owner has to do when it is
    ``action-required``.
    """

    ok: bool
    sentence: str
    hint: str = ""
    kind: str = ""
    step: str = ""
    patients: tuple[Patient, ...] = ()


def try_out(
    uploaders: Uploaders,
    vendor_name: str,
    answers: Mapping[str, Any],
    *,
    clock: Clock,
    around: Surroundings,
    uploader_id: str | None = None,
    unit: Unit = Unit.MGDL,
    limits: Limits | None = None,
) -> Trial:
    """Try a filled form; secrets left empty are those kept for ``uploader_id``. Raises ``FormRefused``, ``NotFound``.

    Nothing is stored, but for a session that only its owner's browser can open: that one is used, and kept when it was
    renewed. An account the vendor has locked is left alone.
    """
    vendor = vendor_named(vendor_name)
    kept = uploaders.find(uploader_id) if uploader_id else None
    if kept is not None and kept.is_shut_out and (kept.state.next_run_ms or 0) > clock.now_ms():
        return _shut_out(kept)
    read = uploaders.read(vendor_name, answers, kept=kept.secrets_set if kept else ())
    try:
        known = uploaders.secrets_of(kept.id) if kept and set(kept.secrets_set) - set(read.secrets) else {}
        with _session(uploaders, vendor, kept, read) as lent:
            if lent is None:
                sentence = f"{vendor.spoken} is being read right now."
                return Trial(False, sentence, "Test again in a minute.", Transient.code)
            whole = replace(read, secrets=known | read.secrets)
            return _tried(uploaders, vendor, whole, lent, clock, around, limits, unit)
    except SealBroken as broken:
        return Trial(False, broken.message, broken.hint, ActionRequired.code, "key")


def _session(
    uploaders: Uploaders, vendor: Vendor, kept: Uploader | None, read: Answers
) -> AbstractContextManager[Lent | None]:
    """Return the session to try with: that of the browser's sign-in where the answers still fit to it, else none."""
    sign_in = vendor.sign_in
    if sign_in is None or kept is None or read.secrets:
        return nullcontext(Lent({}, _forget))
    fits = all(kept.options.get(name) == read.options.get(name) for name in sign_in.depends_on)
    return uploaders.lent_session(kept.id) if fits else nullcontext(Lent({}, _forget))


def _tried(
    uploaders: Uploaders,
    vendor: Vendor,
    read: Answers,
    lent: Lent,
    clock: Clock,
    around: Surroundings,
    limits: Limits | None,
    unit: Unit,
) -> Trial:
    end_s = clock.monotonic_s() + TRIAL_S

    def go_on() -> None:
        if clock.monotonic_s() >= end_s:
            raise Transient(f"{vendor.spoken} takes too long")

    line = Line(
        vendor.spoken,
        clock,
        private_allowed=around.private_allowed,
        limits=limits or Limits(total_s=12.0),
        read_tries=1,
        before_call=go_on,
    )
    access = Access(
        options=read.options,
        secrets=read.secrets,
        session=lent.session,
        keep=lent.keep,
        spend=_leave,
        line=line,
        clock=clock,
        constants=around.constants.of(vendor.name),
        wall_clock=around.wall_clock(),
        outgoing=uploaders.outgoing,
    )
    try:
        return _looked(vendor, access, unit)
    finally:
        line.close()


def _looked(vendor: Vendor, access: Access, unit: Unit) -> Trial:
    try:
        entries = vendor.open(access).look()
    except PatientAmbiguous as several:
        return Trial(False, f"Signed in. {several.message}.", several.hint, several.code, patients=several.patients)
    except UploaderFailure as failure:
        log.info("a trial failed", extra=told(vendor=vendor.name, failure=failure.code))
        step = failure.kind if isinstance(failure, ActionRequired) else ""
        return Trial(False, f"{failure.message}.", failure.hint, failure.code, step)
    if vendor.sends:
        return Trial(True, f"Signed in. {vendor.spoken} takes what is sent to it.")
    readings = [entry for entry in entries if entry.get("type") == "sgv" and "sgv" in entry]
    if not readings:
        return Trial(True, f"Signed in. {vendor.title} has no reading at present.", vendor.when_silent)
    return Trial(True, f"Signed in. {_newest_in_words(readings[-1], vendor, access.clock.now_ms(), unit)}")


def _newest_in_words(newest: Document, vendor: Vendor, now_ms: int, unit: Unit) -> str:
    value = f"{glucose_text(newest['sgv'], unit)} {unit.value}"
    device = str(newest.get("device") or "")
    # A name our own mapper gave says less than the vendor's.
    source = vendor.title if not device or device.startswith("nightlight-") else device
    return f"Last reading {value}, {age_text(now_ms - newest['date'])} from {source}."


def _shut_out(kept: Uploader) -> Trial:
    failure = kept.state.failure
    if failure is None:
        raise AssertionError("an uploader is shut out by a failure")
    return Trial(False, f"{failure.message}.", "It will be tried again by itself when the wait is over.", failure.kind)


def _forget(session: Session) -> None:
    """A trial keeps no session."""


def _leave(option: str) -> None:
    """A trial takes no permission back: the form is not kept yet."""

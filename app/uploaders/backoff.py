"""When an uploader runs next, and what a failure does to it: pure functions over its state.

Everything is kept in the document, so that a restart neither forgets a lockout nor begins to knock anew.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from app.records.sources.documents import HOUR_MS, MINUTE_MS
from app.uploaders.errors import (
    Locked,
    RateLimited,
    SchemaChanged,
    SessionExpired,
    Transient,
    UploaderFailure,
)
from app.uploaders.vendor import Pace

TRANSIENT_WAITS_MS = tuple(int(minutes * MINUTE_MS) for minutes in (2.5, 5, 10, 20, 30))
LOCKED_WAITS_MS = (15 * MINUTE_MS, HOUR_MS, 24 * HOUR_MS)
LONGEST_RATE_WAIT_MS = 15 * MINUTE_MS  # when the vendor does not say how long
LONGEST_WAIT_MS = 24 * HOUR_MS  # whatever it says
BREAKER_OPENS_AFTER = 5
"""So many passing failures in a row, and the next run is a single probe instead of three tries."""

SCHEMA_NOTICE_AFTER = 3
"""A changed answer this often in a row is no hiccup: the owner is told that it may need a newer version."""

JITTER_MS = 20_000
_PASSING = (Transient, SessionExpired, SchemaChanged)


@dataclass(frozen=True, slots=True)
class Failure:
    """What went wrong, as it is stored: ``kind`` is the class's code, the instants are UTC epoch ms."""

    kind: str
    message: str
    hint: str
    since_ms: int
    at_ms: int
    count: int
    step: str = ""


def next_run_ms(pace: Pace, newest_ms: int | None, now_ms: int, jitter: float) -> int:
    """Return when the next reading can be fetched: just after it is there, else an interval from now.

    ``jitter`` from 0 to 1 spreads installations over twenty seconds.
    """
    if newest_ms is None or now_ms - newest_ms > 2 * pace.interval_ms:
        due_ms = now_ms + pace.interval_ms
    else:
        due_ms = newest_ms + pace.interval_ms + pace.lag_ms
    return max(due_ms + int(jitter * JITTER_MS), now_ms + pace.floor_ms)


def failed(before: Failure | None, failure: UploaderFailure, now_ms: int, *, step: str = "") -> Failure:
    """Return the failure to store: the same kind again goes on counting, another kind begins anew."""
    told = Failure(failure.code, failure.message, failure.hint, now_ms, now_ms, 1, step)
    if before is None or before.kind != failure.code:
        return told
    return replace(told, since_ms=before.since_ms, count=before.count + 1)


def retry_at_ms(failure: UploaderFailure, count: int, pace: Pace, now_ms: int) -> int | None:
    """Return when to try again by itself, None for never: only the owner can go on."""
    if isinstance(failure, Locked):
        return max(failure.until_ms or now_ms + _step(LOCKED_WAITS_MS, count), now_ms + pace.floor_ms)
    if isinstance(failure, RateLimited):
        return now_ms + _rate_wait_ms(failure, count, pace)
    if isinstance(failure, _PASSING):
        return now_ms + _step(TRANSIENT_WAITS_MS, count)
    return None


def _rate_wait_ms(failure: RateLimited, count: int, pace: Pace) -> int:
    if failure.retry_after_s is not None:
        return max(min(int(failure.retry_after_s * 1000), LONGEST_WAIT_MS), pace.interval_ms)
    doubled_ms = pace.interval_ms << min(count - 1, 4)
    return max(pace.interval_ms, min(doubled_ms, LONGEST_RATE_WAIT_MS))


def _step(waits_ms: tuple[int, ...], count: int) -> int:
    return waits_ms[min(count, len(waits_ms)) - 1]


def is_probe(failure: Failure | None) -> bool:
    """Tell whether the breaker is open, so that the next run asks once and no more."""
    return failure is not None and failure.kind == Transient.code and failure.count >= BREAKER_OPENS_AFTER

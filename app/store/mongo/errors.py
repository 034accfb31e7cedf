"""MongoDB's errors as our own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from bson.errors import BSONError
from pymongo import errors

from app.errors import BadDocument, BadQuery, DuplicateKey, NightlightError, StoreFull, Unavailable
from app.store.timing import too_slow

DUPLICATE_KEY = 11000
_TOO_SLOW = {50, 202}  # MaxTimeMSExpired, ExceededTimeLimit
_FULL = {14031, 12297}  # OutOfDiskSpace
_TOO_LARGE = {10334, 17280, 17419, 17420}  # BSONObjectTooLarge and what updates say of it
_DENIED = {13, 18, 8000}  # Unauthorized, AuthenticationFailed, Atlas' own
_BAD_VALUE = 2
_BAD_QUERY = {
    _BAD_VALUE,
    9,  # FailedToParse
    14,  # TypeMismatch
    15,  # Overflow
    20,  # IllegalOperation
    28,  # PathNotViable
    34,  # CannotBackfillArray
    40,  # ConflictingUpdateOperators
    52,  # DollarPrefixedFieldName
    54,  # NotSingleValueField
    56,  # EmptyFieldName
    66,  # ImmutableField
    16746,  # a numeric part of a sort path is a place and a field at once
    31249,  # overlapping fields in a projection
    31250,  # the same, the other way round
    51091,  # a regular expression that is wrong
    51108,  # an option of a regular expression that is wrong
}


@contextmanager
def translated() -> Iterator[None]:
    """Raise our own error in place of one of MongoDB's or its driver's."""
    try:
        yield
    except errors.PyMongoError as problem:
        raise ours(problem) from problem
    except (BSONError, OverflowError) as problem:
        raise BadDocument("A document cannot be kept by MongoDB") from problem


def ours(problem: errors.PyMongoError) -> NightlightError:
    """Return our error for one of the driver's."""
    if isinstance(problem, errors.BulkWriteError):
        return _of_code(*first_write_error(problem))
    if isinstance(problem, (errors.DocumentTooLarge, errors.InvalidOperation)):
        return BadDocument("A document or a batch is too large")
    if isinstance(problem, errors.OperationFailure):
        return _of_code(problem.code or 0, str(problem.details.get("errmsg", "")) if problem.details else "")
    return Unavailable("The database does not answer", hint="Look whether MongoDB runs and STORE_URI names it.")


def first_write_error(problem: errors.BulkWriteError) -> tuple[int, str]:
    """Return code and message of what stopped a batch."""
    found: list[dict[str, Any]] = [*problem.details["writeErrors"], *problem.details["writeConcernErrors"]]
    return (found[0].get("code", 0), found[0].get("errmsg", "")) if found else (0, "")


def _of_code(code: int, message: str) -> NightlightError:
    if code == DUPLICATE_KEY:
        return DuplicateKey("There is a document with the same key already")
    if code in _TOO_SLOW:
        return too_slow()
    if code in _TOO_LARGE or (code == _BAD_VALUE and "too large" in message):
        return BadDocument("A document is too large")
    if code in _BAD_QUERY:
        return BadQuery(f"The database refuses this: {message[:200]}")
    if code in _FULL:
        return StoreFull("The database has no room for this write", hint="Free some space; reading goes on meanwhile.")
    if code in _DENIED:
        return Unavailable("The database refuses us", hint="Look at the user and password in STORE_URI.")
    return Unavailable(f"The database failed (code {code})", hint="Its own log says more.")

"""What a Nightscout's refusals mean when it was asked to keep something."""

from __future__ import annotations

from http import HTTPStatus

from app.uploaders.errors import ActionRequired, SchemaChanged, UploaderFailure
from app.uploaders.nightscout.errors import NotPermitted, not_there
from app.uploaders.transport import Answer

_REFUSED = (HTTPStatus.BAD_REQUEST, HTTPStatus.REQUEST_ENTITY_TOO_LARGE, HTTPStatus.UNPROCESSABLE_ENTITY)


class RecordsRefused(UploaderFailure):
    """The site did not take what it was sent: at least one of the records, or it is in trouble (``in_trouble``)."""

    code = "records-refused"

    def __init__(self, status: int) -> None:
        super().__init__(f"Nightscout refused records (status {status})")
        self.in_trouble = status >= HTTPStatus.INTERNAL_SERVER_ERROR


def may_not_write() -> NotPermitted:
    """Return the failure for a secret or token that does not let us read and write."""
    return NotPermitted(
        "The other Nightscout does not let us write",
        hint="Enter its API secret, or a token of a subject there whose role may read and write, for instance admin. "
        "The role readable is not enough.",
    )


def takes_none(collection: str) -> ActionRequired:
    """Return the failure for a site at which one collection cannot be written."""
    return ActionRequired(
        f"The other Nightscout takes no {collection}",
        kind="address",
        hint="Its feature careportal is switched off: add careportal to ENABLE there, or do not send these.",
    )


def failure_of_write(answer: Answer, now_ms: int, collection: str) -> UploaderFailure | None:
    """Return what an answer to a write means when it was not done, else None."""
    if answer.status in (HTTPStatus.OK, HTTPStatus.CREATED, HTTPStatus.NO_CONTENT):
        return None
    if answer.status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
        return may_not_write()
    if answer.status == HTTPStatus.NOT_FOUND:
        return takes_none(collection) if collection in ("treatments", "activity") else not_there()
    if answer.status in _REFUSED or answer.status == HTTPStatus.INTERNAL_SERVER_ERROR:
        return RecordsRefused(answer.status)
    return (
        answer.common_failure(now_ms)
        or answer.gate_closed()
        or SchemaChanged(f"Nightscout answered in an unknown way (status {answer.status})")
    )

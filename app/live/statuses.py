"""Device status as what devices said and when; whoever asks about a loop, a pump or a battery begins here.

A phone whose clock runs ahead must not hide what comes after it: nothing said counts as later than we received it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from app.live.fields import Document, first_moment, is_number, moment, part, text
from app.records.deletion import is_deleted


@dataclass(frozen=True, slots=True)
class Status:
    """A stored device status, when the device reported it, and when we received it (None where nobody recorded it)."""

    at_ms: int
    document: Document
    received_ms: int | None = None

    @property
    def device(self) -> str:
        """The device as it names itself, ``loop://iPhone``; empty when it does not."""
        return text(self.document.get("device"))

    def said_ms(self, said: Document, *names: str) -> int | None:
        """Return the moment in the first of these fields that holds one."""
        found = first_moment(said, *names)
        return found if found is None or self.received_ms is None else min(found, self.received_ms)


def status_of(document: Document) -> Status | None:
    """Return what a device status tells and when, None when it is deleted or has no time."""
    at_ms = first_moment(document, "created_at", "date", "mills")
    if at_ms is None or is_deleted(document):
        return None
    received_ms = received_of(document)
    return Status(at_ms if received_ms is None else min(at_ms, received_ms), document, received_ms)


def received_of(document: Document) -> int | None:
    """Return when we received a document, None where nobody recorded it."""
    return moment(document.get("srvCreated"))


def with_part(statuses: Iterable[Status], name: str, from_ms: int, until_ms: int) -> Iterator[tuple[Status, Document]]:
    """Yield the statuses between two moments that have a part of this name, each with the part."""
    for status in statuses:
        found = part(status.document, name)
        if found and from_ms <= status.at_ms <= until_ms:
            yield status, found


def uploader_of(document: Document) -> Document:
    """Return what a device status says of the uploader, where older apps say ``uploaderBattery`` too."""
    battery, uploader = document.get("uploaderBattery"), part(document, "uploader")
    return {"battery": battery, **uploader} if is_number(battery) else uploader


def device_name(uri: str) -> str:
    """Return the short name in a device's own: ``phone`` of ``openaps://phone/medtronic``."""
    return uri.rpartition("://")[2].partition("/")[0]

"""Apple Health's export read as a stream: gigabytes of steps and heartbeats, among which a few samples are for us.

What cannot be for us is cut out before it is parsed, which takes most of the work away. The document type is cut out
too: some versions of iOS write one that no parser accepts, and nothing in it is needed. Entities are refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO
from xml.etree.ElementTree import ParseError

from defusedxml.ElementTree import DefusedXMLParser

from app.importers.bounded import Member, Opened
from app.importers.format import Unreadable

GLUCOSE, INSULIN, CARBS = "glucose", "insulin", "carbs"
KINDS = {
    "HKQuantityTypeIdentifierBloodGlucose": GLUCOSE,
    "HKQuantityTypeIdentifierInsulinDelivery": INSULIN,
    "HKQuantityTypeIdentifierDietaryCarbohydrates": CARBS,
}

_PIECE_BYTES = 1 << 20
_MOST_PROLOGUE_BYTES = 4 << 20
_MOST_SILENT_BYTES = 8 << 20
_DEEPEST = 32
_MOST_DETAILS = 40
_MOST_WAITING = 20_000
_UNSEEN = bytes(32 if byte < 32 and byte not in (9, 10, 13) else byte for byte in range(256))
"""Characters that XML does not allow and some apps write into names all the same, as blanks."""

_OF_NO_USE = re.compile(
    rb'<Record type="(?!HKQuantityTypeIdentifier(?:BloodGlucose|InsulinDelivery|DietaryCarbohydrates)")\w+"[^<>]*'
    rb"(?:/>|>(?:\s*<MetadataEntry [^<>]*/>)*\s*</Record>)\s*"
)


@dataclass(frozen=True, slots=True)
class Sample:
    """A record as it stands there: attributes as text, and the details of its metadata entries."""

    kind: str
    attributes: dict[str, str]
    details: dict[str, str]

    def at(self, name: str) -> str:
        """Return an attribute, empty where there is none."""
        return self.attributes.get(name, "")

    @property
    def source(self) -> str:
        """Return the name of the app that wrote it, blanks as people write them."""
        return " ".join(self.at("sourceName").split())[:120]


def export_in(file: Opened) -> Member | None:
    """Return the member of a zip that is the export, whatever it is called in the language of the phone."""
    for member in file.members:
        if member.base.lower().endswith(".xml") and is_export(file.member_head(member)):
            return member
    return None


def is_export(head: bytes) -> bool:
    """Tell whether a file that begins like this is an export of Apple Health."""
    return b"<HealthData" in head or (b"<!DOCTYPE HealthData" in head and b"HKCharacteristic" in head)


def samples(file: Opened, member: Member | None) -> Iterator[Sample]:
    """Yield the samples of the export one by one. Raises ``Unreadable`` where it cannot be read on."""
    target = _Target()
    parser = DefusedXMLParser(target=target)
    silent = 0
    with file.open(member) as content:
        for piece in _pieces(content):
            events = target.events
            try:
                parser.feed(piece)
            except (ParseError, ValueError, LookupError):
                yield from target.waiting
                raise Unreadable("It is damaged") from None
            yield from target.waiting
            target.waiting.clear()
            silent = silent + len(piece) if target.events == events else 0
            if silent > _MOST_SILENT_BYTES:
                raise Unreadable("It is not as Apple Health writes it")
        if not target.has_ended:
            raise Unreadable("It is cut off")


def _pieces(content: IO[bytes]) -> Iterator[bytes]:
    """Yield the file in pieces that end between elements, less what is of no use. Raises ``Unreadable``."""
    rest = _root_on(content)
    while True:
        piece = content.read(_PIECE_BYTES)
        whole = rest + piece.translate(_UNSEEN)
        # The last record may go on in the next piece.
        end = whole.rfind(b"<Record ") if piece else len(whole)
        end = end if end > 0 and len(whole) - end < _PIECE_BYTES else len(whole)
        yield _OF_NO_USE.sub(b"", whole[:end])
        rest = whole[end:]
        if not piece:
            return


def _root_on(content: IO[bytes]) -> bytes:
    """Return the beginning of the file from its root element on, what comes before it read and left out."""
    head = b""
    while b"<HealthData" not in head:
        piece = content.read(1 << 16)
        if not piece or len(head) > _MOST_PROLOGUE_BYTES:
            raise Unreadable("There is no health data in it")
        head += piece.translate(_UNSEEN)
    start = head.index(b"<HealthData")
    if b"<!ENTITY" in head[:start]:
        raise Unreadable("It declares entities, as no export of Apple Health does")
    return head[start:]


class _Target:
    """What the parser calls: keeps the sample that is open and those that nobody took yet, and no tree."""

    def __init__(self) -> None:
        self.waiting: list[Sample] = []
        self.events = 0
        self.has_ended = False
        self._depth = 0
        self._open: Sample | None = None

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        self.events += 1
        self._depth += 1
        if self._depth > _DEEPEST:
            raise ValueError("too deep")
        if tag == "Record":
            kind = KINDS.get(attributes.get("type", ""))
            self._open = Sample(kind, dict(attributes), {}) if kind else None
        elif tag == "MetadataEntry" and self._open is not None and len(self._open.details) < _MOST_DETAILS:
            self._open.details[attributes.get("key", "")] = attributes.get("value", "")

    def end(self, tag: str) -> None:
        self.events += 1
        self._depth -= 1
        self.has_ended = self._depth == 0
        if tag == "Record" and self._open is not None:
            if len(self.waiting) >= _MOST_WAITING:
                raise ValueError("too many records in one piece")
            self.waiting.append(self._open)
            self._open = None

    def data(self, text: str) -> None:
        """Text between elements says nothing."""

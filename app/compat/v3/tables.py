"""Documents as a table (CSV) and as XML, for spreadsheets and for programs that read nothing else.

Both take documents as JSON says them. The columns of a table are the members of its first document.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any
from xml.etree import ElementTree

import orjson

from app.glucose.nightscout_texts import js_text
from app.store.interface import Document

DECLARATION = b"<?xml version='1.0' encoding='utf-8'?>\n"
_INDENT = "  "
_NO_NAME = re.compile(r"[^A-Za-z0-9_.-]")
_NO_BEGINNING = re.compile(r"[^A-Za-z_]")
_NEEDS_QUOTES = re.compile(r'[,"\r\n]')
_NO_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def csv_lines(documents: Iterable[Document]) -> Iterator[bytes]:
    """Yield the lines of a table, each with its LF; nothing for no documents."""
    columns: list[str] | None = None
    for document in documents:
        if columns is None:
            columns = list(document)
            yield _line(columns)
        yield _line([_cell(document.get(name)) for name in columns])


def _line(cells: list[str]) -> bytes:
    return (",".join(map(_quoted, cells)) + "\n").encode()


def _quoted(cell: str) -> str:
    return '"' + cell.replace('"', '""') + '"' if _NEEDS_QUOTES.search(cell) else cell


def _cell(value: Any) -> str:
    if value is None or value is False:
        return ""
    if value is True:
        return "1"
    if isinstance(value, str):
        return value
    if isinstance(value, int | float):
        return js_text(value)
    return orjson.dumps(value).decode()


def xml_of_one(document: Document) -> bytes:
    """Return one document as XML."""
    return DECLARATION + _item(document, 0)


def xml_pieces(documents: Iterable[Document]) -> Iterator[bytes]:
    """Yield the pieces of an XML text of documents."""
    yield DECLARATION + b"<items>"
    for document in documents:
        yield b"\n" + _INDENT.encode() + _item(document, 1)
    yield b"\n</items>"


def _item(document: Document, level: int) -> bytes:
    element = ElementTree.Element("item")
    _fill(element, document)
    ElementTree.indent(element, _INDENT, level)
    return ElementTree.tostring(element, encoding="unicode").encode()


def _fill(element: ElementTree.Element, value: Any) -> None:
    if isinstance(value, dict):
        for name, inner in value.items():
            _fill(ElementTree.SubElement(element, _tag(name)), inner)
    elif isinstance(value, list):
        for inner in value:
            _fill(ElementTree.SubElement(element, _singular(element.tag)), inner)
    elif value is not None:
        element.text = _text(value)


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return _NO_XML.sub("", value) if isinstance(value, str) else js_text(value)


def _tag(name: str) -> str:
    """Return a member's name as an element may be called."""
    tag = _NO_NAME.sub("_", name)
    return f"_{tag}" if not tag or _NO_BEGINNING.match(tag) else tag


def _singular(plural: str) -> str:
    if plural.endswith("ies") and len(plural) > 4:
        return f"{plural[:-3]}y"
    if plural.endswith(("sses", "shes", "ches", "xes")):
        return plural[:-2]
    if plural.endswith("s") and not plural.endswith(("ss", "us", "is")) and len(plural) > 1:
        return plural[:-1]
    return plural

"""The formats we know, and which of them a file is."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from app.errors import NotFound
from app.importers.bounded import Opened
from app.importers.carelink.format import CareLinkCsv
from app.importers.clarity.format import ClarityCsv
from app.importers.diasend.format import DiasendXls
from app.importers.format import Format
from app.importers.glooko.format import GlookoZip
from app.importers.health.apple_format import AppleHealth
from app.importers.health.connect_format import HealthConnect
from app.importers.libreview.format import LibreViewCsv
from app.importers.mysugr.format import MySugrCsv
from app.importers.nightscout.bson_format import NightscoutBson
from app.importers.nightscout.json_format import NightscoutJson
from app.importers.openaps.format import OpenapsFiles
from app.importers.tconnect.format import TConnectCsv
from app.importers.tidepool.json_format import TidepoolJson
from app.importers.tidepool.xlsx_format import TidepoolXlsx
from app.importers.xdrip.format import XdripDatabase
from app.logs import told

log = logging.getLogger(__name__)

FORMATS: Sequence[Format] = (
    NightscoutBson(),
    LibreViewCsv(),
    CareLinkCsv(),
    ClarityCsv(),
    MySugrCsv(),
    TConnectCsv(),
    AppleHealth(),
    GlookoZip(),
    DiasendXls(),
    TidepoolXlsx(),
    TidepoolJson(),
    OpenapsFiles(),
    NightscoutJson(),
    XdripDatabase(),
    HealthConnect(),
)
"""In the order in which they are asked: what has a signature of its own before what goes by the words of a header."""


@dataclass(frozen=True, slots=True)
class Recognised:
    """A format a file may be of, and how one sees it."""

    format: Format
    why: str


def recognised(file: Opened) -> list[Recognised]:
    """Return the formats a file may be of, the likeliest first."""
    found = []
    for format in FORMATS:
        try:
            why = format.recognises(file)
        except Exception as unforeseen:
            # Any file at all is shown to every format: what one stumbles over another may read.
            log.error("a format broke", extra=told(format=format.name, kind=type(unforeseen).__name__))
            continue
        if why:
            found.append(Recognised(format, why))
    return found


@contextmanager
def as_it_is(path: Path, name: str) -> Iterator[Opened]:
    """Lend a file as the formats know it: one that somebody packed by itself (zip, gzip) is unpacked first.

    Raises what unpacking raises (``bounded.BROKEN``).
    """
    file = Opened.at(path, name)
    if not (file.is_gzip or len(file.members) == 1) or recognised(file):
        yield file
        return
    only = file.members[0] if file.is_zip else None
    with TemporaryDirectory(prefix="nightlight-import-") as folder:
        inner = Path(folder) / "file"
        with file.open(only) as packed, inner.open("wb") as unpacked:
            shutil.copyfileobj(packed, unpacked)
        yield Opened.at(inner, only.base if only else name.removesuffix(".gz"))


def format_named(name: str) -> Format:
    """Return a format. Raises ``NotFound``."""
    for format in FORMATS:
        if format.name == name:
            return format
    raise NotFound(f"There is no file format {name!r}")

"""The vendors' hosts, application ids and app versions: ours, and over them what the operator has written.

``vendors.toml`` beside this module holds ours. A file of the same shape in ``DATA_DIR`` changes single values of them
without a release; it is looked at before each run. A value of another type than ours, or a file that cannot be read,
counts as not written, and the log says so.
"""

from __future__ import annotations

import logging
import threading
import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from app.logs import told

log = logging.getLogger(__name__)

FILE = "vendors.toml"
MOST_BYTES = 100_000

Table = Mapping[str, Any]


@cache
def built_in() -> Table:
    """Return what comes with the program, by vendor."""
    with (Path(__file__).parent / FILE).open("rb") as file:
        return tomllib.load(file)


class Constants:
    """The constants of one process; ``folder`` is where the operator's file may be. Safe for many threads."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE
        self._lock = threading.Lock()
        self._seen: tuple[int, int] | None = None
        self._now: Table = built_in()

    def of(self, vendor: str) -> Table:
        """Return the constants of a vendor, as they are written now."""
        with self._lock:
            state = _state_of(self._path)
            if state != self._seen:
                self._seen = state
                self._now = _laid_over(built_in(), self._written(), "") if state else built_in()
            table: Table = self._now.get(vendor, {})
            return table

    def _written(self) -> Table:
        try:
            if self._path.stat().st_size > MOST_BYTES:
                raise ValueError("it is too large")
            return tomllib.loads(self._path.read_text("utf-8"))
        except (OSError, ValueError) as problem:
            why = str(problem) if isinstance(problem, tomllib.TOMLDecodeError) else type(problem).__name__
            log.error("the operator's file of vendor constants cannot be used", extra=told(file=FILE, why=why))
            return {}


def built_in_constants(vendor: str) -> Table:
    """Return the constants of a vendor that come with the program."""
    table: Table = built_in().get(vendor, {})
    return table


def _state_of(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size


def _laid_over(ours: Table, written: Table, where: str) -> dict[str, Any]:
    result = dict(ours)
    for name, value in written.items():
        place = f"{where}.{name}" if where else name
        mine = ours.get(name)
        if isinstance(value, Mapping) and (mine is None or isinstance(mine, Mapping)):
            result[name] = _laid_over(mine or {}, value, place)
        elif mine is None or type(mine) is type(value):
            result[name] = value
        else:
            log.error("a vendor constant has another type than ours and is not used", extra=told(constant=place))
    return result

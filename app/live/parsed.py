"""What is made of each document, kept from one present to the next: only documents that are new are read anew."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from operator import attrgetter
from typing import Generic, TypeVar

from app.live.fields import Document
from app.live.iob import ReportedInsulin, reported_insulin
from app.live.measurements import Measurement, measurement_of
from app.live.statuses import Status, status_of
from app.live.treated import Treated, treatment_done

Source = TypeVar("Source")
Made = TypeVar("Made")


class Remembered(Generic[Source, Made]):
    """What ``make`` made of the things of last time, in the order of the moment ``at_ms``. Safe for many threads."""

    def __init__(self, make: Callable[[Source], Made | None], at_ms: Callable[[Made], int]) -> None:
        self._make = make
        self._at_ms = at_ms
        self._lock = threading.Lock()
        self._sources: Iterable[Source] | None = None
        # By identity, which lasts as long as the thing is held here: nobody changes one in place.
        self._by_source: dict[int, tuple[Source, Made | None]] = {}
        self._made: tuple[Made, ...] = ()

    def of(self, sources: Iterable[Source]) -> tuple[Made, ...]:
        """Return what is made of these, oldest first; those that make no sense are left out."""
        with self._lock:
            if sources is not self._sources:
                known = self._by_source
                self._by_source = {id(one): known.get(id(one)) or (one, self._make(one)) for one in sources}
                made = [one for _, one in self._by_source.values() if one is not None]
                self._made = tuple(sorted(made, key=self._at_ms))
                self._sources = sources
            return self._made


class Parsed:
    """Readings, treatments and device statuses made of documents, and the insulin that statuses tell of."""

    def __init__(self) -> None:
        self.measurements: Remembered[Document, Measurement] = Remembered(measurement_of, attrgetter("at_ms"))
        self.treatments: Remembered[Document, Treated] = Remembered(treatment_done, attrgetter("at_ms"))
        self.statuses: Remembered[Document, Status] = Remembered(status_of, attrgetter("at_ms"))
        self.insulin: Remembered[Status, ReportedInsulin] = Remembered(reported_insulin, attrgetter("heard_ms"))

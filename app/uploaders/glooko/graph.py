"""The points of Glooko's graph, for an account that is not given the records themselves.

What they say of glucose is sure. Of doses, rates and carbs only what stands under the name it has in the records is
taken: the height of a point on the picture is no amount. A point has no guid that is known to stay, so its time names
it; so each series is taken from an instant on before which the records themselves were read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from app.glucose.wall_clock import WallClock
from app.records.sources.acts import event, temp_basal
from app.records.sources.basals import BLOCK_MS, Piece, joined
from app.records.sources.documents import MINUTE_MS, BadRecord
from app.records.sources.kinds import BASALS
from app.records.sources.layers import LAYERS, SCHEDULED, SUSPENDED, TEMPORARY, Layers
from app.store.interface import Document
from app.uploaders.glooko import mapper
from app.uploaders.glooko.basals import rate_in, span_of
from app.uploaders.glooko.known import SAME_ENTERED_MS, Known
from app.uploaders.glooko.mapper import Origin
from app.uploaders.glooko.moments import Moments
from app.uploaders.vendor import Page

Points = Mapping[str, Sequence[Any]]
"""The points of each series that was asked for and told."""

_LAYER_OF = {"suspendBasal": SUSPENDED, "temporaryBasal": TEMPORARY, "scheduledBasal": SCHEDULED}
_CHANGES = {"setSiteChange": ("Site Change", "site"), "reservoirChange": ("Insulin Change", "insulin")}


def _by_the_pump(record: Mapping[str, Any], origin: Origin) -> list[Document]:
    return mapper.normal_bolus({**record, "automatic": True}, origin)


_MAKERS: Mapping[str, Callable[[Mapping[str, Any], Origin], list[Document]]] = {
    "cgmHigh": mapper.sensor_reading,
    "cgmNormal": mapper.sensor_reading,
    "cgmLow": mapper.sensor_reading,
    "bgHigh": mapper.meter_reading,
    "bgNormal": mapper.meter_reading,
    "bgLow": mapper.meter_reading,
    "deliveredBolus": mapper.normal_bolus,
    "automaticBolus": _by_the_pump,
    "carbNonManual": mapper.food,
    "pumpAlarm": mapper.alarm,
}
"""In this order: carbs are held against the boluses before them."""

_BOLUSES = ("deliveredBolus", "automaticBolus")


@dataclass(slots=True)
class _Found:
    documents: dict[str, Document] = field(default_factory=dict)
    unusable: list[str] = field(default_factory=list)
    spoilt: set[str] = field(default_factory=set)

    def leave_out(self, series: str, why: str) -> None:
        self.unusable.append(why)
        self.spoilt.add(series)


class GraphReader:
    """Turns the points of one span of time (UTC epoch ms) into a page. ``account`` names whose they are."""

    def __init__(self, account: str, wall_clock: WallClock, now_ms: int) -> None:
        self._account = account
        self._wall_clock = wall_clock
        self._now_ms = now_ms

    def page(self, points: Points, from_ms: Mapping[str, int], span: tuple[int, int], cursor: str) -> Page:
        """Return the page for what was told; ``from_ms`` says from when on each series that was asked for is taken.

        ``cursor`` moves to the end of the span. Of basal rates the page holds all there is, if all was told.
        """
        found, known = _Found(), Known()
        for series in (*_MAKERS, *_CHANGES):
            for record, origin in self._origins(points, series, found):
                if origin.at_ms >= from_ms.get(series, self._now_ms):
                    self._take(series, record, origin, found, known)
        begins_ms = max([span[0], *(from_ms[series] for series in _LAYER_OF if series in from_ms)])
        basals = self._basals(points, begins_ms, found)
        documents: dict[str, list[Document]] = {"entries": [], "treatments": []}
        for document in (*found.documents.values(), *basals):
            documents["treatments" if "eventType" in document else "entries"].append(document)
        is_whole = all(series in points and series in from_ms and series not in found.spoilt for series in _LAYER_OF)
        whole = {BASALS: (-(-begins_ms // BLOCK_MS) * BLOCK_MS, span[1])} if is_whole else {}
        return Page({cursor: span[1]}, documents, whole=whole, unusable=found.unusable)

    def _take(self, series: str, record: Mapping[str, Any], origin: Origin, found: _Found, known: Known) -> None:
        try:
            if series in _CHANGES:
                kind, slot = _CHANGES[series]
                made = [event(kind, **origin.act(slot))]
            else:
                made = _MAKERS[series](record, origin)
        except BadRecord as problem:
            found.leave_out(series, str(problem))
            return
        except (TypeError, ValueError, LookupError, AttributeError, ArithmeticError):
            found.leave_out(series, "a point has an unknown shape")
            return
        if series == "carbNonManual":
            made = known.untold(series, made, SAME_ENTERED_MS)
        elif series in _BOLUSES:
            known.learn(series, made)
        found.documents |= {one["identifier"]: one for one in made}

    def _origins(self, points: Points, series: str, found: _Found) -> Iterator[tuple[Mapping[str, Any], Origin]]:
        moments = Moments(self._wall_clock, self._now_ms, spaced=series.startswith("cgm"))
        for place, point in enumerate(points.get(series, ())):
            try:
                if not isinstance(point, Mapping):
                    raise BadRecord("a point is not an object")
                moment = moments.of(point, str(place))
            except BadRecord as problem:
                found.leave_out(series, str(problem))
                continue
            yield point, Origin.at(self._account, f"graph|{moment.at_ms}", moment)

    def _basals(self, points: Points, begins_ms: int, found: _Found) -> list[Document]:
        """Return the temp basals of whole hours, joined: points of a loop's rates are many."""
        layers, pieces = Layers(), list[Piece]()
        series_of = {layer: series for series, layer in _LAYER_OF.items()}
        for layer in LAYERS:
            series = series_of[layer]
            for record, origin in self._origins(points, series, found):
                try:
                    held = span_of(record, origin)
                    rate = 0.0 if layer == SUSPENDED else rate_in(record, (held[1] - held[0]) / MINUTE_MS)
                except (BadRecord, ArithmeticError, TypeError):
                    held, rate = (0, 0), None
                if rate is None or held[0] == held[1]:
                    found.leave_out(series, "a basal tells no rate or no duration")
                    continue
                layers.learn(layer, held)
                pieces += [Piece(first_ms, end_ms, rate) for first_ms, end_ms in layers.left_of(layer, held)]
        return [self._temp_basal(piece) for piece in joined(pieces, whole_from_ms=begins_ms)]

    def _temp_basal(self, piece: Piece) -> Document:
        offset_min = self._wall_clock.offset_min(piece.at_ms)
        origin = Origin(self._account, f"graph|{piece.at_ms}", piece.at_ms, offset_min)
        return temp_basal(
            rate_u_per_h=piece.rate_u_per_h, duration_min=round(piece.duration_min, 2), **origin.act("basal")
        )

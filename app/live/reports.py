"""From stored device statuses to the latest facts: what loop, pump and phone last said, in the shapes real apps send.

As in ``building``, nothing here raises and no bad document takes a good one with it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from app.live.fields import Document, first_moment, first_number, is_number, moment, number, part, text
from app.live.picture import Fact, Facts
from app.records.deletion import is_deleted

SCHEDULED = "scheduled"
"""The basal's value while no temporary rate runs and the pump follows its profile."""

_MINUTE_MS = 60_000


@dataclass(frozen=True, slots=True)
class Report:
    """What one device status says: facts by their name in ``Facts``."""

    id: str
    at_ms: int
    facts: Mapping[str, Fact]


def report_of(document: Document) -> Report | None:
    """Return what a device status reports, None when it is deleted or nobody knows when it was.

    No fact is dated later than the moment the document arrived, where that is known: a phone whose clock runs ahead
    must not hide what comes after.
    """
    at_ms = first_moment(document, "created_at", "date", "mills")
    if is_deleted(document) or at_ms is None:
        return None
    received_ms = moment(document.get("srvCreated"))
    found = _phone_facts(document, at_ms) | _pump_facts(document, at_ms) | _loop_facts(document, at_ms)
    if received_ms is not None:
        at_ms = min(at_ms, received_ms)
        found = {name: Fact(fact.value, min(fact.at_ms, received_ms)) for name, fact in found.items()}
    return Report(str(document.get("_id")), at_ms, found)


def latest_facts(
    reports: Iterable[Report], *, until_ms: int, sensor_started_ms: int | None, site_changed_ms: int | None
) -> Facts:
    """Return the newest of each fact that is not dated after ``until_ms``, with the two moments of change."""
    newest: dict[str, Fact] = {}
    for report in reports:
        for name, fact in report.facts.items():
            if fact.at_ms <= until_ms and (name not in newest or newest[name].at_ms <= fact.at_ms):
                newest[name] = fact
    return Facts(**newest, sensor_started_ms=sensor_started_ms, site_changed_ms=site_changed_ms)


def _phone_facts(document: Document, at_ms: int) -> dict[str, Fact]:
    uploader = part(document, "uploader")
    if uploader.get("name") == "transmitter":  # one app reports its sensor's battery this way
        return {}
    if not uploader and not is_number(document.get("uploaderBattery")):
        return {}
    facts = {"phone": Fact(text(uploader.get("name")) or text(document.get("device")), at_ms)}
    battery = number(uploader.get("battery"))
    percent = number(document.get("uploaderBattery")) if battery is None else battery
    if percent is not None and 0 <= percent <= 100:
        facts["phone_battery"] = Fact(percent, at_ms)
    return facts


def _pump_facts(document: Document, at_ms: int) -> dict[str, Fact]:
    pump = part(document, "pump")
    if not pump:
        return {}
    clock_ms = moment(pump.get("clock")) or at_ms
    facts = {"pump": Fact(_pump_status(pump), clock_ms)}
    reservoir = text(pump.get("reservoir_display_override")) or number(pump.get("reservoir"))
    if reservoir is not None:
        facts["reservoir"] = Fact(reservoir, clock_ms)
    percent = number(part(pump, "battery").get("percent"))
    if percent is not None and 0 <= percent <= 100:
        facts["pump_battery"] = Fact(percent, clock_ms)
    iob = part(pump, "iob")
    return facts | _known(
        iob=(first_number(iob, "iob", "bolusiob"), _when(iob, at_ms)),
        basal=(first_number(part(pump, "extended"), "TempBasalAbsoluteRate", "BaseBasalRate"), clock_ms),
    )


def _pump_status(pump: Document) -> str:
    status = part(pump, "status")
    for word in ("suspended", "bolusing"):
        if pump.get(word) is True or status.get(word) is True:
            return word
    return text(status.get("status")) or "normal"


def _loop_facts(document: Document, at_ms: int) -> dict[str, Fact]:
    loop, openaps = part(document, "loop"), part(document, "openaps")
    if loop:
        return _facts_of_loop(loop, at_ms)
    return _facts_of_openaps(openaps, _openaps_name(document), at_ms) if openaps else {}


def _facts_of_loop(loop: Document, at_ms: int) -> dict[str, Fact]:
    iob, cob = part(loop, "iob"), part(loop, "cob")
    facts = _basal(part(loop, "enacted"), at_ms) | _known(
        iob=(number(iob.get("iob")), _when(iob, at_ms)),
        cob=(number(cob.get("cob")), _when(cob, at_ms)),
    )
    if not loop.get("failureReason"):
        facts["loop"] = Fact(text(loop.get("name")) or "Loop", _when(loop, at_ms))
    return facts


def _facts_of_openaps(openaps: Document, name: str, at_ms: int) -> dict[str, Fact]:
    iob = openaps.get("iob")
    if isinstance(iob, list):  # as older rigs send it: the present first, then the predicted
        iob = iob[0] if iob else None
    iob = iob if isinstance(iob, Mapping) else {}
    enacted, suggested = part(openaps, "enacted"), part(openaps, "suggested")
    facts = _basal(enacted, at_ms) | _known(iob=(number(iob.get("iob")), _when(iob, at_ms)))
    ran = max((run for run in (suggested, enacted) if run), key=lambda run: _when(run, at_ms), default=None)
    if ran is not None:
        facts |= {"loop": Fact(name, _when(ran, at_ms))} | _known(cob=(number(ran.get("COB")), _when(ran, at_ms)))
    return facts


def _openaps_name(document: Document) -> str:
    app, device = text(document.get("app")), text(document.get("device"))
    return app or ("OpenAPS" if not device or "://" in device else device)


def _basal(enacted: Document, at_ms: int) -> dict[str, Fact]:
    """Return the rate that runs at ``at_ms`` by what was last enacted; a status repeats it until it changes."""
    rate, minutes = number(enacted.get("rate")), number(enacted.get("duration"))
    if rate is None or not enacted.get("received", enacted.get("recieved", True)):
        return {}
    runs = minutes is None or _when(enacted, at_ms) + minutes * _MINUTE_MS > at_ms
    return {"basal": Fact(rate if runs else SCHEDULED, at_ms)}


def _known(**found: tuple[float | None, int]) -> dict[str, Fact]:
    return {name: Fact(value, at_ms) for name, (value, at_ms) in found.items() if value is not None}


def _when(run: Document, otherwise_ms: int) -> int:
    found = first_moment(run, "timestamp", "time", "mills")
    return otherwise_ms if found is None else found

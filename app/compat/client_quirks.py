"""What single clients need: one function each, with the client's name."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from app.compat.errors import Refusal
from app.compat.quirks import quirk
from app.errors import BadQuery
from app.records.ids import object_id
from app.records.times import Instant, read_instant
from app.store.interface import Document

_SLACK_MS = 26 * 3_600_000
"""How far ``date`` and ``dateString`` of one entry may disagree: a time written in the wrong zone."""

_COMPARISONS = frozenset({"$gte", "$gt", "$lte", "$lt", "$eq"})
_YEAR = re.compile(r"\d{4}", re.ASCII)
_WITH_MONTH = re.compile(r"\d{4}-\d{2}", re.ASCII)
_WITH_ZONE = re.compile(r".*\d{2}:\d{2}.*(?:Z|[+ -]\d{2}:?\d{2})", re.IGNORECASE)
_DIGITS = re.compile(r"-?\d+(?:\.\d*)?")


@quirk("find[dateString] finds what is shown with it, by its moment", "Trio", "iAPS", "Loop", "tconnectsync")
def date_string_finds_all(filter: Document) -> Document:
    """Let ``find[dateString]`` find what is shown with that ``dateString``.

    Trio, iAPS and Loop ask by ``dateString``, which entries uploaded through API v3 (AndroidAPS) do not have: on the
    way out they get one from ``date``, so they are looked for by ``date`` here. And a bound written without
    milliseconds or in another zone (Loop, tconnectsync) means the moment, not the letters.
    """
    wanted = filter.get("dateString")
    conditions = {"$eq": wanted} if isinstance(wanted, str) else wanted
    if not isinstance(conditions, dict) or not conditions or not conditions.keys() <= _COMPARISONS:
        return filter
    moments = {operator: _moment(text) for operator, text in conditions.items()}
    if not all(moments.values()):
        return filter
    texts = {operator: _as_kept(text) for operator, text in conditions.items()}
    numbers = {operator: moment.at_ms for operator, moment in moments.items() if moment}
    either = {"$or": [{"dateString": texts}, {"dateString": None, "date": numbers}]}
    others = {name: value for name, value in filter.items() if name != "dateString"}
    return {"$and": [either, {"date": _roughly(numbers)}, *([others] if others else [])]}


def _moment(text: Any) -> Instant | None:
    if not isinstance(text, str):
        return None
    if _YEAR.fullmatch(text):
        return read_instant(f"{text}-01")
    if not _WITH_MONTH.match(text):
        return None
    return read_instant(text) or read_instant("+".join(text.rsplit(" ", 1)))


def _as_kept(text: str) -> str:
    moment = _moment(text)
    return moment.iso if moment and _WITH_ZONE.fullmatch(text) else text


def _roughly(numbers: dict[str, int]) -> Document:
    rough: Document = {}
    for operator, at_ms in numbers.items():
        if operator in ("$gte", "$gt", "$eq"):
            rough["$gte"] = max(rough.get("$gte", at_ms - _SLACK_MS), at_ms - _SLACK_MS)
        if operator in ("$lte", "$lt", "$eq"):
            rough["$lte"] = min(rough.get("$lte", at_ms + _SLACK_MS), at_ms + _SLACK_MS)
    return rough


@quirk("an _id that is none is refused in Nightscout's words", "Nightscout's own tests")
def only_hex_ids(documents: Sequence[Any], advice: str) -> None:
    """Refuse, in Nightscout's words, device status and profiles with an ``_id`` that is none of ours."""
    for document in documents:
        given = document.get("_id") if isinstance(document, dict) else None
        if given is not None and object_id(given) is None:
            raise Refusal(400, "Invalid _id format", f"{advice}. Got: {given}")


@quirk("a DELETE by a date that is no number deletes nothing", "people with curl")
def whole_numbers_when_deleting(find: Any) -> None:
    """Refuse ``DELETE …?find[date][$gte]=2026-11-20``: read as the number 2026 it would delete everything.

    No client is known to send it; a person with curl may. Raises ``BadQuery``.
    """
    wanted = find.get("date") if isinstance(find, dict) else None
    operands = list(wanted.values()) if isinstance(wanted, dict) else [wanted]
    for operand in operands:
        for text in operand if isinstance(operand, list) else [operand]:
            if isinstance(text, str) and not _DIGITS.fullmatch(text.strip()):
                raise BadQuery(f"find[date]: {text!r} is not a number of milliseconds", hint="Or use find[dateString].")


@quirk("a bare entry without date is dropped", "Nightscout's own tests")
def single_entry_needs_a_date(body: Any) -> bool:
    """Tell whether a POST of one bare entry has the ``date`` without which Nightscout drops it silently.

    Only a bare object is judged, as in the original; no client relies on it, but its test-suite does.
    """
    return not isinstance(body, dict) or "date" in body

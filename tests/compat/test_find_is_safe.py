"""A ``find`` from the internet: answered quickly, never our own failure; a DELETE takes what a GET shows, no more."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any
from urllib.parse import quote, quote_from_bytes

import httpx
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from app.clock import iso_of
from tests.clocks import START_MS
from tests.compat.conftest import Site

LONGEST_S = 3.0
MINUTE_MS = 60_000

often = settings(
    max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)

# fmt: off
READS = (
    "entries", "entries.json", "entries/sgv.json", "entries.csv", "entries/current", "treatments", "devicestatus",
    "activity", "profile", "profiles", "food", "food/regular", "food/quickpicks", "count/entries/where",
    "count/treatments/where", "count/activity/where", "echo/entries", "echo/devicestatus/sgv", "echo/food",
    "slice/entries/dateString/sgv/2026", "slice/treatments/notes", "slice/activity/created_at/hr/2026",
    "times/2026-{10..11}/T{00..02}", "times/echo/2026/T",
)
FIELDS = (
    "date", "dateString", "created_at", "startDate", "_id", "type", "sgv", "device", "notes", "eventType", "carbs",
    "identifier", "srvModified", "isValid", "uploader.battery", "a.0.b", "", "__proto__", "$",
)
OPERATORS = (
    "$eq", "$ne", "$gt", "$gte", "$lt", "$lte", "$in", "$nin", "$exists", "$regex", "$options", "$not", "$elemMatch",
    "$type", "$size", "$or", "$and", "$nor", "$where", "$expr", "$function", "$text", "$comment", "$all", "$mod",
)
NUMBERS = (
    "0", "-1", "117", "1e400", "-1e400", "NaN", "Infinity", "9" * 400, "0x1F", "1_000", "٣", "²", " 12 ", "1.5", "-0",
)
PATTERNS = (
    "/(a+)+$/i", "/(.*)*x/", "/[/", "/(?<=a)b/", "/\\/", "(a|a)*b", "(x+x+)+y", "^.{1000}$", "a{1000}{1000}",
    "/" + "(" * 300 + "/", ".*" * 2000, "/n/", "^2026", "Meal",
)
MOMENTS = (
    "2026-11-21T10:00:00Z", "2026-11-21 10:00", "2026", "2026-13-45", "1795255200000", "+275760-09-13", "now",
    "0000-00-00", "9999-12-31T23:59:59.999+14:00",
)
BROKEN = (
    "find", "find=", "find=1", "find[]=1", "find[[a]]=1", "find[a=1", "find]a[=1", "find[a]b=1", "[find][a]=1",
    "??find[sgv]=1", "&&&", "find[a]&find[a][b]=1", "find[sgv]=1&find[sgv]=2", "find[sgv][$gt]=1&find[sgv]=117",
    "%", "%zz=%", "find%5Bsgv%5D%5B%24gte%5D=100", "find[²]=1&find[]=2",
)
ORDERS = ("sort[date]=1", "sort=x", "sort[a][b]=1", "sort[][]=-1", "sort[sgv]=-1&sort[date]=1")
# fmt: on

leaves = st.sampled_from([*NUMBERS, *PATTERNS, *MOMENTS, "", "true", "sgv", "\x00", "{a,b}", "[", "]=1"]) | st.text(
    max_size=12
)
segments = st.sampled_from(["", "0", "1", "20", "21", "99999999999", *FIELDS, *OPERATORS]) | st.text(max_size=6)
nested = st.builds(
    lambda path, leaf: "find" + "".join(f"[{quote(part)}]" for part in path) + "=" + quote(leaf),
    st.lists(segments, min_size=1, max_size=7),
    leaves,
)
junk = st.binary(max_size=40).map(quote_from_bytes) | st.text(
    st.characters(min_codepoint=33, max_codepoint=126, exclude_characters="#"), max_size=30
)
finds = nested | nested | st.sampled_from(BROKEN) | junk
queries = st.lists(finds | st.sampled_from(ORDERS), min_size=1, max_size=6).map("&".join)
filters = st.lists(finds, min_size=1, max_size=6).map("&".join)


def is_safe(answer: httpx.Response) -> None:
    assert answer.status_code in (200, 400), (answer.status_code, str(answer.url), answer.text)
    assert "Traceback" not in answer.text
    assert answer.elapsed.total_seconds() < LONGEST_S, str(answer.url)


def entry(place: int) -> dict[str, Any]:
    at_ms = START_MS - place * MINUTE_MS
    kind = "mbg" if place % 5 == 4 else "sgv"
    return {"_id": f"{place:024x}", "type": kind, kind: 100 + place, "date": at_ms, "dateString": iso_of(at_ms)}


def treatment(place: int) -> dict[str, Any]:
    at = iso_of(START_MS - place * MINUTE_MS)
    return {"_id": f"{place:024x}", "eventType": "Meal Bolus", "created_at": at, "carbs": place, "notes": f"n{place}"}


def status(place: int) -> dict[str, Any]:
    at = iso_of(START_MS - place * MINUTE_MS)
    return {"_id": f"{place:024x}", "device": "d", "created_at": at, "uploader": {"battery": place}}


COLLECTIONS: dict[str, Callable[[int], dict[str, Any]]] = {
    "entries": entry,
    "treatments": treatment,
    "devicestatus": status,
}
DELETES = {
    "entries": "entries",
    "entries/*": "entries",
    "treatments": "treatments",
    "treatments/*": "treatments",
    "devicestatus": "devicestatus",
    "devicestatus/*": "devicestatus",
}
"""By path: what a GET of the same documents asks."""


@pytest.fixture
def fill(api: httpx.Client) -> Callable[[str], None]:
    """Put 30 documents into a collection, or those of them that are gone."""

    def save(collection: str) -> None:
        documents = [COLLECTIONS[collection](place) for place in range(30)]
        assert api.post(collection, json=documents).status_code == 200

    return save


def ids(answer: httpx.Response) -> set[str]:
    return {document["_id"] for document in answer.json()}


def kept_in(site: Site, collection: str) -> set[str]:
    records = {"entries": site.entries, "treatments": site.treatments, "devicestatus": site.device_status}
    return {str(document["_id"]) for document in records[collection].search()}


@often
@given(st.sampled_from(READS), queries)
@example("entries", "find[²]=1&find[]=2")
def test_reading_is_answered(api: httpx.Client, fill: Callable[[str], None], path: str, query: str) -> None:
    fill(path.partition("/")[0] if path in COLLECTIONS else "entries")
    is_safe(api.get(f"{path}?{query}"))


@often
@given(st.sampled_from(sorted(DELETES)), filters)
@example("entries", "find[sgv][$gte]=110")
@example("entries", "find[date][$gte]=2026-11-20")
@example("treatments/*", "find[notes]=/n1/")
@example("devicestatus", "find[uploader.battery][$exists]=false")
def test_a_delete_takes_what_a_get_shows(
    site: Site, api: httpx.Client, fill: Callable[[str], None], path: str, query: str
) -> None:
    collection = DELETES[path]
    fill(collection)
    before = kept_in(site, collection)
    shown = api.get(f"{collection}.json?{query}&count=1000")
    deletion = api.delete(f"{path}?{query}")
    is_safe(shown)
    is_safe(deletion)
    gone = before - kept_in(site, collection)
    if deletion.status_code == 200:
        assert gone == ids(shown)
        assert deletion.json() == {"acknowledged": True, "deletedCount": len(gone)}
    else:
        assert gone == set()


comparisons = {"$gt": operator.gt, "$gte": operator.ge, "$lt": operator.lt, "$lte": operator.le, "$ne": operator.ne}


@often
@given(st.sampled_from(sorted(comparisons)), st.integers(90, 140), st.sampled_from(["sgv", "mbg", "date"]))
def test_a_delete_takes_exactly_what_matches(
    site: Site, api: httpx.Client, fill: Callable[[str], None], compare: str, number: int, field: str
) -> None:
    fill("entries")
    bound = START_MS - (number - 100) * MINUTE_MS if field == "date" else number
    api.delete(f"entries?find[{field}][{compare}]={bound}")
    matching = {
        f"{place:024x}"
        for place in range(30)
        if (compare == "$ne" if field not in entry(place) else comparisons[compare](entry(place)[field], bound))
    }
    assert {f"{place:024x}" for place in range(30)} - kept_in(site, "entries") == matching


@pytest.mark.parametrize("path", sorted(DELETES))
@pytest.mark.parametrize("query", [f"find[nope]={quote(leaf)}" for leaf in ("x", "0", "NaN", "/.*/", "9" * 400)])
def test_what_no_document_has_takes_nothing(
    site: Site, api: httpx.Client, fill: Callable[[str], None], path: str, query: str
) -> None:
    fill(DELETES[path])
    assert api.delete(f"{path}?{query}").json()["deletedCount"] == 0
    assert len(kept_in(site, DELETES[path])) == 30


@pytest.mark.parametrize("pattern", PATTERNS)
@pytest.mark.parametrize("path", ["entries.json", "treatments", "slice/entries/dateString", "count/entries/where"])
def test_no_pattern_makes_an_answer_slow(
    site: Site, api: httpx.Client, fill: Callable[[str], None], path: str, pattern: str
) -> None:
    fill("treatments")
    site.treatments.save([{"eventType": "Note", "notes": "a" * 50_000, "created_at": iso_of(START_MS)}])
    fill("entries")
    for name in ("notes", "dateString"):
        is_safe(api.get(f"{path}?find[{name}][$regex]={quote(pattern)}&find[{name}][$options]=i"))
        is_safe(api.get(f"{path}?find[{name}]={quote(pattern, safe='')}"))

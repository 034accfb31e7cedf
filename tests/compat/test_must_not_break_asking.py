"""What real apps count on in the query language of v1: every spelling of an address, every operator, every date."""

from __future__ import annotations

import httpx
import pytest

from tests.clocks import START_MS
from tests.compat.conftest import NOW_ISO, Site

READING = {"type": "sgv", "sgv": 117, "date": START_MS, "dateString": NOW_ISO}
NOTE = {"eventType": "Note", "created_at": "2026-11-21T09:00:00.000Z", "notes": "n", "enteredBy": "mum"}


@pytest.fixture
def filled(site: Site, api: httpx.Client) -> httpx.Client:
    site.entries.save([READING])
    site.treatments.save([NOTE])
    site.device_status.save([{"device": "d", "created_at": NOW_ISO}])
    site.profiles.save([{"startDate": "2026-11-20T00:00:00.000Z", "defaultProfile": "D", "store": {"D": {}}}])
    return api


@pytest.mark.parametrize(
    "query",
    [
        "find[type][$eq]=sgv",
        "find%5Btype%5D%5B%24eq%5D=sgv",
        "find%5Btype%5D%5B$eq%5D=sgv",
        "?find[type]=sgv",
        "",
        "count=1&",
        "rr=1&ts=2&now=3&sort$desc=x&api_secret=y",
        "token=",
        "token=&count=1",
    ],
)
def test_addresses_come_in_every_spelling(filled: httpx.Client, query: str) -> None:
    for path in ("entries.json", "entries/.json", "entries/sgv.json"):
        assert len(filled.get(f"{path}?{query}").json()) == 1


@pytest.mark.parametrize(
    "query", ["", "?count=1", "?find[created_at][$gte]=2026", "rr=1&ts=2&now=3&sort$desc=x", "token=&"]
)
@pytest.mark.parametrize("path", ["treatments.json", "treatments", "treatments/", "devicestatus.json", "devicestatus/"])
def test_addresses_of_other_collections_too(filled: httpx.Client, path: str, query: str) -> None:
    assert len(filled.get(f"{path}?{query}").json()) == 1


@pytest.mark.parametrize(
    "query",
    [
        "find[notes][$eq]=n",
        "find[notes][$ne]=x",
        "find[created_at][$gt]=2026-11-21T08:00:00Z",
        "find[created_at][$gte]=2026-11-21",
        "find[created_at][$lt]=2026-11-22",
        "find[created_at][$lte]=2026-11-22",
        "find[notes][$in][]=n&find[notes][$in][]=m",
        "find[notes][$nin][]=x",
        "find[notes][$exists]=true",
        "find[notes][$regex]=^n",
        "find[carbs][$not][$exists]=true",
        "find[$and][0][notes]=n&find[$and][1][enteredBy]=mum",
        "find[$or][0][notes]=x&find[$or][1][notes]=n",
        "find[enteredBy][$ne]=a&find[enteredBy][$ne]=b",
        "find[boluscalc.carbs]=5",
        "find[eventType]=/^No/",
        "find[notes]=/N/i",
        "find[enteredBy]=/mu/",
        "find[uuid]=u",
        "find[id]=i",
        "find[pump_event_id]=p",
        "find[creation_date]=c",
        "find[created_at]=2026-11-21T09:00:00.000Z",
    ],
)
def test_the_query_language(site: Site, api: httpx.Client, query: str) -> None:
    known = {"uuid": "u", "id": "i", "pump_event_id": "p", "creation_date": "c", "boluscalc": {"carbs": "5"}}
    site.treatments.save(
        [NOTE | known, NOTE | {"notes": "x", "created_at": "2026-11-20T12:00:00Z", "eventType": "Other"}]
    )
    found = [one["notes"] for one in api.get(f"treatments?{query}").json()]
    assert "n" in found
    assert api.get(f"treatments?{query}").status_code == 200


@pytest.mark.parametrize("bound", ["2026-11-21T09:00:00Z", "2026-11-21T09:00:00.000Z", "2026-11-21T10:00:00%2B01:00",
                                   "2026-11-21T10:00:00+01:00", "2026-11-21T09:00+00:00"])  # fmt: skip
@pytest.mark.parametrize("operator", ["[$gte]", "[$lte]", "[$eq]", ""])
def test_date_bounds_come_in_every_spelling(filled: httpx.Client, bound: str, operator: str) -> None:
    assert len(filled.get(f"treatments?find[created_at]{operator}={bound}").json()) == 1


@pytest.mark.parametrize(
    ("path", "count"),
    [
        (f"entries.json?find[date][$gt]={START_MS - 1}.456&find[date][$lte]={START_MS}.999", 1),
        (f"entries.json?find[date][$gt]={START_MS}.001", 0),
        (f"entries.json?find[date]={START_MS}", 1),
        ("entries.json?find[dateString][$gte]=2026-11-21T11:00:00%2B01:00", 1),
        ("entries.json?find[dateString][$gte]=2026-11-21T11:00+01:00", 1),
        ("entries.json?find[dateString][$gte]=2026-11-22", 0),
        ("devicestatus?find[created_at][$gte]=2026-11-21T11:00:00+01:00", 1),
        ("devicestatus?find[created_at][$lte]=2026-11-21", 0),
        ("profiles?find[startDate][$lte]=2026-11-20T00:00:00Z", 1),
        ("profiles?find[startDate][$lt]=2026-11-20T01:00:00%2B01:00", 0),
    ],
)
def test_date_bounds_of_other_collections(filled: httpx.Client, path: str, count: int) -> None:
    assert len(filled.get(path).json()) == count


@pytest.mark.parametrize("path", ["treatments", "devicestatus", "activity", "entries.json"])
def test_a_date_nobody_can_read_is_the_clients_fault(filled: httpx.Client, path: str) -> None:
    field = "date" if path.startswith("entries") else "created_at"
    assert filled.get(f"{path}?find[{field}][$gte]=yesterday").status_code == 400


@pytest.mark.parametrize(
    ("path", "count"),
    [
        ("entries.json", 10),
        ("entries.json?count=", 10),
        ("devicestatus", 10),
        ("treatments", 100),
        ("treatments?find[eventType]=Note", 105),
        ("entries.json?count=0&find[sgv][$gt]=0", 12),
        ("entries.json?count=0", 0),
        ("entries.json?count=4294967296", 12),
        ("devicestatus?count=100000", 12),
        ("treatments?count=100000", 105),
    ],
)
def test_how_many_come(site: Site, api: httpx.Client, path: str, count: int) -> None:
    site.entries.save([READING | {"date": START_MS - n, "dateString": ""} for n in range(12)])
    site.device_status.save([{"device": "d"} for _ in range(12)])
    site.treatments.save([NOTE | {"created_at": START_MS - 1000 * n} for n in range(105)])
    assert len(api.get(path).json()) == count

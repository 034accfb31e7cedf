"""Reading entries: lists, types, ids, order, window, text."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import pytest

from tests.clocks import START_MS, SettableClock
from tests.compat.conftest import NOW_ISO, Site

MINUTE_MS = 60_000
DAY_MS = 86_400_000


def reading(minutes: int, **more: object) -> dict[str, object]:
    return {"type": "sgv", "sgv": 100 - minutes, "date": START_MS + minutes * MINUTE_MS} | more


def sgvs(answer: httpx.Response) -> list[object]:
    assert answer.status_code == 200, answer.text
    return [entry.get("sgv") for entry in answer.json()]


@pytest.fixture
def read(site: Site, api: httpx.Client) -> httpx.Client:
    site.entries.save([reading(-5 * n, direction="Flat", device="x") for n in range(12)])
    return api


def test_ten_come_the_newest_first(read: httpx.Client) -> None:
    assert sgvs(read.get("entries.json")) == [100 + 5 * n for n in range(10)]


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("count=3", 3),
        ("count=100000", 12),
        ("count=0", 0),
        ("count=-1", 0),
        ("count=", 10),
        ("count=0&find[sgv][$gt]=0", 12),
        ("count=x", 12),
    ],
)
def test_count_is_honoured(read: httpx.Client, query: str, count: int) -> None:
    assert len(sgvs(read.get(f"entries.json?{query}"))) == count


def test_entries_older_than_four_days_are_asked_for_by_time(
    site: Site, api: httpx.Client, clock: SettableClock
) -> None:
    site.entries.save([reading(0)])
    clock.advance(days=4, minutes=1)
    assert sgvs(api.get("entries.json")) == []
    assert sgvs(api.get("entries/current.json")) == []
    assert sgvs(api.get("entries.json?find[date][$gte]=0")) == [100]
    assert sgvs(api.get("entries.json?find[dateString][$gte]=2026-11")) == [100]


def test_current_is_the_newest_of_any_type(site: Site, read: httpx.Client) -> None:
    site.entries.save([{"type": "mbg", "mbg": 95, "date": START_MS + 1}])
    [entry] = read.get("entries/current.json").json()
    assert entry["mbg"] == 95


def test_a_type_narrows(site: Site, read: httpx.Client) -> None:
    site.entries.save([{"type": "mbg", "mbg": 95, "date": START_MS + 1}])
    assert [entry["mbg"] for entry in read.get("entries/mbg.json").json()] == [95]
    assert len(sgvs(read.get("entries/sgv.json?count=50"))) == 12
    assert len(read.get("entries.json?count=50&find[type][$ne]=mbg").json()) == 12
    assert read.get("entries/cal.json").json() == []


def test_an_entry_is_found_by_its_id(site: Site, read: httpx.Client) -> None:
    newest = next(site.entries.search())
    [entry] = read.get(f"entries/{newest['_id']}.json").json()
    assert entry["_id"] == str(newest["_id"])
    assert sgvs(read.get(f"entries.json?find[_id]={newest['_id']}")) == [100]


def test_an_id_nobody_has_is_an_error(read: httpx.Client) -> None:
    answer = read.get("entries/000000000000000000000000.json")
    assert answer.status_code == 500
    assert answer.json()["description"] == "No such id: '000000000000000000000000'"


def test_an_order_chooses_which_but_the_newest_still_come_first(read: httpx.Client) -> None:
    assert sgvs(read.get("entries.json?sort[date]=1&count=3&find[sgv][$gt]=0")) == [145, 150, 155]


@pytest.mark.quirk("entries always have mills and dateString")
def test_entries_without_date_string_or_mills_get_both(site: Site, api: httpx.Client) -> None:
    site.entries.save([reading(0)])
    [entry] = api.get("entries.json").json()
    assert (entry["dateString"], entry["mills"]) == (NOW_ISO, START_MS)


@pytest.mark.quirk("find[dateString] finds what is shown with it, by its moment")
def test_they_are_found_by_the_date_string_they_are_shown_with(site: Site, api: httpx.Client) -> None:
    site.entries.save([reading(0), reading(-5, dateString="2026-11-21T09:55:00Z"), reading(-10)])
    for query in (
        "find[dateString][$gte]=2026-11-21T09:55:00.000Z",
        "find[dateString][$gte]=2026-11-21T09:55:00Z",
        "find[dateString][$gte]=2026-11-21T10:55:00%2B01:00",
        "find[dateString][$gt]=2026-11-21T09:54:59.999Z&find[dateString][$lt]=2026-11-21T10:00:00.001Z",
    ):
        assert sgvs(api.get(f"entries.json?{query}")) == [100, 105], query
    assert sgvs(api.get("entries.json?find[dateString][$eq]=2026-11-21T09:55:00.000Z")) == [105]
    assert sgvs(api.get("entries.json?find[dateString]=2026-11-21T09:50:00.000Z")) == [110]
    assert sgvs(api.get("entries.json?find[dateString][$gte]=2026-11-22")) == []
    assert len(sgvs(api.get("entries.json?find[dateString][$gte]=2026-11-21"))) == 3


def test_text_is_five_columns_without_a_header(read: httpx.Client, site: Site) -> None:
    site.entries.save([{"type": "mbg", "mbg": 95, "date": START_MS + 1}])
    answer = read.get("entries?count=2", headers={"Accept": "*/*"})
    assert answer.headers["Content-Type"].startswith("text/plain")
    assert (
        answer.text == f'"2026-11-21T10:00:00.001Z"\t{START_MS + 1}\t\t\t\r\n"{NOW_ISO}"\t{START_MS}\t100\t"Flat"\t"x"'
    )
    assert read.get("entries.csv?count=1").text == f'"2026-11-21T10:00:00.001Z",{START_MS + 1},,,'


def test_no_entries_are_an_empty_text_and_an_empty_list(api: httpx.Client) -> None:
    assert api.get("entries").content == b""
    assert api.get("entries.json").content == b"[]"


def test_axios_gets_json(read: httpx.Client) -> None:
    assert len(read.get("entries?count=1", headers={"Accept": "application/json, text/plain, */*"}).json()) == 1


def test_the_answer_depends_on_accept(read: httpx.Client) -> None:
    assert "Accept" in read.get("entries").headers["Vary"]


@pytest.mark.parametrize(
    "query",
    ["find[date][$gte]=abc", "find[sgv]=abc", "find=abc", "find[$where]=1", "find[sgv][$near]=1", "sort[date]=abc",
     "find[device][$regex]=(", "find[sgv][$elemMatch]=1"],
)  # fmt: skip
def test_a_query_nobody_understands_is_an_error_and_not_no_data(read: httpx.Client, query: str) -> None:
    answer = read.get(f"entries.json?{query}")
    assert answer.status_code == 400
    assert answer.json()["description"]


def test_device_names_can_be_hidden(site_with: Callable[..., Site]) -> None:
    site = site_with(OBSCURE_DEVICE_PROVENANCE="a sensor")
    site.entries.save([reading(0, device="xDrip-DexcomG6", dateString=START_MS), reading(-5)])
    shown = site.owner.get("/api/v1/entries.json").json()
    assert [entry.get("device") for entry in shown] == ["a sensor", None]
    for path in ("entries", "entries/current", "times/2026", "slice/entries/sgv", f"entries/{shown[0]['_id']}.json"):
        answer = site.owner.get(f"/api/v1/{path}").text
        assert "a sensor" in answer
        assert "xDrip" not in answer
    previewed = site.owner.post("/api/v1/entries/preview", json=[reading(0, device="xDrip-DexcomG6"), reading(-5)])
    assert [entry.get("device") for entry in previewed.json()] == ["a sensor", None]
    site.device_status.save([{"device": "xDrip-DexcomG6"}])
    assert [one["device"] for one in site.owner.get("/api/v1/slice/devicestatus/device").json()] == ["a sensor"]


def test_times_can_be_shown_in_the_uploaders_zone(site_with: Callable[..., Site]) -> None:
    site = site_with(DE_NORMALIZE_DATES="true")
    site.entries.save([reading(0, dateString="2026-11-21T11:00:00+01:00")])
    [entry] = site.owner.get("/api/v1/entries.json").json()
    assert entry["dateString"] == "2026-11-21T11:00:00.000+01:00"
    assert "utcOffset" not in entry
    assert site.owner.get("/api/v1/entries.csv").text.startswith('"2026-11-21T11:00:00.000+01:00",')
    for path in ("entries/current.json", "times/2026-11-21.json", "slice/entries/type/sgv.json"):
        assert site.owner.get(f"/api/v1/{path}").json() == [entry]

"""Searching: filters, order, pages and members, as a query of v3 says them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tests.clocks import START_MS
from tests.compat.conftest import Site
from tests.compat.v3.conftest import bolus, reading, result, signed_in

MINUTE_MS = 60_000


@pytest.fixture
def five(app: httpx.Client) -> httpx.Client:
    """A client with five readings, 117 the newest, five minutes apart; the third one has the rest of the members."""
    for n in range(5):
        more = {"text": "117", "flag": True, "nested": {"a": {"b": 1}, "c": 2}} if n == 2 else {}
        app.post("entries", json=reading(n, identifier=f"r{n}", **more))
    return app


def found(client: httpx.Client, query: str) -> list[int]:
    return sorted(one["sgv"] for one in result(client.get(f"entries?{query}")))


ALL = [117, 118, 119, 120, 121]


@pytest.mark.parametrize(
    ("query", "values"),
    [
        ("", ALL),
        ("sgv=119", [119]),
        ("sgv$eq=119", [119]),
        ("sgv%24eq=119", [119]),
        ("sgv$ne=119", [117, 118, 120, 121]),
        ("sgv$gt=119", [120, 121]),
        ("sgv$gte=119", [119, 120, 121]),
        ("sgv$lt=119", [117, 118]),
        ("sgv$lte=119", [117, 118, 119]),
        ("sgv$gte=118&sgv$lt=120", [118, 119]),
        ("sgv$lt=120&sgv$gte=118", [118, 119]),
        ("type=sgv&sgv$gt=120", [121]),
        ("type=sgv&type=mbg", []),
        ("text=117", []),
        ("text='117'", [119]),
        ("flag=true", [119]),
        ("flag='true'", []),
        ("flag=false", []),
        ("nested.a.b=1", [119]),
        ("identifier$in=r0|r3|nobody", [117, 120]),
        ("identifier$nin=r0|r3", [118, 119, 121]),
        ("sgv$in=117|118", []),
        ("device$re=^Lib", ALL),
        ("device$re=lib", []),
        ("device$re=re3$", ALL),
        ("isValid=false", ALL),
        ("isValid$ne=true", ALL),
        ("unknown=1", []),
        ("unknown$ne=1", ALL),
        ("now=5&token=x", ALL),
        ("&&sgv=119&", [119]),
        ("?sgv=119", []),
        ("identifier=r2", [119]),
        ("identifier$ne=r2", [117, 118, 120, 121]),
    ],
)
def test_a_filter_is_understood(five: httpx.Client, query: str, values: list[int]) -> None:
    assert found(five, query) == values


@pytest.mark.parametrize(
    ("written", "values"),
    [
        (str(START_MS - 10 * MINUTE_MS), [117, 118, 119]),
        (str((START_MS - 10 * MINUTE_MS) // 1000), [117, 118, 119]),
        ("2026-11-21T09:50:00.000Z", [117, 118, 119]),
        ("2026-11-21T09:50Z", [117, 118, 119]),
        ("2026-11-21T10:50:00%2B01:00", [117, 118, 119]),
        ("2026-11-21T10:50:00+01:00", [117, 118, 119]),
        ("2026-11-21", ALL),
        ("2026-11", ALL),
    ],
)
@pytest.mark.parametrize("field", ["date", "created_at"])
def test_a_moment_is_understood_however_it_is_written(
    five: httpx.Client, field: str, written: str, values: list[int]
) -> None:
    assert found(five, f"{field}$gte={written}") == values


@pytest.mark.parametrize("field", ["srvModified", "srvCreated"])
def test_stamps_are_moments_too(five: httpx.Client, field: str) -> None:
    assert found(five, f"{field}$gte=2026-11-21T10:00:00Z") == ALL
    assert found(five, f"{field}$gt={START_MS + 3}") == [121]


def test_a_bare_year_is_a_number_and_no_text_is_one(five: httpx.Client) -> None:
    assert found(five, "created_at$gte=2026") == []


def test_a_date_is_compared_as_it_is_shown(app: httpx.Client, v1: httpx.Client) -> None:
    v1.post("entries", json=[{"type": "sgv", "sgv": 117, "date": START_MS + 0.709}])
    for query, values in ((f"date={START_MS}", [117]), (f"date$gt={START_MS}", []), (f"date$lte={START_MS}", [117])):
        assert found(app, query) == values


def test_what_has_no_identifier_is_found_by_the_one_it_is_shown_with(app: httpx.Client, v1: httpx.Client) -> None:
    [stored] = v1.post("entries", json=[{"type": "sgv", "sgv": 117, "date": START_MS}]).json()
    assert found(app, f"identifier={stored['_id']}") == [117]


@pytest.mark.parametrize("operator", ["foo", "where", "exists", "EQ", "regex"])
def test_another_operator_is_none(five: httpx.Client, operator: str) -> None:
    for query in (f"sgv${operator}=1", f"${operator}=1"):
        answer = five.get(f"entries?{query}")
        assert answer.status_code == 400
        assert answer.json() == {"status": 400, "message": f"Unsupported filter operator {operator}"}


@pytest.mark.parametrize("query", ["sgv$re=(", "sort=$x", "a%00b=1"])
def test_what_cannot_be_looked_for_is_refused(five: httpx.Client, query: str) -> None:
    answer = five.get(f"entries?{query}")
    assert (answer.status_code, answer.json()["status"]) == (400, 400)
    assert answer.json()["message"]


@pytest.mark.parametrize(
    ("query", "order"),
    [
        ("sort=sgv", ["r0", "r1", "r2", "r3", "r4"]),
        ("sort$desc=sgv", ["r4", "r3", "r2", "r1", "r0"]),
        ("sort=date", ["r4", "r3", "r2", "r1", "r0"]),
        ("sort%24desc=date", ["r0", "r1", "r2", "r3", "r4"]),
        ("sort=device", ["r0", "r1", "r2", "r3", "r4"]),
        ("sort$desc=device", ["r4", "r3", "r2", "r1", "r0"]),
        ("", ["r0", "r1", "r2", "r3", "r4"]),
        ("sort=date&limit=2", ["r4", "r3"]),
        ("sort=date&limit=2&skip=1", ["r3", "r2"]),
        ("sort=date&skip=4", ["r0"]),
        ("sort=date&skip=9", []),
        ("sort=&limit=&skip=", ["r0", "r1", "r2", "r3", "r4"]),
    ],
)
def test_order_and_page_are_as_asked(five: httpx.Client, query: str, order: list[str]) -> None:
    assert [one["identifier"] for one in result(five.get(f"entries?{query}"))] == order


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("sort=date&sort$desc=date", "Parameters sort and sort_desc cannot be combined"),
        *(
            (f"limit={limit}", "Parameter limit out of tolerance")
            for limit in ("0", "-1", "x", "1001", "1.5", "9" * 30)
        ),
        *((f"skip={skip}", "Parameter skip out of tolerance") for skip in ("-1", "x", "0.5", "9" * 30, "٣")),
    ],
)
def test_an_impossible_page_is_refused(five: httpx.Client, query: str, message: str) -> None:
    answer = five.get(f"entries?{query}")
    assert (answer.status_code, answer.json()) == (400, {"status": 400, "message": message})


def test_the_setting_bounds_a_page(site_with: Callable[..., Site]) -> None:
    client = signed_in(site_with(API3_MAX_LIMIT="2"), "*")
    for n in range(3):
        client.post("entries", json=reading(n))
    assert len(result(client.get("entries"))) == 2
    assert client.get("entries?limit=3").status_code == client.get("entries/history/1?limit=3").status_code == 400


@pytest.mark.parametrize(
    ("fields", "shown"),
    [
        ("sgv", {"sgv": 119}),
        ("sgv,date,nothing", {"sgv": 119, "date": START_MS - 10 * MINUTE_MS}),
        ("nested.a", {"nested": {"a": {"b": 1}}}),
        ("nested.a.b,nested.c,nested.d", {"nested": {"a": {"b": 1}, "c": 2}}),
        ("nested,nested.a", {"nested": {"a": {"b": 1}, "c": 2}}),
        ("sgv.x", {}),
        ("_id", {}),
    ],
)
def test_only_the_members_asked_for_are_shown(five: httpx.Client, fields: str, shown: dict[str, Any]) -> None:
    assert result(five.get(f"entries?sgv=119&fields={fields}")) == [shown]


def test_choosing_members_changes_nothing_that_is_kept(five: httpx.Client) -> None:
    whole = result(five.get("entries/r2"))
    result(five.get("entries?fields=nested.a.b,nested.c"))
    assert result(five.get("entries/r2")) == whole


def test_deleted_documents_are_not_found(five: httpx.Client, v1: httpx.Client) -> None:
    five.delete("entries/r0")
    v1.delete("entries/sgv?find[sgv]=118")
    assert found(five, "") == [119, 120, 121]


def test_what_v1_wrote_is_shown_in_the_shape_of_v3(app: httpx.Client, v1: httpx.Client) -> None:
    v1.post("treatments", json={"eventType": "Note", "created_at": "2026-11-21T10:00:00Z", "timestamp": "x"})
    v1.post("devicestatus", json={"device": "loop", "created_at": "2026-11-21T10:00:00Z"})
    for name in ("treatments", "devicestatus"):
        [one] = result(app.get(name))
        assert "_id" not in one
        assert "date" not in one
        assert len(one["identifier"]) == 24
        assert isinstance(one["srvModified"], int)
    assert result(app.get("treatments?date$gt=1")) == []


def test_an_empty_collection_is_an_empty_list(app: httpx.Client) -> None:
    answer = app.get("profile?sort$desc=date&limit=1")
    assert answer.content == b'{"status":200,"result":[]}'
    assert "ETag" not in answer.headers


def test_a_large_answer_is_whole(app: httpx.Client, site: Site) -> None:
    site.treatments.save([{"eventType": "Note", "notes": "x" * 2000, "created_at": START_MS - n} for n in range(900)])
    assert len(result(app.get("treatments"))) == 900
    answer = app.get("treatments.csv")
    assert answer.text.count("\n") == 901
    assert app.get("treatments.xml").text.endswith("</item>\n</items>")


def test_numbers_are_javascripts(app: httpx.Client) -> None:
    app.put("treatments/x", json=bolus(insulin=2.0, rate=0.35, big=1e300))
    text = app.get("treatments/x").text
    assert '"insulin":2,' in text
    assert '"rate":0.35,' in text

"""Ids that are none of ours, in every way they come back, with ``UUID_HANDLING`` on and off."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tests.clocks import START_MS
from tests.compat.conftest import NOW_ISO, Site

UPPER = "3F2504E0-4F89-41D3-9A0C-0305E82C3301"
LOWER = UPPER.lower()
LETTERS = "aZ09kLmNoPqRsTuVwXyZ012q"
HEX = "6f1d0c2ab7e94e3f8a5d1c20"

FOREIGN = pytest.mark.parametrize("id", [UPPER, LOWER, LETTERS])
UUIDS = pytest.mark.parametrize("id", [UPPER, LOWER])
DOCUMENTS: dict[str, dict[str, Any]] = {
    "treatments": {"eventType": "Note", "created_at": NOW_ISO, "notes": "n"},
    "entries": {"type": "sgv", "sgv": 117, "date": START_MS, "dateString": NOW_ISO},
}
BOTH = pytest.mark.parametrize("path", DOCUMENTS)


@pytest.fixture
def handling(site_with: Callable[..., Site]) -> httpx.Client:
    return at_home(site_with(UUID_HANDLING="true"))


@pytest.fixture
def leaving(site_with: Callable[..., Site]) -> httpx.Client:
    return at_home(site_with(UUID_HANDLING="false"))


def at_home(site: Site) -> httpx.Client:
    client = site.owner
    client.base_url = httpx.URL(f"{site.url}/api/v1/")
    return client


def found(api: httpx.Client, query: str) -> list[dict[str, Any]]:
    answer = api.get(query)
    assert answer.status_code == 200, answer.text
    documents: list[dict[str, Any]] = answer.json()
    return documents


@BOTH
@FOREIGN
def test_a_foreign_id_becomes_the_identifier(handling: httpx.Client, path: str, id: str) -> None:
    ids = set()
    for _ in range(2):
        [saved] = handling.post(path, json=[DOCUMENTS[path] | {"_id": id}]).json()
        assert saved["identifier"] == id
        ids.add(saved["_id"])
    assert len(ids) == 1
    assert re.fullmatch("[0-9a-f]{24}", ids.pop())
    assert len(found(handling, f"{path}.json?find[identifier]={id}")) == 1


@BOTH
@FOREIGN
def test_or_is_dropped(leaving: httpx.Client, path: str, id: str) -> None:
    for _ in range(2):
        [saved] = leaving.post(path, json=[DOCUMENTS[path] | {"_id": id}]).json()
        assert "identifier" not in saved
        assert re.fullmatch("[0-9a-f]{24}", saved["_id"])
    assert len(found(leaving, f"{path}.json")) == 1
    assert found(leaving, f"{path}.json?find[_id]={id}") == found(leaving, f"{path}.json?find[identifier]={id}") == []


@BOTH
@UUIDS
def test_a_uuid_finds_what_it_names_in_just_its_own_letters(handling: httpx.Client, path: str, id: str) -> None:
    handling.post(path, json=[DOCUMENTS[path] | {"_id": id}])
    assert len(found(handling, f"{path}.json?find[_id]={id}")) == 1
    assert found(handling, f"{path}.json?find[_id]={id.swapcase()}") == []


@BOTH
@UUIDS
def test_a_query_by_uuid_deletes(handling: httpx.Client, path: str, id: str) -> None:
    handling.post(path, json=[DOCUMENTS[path] | {"_id": id}])
    assert handling.delete(f"{path}?find[_id]={id.swapcase()}").json()["deletedCount"] == 0
    assert handling.delete(f"{path}?find[_id]={id}").json()["deletedCount"] == 1


@BOTH
@pytest.mark.parametrize("id", [HEX, HEX.upper()])
@pytest.mark.parametrize("handled", ["true", "false"])
def test_hex_is_an_id_of_ours_either_way(site_with: Callable[..., Site], path: str, id: str, handled: str) -> None:
    api = at_home(site_with(UUID_HANDLING=handled))
    [saved] = api.post(path, json=[DOCUMENTS[path] | {"_id": id}]).json()
    assert (saved["_id"], "identifier" in saved) == (HEX, False)
    assert [one["_id"] for one in found(api, f"{path}.json?find[_id]={id}")] == [HEX]
    assert api.delete(f"{path}?find[_id]={id}").json()["deletedCount"] == 1


@FOREIGN
def test_a_treatment_is_put_and_deleted_by_it(handling: httpx.Client, id: str) -> None:
    """Under its own name it moves in time; under another it is another, though of the same moment."""
    treatment = DOCUMENTS["treatments"] | {"_id": id}
    first = handling.put("treatments", json=treatment).json()
    moved = handling.put("treatments", json=treatment | {"created_at": "2026-11-21T09:00:00Z"}).json()
    assert (moved["_id"], moved["identifier"]) == (first["_id"], id)
    handling.put("treatments", json=treatment | {"_id": f"{id}-2", "created_at": "2026-11-21T09:00:00Z"})
    assert len(found(handling, "treatments")) == 2
    assert handling.delete(f"treatments/{id}").json()["deletedCount"] == 1
    assert [one["identifier"] for one in found(handling, "treatments")] == [f"{id}-2"]


@FOREIGN
def test_or_a_put_goes_by_moment_and_type_alone_and_a_delete_finds_nothing(leaving: httpx.Client, id: str) -> None:
    treatment = DOCUMENTS["treatments"] | {"_id": id}
    for name in (id, f"{id}-2"):
        leaving.put("treatments", json=treatment | {"_id": name, "notes": name})
    assert [one["notes"] for one in found(leaving, "treatments")] == [f"{id}-2"]
    assert leaving.delete(f"treatments/{id}").json()["deletedCount"] == 0
    assert len(found(leaving, "treatments")) == 1


@FOREIGN
def test_a_path_of_entries_names_a_type_and_no_foreign_id(handling: httpx.Client, id: str) -> None:
    handling.post("entries", json=[DOCUMENTS["entries"] | {"_id": id}])
    assert found(handling, f"entries/{id}.json") == []
    assert handling.delete(f"entries/{id}").json()["deletedCount"] == 0
    assert len(found(handling, "entries.json")) == 1


@UUIDS
@pytest.mark.parametrize("handled", ["true", "false"])
def test_rows_an_older_nightscout_keyed_by_uuid_stay_reachable(
    site_with: Callable[..., Site], id: str, handled: str
) -> None:
    site = site_with(UUID_HANDLING=handled)
    api = at_home(site)
    kept = site.house.store.collection("treatments")
    kept.insert_one({"_id": id, **DOCUMENTS["treatments"]})
    assert [one["_id"] for one in found(api, f"treatments?find[_id]={id}")] == [id]
    if handled == "true":
        put = api.put("treatments", json=DOCUMENTS["treatments"] | {"_id": id, "notes": "changed"}).json()
        assert put["_id"] == id
        assert [one["notes"] for one in found(api, "treatments")] == ["changed"]
    assert api.delete(f"treatments/{id}").json()["deletedCount"] == 1
    assert found(api, "treatments") == []


@FOREIGN
@pytest.mark.parametrize("path", ["devicestatus", "profile", "food", "activity"])
def test_other_collections_refuse_it_whole(handling: httpx.Client, path: str, id: str) -> None:
    answer = handling.post(path, json=[{"startDate": NOW_ISO}, {"_id": id}])
    assert (answer.status_code, answer.json()["message"]) == (400, "Invalid _id format")
    assert found(handling, f"{path}.json") == []

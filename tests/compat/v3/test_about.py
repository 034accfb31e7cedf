"""What v3 says of itself: version, status, last changes, and that there is nothing else."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import pytest

from app.store.interface import Document
from tests.clocks import START_MS
from tests.compat.conftest import Site
from tests.compat.v3.conftest import V3, bolus, reading, result

COLLECTIONS = ("devicestatus", "entries", "food", "profile", "settings", "treatments")


def test_the_version_is_told_to_anybody(site: Site) -> None:
    told = result(site.client().get(f"{V3}version"))
    assert told.keys() == {"version", "apiVersion", "srvDate", "storage"}
    assert (told["version"], told["apiVersion"], told["srvDate"]) == ("15.0.7", "3.0.3-alpha", START_MS)
    assert told["storage"]["storage"] == "sqlite"
    assert all(isinstance(text, str) and text for text in told["storage"].values())


@pytest.mark.quirk("all six collections of v3 are in apiPermissions")
@pytest.mark.parametrize(
    ("permissions", "letters"),
    [
        (("*",), dict.fromkeys(COLLECTIONS, "crud")),
        (("*:*:read",), dict.fromkeys(COLLECTIONS, "r")),
        (("api:entries:create,update", "api:food"), {"entries": "cu", "food": "crud"}),
        (("api:treatments:delete", "admin:api:subjects"), {"treatments": "d"}),
    ],
)
def test_the_permissions_tell_the_truth(
    may: Callable[..., httpx.Client], permissions: tuple[str, ...], letters: dict[str, str]
) -> None:
    told = result(may(*permissions).get("status"))["apiPermissions"]
    assert told == dict.fromkeys(COLLECTIONS, "") | letters


def test_what_is_told_is_what_is_allowed(may: Callable[..., httpx.Client]) -> None:
    client = may("api:entries:create,delete")
    letters = result(client.get("status"))["apiPermissions"]["entries"]
    client.post("entries", json=reading(identifier="x"))
    answers = {
        "r": client.get("entries/x"),
        "u": client.patch("entries/x", json={"noise": 1}),
        "d": client.delete("entries/x"),
    }
    assert (
        "".join(letter for letter in "crud" if letter == "c" or answers[letter].status_code == 200) == letters == "cd"
    )


def test_last_changes_are_whole_numbers_of_what_may_be_read(
    site: Site, app: httpx.Client, v1: httpx.Client, may: Callable[..., httpx.Client]
) -> None:
    assert result(app.get("lastModified"))["collections"] == {}
    v1.post("entries", json=[{"type": "sgv", "sgv": 117, "date": START_MS + 60_000.709}])
    stamp_ms = app.post("treatments", json=bolus(3)).json()["lastModified"]
    told = result(app.get("lastModified"))
    assert told == {"srvDate": START_MS, "collections": {"entries": START_MS + 60_000, "treatments": stamp_ms}}
    assert result(may("api:treatments:read").get("lastModified"))["collections"] == {"treatments": stamp_ms}


def test_what_has_no_stamps_counts_by_its_own_time(site: Site, app: httpx.Client) -> None:
    of_old: dict[str, Document] = {"profile": {"created_at": "2026-11-21T10:00:00.000Z"}, "settings": {"x": 1}}
    for name, document in of_old.items():
        site.house.store.collection(name).insert_one(document)
    assert result(app.get("lastModified"))["collections"] == {"profile": START_MS}


def test_the_test_is_empty(app: httpx.Client) -> None:
    answer = app.get("test")
    assert (answer.status_code, answer.content) == (200, b"")


def test_the_old_place_of_the_contract_leads_to_the_new(site: Site) -> None:
    answer = site.client().get(f"{V3}swagger-ui-dist")
    assert (answer.status_code, answer.headers["Location"]) == (307, "../../../api3-docs")


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "nonsense"), ("GET", ""), ("POST", "entries/x"), ("PATCH", "entries"), ("PUT", "entries"),
     ("GET", "activity"), ("DELETE", "entries"), ("GET", "a/b/c/d"), ("POST", "status"), ("GET", "entries/x/y")],
)  # fmt: skip
def test_there_is_nothing_else(app: httpx.Client, method: str, path: str) -> None:
    answer = app.request(method, path)
    assert (answer.status_code, answer.json()) == (404, {"status": 404, "message": "Bad operation or collection"})


@pytest.mark.parametrize("path", ["version", "status", "lastModified", "entries", "treatments/history/1"])
def test_a_slash_at_the_end_or_json_means_nothing(app: httpx.Client, path: str) -> None:
    plain = app.get(path)
    assert plain.status_code == 200
    for spelt in (f"{path}/", f"{path}.json"):
        assert app.get(spelt).content == plain.content

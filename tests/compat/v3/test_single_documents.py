"""Creating, reading, replacing, patching and deleting a document, in the words and numbers of the contract."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid5

import httpx
import pytest

from tests.clocks import START_MS, SettableClock
from tests.compat.conftest import Site
from tests.compat.v3.conftest import bolus, reading, result

IDENTIFIER = str(uuid5(UUID("4e696768-7473-636f-7574-526f636b7321"), f"undefined_{START_MS}_Correction Bolus"))
BOLUS = f"treatments/{IDENTIFIER}"
NOW_HTTP = "Sat, 21 Nov 2026 10:00:00 GMT"
EARLIER_HTTP = "Sat, 21 Nov 2026 09:59:59 GMT"


@pytest.fixture
def kept(app: httpx.Client) -> httpx.Client:
    """A client that has uploaded a bolus."""
    assert app.post("treatments", json=bolus()).status_code == 201
    return app


def refused(answer: httpx.Response, status: int, message: str = "") -> None:
    assert (answer.status_code, answer.json()) == (
        status,
        {"status": status} | ({"message": message} if message else {}),
    )


def test_a_new_document_is_created(app: httpx.Client) -> None:
    answer = app.post("treatments", json=bolus())
    assert answer.status_code == 201
    assert answer.json() == {"status": 201, "identifier": IDENTIFIER, "lastModified": START_MS}
    assert answer.headers["Location"] == f"/api/v3/treatments/{IDENTIFIER}"
    assert answer.headers["Last-Modified"] == NOW_HTTP
    assert "ETag" not in answer.headers


def test_the_same_again_is_recognised(kept: httpx.Client, clock: SettableClock) -> None:
    clock.advance(s=1)
    answer = kept.post("treatments", json=bolus(insulin=0.4))
    assert answer.status_code == 200
    assert answer.json() == {
        "status": 200,
        "lastModified": START_MS + 1000,
        "identifier": IDENTIFIER,
        "isDeduplication": True,
    }
    assert len(result(kept.get("treatments"))) == 1


def test_a_document_of_v1_gives_its_former_name(app: httpx.Client, v1: httpx.Client) -> None:
    [stored] = v1.post(
        "treatments", json={"eventType": "Correction Bolus", "created_at": "2026-11-21T11:00:00+01:00"}
    ).json()
    answer = app.post("treatments", json=bolus())
    assert answer.json() == {
        **{"status": 200, "lastModified": START_MS + 1, "identifier": IDENTIFIER, "isDeduplication": True},
        "deduplicatedIdentifier": stored["_id"],
    }
    [one] = v1.get("treatments").json()
    assert (one["_id"], one["insulin"]) == (stored["_id"], 0.35)


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b" "])
@pytest.mark.parametrize(("method", "path"), [("POST", "treatments"), ("PUT", BOLUS), ("PATCH", BOLUS)])
def test_a_body_is_needed(kept: httpx.Client, content: bytes, method: str, path: str) -> None:
    answer = kept.request(method, path, content=content, headers={"Content-Type": "application/json"})
    refused(answer, 400, "Bad or missing request body")


def test_only_json_is_read(kept: httpx.Client) -> None:
    refused(kept.post("treatments", data={"date": "1"}), 400, "Bad or missing request body")
    refused(kept.post("treatments", json=[bolus()]), 400, "Bad or missing date field")
    answer = kept.post("treatments", content=b'{"date":', headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["status"]) == (400, 400)


@pytest.mark.parametrize(
    ("name", "value"),
    [("identifier", " "), ("identifier", 5), ("date", None), ("date", "x"), ("utcOffset", 2000), ("utcOffset", "60"),
     ("app", ""), ("app", None)],
)  # fmt: skip
def test_what_is_wrong_with_a_document_is_named(app: httpx.Client, name: str, value: Any) -> None:
    refused(app.post("treatments", json=bolus(**{name: value})), 400, f"Bad or missing {name} field")
    if name != "identifier":
        refused(app.put("treatments/x", json=bolus(**{name: value})), 400, f"Bad or missing {name} field")


def test_a_credential_by_name_is_a_member_like_any_other(app: httpx.Client) -> None:
    app.put("settings/mine", json=reading(token="t", secret="s"))
    assert {"token": "t", "secret": "s"}.items() <= result(app.get("settings/mine")).items()


@pytest.mark.quirk("the ETag of history is a moment, and nothing else in v3 has one")
def test_a_document_is_read(kept: httpx.Client) -> None:
    answer = kept.get(BOLUS)
    assert result(answer) == bolus() | {
        **{"identifier": IDENTIFIER, "created_at": "2026-11-21T10:00:00.000Z", "subject": "App"},
        **{"srvCreated": START_MS, "srvModified": START_MS},
    }
    assert answer.headers["Last-Modified"] == NOW_HTTP
    assert "ETag" not in answer.headers
    refused(kept.get("treatments/nobody"), 404)


def test_fields_are_chosen(kept: httpx.Client) -> None:
    assert result(kept.get(f"{BOLUS}?fields=insulin,date,nothing")) == {"insulin": 0.35, "date": START_MS}
    assert result(kept.get(f"{BOLUS}?fields=_all")) == result(kept.get(f"{BOLUS}?fields=")) == result(kept.get(BOLUS))


@pytest.mark.parametrize(("since", "status"), [(NOW_HTTP, 304), (EARLIER_HTTP, 200), ("garbage", 200)])
@pytest.mark.parametrize("query", ["", "?fields=insulin"])
def test_what_the_client_has_is_not_sent_again(kept: httpx.Client, since: str, status: int, query: str) -> None:
    answer = kept.get(BOLUS + query, headers={"If-Modified-Since": since})
    assert answer.status_code == status
    assert bool(answer.content) is (status == 200)


def test_a_document_is_replaced(kept: httpx.Client, clock: SettableClock) -> None:
    clock.advance(s=1)
    answer = kept.put(BOLUS, json=bolus(insulin=1, identifier="ignored"))
    assert (answer.status_code, answer.json()) == (200, {"status": 200, "lastModified": START_MS + 1000})
    assert answer.headers["Last-Modified"] == "Sat, 21 Nov 2026 10:00:01 GMT"
    assert result(kept.get(BOLUS))["insulin"] == 1


def test_what_was_read_may_be_put_back(kept: httpx.Client) -> None:
    document = result(kept.get(BOLUS))
    assert kept.put(BOLUS, json=document | {"insulin": 2}).status_code == 200
    assert kept.patch(BOLUS, json=result(kept.get(BOLUS)) | {"insulin": 3}).status_code == 200
    assert result(kept.get(BOLUS))["insulin"] == 3


def test_putting_what_is_not_there_creates_it(app: httpx.Client) -> None:
    answer = app.put("treatments/mine", json=bolus(1))
    assert answer.status_code == 201
    assert answer.headers["Location"] == "/api/v3/treatments/mine"
    assert answer.json() == {"status": 201, "identifier": "mine", "lastModified": answer.json()["lastModified"]}


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
def test_another_change_in_between_is_noticed(kept: httpx.Client, method: str) -> None:
    refused(kept.request(method, BOLUS, json=bolus(), headers={"If-Unmodified-Since": EARLIER_HTTP}), 412)
    assert kept.request(method, BOLUS, json=bolus(), headers={"If-Unmodified-Since": NOW_HTTP}).status_code == 200


@pytest.mark.parametrize(
    ("name", "value"),
    [("date", START_MS + 1), ("utcOffset", 0), ("eventType", "Note"), ("device", "x"), ("app", "x"), ("srvCreated", 1),
     ("subject", "x"), ("srvModified", 1), ("modifiedBy", "x"), ("isValid", False)],
)  # fmt: skip
def test_what_is_fixed_stays(kept: httpx.Client, name: str, value: Any) -> None:
    for method in ("PUT", "PATCH"):
        answer = kept.request(method, BOLUS, json=bolus(**{name: value}))
        refused(answer, 400, f"Field {name} cannot be modified by the client")
    refused(kept.patch(BOLUS, json={"identifier": "y"}), 400, "Field identifier cannot be modified by the client")


@pytest.mark.quirk("PATCH of v3 is 200 with a body")
def test_a_patch_answers_briefly(kept: httpx.Client, clock: SettableClock) -> None:
    clock.advance(s=1)
    answer = kept.patch(BOLUS, json={"notes": "<i>x</i>"})
    assert (answer.status_code, answer.json()) == (200, {"status": 200})
    assert answer.headers["Last-Modified"] == "Sat, 21 Nov 2026 10:00:01 GMT"
    document = result(kept.get(BOLUS))
    assert (document["notes"], document["modifiedBy"], document["insulin"]) == ("<i>x</i>", "App", 0.35)
    refused(kept.patch("treatments/nobody", json={"x": 1}), 404)


@pytest.mark.quirk("DELETE of v3 is 200 with a body, as often as it is asked")
def test_a_document_is_deleted_again_and_again(kept: httpx.Client) -> None:
    for _ in range(2):
        answer = kept.delete(BOLUS)
        assert (answer.status_code, answer.json()) == (200, {"status": 200})
    for answer in (kept.get(BOLUS), kept.put(BOLUS, json=bolus()), kept.patch(BOLUS, json={"x": 1})):
        refused(answer, 410)
    refused(kept.delete("treatments/nobody"), 404)
    assert kept.post("treatments", json=bolus(app="other")).json()["isDeduplication"] is True
    assert kept.get(BOLUS).status_code == 200


def test_a_document_is_deleted_for_good(kept: httpx.Client) -> None:
    kept.delete(BOLUS)
    assert kept.delete(f"{BOLUS}?permanent=true").json() == {"status": 200}
    refused(kept.get(BOLUS), 404)
    assert result(kept.get("treatments/history/1")) == []


def test_what_says_it_is_read_only_stays(app: httpx.Client) -> None:
    app.post("treatments", json=bolus(isReadOnly=True))
    for method in ("PUT", "PATCH", "DELETE"):
        refused(app.request(method, BOLUS, json=bolus()), 422, "Trying to modify read-only document")


def test_a_name_of_odd_letters_leads_back(app: httpx.Client) -> None:
    location = app.put("food/k%C3%A4se 50%25", json=reading()).headers["Location"]
    assert location == "/api/v3/food/k%C3%A4se%2050%25"
    assert result(app.get(f"food/{location.rpartition('/')[2]}"))["identifier"] == "käse 50%"


@pytest.mark.parametrize("id", ["64b1f0c2a7e94e3f8a5d1c20", "3f2504e0-4f89-41d3-9a0c-0305e82c3301"])
def test_an_id_of_the_clients_is_not_kept(app: httpx.Client, site: Site, id: str) -> None:
    app.post("treatments", json=bolus(_id=id))
    [stored] = site.house.store.collection("treatments").find()
    assert str(stored["_id"]) != id
    assert app.patch(BOLUS, json={"_id": id, "notes": "x"}).status_code == 200
    assert app.put(BOLUS, json=bolus(_id=id)).status_code == 200
    assert "_id" not in result(app.get(BOLUS))


def test_what_lacks_an_identifier_goes_by_its_id(app: httpx.Client, v1: httpx.Client) -> None:
    [stored] = v1.post("treatments", json={"eventType": "Note", "notes": "x"}).json()
    name = f"treatments/{stored['_id']}"
    assert result(app.get(name))["identifier"] == stored["_id"]
    assert app.patch(name, json={"notes": "y", "isValid": True, "identifier": stored["_id"]}).status_code == 200
    assert [one["notes"] for one in v1.get("treatments").json()] == ["y"]
    assert app.delete(name).status_code == 200
    assert v1.get("treatments").json() == []

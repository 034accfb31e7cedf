"""An identical question is answered from memory while nothing has changed, and never after something has."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from app.compat import kept_answers
from app.store import open_store
from tests.clocks import START_MS, SettableClock
from tests.compat.conftest import SECRET_DIGEST, Site
from tests.waiting import wait_until

HOT = [
    "/api/v1/entries.json?count=10",
    "/api/v1/entries/current.json",
    "/api/v1/entries/sgv.txt",
    "/api/v1/treatments.json",
    "/api/v1/devicestatus.json",
    "/api/v1/profile.json",
    "/api/v1/status.json",
    "/api/v2/properties",
    "/api/v2/properties/bgnow,delta",
    "/api/v2/summary",
    "/pebble?count=2",
]


def reading(minutes: float = 5, sgv: int = 110) -> dict[str, Any]:
    return {"type": "sgv", "sgv": sgv, "date": START_MS - round(minutes * 60_000), "device": "xDrip"}


@pytest.fixture
def untouchable(site: Site, monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Make every look at the store fail from then on."""

    def forbid() -> None:
        def refuse(*_: Any, **__: Any) -> Any:
            raise AssertionError("the store was touched")

        for name in ("collection", "stats", "last_seq", "changes_since"):
            monkeypatch.setattr(site.house.store, name, refuse, raising=True)

    return forbid


def filled(site: Site) -> None:
    site.entries.save([reading()])
    site.treatments.save([{"eventType": "Note", "created_at": "2026-11-21T09:00:00.000Z", "notes": "x"}])
    site.device_status.save([{"device": "loop", "created_at": "2026-11-21T09:59:00.000Z"}])
    site.profiles.save([{"startDate": "2026-11-01T00:00:00.000Z", "defaultProfile": "A", "store": {}}])


@pytest.mark.parametrize("path", HOT)
def test_the_second_time_the_store_is_not_touched(
    site: Site, owner: httpx.Client, path: str, untouchable: Callable[[], None]
) -> None:
    filled(site)
    first = owner.get(f"{site.url}{path}")
    untouchable()
    second = owner.get(f"{site.url}{path}")
    assert (second.status_code, second.content) == (200, first.content)
    assert second.headers["Content-Type"] == first.headers["Content-Type"]
    assert second.headers.get("Last-Modified") == first.headers.get("Last-Modified")
    assert owner.get(f"{site.url}{path}", headers={"If-None-Match": first.headers["ETag"]}).status_code == 304


def test_the_first_time_it_is(site: Site, api: httpx.Client, untouchable: Callable[[], None]) -> None:
    untouchable()
    assert api.get("entries.json").status_code == 500


@pytest.mark.quirk("rr= against caches asks the same question")
def test_a_cache_buster_does_not_make_another_question(
    api: httpx.Client, site: Site, untouchable: Callable[[], None]
) -> None:
    filled(site)
    api.get("entries.json?count=10&rr=1795255200000")
    untouchable()
    assert len(api.get("entries.json?count=10&rr=1795255260000").json()) == 1


def test_who_uploads_reads_it_at_once(api: httpx.Client) -> None:
    for number in range(20):
        api.post("entries.json", json=[reading(minutes=100 - number, sgv=100 + number)])
        assert api.get("entries/current.json").json()[0]["sgv"] == 100 + number
        api.post("treatments.json", json=[{"eventType": "Note", "notes": str(number)}])
        assert api.get("treatments.json?count=1").json()[0]["notes"] == str(number)


def test_who_deletes_no_longer_reads_it(api: httpx.Client) -> None:
    [kept] = api.post("treatments.json", json=[{"eventType": "Note", "notes": "x"}]).json()
    assert len(api.get("treatments.json").json()) == 1
    api.delete(f"treatments/{kept['_id']}")
    assert api.get("treatments.json").json() == []


def test_what_another_process_writes_is_read_soon(site: Site, api: httpx.Client, clock: SettableClock) -> None:
    site.entries.save([reading(sgv=110)])
    assert api.get("entries/current.json").json()[0]["sgv"] == 110
    other = open_store(f"sqlite:///{site.house.settings['DATA_DIR']}/nightlight.db", clock=clock)
    other.collection("entries").update_many({}, {"$set": {"sgv": 95}})
    wait_until(lambda: api.get("entries/current.json").json()[0]["sgv"] == 95)
    other.close()


def test_another_credential_gets_no_answer_that_was_not_its_own(site: Site, api: httpx.Client) -> None:
    filled(site)
    assert api.get("entries.json").status_code == 200
    assert site.client().get(f"{site.url}/api/v1/entries.json").status_code == 401
    assert site.client(api_secret="0" * 40).get(f"{site.url}/api/v1/entries.json").status_code == 401
    assert api.get("entries.json").status_code == 200


def test_a_token_that_is_taken_away_gets_none_any_more(site: Site, owner: httpx.Client) -> None:
    filled(site)
    at = f"{site.url}/api/v2/authorization/subjects"
    made = owner.post(at, json={"name": "Watch", "roles": ["readable"]}).json()
    token = next(one["accessToken"] for one in owner.get(at).json() if one["_id"] == made["_id"])
    watch = site.client()
    asked = f"{site.url}/api/v1/entries.json?token={token}"
    assert [watch.get(asked).status_code for _ in range(2)] == [200, 200]
    owner.delete(f"{at}/{made['_id']}")
    assert watch.get(asked).status_code == 401


def test_each_format_is_a_question_of_its_own(site: Site, api: httpx.Client) -> None:
    filled(site)
    assert api.get("entries", headers={"Accept": "application/json"}).json()[0]["sgv"] == 110
    assert api.get("entries", headers={"Accept": "text/plain"}).text.split("\t")[2] == "110"
    zipped = api.get("status.json", headers={"Accept-Encoding": "gzip"})
    plain = api.get("status.json", headers={"Accept-Encoding": "identity"})
    assert (zipped.headers.get("Content-Encoding"), plain.headers.get("Content-Encoding")) == ("gzip", None)
    assert zipped.json()["name"] == plain.json()["name"]


def test_errors_and_web_tokens_are_not_kept(site: Site, owner: httpx.Client, untouchable: Callable[[], None]) -> None:
    filled(site)
    at = f"{site.url}/api/v2/authorization"
    owner.post(f"{at}/subjects", json={"name": "App", "roles": ["readable"]})
    token = owner.get(f"{at}/subjects").json()[0]["accessToken"]
    bearer = owner.get(f"{at}/request/{token}").json()["token"]
    app = site.client(Authorization=f"Bearer {bearer}")
    asked = f"{site.url}/api/v1/entries.json"
    assert app.get(asked).status_code == 200
    assert owner.get(f"{asked}?find[x][$bad]=1").status_code == 400
    untouchable()
    assert owner.get(f"{asked}?find[x][$bad]=1").status_code == 500
    assert app.get(asked).status_code == 500


def test_time_goes_on_in_the_status(api: httpx.Client, clock: SettableClock) -> None:
    first = api.get("status.json").json()["serverTimeEpoch"]
    clock.advance(s=1)
    assert api.get("status.json").json()["serverTimeEpoch"] == first + 1000


def test_nothing_is_kept_for_longer_than_a_minute(
    site: Site, api: httpx.Client, clock: SettableClock, untouchable: Callable[[], None]
) -> None:
    site.entries.save([reading(minutes=4 * 24 * 60 - 1)])
    assert len(api.get("entries.json").json()) == 1
    clock.advance(minutes=2)
    assert api.get("entries.json").json() == []


def test_nothing_is_given_while_nobody_can_tell(
    site: Site, api: httpx.Client, monkeypatch: pytest.MonkeyPatch, untouchable: Callable[[], None]
) -> None:
    filled(site)
    assert api.get("entries.json").status_code == 200
    monkeypatch.setattr(site.house.store, "versions_of", lambda collections: None)
    untouchable()
    assert api.get("entries.json").status_code == 500


def test_the_oldest_make_room_and_big_ones_are_not_kept(
    site: Site, api: httpx.Client, monkeypatch: pytest.MonkeyPatch, untouchable: Callable[[], None]
) -> None:
    site.entries.save([reading(minutes, 100 + minutes) for minutes in range(1, 50)])
    one = len(api.get("entries.json?count=1").content)
    monkeypatch.setattr(kept_answers, "MOST_BYTES_TOGETHER", 3 * one)
    monkeypatch.setattr(kept_answers, "MOST_BYTES", 2 * one)
    for number in range(4):
        assert api.get(f"entries.json?count=1&n={number}").status_code == 200
    assert api.get("entries.json?count=40").status_code == 200
    untouchable()
    assert [api.get(f"entries.json?count=1&n={number}").status_code for number in (3, 2)] == [200, 200]
    assert api.get("entries.json?count=1&n=0").status_code == 500
    assert api.get("entries.json?count=40").status_code == 500


def test_only_collections_whose_changes_are_counted_can_be_named() -> None:
    with pytest.raises(ValueError, match="nobody counts"):
        kept_answers.kept("nl_audit")


def test_the_secret_may_be_in_the_query(site: Site, untouchable: Callable[[], None]) -> None:
    filled(site)
    asked = f"{site.url}/api/v1/entries.json?secret={SECRET_DIGEST}"
    assert site.client().get(asked).status_code == 200
    untouchable()
    assert site.client().get(asked).status_code == 200

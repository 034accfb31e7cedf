"""Which properties are answered, to whom, and when nothing is new."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha1
from typing import Any

import pytest

from app.compat.v2.properties.table import Provider, properties_of
from app.features import Features
from tests.clocks import SettableClock
from tests.compat.conftest import SECRET_DIGEST, Site
from tests.compat.reading_present import EVERYTHING, asked, only_plain_numbers, properties
from tests.live.device_documents import a_profile, by_loop
from tests.live.presents import present
from tests.live.uploads import done, sgv
from tests.waiting import wait_until

SiteWith = Callable[..., Site]

BY_DEFAULT = ["bgnow", "buckets", "direction", "upbat", "dbsize", "runtimestate"]


def test_by_default_these_are_offered(site: Site) -> None:
    site.entries.save([sgv(5, 110, direction="Flat")])
    assert list(properties(site)) == BY_DEFAULT


def test_everything_is_offered_in_nightscouts_order(site_with: SiteWith) -> None:
    site = site_with(ENABLE=EVERYTHING)
    site.entries.save([sgv(5, 110, direction="Flat"), sgv(10, 108)])
    site.profiles.save([a_profile()])
    assert list(properties(site)) == [
        "bgnow", "delta", "buckets", "rawbg", "direction", "upbat", "ar2", "iob", "cob", "pump", "openaps",
        "sensorState", "loop", "bwp", "cage", "sage", "iage", "bage", "basal", "dbsize", "runtimestate",
    ]  # fmt: skip


def test_what_is_disabled_is_not_offered(site_with: SiteWith) -> None:
    site = site_with(DISABLE="dbsize bgnow", ALARM_TYPES="simple")
    site.entries.save([sgv(5, 110), sgv(10, 108)])
    assert list(properties(site)) == ["direction", "upbat", "runtimestate"]


@pytest.mark.parametrize(
    ("names", "answered"),
    [
        ("runtimestate", ["runtimestate"]),
        ("dbsize,bgnow", ["dbsize", "bgnow"]),
        ("bgnow,bgnow", ["bgnow"]),
        ("bgnow,nonsense,", ["bgnow"]),
        ("nonsense", []),
        ("bgnow/delta", ["bgnow"]),
        (",", BY_DEFAULT),
    ],
)
def test_names_choose(site: Site, names: str, answered: list[str]) -> None:
    site.entries.save([sgv(5, 110)])
    assert list(properties(site, names)) == answered


@pytest.mark.parametrize("path", ["/api/v2/properties/", "/api/v2/properties.json", "/api/v2/properties/bgnow.json"])
def test_suffix_and_slash_mean_nothing(site: Site, path: str) -> None:
    assert "bgnow" in site.owner.get(path).json()


def test_pretty_is_indented_and_the_same(site: Site) -> None:
    site.entries.save([sgv(5, 110)])
    plain, pretty = site.owner.get("/api/v2/properties"), site.owner.get("/api/v2/properties?pretty=1")
    assert pretty.json() == plain.json()
    assert pretty.text.startswith('{\n  "bgnow": {\n')
    assert "\n" not in plain.text


def test_it_is_json(site: Site) -> None:
    assert asked(site).headers["Content-Type"] == "application/json; charset=utf-8"


def test_without_readings_nothing_is_made_up(site: Site) -> None:
    answer = properties(site)
    assert answer["bgnow"] == {}
    assert answer["buckets"] == []
    assert answer["upbat"] == {"display": "?%", "devices": {}}
    assert answer.keys() & {"delta", "direction", "ar2"} == set()


@pytest.mark.parametrize(
    ("roles", "status"),
    [
        (["api:entries:read", "api:treatments:read"], 200),
        (["*:*:read"], 200),
        (["api:entries:read"], 401),
        (["api:treatments:read"], 401),
        (["api:status:read"], 401),
    ],
)
def test_it_needs_the_right_to_read_entries_and_treatments(site: Site, roles: list[str], status: int) -> None:
    site.owner.post("/api/v2/authorization/roles", json={"name": "some", "permissions": roles})
    site.owner.post("/api/v2/authorization/subjects", json={"name": "Reader", "roles": ["some"]})
    [subject] = site.owner.get("/api/v2/authorization/subjects").json()
    answer = site.client().get(f"/api/v2/properties?token={subject['accessToken']}")
    assert answer.status_code == status


def test_nobody_gets_nothing(site: Site) -> None:
    answer = site.client().get("/api/v2/properties")
    assert answer.status_code == 401
    assert answer.json() == {"status": 401, "message": "Unauthorized", "description": "Invalid/Missing"}


def test_a_menu_bar_hashes_its_token_and_is_told_when_nothing_is_new(site: Site, clock: SettableClock) -> None:
    """gabe565's sends the ETag back and counts on 304."""
    site.entries.save([sgv(5, 110, direction="Flat"), sgv(10, 108)])
    site.owner.post("/api/v2/authorization/subjects", json={"name": "Reader", "roles": ["readable"]})
    [subject] = site.owner.get("/api/v2/authorization/subjects").json()
    client = site.client(Api_Secret=sha1(subject["accessToken"].encode()).hexdigest())
    path = "/api/v2/properties/bgnow,buckets,delta,direction"
    first = client.get(path)
    assert first.status_code == 200
    again = client.get(path, headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    clock.advance(minutes=1)
    assert client.get(path, headers={"If-None-Match": first.headers["ETag"]}).status_code == 304


def test_it_is_told_what_is_new(site: Site) -> None:
    tag = asked(site, "bgnow").headers["ETag"]
    site.entries.save([sgv(5, 110)])
    wait_until(lambda: asked(site, "bgnow", **{"If-None-Match": tag}).status_code == 200)
    assert properties(site, "bgnow")["bgnow"]["last"] == 110


def test_time_alone_makes_news(site: Site, clock: SettableClock) -> None:
    site.entries.save([sgv(5, 110, direction="Flat")])
    assert "direction" in properties(site)
    clock.advance(minutes=11)
    assert "direction" not in properties(site)


def test_the_store_is_left_alone_while_nothing_changes(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    site.entries.save([sgv(5, 110)])
    client = site.owner
    first = client.get("/api/v2/properties")

    def fail(*_: object, **__: object) -> None:
        raise AssertionError("somebody looked into the store")

    for name in ("find", "find_json", "find_one", "count_documents"):
        monkeypatch.setattr(f"app.store.sqlite.collection.SqliteCollection.{name}", fail)
    assert client.get("/api/v2/properties").content == first.content


def test_secrets_are_left_out_at_any_depth(site_with: SiteWith) -> None:
    site = site_with(ENABLE="pump loop")
    status = by_loop(2, password="p1", inner={"userName": "u1", "list": [{"apnsKey": "k1", "kept": 1}]})
    site.device_status.save([status | {"developerTeamId": "t1"}])
    text = asked(site).text
    assert not [secret for secret in ("p1", "u1", "k1", "t1") if f'"{secret}"' in text]
    assert '"kept":1' in text


def test_numbers_are_javascripts(site_with: SiteWith) -> None:
    site = site_with(ENABLE=EVERYTHING)
    site.entries.save([sgv(n * 5, 110.0 + n, filtered=1.5) for n in range(4)])
    site.treatments.save(
        [done(30, "Meal Bolus", carbs=20.0, insulin=2.0), done(9, "Temp Basal", absolute=0.0, duration=30)]
    )
    site.device_status.save([by_loop(3, iob={"iob": 2.0, "timestamp": sgv(3, 1)["dateString"]})])
    site.profiles.save([a_profile()])
    only_plain_numbers(asked(site).text)


ON = Features(("one", "two"), ())


def offering(*offers: tuple[str, str, Any]) -> dict[str, Any]:
    def computing(value: Any) -> Callable[..., Any]:
        def compute(*_: object) -> Any:
            if isinstance(value, Exception):
                raise value
            return value

        return compute

    return properties_of(
        present(), ON, tuple(Provider(feature, name, computing(value)) for feature, name, value in offers)
    )


def test_the_first_offer_wins() -> None:
    assert offering(("one", "a", 1), ("two", "a", 2), ("two", "b", 3)) == {"a": 1, "b": 3}


def test_only_features_that_are_on_offer() -> None:
    assert offering(("three", "a", 1), ("two", "a", 2)) == {"a": 2}


@pytest.mark.parametrize("value", [None, "", 0, False])
def test_what_is_false_is_not_kept_and_leaves_room_for_another(value: Any) -> None:
    assert offering(("one", "a", value), ("two", "a", 2)) == {"a": 2}


@pytest.mark.parametrize("value", [{}, []])
def test_what_is_empty_is_kept(value: Any) -> None:
    assert offering(("one", "a", value), ("two", "a", 2)) == {"a": value}


def test_one_that_fails_is_logged_and_passed_over(caplog: pytest.LogCaptureFixture) -> None:
    assert offering(("one", "a", ValueError("odd")), ("two", "b", 2)) == {"b": 2}
    assert "the property a could not be worked out" in caplog.text


def test_a_credential_is_still_asked_for_when_the_answer_is_at_hand(site: Site) -> None:
    assert asked(site).status_code == 200
    assert site.client(api_secret=SECRET_DIGEST.replace("b", "c")).get("/api/v2/properties").status_code == 401

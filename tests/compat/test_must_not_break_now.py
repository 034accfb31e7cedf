"""What real apps count on in answers about the present: watches, properties, remote commands."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.clocks import START_MS
from tests.compat.conftest import NOW_ISO, Site
from tests.compat.reading_present import EVERYTHING, only_plain_numbers
from tests.live.device_documents import a_profile, by_androidaps, by_loop, by_xdrip
from tests.live.uploads import done, sgv

SiteWith = Callable[..., Site]


@pytest.fixture(params=["loop", "androidaps", "phone"])
def everything(request: pytest.FixtureRequest, site_with: SiteWith) -> Site:
    site = site_with(ENABLE=EVERYTHING)
    site.entries.save([sgv(5 * n, 120.0 - n, direction="Flat") for n in range(4)])
    site.device_status.save([{"loop": by_loop, "androidaps": by_androidaps, "phone": by_xdrip}[request.param]()])
    site.treatments.save([done(60, "Meal Bolus", insulin=2, carbs=20)])
    site.profiles.save([a_profile()])
    return site


def test_a_watch_gets_texts_and_numbers(everything: Site) -> None:
    answer = everything.owner.get("/pebble?count=3")
    only_plain_numbers(answer.text)
    assert len(answer.json()["bgs"]) == 3
    newest = answer.json()["bgs"][0]
    assert [type(newest[name]) for name in ("sgv", "battery", "iob")] == [str, str, str]
    assert [type(newest[name]) for name in ("bgdelta", "trend", "datetime")] == [int, int, int]
    assert all(isinstance(one["sgv"], str) for one in answer.json()["bgs"])


def test_a_watch_gets_a_list_even_of_nothing(site: Site) -> None:
    assert site.owner.get("/pebble").json()["bgs"] == []


def test_properties_are_typed(everything: Site) -> None:
    answer = everything.owner.get("/api/v2/properties")
    only_plain_numbers(answer.text)
    told = answer.json()
    assert [type(told["bgnow"][name]) for name in ("last", "mills")] == [int, int]
    assert all(type(one["mgdl"]) is int for bucket in told["buckets"] for one in bucket.get("sgvs", []))
    assert type(told["iob"]["display"]) is str
    assert type(told["cob"]["display"]) in (int, float)


@pytest.mark.parametrize("names", ["bgnow", "bgnow,delta,iob", "dbsize"])
def test_properties_can_be_chosen(everything: Site, names: str) -> None:
    assert list(everything.owner.get(f"/api/v2/properties/{names}").json()) == names.split(",")


def test_properties_say_when_nothing_is_new(everything: Site) -> None:
    first = everything.owner.get("/api/v2/properties/bgnow,buckets,delta,direction")
    headers = {"If-None-Match": first.headers["ETag"]}
    again = everything.owner.get("/api/v2/properties/bgnow,buckets,delta,direction", headers=headers)
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.quirk("what went wrong with a command is a sentence to show")
@pytest.mark.parametrize(
    "command",
    [
        {"eventType": "Remote Bolus Entry", "remoteBolus": "1.25", "otp": "482913"},
        {"eventType": "Remote Carbs Entry", "remoteCarbs": "25", "remoteAbsorption": "3.0", "otp": "482913"},
        {"eventType": "Temporary Override", "reason": "Running", "duration": "60"},
        {"eventType": "Temporary Override Cancel", "duration": "0"},
    ],
)
def test_a_remote_command_that_cannot_be_sent_says_why_in_words(site: Site, command: dict[str, str]) -> None:
    answer = site.owner.post("/api/v2/notifications/loop", json=command)
    assert answer.status_code == 500
    assert answer.headers["Content-Type"].split(";")[0] == "text/plain"
    assert answer.text.startswith("Loop notification failed: ")


def test_what_apps_need_is_added_where_an_upload_lacks_it(site: Site) -> None:
    """AndroidAPS and LibreLinkUp leave readings without the text of their date through API v3."""
    kept = site.house.store
    kept.collection("entries").insert_one({"type": "sgv", "sgv": 117, "date": START_MS, "app": "AAPS"})
    kept.collection("treatments").insert_one({"eventType": "Note", "created_at": NOW_ISO})
    kept.collection("devicestatus").insert_one({"device": "d", "created_at": NOW_ISO})
    [entry] = site.owner.get("/api/v1/entries.json").json()
    assert (entry["dateString"], entry["mills"]) == (NOW_ISO, START_MS)
    for path in ("treatments", "devicestatus"):
        [one] = site.owner.get(f"/api/v1/{path}").json()
        assert (type(one["mills"]), one["mills"]) == (int, START_MS)


@pytest.mark.parametrize(
    ("path", "document"),
    [
        ("entries", sgv(0, 117)),
        ("treatments", done(0, "Note")),
        ("profile", {"startDate": NOW_ISO, "_id": "6f1d0c2ab7e94e3f8a5d1c20"}),
        ("activity", {"created_at": NOW_ISO, "steps": 5}),
    ],
)
def test_a_repeated_upload_is_told_the_same_id(site: Site, path: str, document: dict[str, object]) -> None:
    ids = [one["_id"] for n in range(3) for one in site.owner.post(f"/api/v1/{path}", json=[document]).json()]
    assert len(ids) == 3
    assert len(set(ids)) == 1


@pytest.mark.parametrize("path", ["entries", "treatments", "devicestatus", "profile", "food", "activity"])
def test_every_upload_is_stamped_for_who_follows_the_changes(site: Site, path: str) -> None:
    """AndroidAPS and others learn from these stamps what v1 brought."""
    site.owner.post(f"/api/v1/{path}", json={"type": "sgv", "date": START_MS, "created_at": NOW_ISO})
    [kept] = site.house.store.collection(path).find({})
    assert {type(kept["srvCreated"]), type(kept["srvModified"])} == {int}

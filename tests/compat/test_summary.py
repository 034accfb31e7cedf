"""``/summary``: some hours in few words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.compat.conftest import Site
from tests.compat.reading_present import EVERYTHING, only_plain_numbers
from tests.live.device_documents import a_profile, by_androidaps, by_loop
from tests.live.uploads import at, done, sgv

SiteWith = Callable[..., Site]


def summary(site: Site, query: str = "") -> Any:
    answer = site.owner.get(f"/api/v2/summary{query}")
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.fixture
def everything(site_with: SiteWith) -> Site:
    site = site_with(ENABLE=EVERYTHING)
    site.profiles.save([a_profile()])
    return site


def test_readings_are_told_with_noise_where_there_is_some(site: Site) -> None:
    site.entries.save([sgv(10, 100, noise=1), sgv(5, 102.4, noise=2), sgv(361, 90), sgv(359, 95)])
    assert summary(site)["sgvs"] == [
        {"sgv": 95, "mills": at(359)},
        {"sgv": 100, "mills": at(10)},
        {"sgv": 102, "mills": at(5), "noise": 2},
    ]


@pytest.mark.parametrize(
    ("query", "minutes"),
    [("?hours=1", [59]), ("", [359, 59]), ("?hours=0.5", []), ("?hours=x", [359, 59]), ("?hours=-1", [359, 59]),
     ("?hours=0", [359, 59]), ("?hours=24", [1439, 359, 59]), ("?hours=1e9", [2879, 1439, 359, 59]),
     ("?hours=NaN", [359, 59]), ("?hours[]=1", [359, 59])],
)  # fmt: skip
def test_hours_choose(site: Site, query: str, minutes: list[int]) -> None:
    site.entries.save([sgv(one, 100) for one in (59, 359, 1439, 2879)])
    assert [one["mills"] for one in summary(site, query)["sgvs"]] == [at(one) for one in minutes]


def test_doses_are_those_of_the_hours(everything: Site) -> None:
    everything.treatments.save(
        [
            done(400, "Meal Bolus", carbs=99),
            done(60, "Meal Bolus", carbs=30, insulin=2.0),
            done(50, "Correction Bolus", insulin=0.5),
            done(40, "Note"),
            done(-30, "Meal Bolus", carbs=10),
        ]
    )
    assert summary(everything)["treatments"]["treatments"] == [
        {"mills": at(60), "carbs": 30, "insulin": 2},
        {"mills": at(50), "insulin": 0.5},
    ]


def test_basal_is_without_gaps(everything: Site) -> None:
    """The profile steps at 10:30 in Berlin, half an hour ago."""
    everything.treatments.save([done(50, "Temp Basal", absolute=0, duration=10)])
    assert summary(everything, "?hours=1")["treatments"]["tempBasals"] == [
        {"start": at(60), "duration": 600, "absolute": 0.5, "profile": 1},
        {"start": at(50), "duration": 600, "absolute": 0},
        {"start": at(40), "duration": 600, "absolute": 0.5, "profile": 1},
        {"start": at(30), "duration": 1800, "absolute": 0.8, "profile": 1},
    ]


def test_a_lone_stretch_of_basal_is_told(everything: Site) -> None:
    """The original loses it."""
    assert summary(everything, "?hours=0.25")["treatments"]["tempBasals"] == [
        {"start": at(15), "duration": 900, "absolute": 0.8, "profile": 1}
    ]


def test_targets_are_all_there_are_in_mgdl(everything: Site) -> None:
    everything.treatments.save(
        [
            done(30 * 60, "Temporary Target", targetTop=120, targetBottom=110, duration=60),
            done(20, "Temporary Target", targetTop=6, targetBottom=5.5, duration=45),
        ]
    )
    assert summary(everything)["treatments"]["targets"] == [
        {"targetTop": 120, "targetBottom": 110, "duration": 3600, "mills": at(30 * 60)},
        {"targetTop": 108, "targetBottom": 99, "duration": 2700, "mills": at(20)},
    ]


def test_the_profile_is_the_present_one(everything: Site) -> None:
    profile = summary(everything)["profile"]
    assert profile["basal"] == [{"time": "00:00", "value": "0.5"}, {"time": "10:30", "value": "0.8"}]
    assert (profile["dia"], profile["timezone"]) == ("4", "Europe/Berlin")


def test_the_profile_is_the_one_a_switch_put_in_force(site: Site) -> None:
    document = a_profile()
    document["store"]["Sport"] = {"dia": 5}
    site.profiles.save([document])
    site.treatments.save([done(5, "Profile Switch", profile="Sport", duration=60)])
    assert summary(site)["profile"] == {"dia": 5}


def test_the_profile_may_be_brought_along_by_the_switch(site: Site) -> None:
    site.profiles.save([a_profile()])
    brought = '{"dia": 6, "sens": [{"timeAsSeconds": 0, "value": 40}]}'
    site.treatments.save([done(5, "Profile Switch", profile="New", profileJson=brought, duration=0)])
    assert summary(site)["profile"] == {"dia": 6, "sens": [{"value": 40}]}


def test_a_profile_of_the_old_kind_is_told_as_it_is(site: Site) -> None:
    site.profiles.save([{"startDate": "2026-01-01T00:00:00.000Z", "dia": 3, "sens": 50}])
    profile = summary(site)["profile"]
    assert (profile["dia"], profile["sens"]) == (3, 50)


def test_without_a_profile_it_is_empty(site: Site) -> None:
    """The original fails."""
    site.treatments.save([done(5, "Temp Basal", absolute=1, duration=30)])
    answer = summary(site)
    assert answer["profile"] == {}
    assert answer["treatments"]["tempBasals"] == [{"start": at(5), "duration": 1800, "absolute": 1}]


def test_the_state_in_single_numbers(everything: Site) -> None:
    everything.entries.save([sgv(4, 200), sgv(9, 195)])
    everything.device_status.save([by_androidaps(2), by_loop(3)])
    everything.treatments.save(
        [
            done(50 * 60, "Site Change"),
            done(26 * 60, "Sensor Change"),
            done(25 * 60, "Insulin Change"),
            done(24 * 60, "Pump Battery Change"),
        ]
    )
    assert summary(everything)["state"] == {
        "iob": 1.51,
        "cob": 12,
        "bwp": 0.1,
        "cage": 50,
        "sage": 26,
        "iage": 25,
        "bage": 24,
        "battery": 55,
    }


def test_of_the_state_only_what_is_known_is_told(everything: Site) -> None:
    assert summary(everything)["state"] == {}


def test_of_the_state_only_the_features_that_are_on_are_told(site: Site) -> None:
    site.profiles.save([a_profile()])
    site.device_status.save([by_loop()])
    site.treatments.save([done(50 * 60, "Site Change")])
    assert summary(site)["state"] == {"battery": 55}


def test_what_is_deleted_is_not_in_it(everything: Site) -> None:
    everything.entries.save([sgv(5, 110, isValid=False)])
    everything.treatments.save([done(5, "Meal Bolus", carbs=5, isValid=False)])
    answer = summary(everything)
    assert (answer["sgvs"], answer["treatments"]["treatments"]) == ([], [])


def test_numbers_are_javascripts(everything: Site) -> None:
    everything.treatments.save([done(50, "Temp Basal", percent=-50, duration=10), done(9, "Meal Bolus", carbs=5.0)])
    only_plain_numbers(everything.owner.get("/api/v2/summary").text)


@pytest.mark.parametrize(
    ("roles", "status"),
    [(["*:*:read"], 200), (["api:*:read"], 200), (["api:entries:read", "api:treatments:read"], 401)],
)
def test_it_needs_the_right_to_read_everything(site: Site, roles: list[str], status: int) -> None:
    site.owner.post("/api/v2/authorization/roles", json={"name": "some", "permissions": roles})
    site.owner.post("/api/v2/authorization/subjects", json={"name": "Reader", "roles": ["some"]})
    [subject] = site.owner.get("/api/v2/authorization/subjects").json()
    assert site.client().get(f"/api/v2/summary?token={subject['accessToken']}").status_code == status
    assert site.client().get("/api/v2/summary").status_code == 401

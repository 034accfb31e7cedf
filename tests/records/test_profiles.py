"""Profiles: a change of settings is a new document, and the newest is the one in force."""

from __future__ import annotations

from app.records.profiles import Profiles
from app.store import ObjectId
from app.store.interface import Document

HEX = "64b1f0c2a7e94e3f8a5d1c20"


def profile(start: str = "2026-01-14T00:00:00.000Z", **more: object) -> Document:
    return {"defaultProfile": "Default", "startDate": start, "store": {"Default": {"dia": 6}}} | more


def test_a_posted_profile_is_a_new_document_with_a_time(profiles: Profiles) -> None:
    [first] = profiles.save([profile()])
    [second] = profiles.save([profile()])
    assert first["_id"] != second["_id"]
    assert first["created_at"] == "2026-11-21T10:00:00.000Z"


def test_a_time_of_the_client_is_kept_as_it_is(profiles: Profiles) -> None:
    [kept] = profiles.save([profile(created_at="2026-01-14T08:00:00+01:00")])
    assert kept["created_at"] == "2026-01-14T08:00:00+01:00"


def test_the_profile_that_started_last_is_in_force(profiles: Profiles) -> None:
    assert profiles.current() is None
    profiles.save([profile("2026-03-01T00:00:00Z", n=1), profile("2026-05-01T00:00:00Z", n=2), profile(n=3)])
    assert profiles.current()["n"] == 2
    assert [kept["n"] for kept in profiles.search()] == [2, 1, 3]


def test_of_two_that_start_together_the_later_document_is_in_force(profiles: Profiles) -> None:
    profiles.save([profile(n=1, _id="0" * 23 + "1"), profile(n=2, _id="0" * 23 + "2")])
    assert profiles.current()["n"] == 2


def test_replacing_by_id_keeps_nothing_of_the_old_one(profiles: Profiles) -> None:
    profiles.save([profile(_id=HEX, units="mmol")])
    replaced = profiles.replace(profile(_id=HEX))
    assert replaced["_id"] == ObjectId(HEX)
    [kept] = profiles.search()
    assert "units" not in kept


def test_replacing_what_is_not_there_keeps_a_new_one(profiles: Profiles) -> None:
    assert isinstance(profiles.replace(profile())["_id"], ObjectId)
    assert profiles.replace(profile(_id=HEX))["_id"] == ObjectId(HEX)
    assert profiles.count() == 2


def test_everything_loop_sends_comes_back_with_its_type(profiles: Profiles) -> None:
    sent = profile(
        mills="1768348800000",
        units="mg/dL",
        enteredBy="Loop",
        loopSettings={"dosingEnabled": True, "preMealTargetRange": [80, 80], "overridePresets": []},
        store={"Default": {"dia": 6, "carbs_hr": "0", "delay": "0", "timezone": "ETC/GMT+5",
                           "basal": [{"time": "00:00", "timeAsSeconds": 0, "value": "0.85"}]}},
    )  # fmt: skip
    profiles.save([sent])
    kept = profiles.current()
    assert {name: kept[name] for name in sent} == sent

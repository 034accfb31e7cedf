"""What an app writes after an uploader has told it: settled at once, not at the uploader's next run."""

from __future__ import annotations

import pytest

from app.actor import NOBODY, system_actor
from app.clock import iso_of
from app.house import House
from app.jobs.settling import SettlingJob
from app.records.sources.acts import bolus
from app.records.sources.keeping import Keeping
from app.records.treatments import Treatments
from app.store.interface import Change
from tests.clocks import START_MS
from tests.jobs.conftest import eventually

AT_MS = START_MS - 30 * 60_000


@pytest.fixture
def cloud(house: House) -> Keeping:
    """An uploader that has told a bolus."""
    house.store.collection("nl_uploaders", actor="test").insert_one({"_id": "pump", "rank": 20, "taken": {}})
    keeping = Keeping(house.store, house.clock, system_actor("uploader:pump"), ("nl_uploader", "pump"))
    told = bolus(identifier="b1", at_ms=AT_MS, entered_by="nightlight-pump", insulin_u=2.5)
    keeping.write("treatments", [told])
    return keeping


def doses(house: House) -> list[str]:
    found = Treatments(house.store, house.clock, NOBODY).search()
    return [one["enteredBy"] for one in found]


def loop_tells(house: House) -> None:
    told = {"eventType": "Correction Bolus", "insulin": 2.5, "created_at": iso_of(AT_MS + 20_000), "enteredBy": "loop"}
    Treatments(house.store, house.clock, NOBODY).save([told])


def test_the_cloud_makes_way_for_the_loop(house: House, cloud: Keeping) -> None:
    job = SettlingJob(house)
    ear = house.store.listen(job.heard)
    loop_tells(house)
    assert sorted(doses(house)) == ["loop", "nightlight-pump"]

    def settled() -> bool:
        job.tick()
        return doses(house) == ["loop"]

    eventually(settled)
    ear.close()


def test_what_sources_write_themselves_is_left_to_them(house: House, cloud: Keeping) -> None:
    job = SettlingJob(house)
    loop_tells(house)
    ids = tuple(one["_id"] for one in house.store.collection("treatments").find())
    for actor in ("uploader:carelink", "importer", "settling"):
        job.heard([Change(1, "treatments", "insert", ids, START_MS, actor)])
        job.tick()
    assert sorted(doses(house)) == ["loop", "nightlight-pump"]
    job.heard([Change(1, "treatments", "insert", ids, START_MS, "account:mum")])
    job.tick()
    assert doses(house) == ["loop"]


def test_without_uploaders_nothing_is_read(house: House) -> None:
    job = SettlingJob(house)
    loop_tells(house)
    job.heard([Change(1, "treatments", "insert", ("x",), START_MS, "device:loop")])
    job.tick()
    assert doses(house) == ["loop"]

"""The worker follows remote commands from the moment it holds the lease."""

from __future__ import annotations

from app.actor import NOBODY, system_actor
from app.commands import keeping
from app.commands.command import read_command
from app.house import House
from app.jobs.schedule import Running
from app.records.treatments import Treatments
from tests.jobs.conftest import eventually

BOLUS = {"eventType": "Remote Bolus Entry", "remoteBolus": "1.25"}


def test_a_command_is_settled_while_nobody_looks(live_house: House) -> None:
    store, clock = live_house.store, live_house.clock
    kept, _ = keeping.keep(store, clock, live_house.keyring, NOBODY, read_command(BOLUS))
    running = Running(live_house)
    try:
        eventually(lambda: running.counts["executed"])
        bolus = {"eventType": "Correction Bolus", "insulin": 1.25, "enteredBy": "loop://iPhone"}
        Treatments(store, clock, system_actor("test")).save([bolus])
        eventually(lambda: keeping.find(store, kept.id).state == "done")  # type: ignore[union-attr]
    finally:
        running.stop()

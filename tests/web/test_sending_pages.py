"""An uploader that sends, in the browser: its page speaks of what was sent, and never of readings that do not come."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from app.actor import system_actor
from app.clock import iso_of
from app.records.entries import Entries
from app.uploaders.runner import Runner
from app.uploaders.uploaders import Uploaders
from tests.emulators.nightscout import NightscoutEmulator
from tests.uploaders.conftest import around
from tests.web.household import Household, words_in


@pytest.fixture
def nightscout(household: Household) -> Iterator[NightscoutEmulator]:
    with NightscoutEmulator(household.family.clock).running() as emulator:
        yield emulator


def answers(nightscout: NightscoutEmulator) -> dict[str, str]:
    return {"label": "Grandma's site", "address": nightscout.url, "token": nightscout.token, "deletions": "yes"}


def keep_a_reading(household: Household, mgdl: int) -> None:
    house = household.site.house
    at_ms = house.clock.now_ms()
    entry = {"type": "sgv", "sgv": mgdl, "date": at_ms, "dateString": iso_of(at_ms)}
    Entries(house.store, house.clock, system_actor("test")).save([entry])


def run(household: Household) -> None:
    house = household.site.house
    (one,) = Uploaders(house.store, house.clock, system_actor("test"), house.keyring).all()
    household.family.clock.advance(minutes=1)
    assert Runner(house.store, house.clock, house.keyring, around(house), jitter=lambda: 0).run(one.id)


def test_it_is_offered_apart_from_the_sources(household: Household) -> None:
    page = words_in(household.mum().get("/uploaders/add"))
    assert "Send them on" in page
    assert page.index("Send them on") < page.index("Send to a Nightscout")


def test_it_is_added_and_tells_what_it_sent(household: Household, nightscout: NightscoutEmulator) -> None:
    mum = household.mum()
    mum.fill("/uploaders/add/nightscout_push", **answers(nightscout))
    assert "Grandma's site is added, and sends the first records now." in words_in(mum.get("/uploaders"))
    keep_a_reading(household, 117)
    run(household)
    household.family.clock.advance(hours=2)
    page = words_in(mum.get("/uploaders"))
    assert "Working" in page
    assert "Last reading sent 117 mg/dL" in page
    assert "no new reading" not in page
    assert "What was sent stays there." in page
    assert [entry["sgv"] for entry in nightscout.kept["entries"]] == [117]


def test_a_credential_that_may_only_read_is_told_when_it_is_tried(
    household: Household, nightscout: NightscoutEmulator
) -> None:
    mum = household.mum()
    mum.get("/uploaders/add/nightscout_push")
    tried = words_in(mum.post("/uploaders/add/nightscout_push/test", answers(nightscout)))
    assert "Signed in. Nightscout takes what is sent to it." in tried
    nightscout.is_writable = False
    tried = words_in(mum.post("/uploaders/add/nightscout_push/test", answers(nightscout)))
    assert "does not let us write" in tried
    assert "may read and write" in tried

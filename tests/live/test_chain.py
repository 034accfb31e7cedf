from __future__ import annotations

from dataclasses import replace

import pytest

from app.live.chain import Link, Trouble
from app.live.glance import Glance
from app.live.picture import Facts
from tests.live.pictures import DAY_MS, HOUR_MS, before, fact, falling, picture, reading, seen, treatment

LOOPING = Facts(
    loop=fact("Loop"),
    basal=fact(0.0),
    reservoir=fact(82),
    pump=fact("normal"),
    phone=fact("iPhone"),
    phone_battery=fact(71),
    sensor_started_ms=before(0) - 5 * DAY_MS - HOUR_MS,
    site_changed_ms=before(0) - 52 * HOUR_MS,
)


def states(said: Glance) -> dict[str, str]:
    return {link.name: link.state for link in said.chain}


def test_a_whole_chain_is_told_link_by_link() -> None:
    said = seen(picture(*falling(100), facts=LOOPING))
    assert said.broken == ""
    assert said.chain == (
        Link("Sensor", "read 2 min ago, day 6 of 10", "ok"),
        Link("Phone", "sent 2 min ago, 71 %", "ok"),
        Link("Loop", "enacted 0 U/h 3 min ago", "ok"),
        Link("Pump", "82 U, site 2 d 4 h", "ok"),
        Link("Server", "up", "ok"),
    )


def test_a_phone_that_says_nothing_any_more_is_the_broken_link() -> None:
    facts = Facts(phone=fact("iPhone", 43), phone_battery=fact(71, 43), loop=fact("Loop", 44), pump=fact("normal", 44))
    said = seen(picture(*falling(78, minutes=43), facts=facts))
    assert said.broken == "The phone stopped sending at 01:31."
    assert states(said) == {
        "Sensor": "unknown",
        "Phone": "broken",
        "Loop": "unknown",
        "Pump": "ok",
        "Server": "ok",
    }


def test_a_phone_that_still_talks_leaves_the_sensor_as_the_broken_link() -> None:
    said = seen(picture(*falling(78, minutes=43), facts=LOOPING))
    assert said.broken == "The sensor stopped reading at 01:31."
    assert (states(said)["Sensor"], states(said)["Phone"]) == ("broken", "ok")


def test_a_phone_that_fell_silent_with_its_last_reading_is_the_broken_link_at_once() -> None:
    facts = Facts(phone=fact("iPhone", 14))
    said = seen(picture(*falling(78, minutes=16), facts=facts))
    assert said.broken == "The phone stopped sending at 02:00."
    assert (states(said)["Sensor"], states(said)["Phone"]) == ("unknown", "broken")


def test_a_phone_that_fell_silent_long_after_its_last_reading_is_the_broken_link() -> None:
    said = seen(picture(*falling(78, minutes=90), facts=Facts(phone=fact("iPhone", 30))))
    assert said.broken == "The phone stopped sending at 01:44."


def test_a_sensor_that_warms_up_is_not_called_broken() -> None:
    said = seen(picture(*falling(100, minutes=60), facts=Facts(phone=fact("iPhone"), sensor_started_ms=before(50))))
    assert said.broken == "A new sensor was started at 01:24 and has to warm up."
    assert states(said)["Sensor"] == "unknown"


def test_a_sensor_that_does_not_come_back_after_its_warm_up_is_broken() -> None:
    said = seen(picture(*falling(100, minutes=200), facts=Facts(phone=fact("iPhone"), sensor_started_ms=before(190))))
    assert said.broken == "The sensor stopped reading at 22:54."


def test_a_phone_nobody_ever_heard_of_is_not_blamed_alone() -> None:
    said = seen(picture(*falling(78, minutes=43)))
    assert said.broken == "Nothing has come from Dexcom G6 by xDrip since 01:31."
    assert states(said) == {"Sensor": "unknown", "Phone": "unknown", "Server": "ok"}


def test_a_cloud_that_brings_nothing_is_named() -> None:
    said = seen(picture(*(reading(43 + 5 * n, 100, device="share2") for n in range(5)), facts=LOOPING))
    assert said.broken == "Nothing has come from Dexcom Share since 01:31."
    assert states(said)["Dexcom Share"] == "unknown"


def test_trouble_with_an_uploader_comes_before_guesses() -> None:
    refused = Trouble("Dexcom", "Dexcom refused the password", before(64))
    said = seen(picture(*falling(78, minutes=63), facts=LOOPING), troubles=[refused])
    assert said.broken == "Dexcom refused the password at 01:10."
    assert Link("Dexcom", "Dexcom refused the password at 01:10", "broken") in said.chain


@pytest.mark.parametrize(
    ("sentence", "told"),
    [
        ("Dexcom did not answer in time", "Dexcom did not answer in time at 01:10."),
        ("Dexcom answers but has no new reading", "Dexcom answers but has no new reading since 01:10."),
        ("There is no Nightscout at this address", "There is no Nightscout at this address since 01:10."),
    ],
)
def test_trouble_that_goes_on_is_told_since_when(sentence: str, told: str) -> None:
    assert seen(picture(), troubles=[Trouble("Dexcom", sentence, before(64))]).broken == told


def test_of_several_troubles_the_oldest_is_told_and_all_are_in_the_chain() -> None:
    later, first = Trouble("LibreLinkUp", "It is down", before(5)), Trouble("Dexcom", "It is down", before(64))
    said = seen(picture(*falling(100)), troubles=[later, first])
    assert said.broken == "It is down since 01:10."
    assert [link.name for link in said.chain if link.state == "broken"] == ["Dexcom", "LibreLinkUp"]


def test_a_loop_that_stopped_is_told_while_glucose_is_current() -> None:
    facts = Facts(loop=fact("Loop", 40), phone=fact("iPhone"))
    said = seen(picture(*falling(100), facts=facts))
    assert said.broken == "The loop last ran at 01:34."
    assert Link("Loop", "ran 40 min ago", "broken") in said.chain


def test_a_pump_that_is_not_heard_is_told() -> None:
    facts = Facts(loop=fact("Loop"), phone=fact("iPhone"), pump=fact("suspended", 75))
    said = seen(picture(*falling(100), facts=facts))
    assert said.broken == "The pump was last heard at 00:59."
    assert Link("Pump", "suspended", "broken") in said.chain


def test_a_server_that_cannot_read_its_store_says_so() -> None:
    said = seen(replace(picture(*falling(100)), behind=True))
    assert said.broken == "This server cannot read its store."
    assert Link("Server", "cannot read its store", "broken") in said.chain


def test_links_nobody_has_are_not_in_the_chain() -> None:
    assert list(states(seen(picture(*falling(100))))) == ["Sensor", "Phone", "Server"]
    assert list(states(seen(picture()))) == ["Sensor", "Server"]


def test_treatments_alone_do_not_make_a_chain_of_devices() -> None:
    assert list(states(seen(picture(treatments=[treatment(5, carbs=10)])))) == ["Sensor", "Server"]

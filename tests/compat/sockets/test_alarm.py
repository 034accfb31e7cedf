"""``/alarm``: who is let in, who may acknowledge, and who hears of it."""

from __future__ import annotations

from typing import Any

import pytest

from app.actor import system_actor
from app.alarms.silences import Silences
from app.glucose.levels import Level
from tests.compat.conftest import SECRET_DIGEST
from tests.compat.sockets.conftest import Client, Serve, Site
from tests.waiting import wait_until

BAD = {"success": False, "message": "Missing or bad accessToken"}
WELCOME = {"success": True, "message": "Subscribed for alarms"}


def subscribed(site: Site, message: Any) -> tuple[Client, Any]:
    client = site.connect("/alarm")
    return client, client.ask("subscribe", message, namespace="/alarm")


def silences(site: Site) -> Silences:
    return Silences(site.house.store, site.clock)


def acknowledge(client: Client, *given: Any) -> None:
    """Acknowledge, and wait until that was looked at: a client's events are handled in order."""
    client.io.emit("ack", given, namespace="/alarm")
    client.ask("subscribe", {"accessToken": "nothing"}, namespace="/alarm")


def test_an_app_subscribes_with_its_access_token(site: Site) -> None:
    assert subscribed(site, {"accessToken": site.token("*:*:read")})[1] == WELCOME


def test_a_page_subscribes_with_a_secret_a_web_token_or_nothing(site: Site) -> None:
    assert subscribed(site, {"secret": SECRET_DIGEST})[1] == {**WELCOME, "read": True, "ack": True}
    token = site.token("*:*:read")
    web_token = site.owner.get(f"/api/v2/authorization/request/{token}").json()["token"]
    assert subscribed(site, {"jwtToken": web_token})[1] == {**WELCOME, "read": True, "ack": False}
    assert subscribed(site, {})[1] == {**WELCOME, "read": False, "ack": False}


def test_the_default_roles_are_a_page_s_own(serve: Serve) -> None:
    site = serve(AUTH_DEFAULT_ROLES="readable")
    assert subscribed(site, None)[1] == {**WELCOME, "read": True, "ack": False}


def test_where_everybody_is_asked_for_a_credential_nothing_is_none(serve: Serve) -> None:
    site = serve(AUTH_DEFAULT_ROLES="readable", AUTHENTICATION_PROMPT_ON_LOAD="true")
    assert subscribed(site, {})[1] == BAD
    assert subscribed(site, {"secret": SECRET_DIGEST})[1]["success"]


@pytest.mark.parametrize(
    "message", [{"accessToken": "app-0123456789abcdef"}, {"secret": "0" * 40}, {"jwtToken": "a.b.c"}]
)
def test_bad_credentials_are_refused(site: Site, message: dict[str, str]) -> None:
    assert subscribed(site, message)[1] == BAD


def test_an_acknowledgement_keeps_quiet_and_is_told_once_to_who_may_read(site: Site) -> None:
    reader, _ = subscribed(site, {"accessToken": site.token("*:*:read", name="reader")})
    writer, _ = subscribed(site, {"accessToken": site.token("api:treatments:create", name="writer")})
    stranger = site.connect("/alarm")
    client, _ = subscribed(site, {"secret": SECRET_DIGEST})
    client.io.emit("ack", (2, "default", 600_000), namespace="/alarm")
    cleared = {"clear": True, "title": "All Clear", "message": "default - Urgent was ack'd", "group": "default"}
    assert reader.next() == ("clear_alarm", cleared)
    assert client.next() == ("clear_alarm", cleared)
    wait_until(lambda: len(silences(site).running()) == 2)
    assert [(one.level, one.until_ms) for one in silences(site).running()] == [
        (Level.URGENT, site.ms() + 600_000),
        (Level.WARN, site.ms() + 600_000),
    ]
    acknowledge(client, 1, "Time Ago", 60_000)
    assert reader.next()[1]["message"] == "Time Ago - Warning was ack'd"
    assert writer.heard.empty()
    assert stranger.heard.empty()


@pytest.mark.quirk("an app that hears alarms may acknowledge them")
@pytest.mark.parametrize(
    ("message", "may"),
    [
        (["*:*:read"], True),
        (["api:treatments:create"], False),
        (["notifications:*:ack"], True),
    ],
)
def test_an_app_acknowledges_when_it_hears_alarms_or_has_the_right(site: Site, message: list[str], may: bool) -> None:
    client, _ = subscribed(site, {"accessToken": site.token(*message)})
    acknowledge(client, 2, "default", 60_000)
    assert bool(silences(site).running()) is may


def test_a_page_acknowledges_only_with_the_right(site: Site) -> None:
    client, answer = subscribed(site, {"secret": site.token("*:*:read")})
    assert answer["ack"] is False
    acknowledge(client, 2, "default", 60_000)
    assert silences(site).running() == []


def test_who_has_not_subscribed_acknowledges_nothing(site: Site) -> None:
    client = site.connect("/alarm")
    acknowledge(client, 2, "default", 60_000)
    assert silences(site).running() == []


@pytest.mark.parametrize(
    "given",
    [(), (0, "default", 1000), (3,), ("x",), (2, "default", 86_400_001), (2, "default", -5), (2, "a" * 81), (True,)],
)
def test_what_is_no_acknowledgement_changes_nothing_and_ends_nothing(site: Site, given: tuple[Any, ...]) -> None:
    client, _ = subscribed(site, {"secret": SECRET_DIGEST})
    acknowledge(client, *given)
    assert silences(site).running() == []


@pytest.mark.parametrize("given", [(2,), ("2", None, None), (2.0, "", "1800000")])
def test_group_and_time_have_their_usual_values(site: Site, given: tuple[Any, ...]) -> None:
    client, _ = subscribed(site, {"secret": SECRET_DIGEST})
    acknowledge(client, *given)
    [urgent, _] = silences(site).running()
    assert (urgent.group, urgent.until_ms) == ("default", site.ms() + 1_800_000)


def test_a_silence_begun_elsewhere_is_told_too(site: Site) -> None:
    client, _ = subscribed(site, {"secret": SECRET_DIGEST})
    site.owner.get("/api/v1/notifications/ack", params={"level": "1", "group": "here"})
    assert client.next()[1]["group"] == "here"
    silences(site).acknowledge(Level.URGENT, "there", 1000, system_actor("other"))
    assert client.next()[1]["message"] == "there - Urgent was ack'd"

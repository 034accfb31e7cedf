"""Engine.IO 3 and Socket.IO 2 on the wire, by polling and over a websocket, as LoopFollow and older clients speak."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

import pytest
import websocket

from app.compat.sockets.connection_v3 import _older
from tests.compat.conftest import SECRET_DIGEST
from tests.compat.sockets.conftest import PATIENCE_S, OldPolling, Serve, Site, unpacked
from tests.waiting import wait_until


@contextmanager
def old_websocket(site: Site, query: str = "EIO=3&transport=websocket") -> Iterator[websocket.WebSocket]:
    url = f"{site.url.replace('http', 'ws')}/socket.io/?{query}"
    with closing(websocket.create_connection(url, timeout=PATIENCE_S)) as connection:
        yield connection


def until(connection: websocket.WebSocket, start: str) -> str:
    """Return the rest of the next message that begins like this."""
    while True:
        message: str = connection.recv()
        assert message, "the websocket was closed"
        if message.startswith(start):
            return message[len(start) :]


def test_the_handshake_offers_the_websocket_and_joins_the_root_namespace(old_polling: OldPolling) -> None:
    opening = old_polling.opening
    assert (opening["upgrades"], opening["pingInterval"], opening["pingTimeout"]) == (["websocket"], 25000, 20000)
    assert old_polling.next("40") == ""


@pytest.mark.quirk("Engine.IO 3 is spoken, whatever else the address asks for (b64, token)")
def test_loopfollow_s_conversation(site: Site, old_polling: OldPolling) -> None:
    site.glucose(117)
    token = site.token("*:*:read")
    message = json.dumps(["authorize", {"client": "LoopFollow", "history": 1, "secret": token}])
    assert old_polling.post(f"42{message}").text.lower() == "ok"
    assert old_polling.event("connected") is None
    full = old_polling.event("dataUpdate")
    assert [one["mgdl"] for one in full["sgvs"]] == [117]
    site.glucose(120, minutes_ago=1)
    assert [one["mgdl"] for one in old_polling.event("dataUpdate")["sgvs"]] == [120]


@pytest.mark.quirk("Engine.IO 3 is spoken, whatever else the address asks for (b64, token)")
def test_its_connect_parameters_mean_nothing(site: Site) -> None:
    with old_websocket(site, "EIO=3&transport=websocket&token=whatever&b64=1") as connection:
        until(connection, "0{")
        until(connection, "40")


def test_without_a_version_it_is_the_older_one(site: Site) -> None:
    with old_websocket(site, "transport=websocket") as connection:
        until(connection, "0{")
        assert until(connection, "40") == ""


def test_the_client_pings_and_the_server_answers(site: Site, old_polling: OldPolling) -> None:
    old_polling.next("40")
    old_polling.post("2")
    assert old_polling.next("3") == ""
    with old_websocket(site) as connection:
        until(connection, "40")
        connection.send("2")
        assert until(connection, "3") == ""


def test_the_server_never_pings_and_lets_go_of_who_stopped(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    with old_websocket(site) as connection, old_websocket(site) as other:
        for each in (connection, other):
            until(each, "40")
        engine = site.app.extensions["sockets"]._exchange.engine
        still, stopped = engine.connections()
        still._ping_due_s = stopped._ping_due_s = 0.0
        stopped._heard_at_s -= 46
        still._heard_at_s -= 30
        wait_until(lambda: stopped.closed)
        assert not still.closed
        connection.send("2")
        assert until(connection, "") != "2"


def test_polling_becomes_a_websocket(site: Site, old_polling: OldPolling) -> None:
    with old_websocket(site, f"EIO=3&transport=websocket&sid={old_polling.sid}") as connection:
        connection.send("2probe")
        assert connection.recv() == "3probe"
        connection.send("5")
        connection.send(f'42["authorize",{{"secret":"{SECRET_DIGEST}"}}]')
        until(connection, '42["connected"]')
        site.glucose(117)
        assert json.loads(until(connection, '42["dataUpdate",')[:-1])["dbstats"] is not None


def test_answers_to_additions_come_under_their_number(site: Site) -> None:
    with old_websocket(site) as connection:
        connection.send(f'420["authorize",{{"secret":"{SECRET_DIGEST}"}}]')
        assert json.loads(until(connection, "430")) == [{"read": True, "write": True, "write_treatment": True}]
        data = {"collection": "treatments", "data": {"eventType": "Note", "notes": "naïve – 😀"}}
        connection.send("421" + json.dumps(["dbAdd", data], ensure_ascii=False))
        [[answer]] = json.loads(until(connection, "431"))
        assert answer["notes"] == "naïve – 😀"
        assert len(answer["_id"]) == 24


def test_letters_beyond_ascii_travel_in_both_directions_of_a_poll(site: Site, old_polling: OldPolling) -> None:
    site.treatment("Note", notes="ünï – 😀")
    old_polling.post(f'42["authorize",{{"secret":"{SECRET_DIGEST}","client":"é😀"}}]', "2")
    assert old_polling.event("dataUpdate")["treatments"][0]["notes"] == "ünï – 😀"
    assert old_polling.next("3") == ""


def test_a_payload_is_plain_ascii_so_that_no_client_miscounts(site: Site, old_polling: OldPolling) -> None:
    site.treatment("Note", notes="ü😀")
    old_polling.post(f'42["authorize",{{"secret":"{SECRET_DIGEST}"}}]')
    answer = old_polling._http.get("/socket.io/", params=old_polling._asked)
    assert answer.headers["Content-Type"] == "text/plain; charset=UTF-8"
    assert answer.content.isascii()
    assert any("dataUpdate" in packet for packet in unpacked(answer.text))


@pytest.mark.parametrize("namespace", ["/alarm", "/alarm?token=x"])
def test_a_namespace_is_confirmed_without_a_body(site: Site, namespace: str) -> None:
    with old_websocket(site) as connection:
        until(connection, "40")
        connection.send(f"40{namespace},")
        assert until(connection, "40/alarm,") == ""
        connection.send(f'42/alarm,7["subscribe",{{"secret":"{SECRET_DIGEST}"}}]')
        [answer] = json.loads(until(connection, "43/alarm,7"))
        assert answer["ack"] is True


def test_an_unknown_namespace_is_refused_in_words(site: Site) -> None:
    with old_websocket(site) as connection:
        connection.send("40/nowhere,")
        assert isinstance(json.loads(until(connection, "44/nowhere,")), str)


def test_joining_the_root_namespace_again_changes_nothing(site: Site) -> None:
    with old_websocket(site) as connection:
        until(connection, "40")
        connection.send("40")
        connection.send(f'420["authorize",{{"secret":"{SECRET_DIGEST}"}}]')
        until(connection, "430")
        assert len(site.app.extensions["sockets"]._viewers.everybody()) == 1


def test_bad_credentials_end_the_session(site: Site) -> None:
    with old_websocket(site) as connection:
        connection.send('420["authorize",{"secret":"0000000000000000000000000000000000000000"}]')
        assert until(connection, "41") == ""
        wait_until(lambda: site.sessions() == 0)


@pytest.mark.parametrize("body", ["x", "5:2", "1:", "4:2", "999999999:2", ":2", "1:9", "1:é"])
def test_a_payload_that_is_none_ends_the_session(old_polling: OldPolling, site: Site, body: str) -> None:
    answer = old_polling._http.post("/socket.io/", params=old_polling._asked, content=body.encode())
    assert answer.status_code == 400
    wait_until(lambda: site.sessions() == 0)


def test_a_client_says_good_bye(site: Site, old_polling: OldPolling) -> None:
    old_polling.next("40")
    old_polling.post("1")
    wait_until(lambda: site.sessions() == 0)


def test_both_versions_hear_the_same(serve: Serve) -> None:
    site = serve(AUTH_DEFAULT_ROLES="readable")
    newer = site.connect()
    newer.authorize(secret="")
    newer.next("dataUpdate")
    with old_websocket(site) as older:
        older.send('42["authorize",{}]')
        until(older, '42["dataUpdate",')
        site.glucose(117)
        assert json.loads(until(older, '42["dataUpdate",')[:-1]) == newer.next("dataUpdate")


@pytest.mark.parametrize(
    ("newer", "older"),
    [
        ('0{"sid":"abc"}', "0"),
        ('0/alarm,{"sid":"abc"}', "0/alarm,"),
        ('4/x,{"message":"No \\"way\\""}', '4/x,"No \\"way\\""'),
        ('4/x,"Unable to connect"', '4/x,"Unable to connect"'),
        ('2["a",{"b":"{é}"}]', '2["a",{"b":"{\\u00e9}"}]'),
        ('2["😀"]', '2["\\ud83d\\ude00"]'),
        ("1/alarm,", "1/alarm,"),
    ],
)
def test_messages_are_said_in_the_older_words(newer: str, older: str) -> None:
    said: Any = _older(newer).data
    assert said == older

"""How news reach the sockets: from any process, in order, once, past who is slow, dead or no longer welcome."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import httpx
import pytest
import websocket

from app.actor import system_actor
from app.compat.sockets import connection
from app.errors import Unavailable
from app.identity import tokens
from tests.compat.conftest import SECRET_DIGEST
from tests.compat.sockets.conftest import PATIENCE_S, Client, Serve, Site
from tests.waiting import wait_until

WRITER = """
import sys
from app.actor import system_actor
from app.clock import SystemClock
from app.records.treatments import Treatments
from app.store import open_store
store = open_store(sys.argv[1], clock=SystemClock())
treatments = Treatments(store, SystemClock(), system_actor("writer"))
print("ready", flush=True)
for n in range(int(sys.argv[2])):
    saved = treatments.save([{"eventType": "Note", "notes": str(n), "created_at": sys.argv[3], "identifier": f"n{n}"}])
    print(n, flush=True)
"""


def writer(folder: Path, count: int, at: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", WRITER, f"sqlite:///{folder}/nightlight.db", str(count), at]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def feed_of(site: Site, token: str = "") -> Client:
    client = site.connect("/storage")
    answer = client.ask("subscribe", {"accessToken": token or SECRET_DIGEST}, namespace="/storage")
    assert answer["success"]
    return client


def test_another_process_is_heard_in_order_and_once(site: Site, tmp_path: Path) -> None:
    feeds = [feed_of(site) for _ in range(3)]
    root = site.connect()
    root.all_told()
    with writer(tmp_path, 40, site.iso(5)) as other:
        assert other.wait(20) == 0
    for feed in feeds:
        told = [feed.next("create")["doc"]["notes"] for _ in range(40)]
        assert told == [str(n) for n in range(40)]
    seen: list[str] = []
    while len(seen) < 40:
        seen += [one["notes"] for one in root.next("dataUpdate")["treatments"]]
    assert sorted(seen, key=int) == [str(n) for n in range(40)]
    assert all(feed.heard.empty() for feed in feeds)


def test_two_servers_tell_each_other_s_writes(serve: Serve) -> None:
    one, other = serve(), serve()
    clients = [one.connect(), other.connect()]
    for client in clients:
        client.all_told()
    assert other.owner.post("/api/v1/entries", json=[{"type": "sgv", "sgv": 99, "date": one.ms()}]).status_code == 200
    assert [client.next("dataUpdate")["sgvs"][0]["mgdl"] for client in clients] == [99, 99]


def test_what_a_killed_writer_had_stored_is_told_and_nothing_else(site: Site, tmp_path: Path) -> None:
    feed = feed_of(site)
    other = writer(tmp_path, 100_000, site.iso(5))
    assert other.stdout
    for _ in range(20):
        other.stdout.readline()
    other.send_signal(signal.SIGKILL)
    other.wait(10)
    other.stdout.close()
    kept = [int(one["notes"]) for one in site.house.store.collection("treatments").find({})]
    told = [int(feed.next("create")["doc"]["notes"]) for _ in kept]
    assert told == sorted(kept)
    site.glucose(117)
    assert feed.next("create")["colName"] == "entries"


def test_news_arrive_well_within_a_second(site: Site) -> None:
    client = site.connect()
    client.all_told()
    for n in range(5):
        began = time.monotonic()
        site.owner.post("/api/v1/entries", json=[{"type": "sgv", "sgv": 100 + n, "date": site.ms(n)}])
        client.next("dataUpdate")
        assert time.monotonic() - began < 1


def dead_client(site: Site) -> websocket.WebSocket:
    """Return a client that has subscribed and reads no more."""
    dead = websocket.create_connection(f"{site.url.replace('http', 'ws')}/socket.io/?EIO=4&transport=websocket")
    dead.send("40/storage,")
    dead.send(f'42/storage,0["subscribe",{{"accessToken":"{SECRET_DIGEST}"}}]')
    while not dead.recv().startswith("43/storage,0"):
        continue
    return dead


def test_a_client_that_does_not_read_delays_nobody_and_is_let_go(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "WAITING_AT_MOST", 20)
    dead = dead_client(site)
    feed = feed_of(site)
    notes = "x" * 100_000
    for n in range(120):
        began = time.monotonic()
        site.treatment("Note", minutes_ago=n, notes=f"{n} {notes}")
        told = feed.next("create")["doc"]["notes"]
        assert told.startswith(f"{n} ")
        assert time.monotonic() - began < 1
        if site.sessions() == 1:
            break
    wait_until(lambda: site.sessions() == 1)
    dead.close()


def test_a_poller_that_does_not_come_back_is_let_go(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "WAITING_AT_MOST", 5)
    asked = {"EIO": "4", "transport": "polling", "sid": json.loads(opened(site).text[1:])["sid"]}
    subscribe = f'42/storage,["subscribe",{{"accessToken":"{SECRET_DIGEST}"}}]'
    for packet in ("40/storage,", subscribe):
        httpx.post(f"{site.url}/socket.io/", params=asked, content=packet)
    feed = feed_of(site)
    for n in range(10):
        site.treatment("Note", minutes_ago=n, notes="x")
        feed.next("create")
    assert site.sessions() == 1
    assert httpx.get(f"{site.url}/socket.io/", params=asked).status_code == 400


def test_a_deleted_subject_is_put_out_and_others_stay(site: Site) -> None:
    token, other = site.token("*:*:read", name="one"), site.token("*:*:read", name="two")
    root, feed, stays = site.connect(), feed_of(site, token), feed_of(site, other)
    assert root.authorize(secret=token)["read"]
    subjects = site.owner.get("/api/v2/authorization/subjects").json()
    [gone] = [one["_id"] for one in subjects if one["name"] == "one"]
    site.owner.delete(f"/api/v2/authorization/subjects/{gone}")
    assert root.gone.wait(5)
    assert feed.gone.wait(5)
    site.glucose(117)
    assert stays.next("create")["doc"]["sgv"] == 117
    assert "create" not in dict(feed.heard.queue)


def test_who_may_no_longer_read_is_put_out(site: Site) -> None:
    token = site.token("*:*:read")
    feed = feed_of(site, token)
    roles = site.app.extensions["nightscout access"].roles.documents
    [role] = roles.all_anew()
    roles.save({**role, "permissions": ["api:status:read"]}, system_actor("test"))
    assert feed.gone.wait(5)


def test_a_revoked_device_token_ends_its_sockets(site: Site) -> None:
    house, by = site.house, system_actor("test")
    made, text = tokens.make_token(house.store, house.clock, by, name="phone", grants=["api:*:read"])
    feed = feed_of(site, text)
    other = feed_of(site)
    tokens.make_token(house.store, house.clock, by, name="another", grants=["api:*:read"])
    site.glucose(110)
    assert feed.next("create")["doc"]["sgv"] == 110
    tokens.revoke_token(house.store, house.clock, by, made.id)
    assert feed.gone.wait(5)
    assert not other.gone.is_set()


def test_what_another_server_takes_away_ends_sockets_here(serve: Serve) -> None:
    one, other = serve(), serve()
    feed = feed_of(one, one.token("*:*:read"))
    subjects = other.owner.get("/api/v2/authorization/subjects").json()
    other.owner.delete(f"/api/v2/authorization/subjects/{subjects[0]['_id']}")
    assert feed.gone.wait(5)


def test_an_address_that_showed_bad_credentials_waits_here_too(serve: Serve) -> None:
    site = serve(AUTH_FAIL_DELAY="5000")
    waited: list[float] = []
    clients = [site.connect() for _ in range(2)]
    site.app.extensions["compat"].gate._wait = waited.append
    clients[0].io.emit("authorize", {"secret": "0" * 40})
    assert clients[0].gone.wait(5)
    assert waited == []
    assert clients[1].authorize()["read"]
    assert waited == [5.0]


def opened(site: Site) -> httpx.Response:
    return httpx.get(f"{site.url}/socket.io/", params={"EIO": "4", "transport": "polling"})


def test_sessions_take_places_and_give_them_back(serve: Serve) -> None:
    site = serve(THREADS="6")
    clients = [feed_of(site), site.connect(transports=["polling"])]
    clients[1].authorize()
    clients.append(site.connect())
    refused = opened(site)
    assert (refused.status_code, int(refused.headers["Retry-After"])) == (503, 30)
    with pytest.raises(websocket.WebSocketBadStatusException, match="503"):
        websocket.create_connection(f"{site.url.replace('http', 'ws')}/socket.io/?EIO=3&transport=websocket")
    assert site.owner.get("/api/v1/entries.json").status_code == 200
    for client in clients:
        client.io.disconnect()
    wait_until(lambda: site.sessions() == 0)
    for _ in range(3):
        assert site.connect().authorize()["read"]


def test_strangers_leave_places_for_those_who_are_known(serve: Serve) -> None:
    site = serve(THREADS="6", AUTH_DEFAULT_ROLES="readable")
    first, second = site.connect(), site.connect()
    assert opened(site).status_code == 503
    with httpx.stream("GET", f"{site.url}/events", timeout=PATIENCE_S) as stream:
        assert stream.status_code == 200
    first.authorize()
    wait_until(lambda: opened(site).status_code == 200)
    assert second.io.connected


def test_event_streams_and_sockets_share_the_places(serve: Serve) -> None:
    site = serve(THREADS="4", AUTH_DEFAULT_ROLES="readable")
    client = site.connect()
    client.authorize()
    assert httpx.get(f"{site.url}/events").status_code == 503
    client.io.disconnect()
    wait_until(lambda: site.sessions() == 0)
    with httpx.stream("GET", f"{site.url}/events", timeout=PATIENCE_S) as stream:
        assert stream.status_code == 200
        assert opened(site).status_code == 503


def test_a_stranger_keeps_no_place(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    known, writes = site.connect(), site.connect()
    known.authorize()
    writes.authorize(secret=site.token("api:treatments:create"))
    silent, nobody = site.connect(), site.connect()
    nobody.authorize(secret="")
    monkeypatch.setattr(connection, "STRANGER_S", -1.0)
    assert silent.gone.wait(5)
    assert nobody.gone.wait(5)
    assert not known.gone.is_set()
    assert not writes.gone.is_set()


def test_a_client_that_answers_no_ping_is_let_go(site: Site) -> None:
    silent = websocket.create_connection(f"{site.url.replace('http', 'ws')}/socket.io/?EIO=4&transport=websocket")
    assert json.loads(silent.recv()[1:])["pingInterval"] == 25000
    [session] = site.app.extensions["sockets"]._exchange.engine.connections()
    session._ping_due_s = 0.0
    while silent.recv() != "2":
        continue
    session.last_ping -= 21
    wait_until(lambda: site.sessions() == 0)
    silent.close()


def test_one_that_answers_stays_and_is_asked_again(site: Site) -> None:
    client = site.connect()
    [session] = site.app.extensions["sockets"]._exchange.engine.connections()
    for _ in range(2):
        session._ping_due_s = 0.0
        wait_until(lambda: session._ping_due_s and session.last_ping is None)
    assert client.io.connected


def test_one_poll_at_a_time(site: Site) -> None:
    sid = json.loads(opened(site).text[1:])["sid"]
    [session] = site.app.extensions["sockets"]._exchange.engine.connections()
    asked = {"EIO": "4", "transport": "polling", "sid": sid}
    with session._polling:
        assert httpx.get(f"{site.url}/socket.io/", params=asked).status_code == 400
    wait_until(lambda: site.sessions() == 0)


@pytest.mark.parametrize(
    ("query", "method"),
    [
        ("EIO=4&transport=carrier", "GET"),
        ("EIO=4&transport=websocket", "GET"),
        ("EIO=4&transport=polling&sid=nobody", "GET"),
        ("EIO=4&transport=polling&sid=nobody", "POST"),
        ("EIO=4&transport=polling", "POST"),
        ("EIO=3&transport=polling&sid=nobody", "GET"),
    ],
)
def test_requests_that_mean_nothing_are_refused(site: Site, query: str, method: str) -> None:
    assert httpx.request(method, f"{site.url}/socket.io/?{query}").status_code == 400
    assert site.sessions() == 0


def test_a_websocket_that_is_none_gives_its_place_back(serve: Serve) -> None:
    site = serve(THREADS="4")
    headers = {"Connection": "Upgrade", "Upgrade": "websocket"}
    for _ in range(3):
        answer = httpx.get(f"{site.url}/socket.io/?EIO=4&transport=websocket", headers=headers)
        assert answer.status_code == 400
    assert opened(site).status_code == 200


def test_other_paths_are_the_application_s(site: Site) -> None:
    assert httpx.get(f"{site.url}/socket.io/socket.io.js").status_code == 404
    assert httpx.get(f"{site.url}/api/versions").status_code == 200
    assert opened(site).status_code == 200


def test_a_store_that_cannot_be_read_is_told_politely(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> Any:
        raise Unavailable("no")

    with monkeypatch.context() as broken:
        broken.setattr(site.app.extensions["live"], "now", fail)
        answer = opened(site)
        assert (answer.status_code, "Retry-After" in answer.headers) == (503, True)
    assert opened(site).status_code == 200


def test_a_failure_is_told_again_until_it_is_heard(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.compat.sockets.delivery.AGAIN_S", 0.02)
    client = site.connect()
    client.all_told()
    with monkeypatch.context() as broken:
        failed: list[int] = []

        def fail(*_: Any) -> Any:
            failed.append(1)
            raise Unavailable("no")

        broken.setattr("app.compat.sockets.root_news.FullSet", fail)
        site.glucose(117)
        wait_until(lambda: len(failed) > 1)
        assert client.heard_nothing_but("clients", "connected")
    assert client.next("dataUpdate")["sgvs"][0]["mgdl"] == 117


def test_cors_is_for_those_who_asked_for_it(serve: Serve) -> None:
    def allowed(site: Site) -> str | None:
        asked = {"EIO": "4", "transport": "polling"}
        answer = httpx.get(f"{site.url}/socket.io/", params=asked, headers={"Origin": "https://elsewhere.example"})
        assert answer.status_code == 200
        return answer.headers.get("Access-Control-Allow-Origin")

    assert allowed(serve()) is None
    assert allowed(serve(ENABLE="cors")) == "https://elsewhere.example"


def test_the_end_of_the_server_ends_every_session(site: Site) -> None:
    from app.compat import sockets

    clients = [site.connect(), site.connect(transports=["polling"])]
    sockets.close(site.app)
    for client in clients:
        assert client.gone.wait(5)
    assert opened(site).status_code == 503

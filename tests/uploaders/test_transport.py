"""The line to a vendor: limits of time and size, checked addresses, few retries, nothing secret in a log."""

from __future__ import annotations

import logging
import socket
import threading
from collections.abc import Callable, Iterator
from ipaddress import ip_address

import pytest

from app.clock import SystemClock
from app.uploaders import guard
from app.uploaders.errors import ActionRequired, RateLimited, Transient
from app.uploaders.guard import Limits, is_never_a_source, is_public
from app.uploaders.transport import Answer, Line, retry_after_s
from tests.clocks import START_MS, SettableClock
from tests.emulators.server import Asked, Emulator, Reply, cut_off, late, page

MakeLine = Callable[..., Line]


class Echo(Emulator):
    def reply(self, asked: Asked) -> Reply:
        return Reply({"path": asked.path})


@pytest.fixture
def echo(clock: SettableClock) -> Iterator[Echo]:
    with Echo(clock).running() as emulator:
        yield emulator


def test_an_answer_is_read(line: MakeLine, echo: Echo) -> None:
    assert line().ask("GET", f"{echo.url}/here").json() == {"path": "/here"}


def test_a_form_is_sent_as_a_form_and_json_as_json(line: MakeLine, echo: Echo) -> None:
    line().ask("POST", echo.url, form={"name": "Ada & Ben", "empty": "é=1"})
    line().ask("POST", echo.url, body={"name": "Ada"})
    as_form, as_json = echo.asked
    assert as_form.headers["content-type"] == "application/x-www-form-urlencoded"
    assert as_form.body == {"name": "Ada & Ben", "empty": "é=1"}
    assert (as_json.headers["content-type"], as_json.body) == ("application/json", {"name": "Ada"})


def test_the_cookies_of_an_answer_are_told_and_sent_with_the_next_call(line: MakeLine, echo: Echo) -> None:
    echo.script("/enter", Reply({}, headers={"Set-Cookie": "session=abc; Path=/; HttpOnly"}))
    one = line()
    answer = one.ask("POST", f"{echo.url}/enter")
    one.ask("GET", f"{echo.url}/next")
    assert answer.cookies == {"session": "abc"}
    assert echo.asked[-1].headers["cookie"] == "session=abc"


def test_a_rest_is_cut_by_the_limits_and_not_begun_when_the_run_is_over(line: MakeLine) -> None:
    line(limits=Limits(rest_s=0)).rest(3600)

    def over() -> None:
        raise Transient("the run is over")

    with pytest.raises(Transient):
        line(before_call=over).rest(3600)


def test_a_slow_answer_is_given_up(line: MakeLine, echo: Echo) -> None:
    echo.script("/", late("{}", 5))
    with pytest.raises(Transient, match="did not answer in time"):
        line(limits=Limits(total_s=0.05)).ask("GET", echo.url)


def test_an_answer_that_drips_is_cut_at_the_end_of_the_call() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        stopped = threading.Event()

        def drip() -> None:
            connection, _ = server.accept()
            with connection:
                connection.sendall(b"HTTP/1.1 200 OK\r\n")
                while not stopped.wait(0.02):
                    try:
                        connection.sendall(b"X-Drip: 1\r\n")
                    except OSError:
                        return

        thread = threading.Thread(target=drip, daemon=True)
        thread.start()
        dripped = Line("Vendor", SystemClock(), private_allowed=True, limits=Limits(total_s=0.3))
        with pytest.raises(Transient, match="in time"):
            dripped.ask("GET", f"http://127.0.0.1:{server.getsockname()[1]}/")
        dripped.close()
        stopped.set()
        thread.join()


def test_a_connection_cut_in_the_middle_is_passing_trouble(line: MakeLine, echo: Echo) -> None:
    echo.script("/", cut_off({"a": "long enough to be cut"}))
    with pytest.raises(Transient, match="connection to Vendor failed"):
        line().ask("GET", echo.url)


def test_a_refused_connection_is_passing_trouble(line: MakeLine) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with pytest.raises(Transient):
        line().ask("GET", f"http://127.0.0.1:{port}/")


def test_a_name_nobody_knows_is_passing_trouble(line: MakeLine) -> None:
    with pytest.raises(Transient):
        line().ask("GET", "https://does-not-exist.invalid/")


def test_an_answer_beyond_the_limit_is_not_taken(line: MakeLine, echo: Echo) -> None:
    echo.script("/", Reply("x" * 5000))
    with pytest.raises(Transient, match="too large"):
        line(limits=Limits(body_bytes=1000)).ask("GET", echo.url)


def test_a_page_where_data_should_be_is_passing_trouble(line: MakeLine, echo: Echo) -> None:
    echo.script("/", page(200))
    with pytest.raises(Transient, match="page instead of data"):
        line().ask("GET", echo.url).json()


def test_a_read_is_tried_three_times_and_no_more(line: MakeLine, echo: Echo) -> None:
    echo.script("/", *[cut_off({"long": "enough"})] * 2)
    reader = line()
    assert reader.read(lambda left_s: reader.ask("GET", echo.url, longest_s=left_s)).status == 200
    echo.script("/", *[cut_off({"long": "enough"})] * 9)
    before = len(echo.asked)
    with pytest.raises(Transient):
        reader.read(lambda left_s: reader.ask("GET", echo.url, longest_s=left_s))
    assert len(echo.asked) - before == 3


def test_a_request_that_is_no_read_is_sent_once(line: MakeLine, echo: Echo) -> None:
    echo.script("/", cut_off({"long": "enough"}))
    with pytest.raises(Transient):
        line().ask("POST", echo.url, body={"password": "x"})
    assert len(echo.asked) == 1


def test_redirects_are_never_followed_blindly(line: MakeLine, echo: Echo) -> None:
    echo.script("/", Reply("", 307, {"Location": f"{echo.url}/elsewhere"}))
    assert line().ask("POST", f"{echo.url}/login", body={"password": "x"}).status == 307
    assert echo.count("elsewhere") == 0


def test_loopback_and_plain_http_are_refused_unless_allowed(line: MakeLine, echo: Echo) -> None:
    with pytest.raises(ActionRequired) as refused:
        line(private_allowed=False).ask("GET", echo.url)
    assert refused.value.kind == "address"
    assert "ALLOW_PRIVATE_SOURCES" in refused.value.hint
    with pytest.raises(ActionRequired, match="private network"):
        line(private_allowed=False).ask("GET", echo.url.replace("http:", "https:"))
    assert echo.asked == []


def test_a_public_name_that_stands_for_a_private_address_is_refused(
    line: MakeLine, echo: Echo, monkeypatch: pytest.MonkeyPatch
) -> None:
    def resolve(host: str, port: int, **_: object) -> list[tuple[object, ...]]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]

    monkeypatch.setattr(guard.socket, "getaddrinfo", resolve)
    with pytest.raises(ActionRequired, match="private network"):
        line(private_allowed=False).ask("GET", "https://innocent.example.org/")


def test_plain_http_never_goes_to_the_open_internet(line: MakeLine, monkeypatch: pytest.MonkeyPatch) -> None:
    def resolve(host: str, port: int, **_: object) -> list[tuple[object, ...]]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("93.184.215.14", port))]

    monkeypatch.setattr(guard.socket, "getaddrinfo", resolve)
    with pytest.raises(ActionRequired, match="may not be reached"):
        line(private_allowed=True).ask("GET", "http://nightscout.example.org/")


@pytest.mark.parametrize("text", ["8.8.8.8", "2606:4700::1"])
def test_addresses_of_the_internet_are_public(text: str) -> None:
    assert is_public(ip_address(text))


@pytest.mark.parametrize(
    "text",
    [
        "10.0.0.1",
        "172.16.3.4",
        "192.168.1.1",
        "127.0.0.1",
        "100.64.0.1",
        "0.0.0.0",
        "::1",
        "fd00::1",
        "::ffff:10.0.0.1",
        "64:ff9b::a00:1",
        "2002:a00:1::",
        "169.254.169.254",
        "fe80::1",
        "224.0.0.1",
    ],
)
def test_addresses_of_a_house_are_not_public_however_they_are_written(text: str) -> None:
    assert not is_public(ip_address(text))


@pytest.mark.parametrize("text", ["169.254.169.254", "::ffff:169.254.169.254", "fe80::1", "224.0.0.1", "0.0.0.0"])
def test_some_addresses_are_no_source_even_at_home(text: str) -> None:
    assert is_never_a_source(ip_address(text))


def test_an_address_at_home_may_be_a_source() -> None:
    assert not is_never_a_source(ip_address("192.168.1.20"))


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("120", 120.0),
        ("Sat, 21 Nov 2026 10:02:00 GMT", 120.0),
        ("Sat, 21 Nov 2026 09:00:00 GMT", 0.0),
        ("", None),
        ("soon", None),
        ("-5", None),
    ],
)
def test_retry_after_is_read_in_every_form(written: str, meant: float | None) -> None:
    assert retry_after_s({"retry-after": written}, START_MS) == meant


@pytest.mark.parametrize("status", [429, 430])
def test_too_many_requests_are_told_from_trouble(status: int) -> None:
    failure = Answer("Vendor", status, {"retry-after": "60"}, b"").common_failure(START_MS)
    assert isinstance(failure, RateLimited)
    assert failure.retry_after_s == 60


def test_secrets_of_a_request_are_in_no_log(line: MakeLine, echo: Echo, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    line().ask(
        "GET", f"{echo.url}/marker-path", params={"sessionId": "marker-query"}, headers={"api-secret": "marker-h"}
    )
    assert "marker" not in caplog.text

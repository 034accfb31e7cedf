"""Who shows bad credentials waits; how many wait at once is limited."""

from __future__ import annotations

import threading
from collections.abc import Callable

from app.compat import credentials
from tests.clocks import SettableClock
from tests.compat.conftest import SECRET_DIGEST, Site

READ = "/api/v1/entries.json"


def test_each_failure_makes_the_next_request_wait_longer(site_with: Callable[..., Site]) -> None:
    site = site_with(AUTH_FAIL_DELAY="5000")
    wrong = site.client(api_secret="wrong")
    wrong.get(READ)
    assert site.waited_s == []
    wrong.get(READ)
    wrong.get(READ)
    assert site.waited_s == [5.0, 10.0]


def test_no_request_waits_longer_than_half_a_minute(site_with: Callable[..., Site]) -> None:
    site = site_with(AUTH_FAIL_DELAY="3600000")
    site.client(api_secret="wrong").get(READ)
    site.client().get(READ)
    assert site.waited_s == [30.0]


def test_a_good_credential_waits_once_and_ends_the_waiting(site_with: Callable[..., Site]) -> None:
    site = site_with(AUTH_FAIL_DELAY="5000")
    site.client(api_secret="wrong").get(READ)
    good = site.client(api_secret=SECRET_DIGEST)
    assert good.get(READ).status_code == good.get(READ).status_code == 200
    assert site.waited_s == [5.0]


def test_waiting_ends_by_itself(site_with: Callable[..., Site], clock: SettableClock) -> None:
    site = site_with(AUTH_FAIL_DELAY="5000")
    site.client(api_secret="wrong").get(READ)
    clock.advance(s=5)
    site.client().get(READ)
    assert site.waited_s == []


def test_another_address_does_not_wait(site_with: Callable[..., Site]) -> None:
    site = site_with(AUTH_FAIL_DELAY="5000")
    site.client(api_secret="wrong", X_Forwarded_For="203.0.113.5").get(READ)
    site.client(X_Forwarded_For="203.0.113.6").get(READ)
    assert site.waited_s == []
    site.client(X_Forwarded_For="203.0.113.5").get(READ)
    assert site.waited_s == [5.0]


def test_routes_without_credentials_do_not_wait(site_with: Callable[..., Site]) -> None:
    site = site_with(AUTH_FAIL_DELAY="5000")
    wrong = site.client(api_secret="wrong")
    wrong.get(READ)
    assert wrong.get("/api/versions").status_code == 200
    assert wrong.get("/api/v1/nope").status_code == 404
    assert site.waited_s == []


def test_with_a_delay_of_nothing_nobody_waits(site: Site) -> None:
    wrong = site.client(api_secret="wrong")
    assert [wrong.get(READ).status_code for _ in range(3)] == [401] * 3
    assert site.waited_s == []


def test_beyond_the_places_to_wait_the_answer_is_come_back_later(site_with: Callable[..., Site]) -> None:
    site = site_with(AUTH_FAIL_DELAY="5000")
    site.client(api_secret="wrong").get(READ)
    release, waiting = threading.Event(), threading.Semaphore(0)

    def wait(seconds: float) -> None:
        waiting.release()
        release.wait(30)

    site.wait = wait
    held = [threading.Thread(target=site.client().get, args=(READ,)) for _ in range(credentials.MOST_WAITING)]
    for thread in held:
        thread.start()
    for _ in held:
        assert waiting.acquire(timeout=30)
    answer = site.client().get(READ)
    release.set()
    for thread in held:
        thread.join()
    assert answer.status_code == 429
    assert answer.headers["Retry-After"] == "5"
    assert site.client().get(READ).status_code == 401

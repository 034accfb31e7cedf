"""How a request arrived: https, proxies, and what follows from them."""

from __future__ import annotations

import httpx
import pytest

from tests.web.conftest import Serve

OUTSIDE = {"Host": "ada.example", "Accept": "text/html"}


@pytest.mark.parametrize("path", ["/sign-in", "/set-up", "/s/nls_x", "/sign-in?next=/audit"])
def test_pages_are_not_served_in_the_clear(serve: Serve, path: str) -> None:
    answer = httpx.get(serve().url + path, headers=OUTSIDE)
    assert (answer.status_code, answer.headers["Location"]) == (307, f"https://ada.example{path}")


def test_a_password_sent_in_the_clear_is_not_taken(serve: Serve) -> None:
    answer = httpx.post(f"{serve().url}/sign-in", data={"name": "Mum", "password": "x"}, headers=OUTSIDE)
    assert answer.status_code in (307, 400)
    assert "Mum" not in answer.text


def test_behind_a_proxy_with_https_they_are(serve: Serve) -> None:
    answer = httpx.get(f"{serve().url}/set-up", headers={**OUTSIDE, "X-Forwarded-Proto": "https"})
    assert answer.status_code == 200
    assert "; Secure" in answer.headers["Set-Cookie"]
    assert answer.headers["Strict-Transport-Security"]


def test_a_proxy_nobody_believes_changes_nothing(serve: Serve) -> None:
    site = serve(TRUST_PROXY="off")
    answer = httpx.get(f"{site.url}/set-up", headers={**OUTSIDE, "X-Forwarded-Proto": "https"})
    assert answer.status_code == 307


def test_the_settings_may_want_plain_http(serve: Serve) -> None:
    answer = httpx.get(f"{serve(INSECURE_USE_HTTP='on').url}/set-up", headers=OUTSIDE)
    assert answer.status_code == 200
    assert "; Secure" not in answer.headers["Set-Cookie"]


def test_this_very_machine_needs_none(serve: Serve) -> None:
    assert httpx.get(f"{serve().url}/set-up", headers={"Accept": "text/html"}).status_code == 200

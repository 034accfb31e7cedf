"""The headers of every page."""

from __future__ import annotations

import httpx
import pytest

from app.actor import system_actor
from app.config import load_settings
from app.glucose.thresholds import Thresholds
from app.glucose.units import Unit
from app.records.person import Person, save_person
from app.web.headers import transport_policy
from tests.web.conftest import Serve, Site

AS_BROWSER = {"Accept": "text/html"}


@pytest.mark.parametrize("path", ["/", "/nowhere"])
def test_a_page_keeps_to_itself(open_site: Site, path: str) -> None:
    headers = httpx.get(open_site.url + path, headers=AS_BROWSER).headers
    policy = headers["Content-Security-Policy"].split("; ")
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "form-action 'self'" in policy
    assert not any("unsafe" in rule or "*" in rule for rule in policy)
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["Cache-Control"] == "no-store"
    assert "camera=()" in headers["Permissions-Policy"]
    assert headers["X-Robots-Tag"] == "noindex, nofollow"


def test_plain_http_is_not_told_to_be_https(open_site: Site) -> None:
    assert "Strict-Transport-Security" not in httpx.get(open_site.url).headers


@pytest.mark.parametrize(
    ("environment", "policy"),
    [
        ({}, "max-age=31536000"),
        ({"SECURE_HSTS_HEADER_INCLUDESUBDOMAINS": "on"}, "max-age=31536000; includeSubDomains"),
        ({"SECURE_HSTS_HEADER_PRELOAD": "on"}, "max-age=31536000; preload"),
        ({"SECURE_HSTS_HEADER": "off"}, ""),
    ],
)
def test_https_is_asked_for_as_the_settings_say(environment: dict[str, str], policy: str) -> None:
    assert transport_policy(load_settings(environment)) == policy


def test_the_page_has_no_script_or_style_in_it(open_site: Site) -> None:
    open_site.glucose(110)
    html = httpx.get(open_site.url, headers=AS_BROWSER).text
    assert "<style" not in html
    assert " style=" not in html
    assert " onclick" not in html
    assert html.count("<script") == 2
    assert '<script type="application/json"' in html


def test_preferences_are_kept_in_cookies_no_script_reads(open_site: Site) -> None:
    with httpx.Client(base_url=open_site.url) as client:
        page = client.get("/", headers=AS_BROWSER).text
        token = page.split('name="csrf_token" value="')[1].split('"')[0]
        answer = client.post("/look/unit", data={"unit": "mmol", "csrf_token": token})
    assert answer.status_code == 303
    cookie = answer.headers["Set-Cookie"]
    assert "nl_unit=mmol" in cookie
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie


def test_another_site_cannot_change_them(open_site: Site) -> None:
    answer = httpx.post(f"{open_site.url}/look/unit", data={"unit": "mmol"}, headers=AS_BROWSER)
    assert answer.status_code == 400
    assert "nl_unit" not in answer.headers.get("Set-Cookie", "")


def test_nonsense_chooses_nothing(open_site: Site) -> None:
    open_site.glucose(110)
    cookies = {"nl_unit": "stone", "nl_theme": 'pink"><script>'}
    html = httpx.get(
        open_site.url, headers={**AS_BROWSER, "Cookie": "; ".join(f"{k}={v}" for k, v in cookies.items())}
    ).text
    assert "pink" not in html
    assert ">mg/dL</span>" in html


def test_a_visitor_without_rights_never_learns_the_name(serve: Serve) -> None:
    site = serve()
    save_person(site.house.store, Person("Mia Secret", "UTC", Unit.MGDL, Thresholds()), system_actor("test"))
    for path in ("/", "/nowhere", "/now.json"):
        assert "Mia" not in httpx.get(site.url + path, headers=AS_BROWSER, follow_redirects=True).text

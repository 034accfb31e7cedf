"""Style sheets, scripts and icons: small, kept for good under an address that changes with them."""

from __future__ import annotations

import gzip
import json

import httpx
import pytest

from app.web.assets import assets
from tests.web.conftest import Site


def address(site: Site, name: str, version: str = "") -> str:
    return f"{site.url}/static/{version or assets().version}/{name}"


def test_a_file_is_kept_for_good_under_its_versions_address(open_site: Site) -> None:
    answer = httpx.get(address(open_site, "css/nightlight.css"))
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert answer.headers["Content-Type"] == "text/css; charset=utf-8"
    assert "Accept-Encoding" in answer.headers["Vary"]


def test_a_page_from_before_an_update_gets_the_file_but_does_not_keep_it(open_site: Site) -> None:
    answer = httpx.get(address(open_site, "js/glance.js", "0123456789ab"))
    assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "no-cache")


def test_it_is_compressed_only_for_those_who_take_it(open_site: Site) -> None:
    plain = httpx.get(address(open_site, "js/chart.js"), headers={"Accept-Encoding": "identity"})
    assert "Content-Encoding" not in plain.headers
    with httpx.stream("GET", address(open_site, "js/chart.js"), headers={"Accept-Encoding": "gzip"}) as packed:
        assert packed.headers["Content-Encoding"] == "gzip"
        assert gzip.decompress(b"".join(packed.iter_raw())) == plain.content


@pytest.mark.parametrize("name", ["../app/config.py", "..%2fsetup.cfg", "js", "nothing.js", "%00"])
def test_nothing_else_is_sent(open_site: Site, name: str) -> None:
    assert httpx.get(address(open_site, name)).status_code == 404


def test_the_manifest_names_icons_that_exist(open_site: Site) -> None:
    manifest = httpx.get(address(open_site, "manifest.webmanifest"))
    assert manifest.headers["Content-Type"].startswith("application/manifest+json")
    for icon in json.loads(manifest.text)["icons"]:
        answer = httpx.get(address(open_site, icon["src"]))
        assert (answer.status_code, answer.headers["Content-Type"].split(";")[0]) == (200, icon["type"])


def test_nobody_has_to_sign_in_for_them(open_site: Site) -> None:
    assert "Set-Cookie" not in httpx.get(address(open_site, "css/nightlight.css")).headers

"""What the tests of properties, runtime data, summary and watches share: a site with everything on, and its answers."""

from __future__ import annotations

from typing import Any

import httpx

from tests.compat.conftest import Site

EVERYTHING = "iob cob bwp cage sage iage bage pump openaps loop xdripjs rawbg basal ar2"


def properties(site: Site, names: str = "", **headers: str) -> Any:
    """Return the properties of these names, all without one, and fail unless the answer is good."""
    answer = asked(site, names, **headers)
    assert answer.status_code == 200, answer.text
    return answer.json()


def asked(site: Site, names: str = "", **headers: str) -> httpx.Response:
    return site.owner.get(f"/api/v2/properties/{names}".rstrip("/"), headers=headers)


def only_plain_numbers(text: str) -> None:
    """Fail when a JSON text holds a number a strict parser does not take for whole, or none at all."""
    import json

    def refuse(number: str) -> float:
        raise AssertionError(number)

    def fraction(number: str) -> float:
        return refuse(number) if number.endswith(".0") else float(number)

    json.loads(text, parse_constant=refuse, parse_float=fraction)

"""The root namespace: who is let in, the full set, and deltas."""

from __future__ import annotations

from tests.compat.sockets.conftest import Site


def test_authorizing_brings_the_full_set_and_the_rights(site: Site) -> None:
    site.glucose(117)
    client = site.connect()
    assert client.authorize(status=True) == {"read": True, "write": True, "write_treatment": True}
    assert client.next("connected") is None
    full = client.next("dataUpdate")
    assert full["sgvs"][0]["mgdl"] == 117
    assert full["status"]["versionNum"] == 150007
    site.glucose(120)
    delta = client.next("dataUpdate")
    assert delta["delta"] is True

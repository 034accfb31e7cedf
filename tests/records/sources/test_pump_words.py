"""A pump's events: what is a change of something on the body, and what only speaks of one."""

from __future__ import annotations

import pytest

from app.records.sources.pump_words import changes_in


@pytest.mark.parametrize(
    ("words", "kinds"),
    [
        ("pod_activated", ["Site Change", "Insulin Change"]),
        ("Pod Activation", ["Site Change", "Insulin Change"]),
        ("podChange", ["Site Change", "Insulin Change"]),
        ("POD_DEACTIVATED", []),
        ("setSiteChange", ["Site Change"]),
        ("Cannula Fill", ["Site Change"]),
        ("reservoir_change", ["Insulin Change"]),
        ("Cartridge loaded", ["Insulin Change"]),
        ("Low reservoir", []),
        ("pod_expired", []),
        ("Change pod soon", []),
        ("Site change reminder", []),
        ("Cartridge change incomplete", []),
        ("somethingNew", []),
        ("", []),
    ],
)
def test_changes_are_known_by_their_words(words: str, kinds: list[str]) -> None:
    assert [kind for kind, _ in changes_in(words)] == kinds

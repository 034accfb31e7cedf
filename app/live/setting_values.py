"""Settings of single features as numbers and switches, whatever somebody wrote into them."""

from __future__ import annotations

from app.config import BY_NAME, Settings
from app.glucose.numbers import figure


def number_set(settings: Settings, name: str) -> float:
    """Return a setting as a number, its default where what is set is none."""
    found = figure(settings[name])
    return float(BY_NAME[name].default) if found is None else found


def switched_on(settings: Settings, name: str) -> bool:
    """Tell whether a setting was switched on."""
    return settings[name] is True

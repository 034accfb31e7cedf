"""Odd wishes of single clients, said where they are fulfilled: what the client counts on, and which client it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

Function = TypeVar("Function", bound=Callable[..., Any])

_QUIRKS = "_quirks"


@dataclass(frozen=True, slots=True)
class Quirk:
    """What ``clients`` count on, in words no other quirk has: tests name it by them."""

    what: str
    clients: tuple[str, ...]


def quirk(what: str, *clients: str) -> Callable[[Function], Function]:
    """Say of a function that it fulfils a wish of these clients. It stays the function it is."""
    if not what or not clients:
        raise ValueError("a quirk says what it is, and who needs it")

    def mark(function: Function) -> Function:
        setattr(function, _QUIRKS, (Quirk(what, clients), *quirks_of(function)))
        return function

    return mark


def quirks_of(function: Callable[..., Any]) -> tuple[Quirk, ...]:
    """Return the quirks a function fulfils."""
    found: tuple[Quirk, ...] = getattr(function, _QUIRKS, ())
    return found

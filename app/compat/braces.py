"""Brace expansion as a shell does it: ``2026-{10..11}`` is ``2026-10`` and ``2026-11``."""

from __future__ import annotations

import re

from app.errors import BadQuery

MOST = 1000

_RANGE = re.compile(r"(-?\d{1,9})\.\.(-?\d{1,9})|([A-Za-z])\.\.([A-Za-z])", re.ASCII)


def expanded(text: str) -> list[str]:
    """Return every alternative, the leftmost varying slowest. Raises ``BadQuery`` beyond a thousand."""
    found = _first_group(text)
    if found is None:
        return [text]
    start, end, alternatives = found
    rests = expanded(text[end + 1 :])
    results = [
        text[:start] + middle + rest
        for alternative in alternatives
        for middle in expanded(alternative)
        for rest in rests
    ]
    if len(results) > MOST:
        raise BadQuery(f"The pattern expands to more than {MOST} alternatives")
    return results


def _first_group(text: str) -> tuple[int, int, list[str]] | None:
    """Return where the first group that has alternatives begins and ends, and its alternatives."""
    for start, letter in enumerate(text):
        if letter == "{":
            found = _alternatives(text, start)
            if found:
                return start, *found
    return None


def _alternatives(text: str, start: int) -> tuple[int, list[str]] | None:
    depth, parts, since = 0, [], start + 1
    for at in range(start, len(text)):
        letter = text[at]
        if letter == "{":
            depth += 1
        elif letter == "," and depth == 1:
            parts.append(text[since:at])
            since = at + 1
        elif letter == "}":
            depth -= 1
            if depth == 0:
                parts.append(text[since:at])
                listed = parts if len(parts) > 1 else _ranged(parts[0])
                return (at, listed) if listed else None
    return None


def _ranged(text: str) -> list[str]:
    found = _RANGE.fullmatch(text)
    if not found:
        return []
    first, last, letter, last_letter = found.groups()
    if letter:
        return [chr(code) for code in _steps(ord(letter), ord(last_letter))]
    padded = any(len(bound.lstrip("-")) > 1 and bound.lstrip("-").startswith("0") for bound in (first, last))
    width = max(len(first), len(last)) if padded else 0
    return [f"{number:0{width}d}" for number in _steps(int(first), int(last))]


def _steps(first: int, last: int) -> range:
    if abs(last - first) >= MOST:
        raise BadQuery(f"A range has more than {MOST} steps")
    return range(first, last + 1) if first <= last else range(first, last - 1, -1)

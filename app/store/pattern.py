"""Regular expressions that come from outside, run by an engine whose time grows linearly with the text (RE2).

Backreferences and lookarounds cannot be had that way and are refused, on both backends alike.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import re2

from app.errors import BadQuery

MAX_LENGTH = 1000
OPTIONS = frozenset("ims")
_MAX_PROGRAM_BYTES = 1024 * 1024
_TOKEN = re.compile(r"\\Q.*?(?:\\E|$)|\\.|\[\^?\]?(?:\\.|\[:\w+:\]|[^\]\\])*\]|\$|.", re.DOTALL)
_LITERAL_START = re.compile(r"\^([\w :/-]+)")


def compiled(pattern: str, options: str) -> Callable[[str], bool]:
    """Return a function telling whether the pattern occurs in a text.

    ``options`` are letters of ``ims`` as MongoDB knows them. Raises ``BadQuery`` for a pattern that is too long,
    wrong, or needs backtracking.
    """
    if len(pattern) > MAX_LENGTH:
        raise BadQuery(f"A regular expression is longer than {MAX_LENGTH} characters")
    if "\0" in pattern:
        raise BadQuery("A regular expression holds a NUL character")
    if not OPTIONS.issuperset(options):
        raise BadQuery(f"Unknown option among {options!r} of a regular expression", hint="Known are i, m and s.")
    flags = "".join(sorted(set(options)))
    body = pattern if "m" in flags else _TOKEN.sub(_before_last_newline, pattern)
    engine = re2.Options()
    engine.log_errors = False
    engine.max_mem = _MAX_PROGRAM_BYTES
    try:
        search = re2.compile(f"(?{flags}){body}" if flags else body, engine).search
    except (re2.error, UnicodeEncodeError):
        raise BadQuery(
            "A regular expression is wrong or needs backtracking", hint="Backreferences and lookarounds are refused."
        ) from None
    return lambda text: search(text) is not None


def _before_last_newline(token: re.Match[str]) -> str:
    """MongoDB's ``$`` also stands before a newline that ends the text; RE2's does not."""
    return r"(?:\n?\z)" if token[0] == "$" else token[0]


def literal_start(pattern: str, options: str) -> str:
    """Return text that everything matching the pattern must begin with; empty when there is no such text to be seen."""
    found = _LITERAL_START.match(pattern)
    if found is None or options or "|" in pattern:
        return ""
    literal, follows = found[1], pattern[found.end() : found.end() + 1]
    return literal[:-1] if follows in ("*", "?", "{") else literal

"""How a setting is read from the environment: look-up order, ``_FILE`` for secrets, and one parser per kind of value.

Look-up order for a name, as in Nightscout: ``CUSTOMCONNSTR_<NAME>``, ``CUSTOMCONNSTR_<name>``, ``<NAME>``, ``<name>``;
names and values are trimmed and an empty value counts as unset. A parser raises ``ValueError`` with what it wanted.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from urllib.parse import unquote

from app.errors import BadSetting

Parser = Callable[[str], object]


def text(value: str) -> str:
    """Return the value as it is."""
    return value


def switch(value: str) -> bool:
    """Read ``on``/``true`` and ``off``/``false``, in any case."""
    word = value.lower()
    if word in ("on", "true"):
        return True
    if word in ("off", "false"):
        return False
    raise ValueError("on, off, true or false")


def number(value: str) -> float | int:
    """Read a number; a decimal comma is accepted."""
    try:
        found = float(value.replace(",", "."))
    except ValueError:
        raise ValueError("a number") from None
    return int(found) if found.is_integer() else found


def whole(lowest: int, highest: int) -> Parser:
    """Make a parser for a whole number between two bounds (both allowed)."""

    def parse(value: str) -> int:
        try:
            found = int(value)
        except ValueError:
            found = lowest - 1
        if not lowest <= found <= highest:
            raise ValueError(f"a whole number from {lowest} to {highest}")
        return found

    return parse


def choice(*words: str) -> Parser:
    """Make a parser for one of some words, in any case."""

    def parse(value: str) -> str:
        for word in words:
            if value.lower() == word.lower():
                return word
        raise ValueError("one of " + ", ".join(words))

    return parse


def words(value: str) -> tuple[str, ...]:
    """Read a list of words separated by blanks: URL-decoded and lower-cased."""
    return tuple(unquote(value).lower().split())


def minutes(value: str) -> tuple[float | int, ...]:
    """Read a list of minutes separated by blanks."""
    return tuple(number(word) for word in value.split())


def loose(value: str) -> object:
    """Read a number or a switch where the value looks like one, else keep the text."""
    for parse in (switch, number):
        try:
            return parse(value)
        except ValueError:
            continue
    return value


def units(value: str) -> str:
    """Read a glucose unit: anything containing ``mmol`` is ``mmol``, ``mg/dl`` in any case is ``mg/dl``."""
    word = value.lower()
    if "mmol" in word:
        return "mmol"
    if word in ("mg/dl", "mgdl"):
        return "mg/dl"
    raise ValueError("mg/dl or mmol/L")


def at_least(length: int) -> Parser:
    """Make a parser for text of a least length (a secret)."""

    def parse(value: str) -> str:
        if len(value) < length:
            raise ValueError(f"at least {length} characters")
        return value

    return parse


def look_up(environment: Mapping[str, str], name: str) -> str | None:
    """Return the trimmed value of ``name``, or None when it is unset or empty."""
    for key in (f"CUSTOMCONNSTR_{name}", f"CUSTOMCONNSTR_{name.lower()}", name, name.lower()):
        value = environment.get(key, "").strip()
        if value:
            return value
    return None


def look_up_secret(environment: Mapping[str, str], name: str) -> str | None:
    """Return a secret: the variable itself, else the content of the file that ``<NAME>_FILE`` names.

    Raises ``BadSetting`` when both are set or the file cannot be read.
    """
    value, path = look_up(environment, name), look_up(environment, f"{name}_FILE")
    if path is None:
        return value
    if value is not None:
        raise BadSetting(f"{name} and {name}_FILE are both set", hint="Keep one of them.")
    try:
        return Path(path).read_text(encoding="utf-8").strip() or None
    except OSError as problem:
        raise BadSetting(f"{name}_FILE names {path}, which cannot be read: {problem.strerror}") from None

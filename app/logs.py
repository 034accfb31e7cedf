"""Structured logs: one line an event, with the request it belongs to, and no secrets.

Write ``log.info("what happened", extra=told(count=3))``: the words are constant, what varies goes into ``told``. Values
whose name says that they are secret are struck out, and so is whatever follows ``token=`` and its like inside a text.
"""

from __future__ import annotations

import json
import logging
import re
from contextvars import ContextVar
from typing import Any

from app.clock import iso_of

request_id: ContextVar[str] = ContextVar("request_id", default="")

STRUCK = "[struck]"
_SECRET_NAME = re.compile(
    r"secret|token|passw|passcode|cookie|authorization|otp|recovery|sealed|\bkey\b", re.IGNORECASE
)
_SECRET_IN_TEXT = re.compile(
    r"(?i)((?:secret|token|password|passcode|sessionId|code)=)[^&\s\"']+|(Bearer\s+)[\w.~+/=-]+|(://[^/\s:@]*:)[^@\s/]+(?=@)"
)


def told(**facts: Any) -> dict[str, Any]:
    """Pack the facts of an event for ``extra=``."""
    return {"facts": facts}


def without_secrets(text: str) -> str:
    """Return the text with whatever looks like a credential struck out."""
    return _SECRET_IN_TEXT.sub(lambda match: next(part for part in match.groups() if part) + STRUCK, text)


def _clean(name: str, value: Any) -> Any:
    if _SECRET_NAME.search(name):
        return STRUCK
    return without_secrets(value) if isinstance(value, str) else value


class _Line(logging.Formatter):
    """Turns a record into the fields of a line."""

    def fields(self, record: logging.LogRecord) -> dict[str, Any]:
        facts: dict[str, Any] = getattr(record, "facts", {})
        line: dict[str, Any] = {
            "at": iso_of(int(record.created * 1000)),
            "level": record.levelname.lower(),
            "room": record.name.removeprefix("app."),
            "says": without_secrets(record.getMessage()),
        }
        if request_id.get():
            line["request"] = request_id.get()
        line |= {name: _clean(name, value) for name, value in facts.items()}
        if record.exc_info:
            line["trace"] = without_secrets(self.formatException(record.exc_info))
        return line


class JsonLine(_Line):
    """A line for programs: one JSON object."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as JSON."""
        return json.dumps(self.fields(record), default=str)


class TextLine(_Line):
    """A line for people: time, level, room, words, then ``name=value``."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as text."""
        line = self.fields(record)
        trace = line.pop("trace", "")
        head = f"{line.pop('at')} {line.pop('level'):7} {line.pop('room')}: {line.pop('says')}"
        tail = "".join(f" {name}={json.dumps(value, default=str)}" for name, value in line.items())
        return head + tail + (f"\n{trace}" if trace else "")


def configure_logs(level: str, form: str) -> None:
    """Send every log of this process to standard error in the given form (``text`` or ``json``)."""
    output = logging.StreamHandler()
    output.setFormatter(JsonLine() if form == "json" else TextLine())
    root = logging.getLogger()
    root.handlers[:] = [output]
    root.setLevel(level.upper())
    for noisy in ("httpx", "httpcore", "apscheduler", "pymongo", "stamina"):
        logging.getLogger(noisy).setLevel(logging.WARNING)

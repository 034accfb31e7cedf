"""The text of ``docs/manifest.md``."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

from flask import Flask

from app.compat.credentials import presented_by
from app.compat.openapi.document import documents_of
from app.compat.openapi.walking import routes_of
from tests.manifest.asked import Asked
from tests.manifest.quirks import all_kept, come_by, shown_by

_INTRO = """\
# The contract, route by route

Made by `make docs`; a test fails when it is not so any more. Routes, what they need and the statuses they can answer are those
of the [OpenAPI documents](app-author.md#the-contract-as-documents), which are made from the running routes; each route below
`/api/v1` is served below `/api/v2` too. Behind a status stand the files of `tests/compat` in which a test asks this route and
gets this status, as noted while they run. A quirk stands at the routes whose code comes by it.
"""  # noqa: E501
_QUIRKS = """\
## Quirks

What single clients count on, where it is kept, and the tests that show it. What belongs to documents, whoever sends them
(identity, times, numbers), is in `app/records/`; [the room's own page](../app/compat/README.md) tells of both, and of where we
differ from the original.

| quirk | clients | kept by | shown by |
|---|---|---|---|"""  # noqa: E501
_SOCKETS = "app.compat.sockets."
"""Where no route comes by."""

_NEARLY_ALL = 0.7
_MANY = 0.5
"""Parts of the routes: what asks, or belongs to, more of them than this is told once."""


def page(app: Flask, record: dict[str, Asked]) -> str:
    """Return the page of an application, of a record of what the tests ask, and of the quirks and who shows them."""
    document = documents_of(app)["whole"]
    operations = {
        f"{method.upper()} {path}": operation
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    }
    sweeping = {file for file, asked in record.items() if len(asked) > _NEARLY_ALL * len(operations)}
    quirks = {f"{route.method} {route.path}": come_by(route.view) for route in routes_of(app)}
    counted = Counter(words for route in operations for words in quirks[route])
    single = {words for words, count in counted.items() if count <= _MANY * len(operations)} - come_by(presented_by)
    general = {kept.quirk.what for kept in all_kept() if not kept.module.startswith(_SOCKETS)} - single
    lines = [_INTRO, *_sweeping(sweeping), *_general(general)]
    for subject in document["tags"]:
        lines += [f"## {subject['name']}", "", subject["description"], ""]
        for route, operation in operations.items():
            if operation["tags"] == [subject["name"]]:
                lines += _route(route, operation, _seen(route, record, sweeping), sorted(quirks[route] & single))
    return "\n".join([*lines, *_quirks()]) + "\n"


def _seen(route: str, record: dict[str, Asked], sweeping: set[str]) -> dict[str, list[str]]:
    """Return which files see a route answer with each status; those that ask of all only where no other does."""
    seen: dict[str, list[str]] = defaultdict(list)
    for file, asked in sorted(record.items(), key=lambda item: (item[0] in sweeping, item[0])):
        for status in map(str, asked.get(route, ())):
            if file not in sweeping or not seen[status]:
                seen[status].append(file)
    return seen


def _sweeping(files: Iterable[str]) -> Iterator[str]:
    yield f"Nearly every route is asked by {', '.join(map(_link, sorted(files)))} (told below only where no other file"
    yield f"sees a status), and by {_link('test_schemathesis.py')}, with whatever the documents let a client send."
    yield ""


def _general(quirks: Iterable[str]) -> Iterator[str]:
    yield "Quirks of every request they can apply to: " + "; ".join(sorted(quirks)) + "."
    yield ""


def _route(route: str, operation: dict[str, Any], seen: dict[str, list[str]], quirks: list[str]) -> Iterator[str]:
    yield f"### `{route}`"
    yield ""
    needs = sorted({permission for scheme in operation["security"] for one in scheme.values() for permission in one})
    suffixes = operation.get("x-suffixes", {})
    decided = operation.get("x-permission") or _codes(needs)
    told = [operation["summary"], f"needs {decided}" if decided else "open to anybody"]
    yield "; ".join(told + ([f"suffixes {_codes(suffixes)}"] if suffixes else [])) + "."
    yield ""
    unseen = []
    for status in operation["responses"]:
        files = seen[status]
        if files:
            yield f"- {status}: {', '.join(map(_link, files))}"
        else:
            unseen.append(status)
    if unseen:
        yield f"- {' '.join(unseen)}: told of, not asked for here"
    if quirks:
        yield f"- quirks: {'; '.join(quirks)}"
    yield ""


def _quirks() -> Iterator[str]:
    yield _QUIRKS
    tests = shown_by()
    for kept in all_kept():
        where = kept.module.replace(".", "/") + ".py"
        shown = ", ".join(f"{_link(file)} `{name}`" for file, name in tests[kept.quirk.what])
        name = kept.function.__qualname__.lstrip("_")
        yield f"| {_cell(kept.quirk.what)} | {', '.join(kept.quirk.clients)} | [`{name}`](../{where}) | {shown} |"


def _link(file: str) -> str:
    return f"[{file.removesuffix('.py').replace('test_', '', 1)}](../tests/compat/{file})"


def _codes(words: Iterable[str]) -> str:
    return " ".join(f"`{word}`" for word in words)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;")

"""Paths as Nightscout's routes take them: a suffix chooses the format, a slash at the end means nothing."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from app.compat.quirks import quirk

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

ORIGINAL = "nightlight.original_path"

SUFFIXES = {
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".csv": "text/csv",
    ".txt": "text/plain",
    ".png": "image/png",
    ".html": "text/html",
    ".tsv": "text/tab-separated-values",
}
V3_SUFFIXES = {".json": "application/json", ".csv": "text/csv", ".xml": "application/xml"}
_STATUS_SUFFIXES = {".js": "application/javascript"}
_PREFIXES = ("/api/v1/", "/api/v2/")
_V3_PREFIX = "/api/v3/"


class CanonicalPaths:
    """WSGI middleware: ``/api/v1/entries/sgv/.json`` is ``/api/v1/entries/sgv`` with ``Accept: application/json``."""

    def __init__(self, application: WSGIApplication) -> None:
        self._application = application

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Pass the request on under its canonical path."""
        path = environ.get("PATH_INFO", "")
        if path.startswith("/api/"):
            environ[ORIGINAL] = path
            shorter = path.rstrip("/")
            if path.startswith((*_PREFIXES, _V3_PREFIX)):
                shorter = _without_suffix(shorter, environ)
            environ["PATH_INFO"] = shorter
        return self._application(environ, start_response)


def suffixes_of(path: str) -> dict[str, str]:
    """Return what may stand behind a path, and the media type each stands for."""
    if path.startswith(_V3_PREFIX):
        return V3_SUFFIXES
    return SUFFIXES | _STATUS_SUFFIXES if path.endswith("/status") else SUFFIXES


@quirk("a suffix stands for Accept", "nearly all")
def _without_suffix(path: str, environ: dict[str, Any]) -> str:
    head, dot, suffix = path.rpartition(".")
    accept = suffixes_of(head).get(dot + suffix)
    if accept is None:
        return path
    environ["HTTP_ACCEPT"] = accept
    return head.rstrip("/")


def original_path(environ: dict[str, Any]) -> str:
    """Return the path as the client wrote it, without the query."""
    return str(environ.get(ORIGINAL, environ.get("PATH_INFO", "")))

"""Failures in the shape of API v3: ``{"status", "message"}``, without words where the number says it all."""

from __future__ import annotations

import logging
import math
from http import HTTPStatus

from flask import Blueprint, Response
from werkzeug.exceptions import HTTPException

from app.compat.answers import json_bytes
from app.compat.v3.access import BAD
from app.compat.v3.answers import JSON_TYPE
from app.errors import Gone, NightlightError, NotFound, TooManyAttempts, Unauthenticated
from app.records.identified_rules import ChangedMeanwhile

log = logging.getLogger(__name__)

DATABASE_ERROR = "Database error"
_WORDLESS = (NotFound, Gone, ChangedMeanwhile)


def failure(status: int, message: str = "") -> Response:
    """Return a failure; without words there is no ``message``."""
    body: dict[str, object] = {"status": status} | ({"message": message} if message else {})
    return Response(json_bytes(body), status, content_type=JSON_TYPE)


def shape_errors(blueprint: Blueprint) -> None:
    """Let a blueprint answer failures in the shape of API v3."""
    blueprint.register_error_handler(NightlightError, _shaped)
    blueprint.register_error_handler(HTTPException, _http)
    blueprint.register_error_handler(Exception, _unforeseen)


def _shaped(error: NightlightError) -> Response:
    if isinstance(error, _WORDLESS):
        return failure(error.status)
    if isinstance(error, Unauthenticated):
        return failure(401, BAD)
    if error.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        log.warning("a request of API v3 failed: %s", error.code)
        return failure(error.status, DATABASE_ERROR)
    answer = failure(error.status, error.message)
    if isinstance(error, TooManyAttempts):
        answer.headers["Retry-After"] = str(math.ceil(error.retry_after_s))
    return answer


def _http(error: HTTPException) -> Response:
    return failure(error.code or 500, error.name)


def _unforeseen(error: Exception) -> Response:
    log.error("a request failed", exc_info=error)
    return failure(500, "Internal Server Error")

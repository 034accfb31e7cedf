"""Failures in the shapes v1 and v2 clients know. No answer ever holds a stack trace."""

from __future__ import annotations

import logging
import math
from html import escape
from http import HTTPStatus

from flask import Blueprint, Response, request
from werkzeug.exceptions import HTTPException

from app.compat.answers import JSON, json_bytes
from app.compat.bodies import MalformedBody, TooBig
from app.compat.negotiation import chosen
from app.compat.paths import original_path
from app.errors import Forbidden, NightlightError, NotFound, TooManyAttempts, Unauthenticated

log = logging.getLogger(__name__)


class Refusal(NightlightError):
    """A failure whose status and words the contract fixes; ``description`` None leaves the member out."""

    code = "refusal"

    def __init__(self, status: int, message: str, description: object = None) -> None:
        super().__init__(message)
        self.status = status
        self.description = description


def error_answer(status: int, message: str, description: object = None) -> Response:
    """Return ``{"status", "message", "description"}``; members without a value are left out."""
    body: dict[str, object] = {"status": status, "message": message}
    if description is not None:
        body["description"] = description
    return Response(json_bytes(body), status, mimetype=JSON)


def page(status: int, text: str) -> Response:
    """Return a failure as the small HTML page Express makes of it."""
    body = f'<!DOCTYPE html>\n<html lang="en">\n<title>Error</title>\n<pre>{escape(text)}</pre>\n</html>\n'
    return Response(body, status, mimetype="text/html")


def no_such_route() -> Response:
    """Return the 404 of an unknown route: ``Cannot GET /path``."""
    return page(404, f"Cannot {request.method} {original_path(request.environ)}")


def shape_errors(blueprint: Blueprint) -> None:
    """Let a blueprint answer failures in v1's shapes."""
    blueprint.register_error_handler(NightlightError, _shaped)
    blueprint.register_error_handler(HTTPException, _http)
    blueprint.register_error_handler(Exception, _unforeseen)


def _shaped(error: NightlightError) -> Response:
    if isinstance(error, Unauthenticated | Forbidden):
        return error_answer(401, "Unauthorized", "Invalid/Missing")
    if isinstance(error, Refusal):
        return error_answer(error.status, error.message, error.description)
    if isinstance(error, NotFound):
        return no_such_route()
    if isinstance(error, TooBig):
        return page(413, "Payload Too Large")
    if isinstance(error, MalformedBody):
        return _malformed(error)
    answer = error_answer(error.status, HTTPStatus(error.status).phrase, error.message)
    if isinstance(error, TooManyAttempts):
        answer.headers["Retry-After"] = str(math.ceil(error.retry_after_s))
    return answer


def _malformed(error: MalformedBody) -> Response:
    if chosen(request.headers.get("Accept", ""), ("text/html", JSON, "text/plain")) == JSON:
        body = {"error": {"message": error.message, "status": 400, "type": "entity.parse.failed"}}
        return Response(json_bytes(body), 400, mimetype=JSON)
    return page(400, error.message)


def _http(error: HTTPException) -> Response:
    if error.code == HTTPStatus.NOT_FOUND:
        return no_such_route()
    return error_answer(error.code or 500, error.name)


def _unforeseen(error: Exception) -> Response:
    log.error("a request failed", exc_info=error)
    return error_answer(500, "Internal Server Error")

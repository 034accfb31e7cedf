"""What a person sees when something is refused or fails: plain words, what to do, the request's id, never a trace."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from flask import Flask, Response, current_app, g, jsonify, make_response, redirect, render_template, request
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException, InternalServerError
from werkzeug.wrappers import Response as BaseResponse

from app.actor import NOBODY
from app.errors import NightlightError
from app.logs import request_id, told

log = logging.getLogger(__name__)

SIGN_IN = "/sign-in"
_RETRY_LATER_S = 10


@dataclass(frozen=True, slots=True)
class Words:
    """What a page says about one status: a heading, and what to do."""

    heading: str
    advice: str


WORDS: Mapping[int, Words] = {
    400: Words("That could not be understood", "Go back, check what was entered, and send it again."),
    403: Words("Not allowed", "You are known here, but this page is not for you. The owner can change that."),
    404: Words("Nothing here", "There is no such page. Perhaps the address was cut short."),
    405: Words("Not like this", "This address does not take what was sent."),
    409: Words("Changed meanwhile", "Somebody or something was quicker. Look again, and decide anew."),
    410: Words("This has ended", "What was here is over. Ask the person who gave you the link for a new one."),
    413: Words("Too large", "Send less at once."),
    429: Words("Too many tries", "Wait a little, then try again."),
    503: Words("Not available now", "The data cannot be reached at the moment. Try again shortly."),
    507: Words("No room left", "The store is full: nothing new can be kept. What is there can still be read."),
}
_FAILED = Words("Something went wrong here", "It is not your fault, and it has been noted. Try again.")


def answer(status: int, code: str, message: str, hint: str = "", retry_after_s: float | None = None) -> BaseResponse:
    """Return a refusal or failure as the asker can read it: a page, the way to sign in, or JSON for a script."""
    if request.path.endswith(".json") or not _wants_page():
        response: Response = jsonify(
            error={"code": code, "message": message, "hint": hint, "request": request_id.get()}
        )
    elif status == 401:
        return redirect(_sign_in_and_return(), 303)
    else:
        response = make_response(_page(status, message, hint))
    response.status_code = status
    if retry_after_s is not None:
        response.headers["Retry-After"] = str(max(1, round(retry_after_s)))
    response.headers["Cache-Control"] = "no-store"
    return response


def _sign_in_and_return() -> str:
    if request.method != "GET":
        return SIGN_IN
    return f"{SIGN_IN}?{urlencode({'next': request.full_path.rstrip('?')})}"


def _wants_page() -> bool:
    return request.accept_mimetypes.best_match(["text/html", "application/json", "text/event-stream"]) == "text/html"


def _page(status: int, message: str, hint: str) -> str:
    words = WORDS.get(status, _FAILED)
    g.setdefault("actor", NOBODY)
    return render_template(
        "error.html",
        status=status,
        words=words,
        message=message.rstrip("."),
        advice=hint or words.advice,
        request_id=request_id.get(),
    )


def refused(error: NightlightError) -> BaseResponse:
    """Answer a failure of ours."""
    retry_after_s = getattr(error, "retry_after_s", _RETRY_LATER_S if error.status == 503 else None)
    if error.status == 500:
        log.error("request failed", exc_info=error)
    elif error.status > 500:
        log.warning("request refused", extra=told(code=error.code, why=error.message))
    return answer(error.status, error.code, error.message, error.hint, retry_after_s)


def http_error(error: HTTPException) -> BaseResponse | HTTPException:
    """Answer what Flask itself refuses; redirects pass."""
    status = error.code or 500
    if status < 400:
        return error
    return answer(status, error.name.lower().replace(" ", "-"), "")


def not_csrf_safe(error: CSRFError) -> BaseResponse:
    """Answer a form that was open for too long, or that another site sent."""
    return answer(400, "form-expired", "This form is too old", "Go back, load the page anew, and send it again.")


def crashed(error: Exception) -> BaseResponse:
    """Answer an error nobody foresaw; what it was stands in the log alone, and a test sees it raised."""
    if current_app.testing:
        raise error
    log.error("request crashed", exc_info=error)
    return answer(InternalServerError.code, "error", "")


def register(app: Flask) -> None:
    """Answer every failure outside the rooms that have their own way."""
    app.register_error_handler(NightlightError, refused)
    app.register_error_handler(CSRFError, not_csrf_safe)
    app.register_error_handler(HTTPException, http_error)
    app.register_error_handler(Exception, crashed)

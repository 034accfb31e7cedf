"""Bringing files: drop one, see what is in it, import it, and take it back if it was the wrong one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Flask, flash, make_response, redirect, render_template, request, url_for
from flask_login import current_user
from werkzeug.wrappers import Response as BaseResponse

from app.errors import NightlightError
from app.identity import audit
from app.identity.door import guard, house, present_actor, requires
from app.importers import formats
from app.importers.format import Unreadable
from app.importers.formats import format_named
from app.importers.imports import AT_WORK, Import, Imports
from app.records.sources.kinds import KINDS
from app.web.confirming import fresh_session
from app.web.forms import again
from app.web.identify import member, peer
from app.web.uploaders import IN_PLACE
from app.web.viewer import offer

MANAGES_IMPORTS = "web:imports:manage"
FILE, FORMAT, KIND = "file", "format", "kind"
QUESTION = "answer_"
"""Fields of the form: the file, another format, kinds to take, and an answer to each question."""

KIND_WORDS: Mapping[str, str] = {
    "glucose": "Glucose",
    "boluses": "Boluses",
    "carbs": "Carbs",
    "basals": "Basal rates",
    "events": "Notes, changes and other events",
    "profile": "Profiles",
    "status": "Device status",
    "food": "Food",
    "activity": "Activity",
}
STAGE_WORDS: Mapping[str, str] = {
    "received": "Waiting to be looked at",
    "looking": "Looking through it",
    "asks": "Has a question",
    "ready": "Ready to import",
    "importing": "Importing",
    "done": "Imported",
    "undoing": "Taking it back",
    "undone": "Taken back",
    "unreadable": "Cannot be read",
}
_FORM_BYTES = 1 << 20

blueprint = Blueprint("imports", __name__, url_prefix="/imports")
guard(blueprint, member)


@blueprint.url_value_preprocessor
def admit_large_files(endpoint: str | None, values: Mapping[str, Any] | None) -> None:
    """Let somebody who is signed in send a file; from anybody else a form stays a form."""
    if endpoint == "imports.receive" and current_user.is_authenticated:
        request.max_content_length = _most_bytes() + _FORM_BYTES


@blueprint.get("")
@requires(MANAGES_IMPORTS)
def page() -> str:
    """Offer to bring a file, and list those that were brought."""
    return render_template("imports/page.html", **_listed())


@blueprint.post("")
@requires(MANAGES_IMPORTS)
def receive() -> BaseResponse:
    """Take a file."""
    brought = request.files.get(FILE)
    try:
        if brought is None or not brought.filename:
            raise Unreadable("No file was chosen", hint="Choose one, or drop it onto the page.")
        one = _service().receive(brought.stream, brought.filename, most_bytes=_most_bytes())
    except NightlightError as refused:
        return again("imports/page.html", refused, **_listed())
    return redirect(url_for(".one", import_id=one.id), 303)


@blueprint.get("/<import_id>")
@requires(MANAGES_IMPORTS)
def one(import_id: str) -> BaseResponse:
    """Show what is in a file, what it would bring, or what it brought; the script that waits gets that part alone."""
    in_place = IN_PLACE in request.headers
    template = "imports/what.html" if in_place else "imports/one.html"
    response = make_response(render_template(template, **_shown(_service().find(import_id))))
    if in_place:
        response.headers[IN_PLACE] = "1"
    return response


@blueprint.post("/<import_id>/answers")
@requires(MANAGES_IMPORTS)
def answer(import_id: str) -> BaseResponse:
    """Take answers and another format, and look at the file again."""
    now = _service().find(import_id)
    try:
        chosen = request.form.get(FORMAT, "")
        if chosen:
            format_named(chosen)
        answers = {
            name.removeprefix(QUESTION): value.strip()[:200]
            for name, value in request.form.items()
            if name.startswith(QUESTION)
        }
        wanted = request.form.getlist(KIND)
        unwanted = [kind for kind in KINDS if kind not in wanted] if wanted else now.unwanted
        _service().answer(import_id, answers, format=chosen, unwanted=unwanted)
    except NightlightError as refused:
        return again("imports/one.html", refused, **_shown(now))
    return redirect(url_for(".one", import_id=import_id), 303)


@blueprint.post("/<import_id>/confirm")
@requires(MANAGES_IMPORTS)
def confirm(import_id: str) -> BaseResponse:
    """Have it imported."""
    return _done(import_id, "file imported", lambda: _service().confirm(import_id))


@blueprint.post("/<import_id>/discard")
@requires(MANAGES_IMPORTS)
def discard(import_id: str) -> BaseResponse:
    """Drop a file that was not imported."""
    _service().discard(import_id)
    flash("The file is dropped. Nothing of it was kept.")
    return redirect(url_for(".page"), 303)


@blueprint.post("/<import_id>/undo")
@requires(MANAGES_IMPORTS)
def undo(import_id: str) -> BaseResponse:
    """Have everything taken back that a file brought; a dangerous act."""
    fresh_session()
    return _done(import_id, "import undone", lambda: _service().undo(import_id))


def _done(import_id: str, act: str, do: Any) -> BaseResponse:
    shared, now = house(), _service().find(import_id)
    try:
        audit.record(shared.store, shared.clock, present_actor(), act, about=now.file_name, peer=peer())
        do()
    except NightlightError as refused:
        return again("imports/one.html", refused, **_shown(now))
    return redirect(url_for(".one", import_id=import_id), 303)


def _service() -> Imports:
    return Imports(house().store, house().clock, present_actor())


def _most_bytes() -> int:
    most: int = house().settings["IMPORT_MAX_MB"] << 20
    return most


def _listed() -> dict[str, Any]:
    return {
        "imports": _service().all(),
        "formats": sorted(format.title for format in formats.FORMATS),
        "most_mb": house().settings["IMPORT_MAX_MB"],
        "stages": STAGE_WORDS,
        "at_work": AT_WORK,
    }


def _shown(one: Import) -> dict[str, Any]:
    # What would have come is no account of what came until an import ended early.
    tally = one.result if one.stage == "done" else one.result or one.preview
    return {
        "one": one,
        "tally": tally,
        "format": _title_of(one.format),
        "others": [(name, _title_of(name)) for name in one.others],
        "all_formats": [(format.name, format.title) for format in formats.FORMATS],
        "kinds": KIND_WORDS,
        "left_out": [kind for kind in KINDS if kind in one.unwanted],
        "stages": STAGE_WORDS,
        "works": one.stage in AT_WORK,
        "earlier": _service().earlier(one) if one.stage in ("asks", "ready") else [],
        "question": QUESTION,
    }


def _title_of(name: str) -> str:
    return next((format.title for format in formats.FORMATS if format.name == name), name)


def register(app: Flask) -> None:
    """Serve the pages."""
    app.register_blueprint(blueprint)
    app.jinja_env.filters["file_size"] = file_size
    offer(app, "Files", "imports.page", MANAGES_IMPORTS)


def file_size(size: int) -> str:
    """Return a size in bytes as people say it: ``412 KB``, ``1.3 GB``."""
    amount = float(size)
    for unit in ("bytes", "KB", "MB"):
        if amount < 1024:
            return f"{amount:.0f} {unit}"
        amount /= 1024
    return f"{amount:.1f} GB"

"""Reading what people enter, and showing a form again with what was wrong with it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Flask, make_response, render_template, request
from marshmallow import EXCLUDE, Schema, ValidationError, fields, pre_load, validate
from werkzeug.wrappers import Response as BaseResponse

from app.errors import BadRequest, NightlightError, TooManyAttempts
from app.glucose.words import span_text

_MINUTE_S = 60


class Misfilled(BadRequest):
    """A form with answers that cannot be used; ``problems`` has a sentence for each field at fault."""

    code = "misfilled"

    def __init__(self, problems: Mapping[str, str]) -> None:
        super().__init__("Please look at the marked answers")
        self.problems = problems


class Form(Schema):
    """What a page asks: text is trimmed, secrets are not, and what nobody asked for is ignored."""

    class Meta:
        """Marshmallow's own options."""

        unknown = EXCLUDE

    @pre_load
    def trimmed(self, entered: Mapping[str, Any], **_: Any) -> dict[str, Any]:
        """Trim every answer but secrets."""
        return {
            name: value.strip() if isinstance(value, str) and not isinstance(self.fields[name], Secret) else value
            for name, value in entered.items()
        }


class Line(fields.String):
    """A line of text that has to be there, at most so many characters long."""

    def __init__(self, missing: str, *, most: int = 200) -> None:
        super().__init__(
            required=True,
            error_messages={"required": missing},
            validate=[
                validate.Length(min=1, error=missing),
                validate.Length(max=most, error=f"At most {most} characters."),
            ],
        )


class Secret(fields.String):
    """A password or passcode: taken exactly as it was typed, and never shown again."""


class Password(Secret):
    """A password that has to be there."""

    def __init__(self, missing: str) -> None:
        super().__init__(
            required=True, error_messages={"required": missing}, validate=validate.Length(min=1, error=missing)
        )


class OneOf(fields.String):
    """One of the answers a page offers."""

    def __init__(self, *offered: str, default: str = "") -> None:
        super().__init__(
            load_default=default or offered[0], validate=validate.OneOf(offered, error="Pick one of the answers.")
        )


def read(form: type[Form], *, suffix: str = "") -> dict[str, Any]:
    """Return the answers of the present request; ``suffix`` ends the names of its fields. Raises ``Misfilled``."""
    schema = form()
    entered = {
        name: request.form.getlist(name + suffix) if isinstance(asked, fields.List) else request.form[name + suffix]
        for name, asked in schema.fields.items()
        if name + suffix in request.form
    }
    try:
        answers: dict[str, Any] = schema.load(entered)
    except ValidationError as wrong:
        raise Misfilled({name + suffix: _sentence(found) for name, found in wrong.messages_dict.items()}) from None
    return answers


def again(template: str, refused: NightlightError, **shown: Any) -> BaseResponse:
    """Show a form once more with what was entered (secrets aside) and why it was refused; failures of ours pass on."""
    if refused.status >= 500:
        raise refused
    problems = getattr(refused, "problems", {})
    told = {"entered": request.form, "refused": words_of(refused), "problems": problems}
    html = render_template(template, **{**shown, **told})
    response = make_response(html, refused.status)
    if isinstance(refused, TooManyAttempts):
        response.headers["Retry-After"] = str(max(1, round(refused.retry_after_s)))
    return response


def words_of(refused: NightlightError) -> dict[str, str]:
    """Return a refusal as a notice shows it: what is wrong, and what to do or when to come back."""
    more = refused.hint
    if isinstance(refused, TooManyAttempts):
        more = f"Try again in {_wait_text(refused.retry_after_s)}."
    elif isinstance(refused, Misfilled):
        more = ""
    return {"words": refused.message.rstrip(".") + ".", "more": more}


def _wait_text(wait_s: float) -> str:
    if wait_s < _MINUTE_S:
        return "a minute"
    return span_text(1000 * _MINUTE_S * -(-round(wait_s) // _MINUTE_S))


def _sentence(found: Any) -> str:
    """Return the first thing marshmallow says about a field."""
    while isinstance(found, Mapping):
        found = next(iter(found.values()))
    return str(found[0]) if isinstance(found, list) else str(found)


def register(app: Flask) -> None:
    """Have templates find nothing entered and nothing wrong, unless a form is shown again."""
    app.jinja_env.globals.update(entered={}, problems={}, refused=None)

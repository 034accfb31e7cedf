"""The forms in which people describe an uploader: fields any page can show without knowing the vendor, and checks."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from marshmallow import EXCLUDE, Schema, ValidationError, fields, missing, pre_load, validate

from app.errors import BadRequest
from app.records.sources.kinds import ALONE, ALWAYS, NEVER
from app.records.times import zone_named

_KIND_CHOICES = (
    (ALONE, "Yes, but let the phone go first while it uploads this itself"),
    (ALWAYS, "Yes, always"),
    (NEVER, "No"),
)


class FormRefused(BadRequest):
    """Answers that cannot be used; ``problems`` has a sentence for each field at fault."""

    code = "form-refused"

    def __init__(self, problems: Mapping[str, str]) -> None:
        super().__init__("Some answers cannot be used", hint=" ".join(problems.values()))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class FormField:
    """One field as a page shows it.

    ``kind`` is ``text``, ``password``, ``address``, ``number``, ``choice`` or ``switch``; a ``secret`` field's value is
    never given out, ``set_at_ms`` tells since when there is one. ``advanced`` ones belong under a fold.
    """

    name: str
    label: str
    kind: str
    help: str = ""
    choices: tuple[tuple[str, str], ...] = ()
    required: bool = False
    secret: bool = False
    advanced: bool = False
    value: Any = None
    set_at_ms: int | None = None


_ASKED: dict[str, str | list[Any] | dict[Any, Any]] = {"required": "Please fill this in."}


def text(
    label: str, help: str = "", *, kind: str = "text", most: int = 200, required: bool = False, **described: Any
) -> fields.String:
    """Make a field for a line of text; an optional one is empty unless answered."""
    return fields.String(
        validate=validate.Length(max=most),
        required=required,
        load_default=missing if required else "",
        error_messages=_ASKED,
        metadata={"label": label, "help": help, "kind": kind, **described},
    )


def secret(label: str, help: str = "", *, required: bool = True, kind: str = "password") -> fields.String:
    """Make a field whose value is sealed and never shown again."""
    return fields.String(
        validate=validate.Length(max=1000),
        required=required,
        error_messages=_ASKED,
        metadata={"label": label, "help": help, "kind": kind, "secret": True},
    )


def choice(label: str, choices: Iterable[tuple[str, str]], *, default: str, help: str = "", **described: Any) -> Any:
    """Make a field for one of some answers, each with its words."""
    offered = tuple(choices)
    return fields.String(
        validate=validate.OneOf([value for value, _ in offered], error="Pick one of the offered answers."),
        load_default=default,
        metadata={"label": label, "help": help, "kind": "choice", "choices": offered, **described},
    )


def number(label: str, lowest: int, highest: int, *, default: int, help: str = "", **described: Any) -> fields.Integer:
    """Make a field for a whole number between two bounds."""
    return fields.Integer(
        validate=validate.Range(lowest, highest, error=f"A number from {lowest} to {highest}."),
        load_default=default,
        metadata={"label": label, "help": help, "kind": "number", **described},
    )


def switch(label: str, help: str = "") -> fields.Boolean:
    """Make a field for yes or no, no unless ticked."""
    return fields.Boolean(load_default=False, metadata={"label": label, "help": help, "kind": "switch"})


def address(label: str, help: str = "", **described: Any) -> fields.String:
    """Make a field for a web address without credentials and query."""
    made = text(label, help, kind="address", most=300, **described)
    made.validators.append(_web_address)
    return made


def taken(label: str) -> Any:
    """Make the switch for one kind of records: taken while nobody else uploads it, always, or never."""
    return choice(label, _KIND_CHOICES, default=ALONE, advanced=True)


def zone(label: str = "Time zone", help: str = "") -> fields.String:
    """Make a field for an IANA zone; left empty, the zones of the person count."""
    told = help or "This source writes local time. Leave it empty to use the person's time zone."
    made = text(label, told, most=60, advanced=True)
    made.validators.append(_zone)
    return made


def _zone(value: str) -> None:
    if value and zone_named(value) is None:
        raise ValidationError("There is no such time zone. For instance: Europe/Berlin.")


def _web_address(value: str) -> None:
    if not value:
        return
    try:
        parts = urlsplit(value.replace("{region}", "region"))
        fit = parts.scheme in ("http", "https") and bool(parts.hostname) and not parts.username and not parts.query
        parts.port  # noqa: B018  (raises for a port that is no number)
    except ValueError:
        fit = False
    if not fit:
        raise ValidationError("An address that begins with https:// and holds no user name and no question mark.")


class UploaderForm(Schema):
    """What every uploader's form asks; each vendor's adds its own fields. Answers nobody asked for are ignored."""

    class Meta:
        """Marshmallow's own options."""

        unknown = EXCLUDE

    label = text("Name", 'What you call this source, for instance "Dexcom of Ada".', most=60)

    @pre_load
    def without_blanks(self, answers: Mapping[str, Any], **_: Any) -> dict[str, Any]:
        """Trim text and take an empty answer as none; a password is left as it was typed."""
        return {name: kept for name, kept in ((n, self._trimmed(n, v)) for n, v in answers.items()) if kept != ""}

    def _trimmed(self, name: str, value: Any) -> Any:
        asked = self.fields.get(name)
        if not isinstance(value, str) or (asked is not None and asked.metadata.get("kind") == "password"):
            return value
        return value.strip()


@dataclass(frozen=True, slots=True)
class Answers:
    """A filled form: the public ``options`` and the ``secrets`` that were entered."""

    options: dict[str, Any]
    secrets: dict[str, str] = field(repr=False)


def read_answers(form: type[UploaderForm], answers: Mapping[str, Any], *, kept: Collection[str] = ()) -> Answers:
    """Check the answers of a form; the secrets named in ``kept`` may be left empty. Raises ``FormRefused``."""
    schema = form(partial=tuple(kept))
    try:
        read: dict[str, Any] = schema.load(answers)
    except ValidationError as refused:
        raise FormRefused(_sentences(refused.messages_dict)) from None
    hidden = secret_names(form)
    return Answers(
        {name: value for name, value in read.items() if name not in hidden},
        {name: value for name, value in read.items() if name in hidden},
    )


def secret_names(form: type[UploaderForm]) -> frozenset[str]:
    """Return the names of a form's secret fields."""
    return frozenset(name for name, asked in form().fields.items() if asked.metadata.get("secret"))


def described(
    form: type[UploaderForm], options: Mapping[str, Any] | None = None, secrets_set: Mapping[str, int] | None = None
) -> tuple[FormField, ...]:
    """Return the fields of a form in order, with the present answers; of a secret only since when it is set."""
    return tuple(_described(name, asked, options or {}, secrets_set or {}) for name, asked in form().fields.items())


def _described(
    name: str, asked: fields.Field[Any], options: Mapping[str, Any], secrets_set: Mapping[str, int]
) -> FormField:
    told = asked.metadata
    hidden = bool(told.get("secret"))
    default = None if asked.load_default is missing else asked.load_default
    return FormField(
        name=name,
        label=told["label"],
        kind=told["kind"],
        help=told.get("help", ""),
        choices=told.get("choices", ()),
        required=asked.required and name not in secrets_set,
        secret=hidden,
        advanced=told.get("advanced", False),
        value=None if hidden else options.get(name, default),
        set_at_ms=secrets_set.get(name),
    )


def _sentences(messages: Mapping[str, Any]) -> dict[str, str]:
    return {
        name: " ".join(str(part) for part in found) if isinstance(found, list) else str(found)
        for name, found in messages.items()
    }

"""The form for signing in on Glooko's web page, read by what its fields are and not by what they are called."""

from __future__ import annotations

from html.parser import HTMLParser

PROOF_FIELD = "authenticity_token"


class _Fields(HTMLParser):
    """Collects the inputs of each form of a page, and the token a page may hold for its scripts."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.forms: list[list[dict[str, str]]] = []
        self.token = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take note of a tag that opens a form, is a field of one, or holds the token."""
        found = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append([])
        elif tag == "input" and self.forms:
            self.forms[-1].append(found)
        elif tag == "meta" and found.get("name") == "csrf-token":
            self.token = found.get("content", "")


def sign_in_fields(page: str, email: str, password: str) -> dict[str, str]:
    """Return the filled form for signing in; empty when the page has none that holds a token."""
    read = _read(page)
    form = next((one for one in read.forms if _field_of_type(one, "password")), [])
    filled = {one["name"]: one.get("value", "") for one in form if one.get("type") == "hidden" and one.get("name")}
    token = filled.get(PROOF_FIELD) or read.token
    if not token:
        return {}
    email_name = _field_of_type(form, "email") or "user[email]"
    password_name = _field_of_type(form, "password") or "user[password]"
    return filled | {PROOF_FIELD: token, email_name: email, password_name: password}


def field_names(page: str) -> list[str]:
    """Return the names of all fields of all forms on a page."""
    return [one["name"] for form in _read(page).forms for one in form if one.get("name")]


def asks_for_password(page: str) -> bool:
    """Tell whether a page has a form with a password."""
    return any(_field_of_type(form, "password") for form in _read(page).forms)


def _read(page: str) -> _Fields:
    fields = _Fields()
    fields.feed(page)
    fields.close()
    return fields


def _field_of_type(form: list[dict[str, str]], kind: str) -> str:
    return next((one["name"] for one in form if one.get("type") == kind and one.get("name")), "")

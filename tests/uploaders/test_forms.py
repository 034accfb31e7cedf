"""The forms: any page can show them, bad answers are refused by field, secrets are never shown."""

from __future__ import annotations

from typing import Any

import pytest

from app.uploaders.form import FormRefused, described, read_answers
from app.uploaders.librelinkup.source import LinkUpForm
from app.uploaders.vendors import VENDORS

FILLED: dict[str, dict[str, Any]] = {
    "carelink": {"country": "DE"},
    "dexcom_share": {"account": "ada", "password": "secret"},
    "dexcom_api": {"client_id": "nightlight-app", "client_secret": "secret"},
    "eversense": {"email": "mum@example.org", "password": "secret"},
    "glooko": {"email": "mum@example.org", "password": "secret"},
    "librelinkup": {"email": "mum@example.org", "password": "secret"},
    "medtrum": {"user": "mum@example.org", "password": "secret"},
    "tandem_source": {"email": "mum@example.org", "password": "secret"},
    "tidepool": {"email": "mum@example.org", "password": "secret"},
    "nightscout_push": {"address": "https://bob.example.org", "token": "writer-0123456789abcdef"},
    "nightscout": {"address": "https://ada.example.org", "token": "reader-0123456789abcdef"},
}


@pytest.mark.parametrize("vendor", VENDORS)
def test_every_field_can_be_shown(vendor: str) -> None:
    for asked in described(VENDORS[vendor].form):
        assert asked.label
        assert asked.kind in ("text", "password", "address", "number", "choice", "switch")
        assert bool(asked.choices) == (asked.kind == "choice")
        if asked.kind == "choice":
            assert asked.value in dict(asked.choices)


@pytest.mark.parametrize("vendor", VENDORS)
def test_the_least_a_vendor_needs_is_enough_and_the_rest_has_its_default(vendor: str) -> None:
    read = read_answers(VENDORS[vendor].form, FILLED[vendor])
    assert read.options["glucose"] == "alone"
    assert set(read.secrets) == set(FILLED[vendor]) - {"address", "client_id", "country"}
    assert not set(read.secrets) & set(read.options)


@pytest.mark.parametrize("vendor", VENDORS)
def test_what_is_needed_and_missing_is_named(vendor: str) -> None:
    needed = {asked.name for asked in described(VENDORS[vendor].form) if asked.required}
    assert needed
    with pytest.raises(FormRefused) as refused:
        read_answers(VENDORS[vendor].form, dict.fromkeys(needed, "  "))
    assert set(refused.value.problems) >= needed - {"password"}


@pytest.mark.parametrize(
    ("vendor", "name", "answer"),
    [
        ("dexcom_share", "region", "mars"),
        ("dexcom_share", "server", "share.dexcom.com"),
        ("dexcom_share", "server", "ftp://share.dexcom.com"),
        ("nightscout", "address", "https://user:password@ada.example.org"),
        ("nightscout", "address", "https://ada.example.org/?token=x"),
        ("nightscout", "address", "https://ada.example.org:port"),
        ("nightscout", "first_days", "7000"),
        ("nightscout", "glucose", "sometimes"),
        ("librelinkup", "interval_min", "0"),
        ("librelinkup", "interval_min", "often"),
        ("librelinkup", "label", "x" * 61),
    ],
)
def test_an_answer_that_cannot_be_used_is_refused_by_name(vendor: str, name: str, answer: str) -> None:
    with pytest.raises(FormRefused) as refused:
        read_answers(VENDORS[vendor].form, FILLED[vendor] | {name: answer})
    assert set(refused.value.problems) == {name}
    assert answer not in refused.value.message


def test_answers_from_a_web_form_are_read_as_what_they_mean() -> None:
    read = read_answers(
        LinkUpForm,
        {
            "email": " mum@example.org ",
            "password": " with blanks ",
            "interval_min": "3",
            "accept_terms": "on",
            "region": "",
            "csrf_token": "x",
        },
    )
    assert read.options["interval_min"] == 3
    assert read.options["accept_terms"] is True
    assert read.options["region"] == ""
    assert read.secrets == {"email": "mum@example.org", "password": " with blanks "}
    assert "csrf_token" not in read.options


def test_a_secret_that_is_set_may_be_left_empty_and_is_never_shown() -> None:
    form = VENDORS["dexcom_share"].form
    read = read_answers(form, {"account": "", "password": ""}, kept=("account", "password"))
    assert read.secrets == {}
    shown = {asked.name: asked for asked in described(form, {"region": "ous"}, {"password": 17})}
    assert (shown["password"].value, shown["password"].set_at_ms, shown["password"].required) == (None, 17, False)
    assert shown["account"].required
    assert shown["region"].value == "ous"


def test_answers_tell_no_secret_of_themselves() -> None:
    assert "hunter2" not in repr(read_answers(VENDORS["dexcom_share"].form, {"account": "ada", "password": "hunter2"}))

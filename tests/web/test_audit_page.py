"""The list of what happened, as a family reads it."""

from __future__ import annotations

import re
from typing import Any

import pytest

from app.actor import NOBODY, Actor, system_actor
from app.identity import audit
from app.identity.audit import Row
from app.web.audit import A_PAGE
from app.web.audit_words import told
from tests.web.household import FIREFOX, Household, words_in

MUM = Actor("account", "account:Mum", id="owner")
WEBER = Actor("share", "share:Dr Weber")


def row(act: str, actor: Actor = MUM, about: str = "", address: str = "192.0.2.7", **details: Any) -> Row:
    return Row("1", 0, act, actor.kind, actor.label, actor.id, about, address, FIREFOX, details)


@pytest.mark.parametrize(
    ("happened", "sentence"),
    [
        (row("signed in", **{"with": "recovery code"}), "Mum signed in with a recovery code"),
        (row("sign-in failed", NOBODY, at="code", why="used-code"), "A sign-in failed: a code that was used before"),
        (row("sign-in failed", NOBODY, at="code", why="new-reason"), "A sign-in failed: new-reason"),
        (row("share made", **{"for": "Dr Weber"}), "Mum made a link for Dr Weber"),
        (row("share opened", WEBER, "7"), "Dr Weber opened the link"),
        (row("ended share tried", NOBODY, "7"), "Somebody tried the link for Granny, which has ended"),
        (row("ended share tried", NOBODY, "8"), "Somebody tried the link for somebody, which has ended"),
        (row("other sessions ended", count=2), "Mum signed 2 other browsers out"),
        (row("device token made", about="Loop"), "Mum connected the app Loop"),
        (row("authenticator reset", system_actor("operator")), "The operator of the server took an authenticator away"),
        (row("subject made", Actor("token", "token:xDrip"), "Nurse"), "The app xDrip made the subject Nurse"),
        (row("role deleted", Actor("secret", "secret"), "x"), "Who holds the API secret deleted the role x"),
        (
            row("alarm silenced", about="Time Ago", level="urgent", minutes=30),
            "Mum silenced urgent alarms (Time Ago) for 30 minutes",
        ),
        (row("moon landed"), "Mum: moon landed"),
        (row("share made"), "Mum made a link for ?"),
    ],
)
def test_a_row_is_told_in_words(happened: Row, sentence: str) -> None:
    assert told(happened, {"7": "Granny"}).sentence == sentence


def test_it_says_from_where() -> None:
    assert told(row("signed in"), {}).where == "192.0.2.7, Firefox on Android"
    assert told(row("authenticator reset", address=""), {}).where == "at the server"


def test_what_looks_like_trouble_is_marked() -> None:
    assert told(row("sign-in failed", NOBODY), {}).trouble
    assert not told(row("signed in"), {}).trouble


def test_the_newest_comes_first_and_the_older_are_a_tap_away(household: Household) -> None:
    for number in range(A_PAGE + 10):
        household.family.clock.advance(s=1)
        audit.record(household.family.store, household.family.clock, MUM, f"thing {number} done")
    mum = household.mum()
    first = mum.get("/audit")
    assert f"Mum: thing {A_PAGE + 9} done" in words_in(first)
    assert "Mum: thing 5 done" not in words_in(first)
    older = re.search(r'href="(/audit\?before=[0-9a-f]+)"', first.text)
    assert older
    second = words_in(mum.get(older[1]))
    assert "Mum: thing 5 done" in second
    assert f"Mum: thing {A_PAGE + 9} done" not in second
    assert "Older" not in second


def test_every_row_is_on_exactly_one_page(household: Household) -> None:
    for number in range(2 * A_PAGE):
        audit.record(household.family.store, household.family.clock, MUM, f"thing {number} done")
    mum, path, seen = household.mum(), "/audit", list[str]()
    while path:
        page = mum.get(path).text
        seen += re.findall(r"thing (\d+) done", page)
        older = re.search(r'href="(/audit\?before=[0-9a-f]+)"', page)
        path = older[1] if older else ""
    assert sorted(seen, key=int) == [str(number) for number in range(2 * A_PAGE)]


def test_what_strangers_type_cannot_break_out_of_the_list(household: Household) -> None:
    household.visitor(**{"User-Agent": "<img src=x>"}).fill("/sign-in", name="<b>x</b>", password="x" * 12)
    page = household.mum().get("/audit").text
    assert "<img src=x" not in page
    assert "&lt;img src=x&gt;" in page


def test_a_page_before_something_unknown_is_empty(household: Household) -> None:
    assert "Nothing yet." in words_in(household.mum().get("/audit?before=x"))

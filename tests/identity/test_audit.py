from __future__ import annotations

from app.actor import NOBODY, Actor
from app.identity import audit
from app.identity.audit import record, search
from app.store.interface import Store
from tests.clocks import SettableClock
from tests.identity.family import HOME

MUM = Actor("account", "account:Mum", ("*",), id="owner")


def test_a_row_says_who_did_what_when_and_from_where(store: Store, clock: SettableClock) -> None:
    record(store, clock, MUM, "treatment deleted", about="abc", peer=HOME, details={"kind": "Meal Bolus", "count": 1})
    (row,) = search(store)
    assert (row.act, row.about, row.at_ms) == ("treatment deleted", "abc", clock.now_ms())
    assert (row.actor_kind, row.actor, row.actor_id) == ("account", "account:Mum", "owner")
    assert (row.address, row.user_agent) == (HOME.address, HOME.user_agent)
    assert row.details == {"kind": "Meal Bolus", "count": 1}


def test_the_newest_row_comes_first_and_pages_follow_on(store: Store, clock: SettableClock) -> None:
    for number in range(7):
        clock.advance(ms=number % 2)  # several in one millisecond
        record(store, clock, NOBODY, f"act {number}")
    pages, before = [], ""
    while page := search(store, limit=3, before=before):
        pages.append([row.act for row in page])
        before = page[-1].id
    assert [len(page) for page in pages] == [3, 3, 1]
    seen = [act for page in pages for act in page]
    assert sorted(seen) == [f"act {number}" for number in range(7)]
    assert seen[0] in ("act 5", "act 6")
    assert seen[-1] == "act 0"


def test_rows_about_one_thing_are_found(store: Store, clock: SettableClock) -> None:
    record(store, clock, MUM, "share made", about="s1")
    record(store, clock, MUM, "share made", about="s2")
    record(store, clock, MUM, "share opened", about="s1")
    assert [row.act for row in search(store, about="s1")] == ["share opened", "share made"]


def test_a_page_after_an_unknown_row_is_empty(store: Store, clock: SettableClock) -> None:
    record(store, clock, MUM, "signed in")
    assert search(store, before="000000000000000000000000") == []
    assert search(store, before="nonsense") == []


def test_no_page_is_larger_than_five_hundred(store: Store, clock: SettableClock) -> None:
    rows = [{"at_ms": number, "act": "x", "actor_kind": "", "actor": "", "actor_id": ""} for number in range(510)]
    rest = {"about": "", "address": "", "user_agent": "", "details": {}}
    store.collection(audit.COLLECTION).insert_many([row | rest for row in rows])
    assert len(search(store, limit=10_000)) == 500
    assert len(search(store, limit=0)) == 1


def test_what_looks_like_a_secret_in_a_text_is_struck_out(store: Store, clock: SettableClock) -> None:
    record(store, clock, MUM, "looked", about="/entries?token=hunter2-aaaa", details={"why": "Bearer abc.def.ghi"})
    (row,) = search(store)
    assert "hunter2" not in row.about
    assert "abc.def" not in str(row.details)

"""Deltas and payloads, for whatever is in them."""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

from engineio import packet
from hypothesis import given
from hypothesis import strategies as st

from app.compat.sockets.connection_v3 import ConnectionV3, _older
from app.compat.sockets.full_set import FullSet, delta_between, without_switched
from tests.compat.sockets.conftest import unpacked

Record = dict[str, Any]


def the_set(**lists: list[Record]) -> FullSet:
    """Return a set that holds these lists."""
    made = FullSet.__new__(FullSet)
    made.present = SimpleNamespace(now_ms=1000)  # type: ignore[assignment]
    names = ("sgvs", "treatments", "mbgs", "cals", "devicestatus", "profiles")
    made.lists = {name: lists.get(name, []) for name in names}
    made.active_profile = None
    return made


def all_gone(ids: Sequence[str]) -> Sequence[str]:
    return ids


readings = st.lists(
    st.fixed_dictionaries({"_id": st.integers(), "mills": st.integers(0, 9), "mgdl": st.integers(40, 42)}), max_size=12
)
treatments = st.lists(
    st.fixed_dictionaries({"_id": st.sampled_from("abcdefgh"), "mills": st.integers(0, 9), "carbs": st.integers(0, 2)}),
    unique_by=lambda one: one["_id"],
)


@given(treatments, treatments)
def test_who_follows_the_deltas_knows_every_treatment(before: list[Record], after: list[Record]) -> None:
    delta = delta_between(the_set(treatments=before), the_set(treatments=after), all_gone)
    known = {one["_id"]: one for one in before}
    for one in (delta or {}).get("treatments", []):
        action = one.get("action")
        assert (one["_id"] in known) is (action is not None)
        if action == "remove":
            del known[one["_id"]]
        else:
            known[one["_id"]] = {name: value for name, value in one.items() if name != "action"}
    assert known == {one["_id"]: one for one in after}
    assert (delta is None) is ({one["_id"]: one for one in before} == known)


@given(readings, readings)
def test_who_follows_the_deltas_knows_every_reading(before: list[Record], after: list[Record]) -> None:
    delta = delta_between(the_set(sgvs=before), the_set(sgvs=after), all_gone)
    told = (delta or {}).get("sgvs", [])
    known = {(one["mills"], one["mgdl"]) for one in [*before, *told]}
    assert {(one["mills"], one["mgdl"]) for one in after} <= known
    assert not {(one["mills"], one["mgdl"]) for one in told} & {(one["mills"], one["mgdl"]) for one in before}


@given(treatments)
def test_nothing_new_is_no_delta(same: list[Record]) -> None:
    moved = [{**one, "mgdl": 100} for one in same]
    assert delta_between(the_set(treatments=same, sgvs=same), the_set(treatments=moved, sgvs=same), all_gone) is None


def test_treatments_that_only_became_old_are_not_removed() -> None:
    old = [{"_id": "a", "mills": 1}, {"_id": "b", "mills": 2}]
    delta = delta_between(the_set(treatments=old), the_set(), lambda ids: [id for id in ids if id == "b"])
    assert delta is not None
    assert delta["treatments"] == [{"_id": "b", "mills": 2, "action": "remove"}]
    assert delta_between(the_set(treatments=old), the_set(), lambda ids: []) is None


@given(st.dictionaries(st.text(max_size=8), st.just({})))
def test_profiles_made_for_a_switch_are_not_shown(store: Record) -> None:
    shown = without_switched({"store": {**store, "Day@@@@@170": {}}})["store"]
    assert shown == {name: {} for name in store if "@@@@@" not in name}
    assert without_switched({"store": None, "a": 1}) == {"store": None, "a": 1}


texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)


@given(st.lists(texts, max_size=6))
def test_an_older_payload_comes_back_as_it_was(contents: list[str]) -> None:
    session = ConnectionV3.__new__(ConnectionV3)
    packets = [packet.Packet(packet.MESSAGE, f"2[{text}") for text in contents]
    payload = session.payload_of(packets)["response"].decode()
    assert unpacked(payload) == [f"42[{text}" for text in contents]
    assert [one.data for one in session.packets_in(payload)] == [f"2[{text}" for text in contents]


@given(texts)
def test_older_messages_are_ascii_and_mean_the_same(text: str) -> None:
    import json

    message = "2" + json.dumps([text], ensure_ascii=False)
    older = _older(message).data
    assert older.isascii()
    assert json.loads(older[1:]) == [text]

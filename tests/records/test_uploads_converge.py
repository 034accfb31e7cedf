"""However an upload is repeated, mixed up or cut in pieces, the same documents end up in the store."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.records.activity import Activity
from app.records.collection import Records
from app.records.entries import Entries
from app.records.treatments import Treatments
from app.store.interface import Document, Store
from tests.clocks import START_MS, SettableClock
from tests.records.conftest import ACTOR

quickly = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)

ZONES = ["Z", "+00:00", "+0000"]
UUIDS = [f"3F2504E0-4F89-41D3-9A0C-0305E82C330{n}" for n in range(4)]


def uploads(
    documents: st.SearchStrategy[list[Document]],
) -> st.SearchStrategy[tuple[list[Document], list[list[Document]]]]:
    """Some documents, and a way to bring them: each once or more, in any order, in any pieces."""

    def brought(documents: list[Document], extra: list[int], seed: int, sizes: list[int]) -> list[list[Document]]:
        sent = [*documents, *(documents[n % len(documents)] for n in extra if documents)]
        random.Random(seed).shuffle(sent)
        pieces: list[list[Document]] = []
        while sent:
            size = sizes[len(pieces) % len(sizes)]
            pieces.append(sent[:size])
            sent = sent[size:]
        return pieces

    return documents.flatmap(
        lambda found: st.tuples(
            st.just(found),
            st.builds(
                brought,
                st.just(found),
                st.lists(st.integers(0, 20), max_size=12),
                st.integers(),
                st.lists(st.integers(1, 6), min_size=1, max_size=3),
            ),
        )
    )


readings = st.lists(
    st.fixed_dictionaries(
        {"date": st.integers(0, 15).map(lambda n: START_MS + 1000 * n), "type": st.sampled_from(["sgv", "mbg", "cal"])},
        optional={"device": st.sampled_from(["a", "b"])},
    ),
    unique_by=lambda entry: (entry["date"], entry["type"]),
    max_size=12,
)
doses = st.lists(
    st.one_of(
        st.fixed_dictionaries(
            {
                "created_at": st.integers(0, 9).map(lambda n: f"2026-11-21T09:00:0{n}.000Z"),
                "eventType": st.sampled_from(["Note", "SMB", "Temp Basal"]),
            },
            optional={"insulin": st.sampled_from([0.5, 1, "2.00"]), "preBolus": st.just(15), "carbs": st.just(20)},
        ),
        st.fixed_dictionaries(
            {
                "_id": st.sampled_from(UUIDS),
                "created_at": st.just("2026-11-21T08:00:00Z"),
                "eventType": st.just("Override"),
            }
        ),
    ),
    unique_by=lambda dose: dose.get("_id") or (dose["created_at"], dose["eventType"]),
    max_size=12,
)

movements = st.lists(
    st.fixed_dictionaries(
        {"created_at": st.integers(0, 5).map(lambda n: f"2026-11-21T09:00:0{n}+01:00")},
        optional={
            "steps": st.sampled_from([0, 5, 5.5, "5"]),
            "heartrate": st.sampled_from([60, 61]),
            "device": st.just("watch"),
        },
    ),
    unique_by=lambda movement: repr(sorted(movement.items())),
    max_size=12,
)


def content(records: Records) -> list[Document]:
    hidden = {"_id", "srvCreated", "srvModified"}
    found = [{name: value for name, value in kept.items() if name not in hidden} for kept in records.search()]
    return sorted(found, key=lambda document: sorted((name, repr(value)) for name, value in document.items()))


def emptied(records: Records) -> Records:
    records.delete({})
    return records


def bring(records: Records, pieces: Iterable[list[Document]]) -> list[Document]:
    return [saved for piece in pieces for saved in records.save(piece)]


@quickly
@given(uploads(readings))
def test_entries_converge(
    store: Store, clock: SettableClock, upload: tuple[list[Document], list[list[Document]]]
) -> None:
    at_once, pieces = upload
    entries = emptied(Entries(store, clock, ACTOR))
    bring(entries, [at_once])
    expected = content(entries)
    bring(emptied(entries), pieces)
    assert content(entries) == expected
    assert len(expected) == len(at_once)


@quickly
@given(uploads(doses))
def test_treatments_converge(
    store: Store, clock: SettableClock, upload: tuple[list[Document], list[list[Document]]]
) -> None:
    at_once, pieces = upload
    treatments = emptied(Treatments(store, clock, ACTOR))
    bring(treatments, [at_once])
    expected = content(treatments)
    bring(emptied(treatments), pieces)
    assert content(treatments) == expected
    split = sum("preBolus" in dose and "carbs" in dose for dose in at_once)
    assert len(expected) == len(at_once) + split


@quickly
@given(uploads(movements))
def test_activity_converges(
    store: Store, clock: SettableClock, upload: tuple[list[Document], list[list[Document]]]
) -> None:
    at_once, pieces = upload
    activity = emptied(Activity(store, clock, ACTOR))
    bring(activity, [at_once])
    expected = content(activity)
    bring(emptied(activity), pieces)
    assert content(activity) == expected
    assert len(expected) == len(at_once)


@quickly
@given(uploads(readings), st.sampled_from(ZONES))
def test_answers_come_in_order_and_each_names_its_document(
    store: Store, clock: SettableClock, upload: tuple[list[Document], list[list[Document]]], zone: str
) -> None:
    _, pieces = upload
    entries = emptied(Entries(store, clock, ACTOR))
    for piece in pieces:
        sent = [entry | {"dateString": clock_text(entry["date"], zone)} for entry in piece]
        saved = entries.save(sent)
        assert [(entry["date"], entry["type"]) for entry in saved] == [(entry["date"], entry["type"]) for entry in sent]
        for entry in saved:
            stored = entries.find(str(entry["_id"]))
            assert stored is not None
            assert (stored["date"], stored["type"]) == (entry["date"], entry["type"])


def clock_text(at_ms: int, zone: str) -> str:
    return f"2026-11-21T10:00:{(at_ms - START_MS) // 1000:02d}.000{zone}"


@pytest.mark.parametrize("make", [Entries, Treatments, Activity])
def test_an_empty_upload_keeps_nothing(store: Store, clock: SettableClock, make: Callable[..., Records]) -> None:
    before = store.last_seq()
    assert make(store, clock, ACTOR).save([]) == []
    assert store.last_seq() == before

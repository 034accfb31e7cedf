"""What another store kept is kept here as it was: whole, under its own names, and recognised when it comes again."""

from __future__ import annotations

from typing import Any

import pytest

from app.actor import NOBODY
from app.records.sources.keeping import Keeping, spelled
from app.records.treatments import Treatments
from app.store import ObjectId
from app.store.interface import Document, Store
from tests.clocks import SettableClock

ID = "5f0c52f46c0e4c0a9d536e1c"
AT = "2026-11-21T09:00:00.000Z"
SHAPES: dict[str, Document] = {
    "entries": {"type": "sgv", "sgv": 120, "date": 1_795_251_600_000, "dateString": AT},
    "treatments": {"eventType": "Note", "created_at": AT, "notes": "a walk"},
    "devicestatus": {"device": "loop://phone", "created_at": AT, "uploader": {"battery": 80}},
    "profile": {"startDate": AT, "created_at": AT, "defaultProfile": "D", "store": {"D": {"dia": 5}}},
    "food": {"type": "food", "name": "Apple", "carbs": 14, "created_at": "2020-01-01T00:00:00.000Z"},
    "activity": {"created_at": AT, "steps": 120},
}


@pytest.fixture
def keeping(store: Store, clock: SettableClock) -> Keeping:
    return Keeping(store, clock, NOBODY, ("nl_import", "one"))


def stored(store: Store, collection: str) -> list[Document]:
    return list(store.collection(collection).find())


@pytest.mark.parametrize("collection", SHAPES)
def test_a_document_that_goes_by_its_id_keeps_it_and_gets_no_other_name(
    store: Store, keeping: Keeping, collection: str
) -> None:
    assert keeping.write(collection, [{**SHAPES[collection], "_id": ID, "identifier": ID}]) == []
    [kept] = stored(store, collection)
    assert (kept["_id"], kept.get("identifier"), kept["nl_import"]) == (ObjectId(ID), None, "one")
    assert {name: kept[name] for name in SHAPES[collection]} == SHAPES[collection]
    assert list(keeping.named(collection, [ID])) == [ID]


@pytest.mark.parametrize("collection", SHAPES)
def test_one_with_both_names_keeps_both(store: Store, keeping: Keeping, collection: str) -> None:
    keeping.write(collection, [{**SHAPES[collection], "_id": ID, "identifier": "chosen"}])
    [kept] = stored(store, collection)
    assert (kept["_id"], kept["identifier"]) == (ObjectId(ID), "chosen")


@pytest.mark.parametrize("collection", SHAPES)
@pytest.mark.parametrize("names", [{"identifier": "chosen"}, {"identifier": ID, "_id": ID}])
def test_what_is_written_twice_is_one(store: Store, keeping: Keeping, collection: str, names: dict[str, str]) -> None:
    for _ in range(2):
        keeping.write(collection, [{**SHAPES[collection], **names}])
    assert len(stored(store, collection)) == 1


def test_an_id_that_another_treatment_has_is_not_taken_from_it(
    store: Store, clock: SettableClock, keeping: Keeping
) -> None:
    Treatments(store, clock, NOBODY).save([{"_id": ID, "eventType": "Note", "created_at": AT, "notes": "first"}])
    later = {"eventType": "Exercise", "created_at": AT, "_id": ID, "identifier": "chosen"}
    keeping.write("treatments", [later, later | {"identifier": "another"}])
    kept = {one.get("identifier"): one for one in stored(store, "treatments")}
    assert kept[None]["notes"] == "first"
    assert kept["chosen"]["_id"] not in (ObjectId(ID), kept["another"]["_id"])


def test_two_treatments_of_a_batch_do_not_share_an_id(store: Store, keeping: Keeping) -> None:
    both = [{**SHAPES["treatments"], "_id": ID, "identifier": name} for name in ("one", "other")]
    keeping.write("treatments", both)
    assert sorted(one["identifier"] for one in stored(store, "treatments")) == ["one", "other"]


def test_a_bolus_ahead_of_its_meal_stays_one_document(store: Store, keeping: Keeping) -> None:
    meal = {"eventType": "Meal Bolus", "created_at": AT, "insulin": 2, "carbs": 30, "preBolus": 15}
    keeping.write("treatments", [{**meal, "identifier": "meal"}])
    [kept] = stored(store, "treatments")
    assert (kept["insulin"], kept["carbs"], kept["preBolus"]) == (2, 30, 15)


@pytest.mark.parametrize(
    ("collection", "document", "written"),
    [
        ("entries", {"dateString": AT, "created_at": AT, "utcOffset": 60}, ("2026-11-21T10:00:00.000+01:00", AT)),
        ("treatments", {"created_at": AT, "utcOffset": -210}, (None, "2026-11-21T05:30:00.000-03:30")),
        ("activity", {"created_at": AT, "utcOffset": 60}, (None, AT)),
        ("treatments", {"created_at": AT, "utcOffset": 0}, (None, AT)),
        ("treatments", {"created_at": AT, "utcOffset": 1e9}, (None, AT)),
        ("treatments", {"created_at": AT, "utcOffset": float("nan")}, (None, AT)),
        ("treatments", {"created_at": AT, "utcOffset": "60"}, (None, AT)),
    ],
)
def test_a_time_is_spelled_with_the_offset_its_document_tells(
    collection: str, document: Document, written: tuple[Any, str]
) -> None:
    told = spelled(document, collection)
    assert (told.get("dateString"), told["created_at"]) == written

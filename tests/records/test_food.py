"""Food and quick picks: kept as sent, each upload a new one, replaced by id."""

from __future__ import annotations

import orjson
import pytest

from app.errors import BadDocument
from app.records.food import REGULAR, Food
from app.store import ObjectId
from app.store.interface import Document, Store
from tests.clocks import SettableClock

HEX = "64b1f0c2a7e94e3f8a5d1c20"
NOW = "2026-11-21T10:00:00.000Z"


def quick_pick(name: str, position: object, hidden: object = "false") -> Document:
    return {"type": "quickpick", "name": name, "position": position, "hidden": hidden}


def test_an_upload_is_made_now_whatever_it_says(food: Food) -> None:
    [kept] = food.save([{"type": "food", "name": "Bread", "created_at": "2020-01-01T00:00:00.000Z"}])
    assert kept["created_at"] == NOW


def test_the_same_food_twice_is_two(food: Food) -> None:
    first, second = food.save([{"type": "food", "name": "Bread"}, {"type": "food", "name": "Bread"}])
    assert first["_id"] != second["_id"]
    assert food.count() == 2


def test_an_upload_with_an_id_is_one_however_often_it_comes(food: Food) -> None:
    food.save([{"_id": HEX, "type": "food", "name": "Bread"}])
    [again] = food.save([{"_id": HEX, "type": "food", "name": "Rye bread"}])
    assert again["_id"] == ObjectId(HEX)
    assert [kept["name"] for kept in food.search()] == ["Rye bread"]


def test_putting_replaces_by_id_and_keeps_the_time_it_is_given(food: Food, clock: SettableClock) -> None:
    [made] = food.save([{"type": "food", "name": "Bread", "gi": "2"}])
    clock.advance(hours=1)
    [put] = food.put([{"_id": str(made["_id"]), "type": "food", "name": "Rye bread", "created_at": NOW}])
    assert (put["_id"], put["created_at"]) == (made["_id"], NOW)
    [kept] = food.search()
    assert "gi" not in kept
    assert kept["srvCreated"] < kept["srvModified"]


def test_putting_without_an_id_or_a_time_makes_both(food: Food) -> None:
    first, second = food.put([{"type": "food", "name": "Bread"}, {"_id": HEX, "type": "food", "name": "Rice"}])
    assert isinstance(first["_id"], ObjectId)
    assert second["_id"] == ObjectId(HEX)
    assert first["created_at"] == second["created_at"] == NOW


def test_texts_are_kept_as_they_are_and_numbers_are_plain(food: Food) -> None:
    sent = {"type": "food", "name": "<b>Fish</b> & <script>x</script>", "carbs": "30", "portion": 100.0, "foods": []}
    [kept] = food.save([sent])
    assert {name: kept[name] for name in sent} == sent
    assert isinstance(kept["portion"], int)


def test_what_is_nested_too_deep_is_refused(food: Food) -> None:
    deep: Document = {}
    for _ in range(100):
        deep = {"foods": deep}
    with pytest.raises(BadDocument):
        food.save([deep])
    assert food.count() == 0


def test_the_order_is_that_of_making(food: Food, clock: SettableClock) -> None:
    for name in ("Bread", "Apple", "Rice"):
        food.save([{"type": "food", "name": name}])
        clock.advance(s=2)
    food.save([quick_pick("Breakfast", 0)])
    everything = [orjson.loads(row)["name"] for row in food.in_order()]
    assert everything == ["Bread", "Apple", "Rice", "Breakfast"]
    assert [orjson.loads(row)["name"] for row in food.in_order(REGULAR)] == ["Bread", "Apple", "Rice"]
    assert [kept["name"] for kept in food.search(REGULAR, limit=1)] == ["Rice"]


def test_quick_picks_come_by_position_be_it_text_or_number(food: Food) -> None:
    food.save(
        [
            quick_pick("nowhere", "x"),
            quick_pick("tenth", "10"),
            quick_pick("second", "2"),
            quick_pick("first", 1),
            quick_pick("without", None),
            {"type": "food", "name": "Bread", "hidden": "false", "position": "0"},
        ]
    )
    assert [pick["name"] for pick in food.quick_picks()] == ["first", "second", "tenth", "nowhere", "without"]


@pytest.mark.parametrize(
    ("hidden", "shown"), [("false", True), (False, True), ("true", False), (True, False), (None, False)]
)
def test_hidden_quick_picks_are_not_shown(food: Food, hidden: object, shown: bool) -> None:
    food.save([quick_pick("Breakfast", 1, hidden)])
    assert bool(food.quick_picks()) is shown


def test_deleted_food_is_in_no_list(food: Food, store: Store) -> None:
    store.collection("food").insert_one({"type": "food", "name": "Bread", "isValid": False})
    store.collection("food").insert_one({**quick_pick("Breakfast", 1), "isValid": False})
    assert [*food.in_order(), *food.quick_picks(), *food.search()] == []

"""Food over v1: JSON from scripts, forms from Nightscout's food editor."""

from __future__ import annotations

import httpx
import pytest

from app.actor import system_actor
from app.records.food import Food
from tests.compat.conftest import NOW_ISO, Site

HEX = "6f1d0c2ab7e94e3f8a5d1c20"
BREAD = {"type": "food", "category": "Bakery", "subcategory": "", "name": "Bread", "portion": 100, "carbs": 48,
         "fat": 3.2, "protein": 9, "energy": 1100, "gi": 2, "unit": "g"}  # fmt: skip


def quick_pick(name: str, position: object, hidden: object = "false") -> dict[str, object]:
    return {"type": "quickpick", "name": name, "position": position, "hidden": hidden, "foods": [], "carbs": 0}


@pytest.fixture
def food(site: Site) -> Food:
    return Food(site.house.store, site.house.clock, system_actor("test"))


def test_posting_answers_a_list_with_ids_and_the_present_time(api: httpx.Client) -> None:
    [posted] = api.post("food", json=BREAD | {"created_at": "2020-01-01T00:00:00.000Z"}).json()
    assert (posted["created_at"], len(posted["_id"])) == (NOW_ISO, 24)
    assert {name: posted[name] for name in BREAD} == BREAD
    names = [one["name"] for one in api.post("food.json", json=[BREAD | {"name": name} for name in "ba"]).json()]
    assert names == ["b", "a"]
    assert api.post("food", json=[]).json() == []


def test_all_food_comes_whatever_is_asked(food: Food, api: httpx.Client) -> None:
    food.save([BREAD | {"name": str(n)} for n in range(120)] + [quick_pick("Breakfast", 1)])
    shown = api.get("food?count=3&find[name]=x").json()
    assert [one["name"] for one in shown] == [*map(str, range(120)), "Breakfast"]


def test_food_and_quick_picks_have_lists_of_their_own(food: Food, api: httpx.Client) -> None:
    food.save([quick_pick("second", "2"), BREAD, quick_pick("hidden", "0", "true"), quick_pick("first", "1")])
    assert [one["name"] for one in api.get("food/regular.json").json()] == ["Bread"]
    assert [one["name"] for one in api.get("food/quickpicks.json").json()] == ["first", "second"]


@pytest.mark.quirk("forms nest")
def test_the_food_editor_sends_nested_forms(api: httpx.Client) -> None:
    form = (
        "type=quickpick&name=Fish+%26+Chips&carbs=96&hideafteruse=true&hidden=false&position=99999999"
        "&foods%5B0%5D%5Bname%5D=Bread&foods%5B0%5D%5Bcarbs%5D=48&foods[1][name]=Chips&foods[1][portions]=1.5"
    )
    headers = {"Content-Type": "application/x-www-form-urlencoded; charset=UTF-8"}
    [posted] = api.post("food/", content=form, headers=headers).json()
    expected = {
        "type": "quickpick",
        "name": "Fish & Chips",
        "carbs": "96",
        "hideafteruse": "true",
        "hidden": "false",
        "position": "99999999",
        "foods": [{"name": "Bread", "carbs": "48"}, {"name": "Chips", "portions": "1.5"}],
    }
    assert {name: posted[name] for name in expected} == expected
    [shown] = api.get("food/quickpicks").json()
    assert shown["_id"] == posted["_id"]
    hidden = form.replace("hidden=false", "hidden=true")
    [put] = api.put("food/", content=f"{hidden}&_id={posted['_id']}", headers=headers).json()
    assert (put["_id"], put["hidden"]) == (posted["_id"], "true")
    assert api.get("food/quickpicks").json() == []
    assert len(api.get("food").json()) == 1


def test_putting_replaces_by_id_and_answers_a_list(food: Food, api: httpx.Client) -> None:
    food.save([BREAD | {"_id": HEX}])
    earlier = "2026-01-01T00:00:00.000Z"
    first, second = api.put("food", json=[{"_id": HEX, "name": "Rye", "created_at": earlier}, {"name": "Rice"}]).json()
    assert first == {"_id": HEX, "name": "Rye", "created_at": earlier}
    assert (len(second["_id"]), second["created_at"]) == (24, NOW_ISO)
    assert [one["name"] for one in api.put("food", json={"_id": HEX, "name": "Oats"}).json()] == ["Oats"]
    assert sorted(one["name"] for one in api.get("food").json()) == ["Oats", "Rice"]


def test_texts_come_back_as_they_were_sent(api: httpx.Client) -> None:
    name = '<i>Crème</i> & "<70 g" <script>alert(1)</script>'
    api.post("food", json=BREAD | {"name": name})
    answer = api.get("food")
    assert answer.json()[0]["name"] == name
    assert answer.headers["Content-Type"].startswith("application/json")


@pytest.mark.parametrize("method", ["POST", "PUT"])
@pytest.mark.parametrize("foreign", ["3F2504E0-4F89-41D3-9A0C-0305E82C3301", "x", 5, ""])
def test_a_foreign_id_is_refused_with_the_whole_upload(
    food: Food, api: httpx.Client, method: str, foreign: object
) -> None:
    answer = api.request(method, "food", json=[BREAD, BREAD | {"_id": foreign}])
    assert answer.status_code == 400
    assert answer.json() == {
        "status": 400,
        "message": "Invalid _id format",
        "description": f"Must be 24-character hex string or omit for auto-generation. Got: {foreign}",
    }
    assert food.count() == 0


def test_deleting_answers_an_empty_object(food: Food, api: httpx.Client) -> None:
    food.save([BREAD | {"_id": HEX}])
    assert [api.delete(f"food/{HEX}").json() for _ in range(2)] == [{}, {}]
    assert food.count() == 0
    answer = api.delete("food/x")
    assert (answer.status_code, answer.json()["description"]) == (400, "Must be 24-character hex string. Got: x")
    assert api.delete("food").status_code == 404


def test_deleted_food_is_never_shown(site: Site, api: httpx.Client) -> None:
    kept = site.house.store.collection("food")
    kept.insert_many([BREAD | {"isValid": False}, quick_pick("gone", 1) | {"isValid": False}])
    for path in ("food", "food/regular", "food/quickpicks"):
        assert api.get(path).json() == []


def test_other_ways_of_looking_know_food_of_any_age(food: Food, api: httpx.Client) -> None:
    food.put([BREAD | {"created_at": "2020-01-01T00:00:00.000Z"}, quick_pick("Breakfast", 1)])
    assert api.get("count/food/where").json() == [{"_id": None, "count": 2}]
    assert api.get("count/food/where?find[created_at][$lt]=2021").json() == [{"_id": None, "count": 1}]
    assert api.get("echo/food?find[name]=x").json() == {
        "query": {"name": "x"},
        "input": {"find": {"name": "x"}},
        "params": {"echo": "food"},
        "storage": "food",
    }
    assert [one["name"] for one in api.get("slice/food/name/food/Br.json").json()] == ["Bread"]


@pytest.mark.parametrize("right", ["read", "create", "update", "delete"])
def test_each_act_wants_its_right(site: Site, right: str) -> None:
    grants = sorted({"api:food:read", f"api:food:{right}"})
    site.owner.post("/api/v2/authorization/roles", json={"name": "cook", "permissions": grants})
    site.owner.post("/api/v2/authorization/subjects", json={"name": "cook", "roles": ["cook"]})
    [subject] = site.owner.get("/api/v2/authorization/subjects").json()
    client = site.client(api_secret=subject["accessToken"])
    may = {
        "read": client.get("/api/v1/food").status_code,
        "create": client.post("/api/v1/food", json=[]).status_code,
        "update": client.put("/api/v1/food", json=[]).status_code,
        "delete": client.delete(f"/api/v1/food/{HEX}").status_code,
    }
    assert may == {name: 200 if name in ("read", right) else 401 for name in may}

"""Food: what the family's table holds, and the quick picks made from it."""

from __future__ import annotations

from flask import Blueprint, Response

from app.compat.answers import json_answer, rows_answer
from app.compat.services import food
from app.compat.v1.hex_ids import named_by_hex, uploaded_with_hex_ids
from app.identity.door import requires
from app.records.food import REGULAR


def add_routes(v1: Blueprint) -> None:
    """Add the routes of food."""
    v1.add_url_rule("/food", view_func=list_food)
    v1.add_url_rule("/food/regular", view_func=list_regular_food)
    v1.add_url_rule("/food/quickpicks", view_func=list_quick_picks)
    v1.add_url_rule("/food", view_func=add_food, methods=["POST"])
    v1.add_url_rule("/food", view_func=put_food, methods=["PUT"])
    v1.add_url_rule("/food/<id>", view_func=delete_food, methods=["DELETE"])


@requires("api:food:read")
def list_food() -> Response:
    """Answer with all food and quick picks."""
    return rows_answer(food().in_order())


@requires("api:food:read")
def list_regular_food() -> Response:
    """Answer with the food that is no quick pick."""
    return rows_answer(food().in_order(REGULAR))


@requires("api:food:read")
def list_quick_picks() -> Response:
    """Answer with the quick picks that are not hidden, by their position."""
    return json_answer(food().quick_picks())


@requires("api:food:read", "api:food:create")
def add_food() -> Response:
    """Keep uploaded food, made now, and answer with it, in order."""
    return json_answer(food().save(uploaded_with_hex_ids()))


@requires("api:food:read", "api:food:update")
def put_food() -> Response:
    """Replace food by its ids, or keep it as new, and answer with it, in order."""
    return json_answer(food().put(uploaded_with_hex_ids()))


@requires("api:food:read", "api:food:delete")
def delete_food(id: str) -> Response:
    """Delete the food of this id."""
    food().delete(named_by_hex(id))
    return json_answer({})

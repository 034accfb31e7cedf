"""Serving the contract: documents for programs and a page for people, to anybody; it says nothing about anybody."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any

from flask import Blueprint, Flask, Response, current_app, render_template, request

from app.compat.answers import conditional, json_answer
from app.compat.credentials import ignores_credentials
from app.compat.openapi.page import Page, page_of
from app.compat.openapi.yaml_text import yaml_text
from app.identity.door import public

YAML = "application/yaml"
_KEY = "published contract"
_WHY = "the contract is the same for everybody, and says nothing about anybody"

Documents = Mapping[str, Mapping[str, Any]]


class Published:
    """The documents by name (``whole``, ``v1``, ``v2``, ``v3``) and the pages, made when first asked for."""

    def __init__(self, make: Callable[[], Documents]) -> None:
        self._make = make

    @cached_property
    def documents(self) -> Documents:
        """Return the documents."""
        return self._make()

    @cached_property
    def yaml(self) -> str:
        """Return the whole document as YAML."""
        return yaml_text(self.documents["whole"])

    @cached_property
    def page(self) -> Page:
        """Return what the page shows."""
        return page_of(self.documents["whole"])

    @cached_property
    def page_of_v3(self) -> Page:
        """Return what the page of v3 alone shows."""
        return page_of(self.documents["v3"])


def blueprint() -> Blueprint:
    """Return a new blueprint with the documents and the page, relative to the root."""
    made = Blueprint("contract", __name__)
    made.add_url_rule("/swagger.json", view_func=show_json)
    made.add_url_rule("/swagger.yaml", view_func=show_yaml)
    made.add_url_rule("/api-docs", view_func=show_page)
    made.add_url_rule("/api3-docs", view_func=show_page_of_v3)
    # Without their suffix, which is taken off every path below these.
    made.add_url_rule("/api/v1/openapi", view_func=show_version)
    made.add_url_rule("/api/v2/openapi", view_func=show_version)
    made.add_url_rule("/api/v3/openapi", "show_v3", show_version)
    return made


def publish(app: Flask, make: Callable[[], Documents]) -> None:
    """Have an application serve the documents that ``make`` returns. It is called once, when first asked for."""
    app.extensions[_KEY] = Published(make)


def published() -> Published:
    """Return what this application publishes."""
    found: Published = current_app.extensions[_KEY]
    return found


@ignores_credentials
@public(_WHY)
def show_json() -> Response:
    """Answer with this contract, every version of the API in one OpenAPI document."""
    return json_answer(published().documents["whole"])


@ignores_credentials
@public(_WHY)
def show_yaml() -> Response:
    """Answer with this contract as YAML."""
    return conditional(Response(published().yaml, content_type=f"{YAML}; charset=utf-8"))


@ignores_credentials
@public(_WHY)
def show_version() -> Response:
    """Answer with the OpenAPI document of this version of the API alone."""
    return json_answer(published().documents[request.path.split("/")[2]])


@ignores_credentials
@public(_WHY)
def show_page() -> Response:
    """Answer with this contract as a page to read."""
    return _page(published().page)


@ignores_credentials
@public(_WHY)
def show_page_of_v3() -> Response:
    """Answer with the contract of API v3 alone as a page to read, where Nightscout has it."""
    return _page(published().page_of_v3)


def _page(contract: Page) -> Response:
    return conditional(Response(render_template("contract.html", contract=contract), mimetype="text/html"))

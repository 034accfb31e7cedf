"""The published contract as something answers are held to."""

from __future__ import annotations

import gzip
from collections.abc import Mapping
from functools import cache
from typing import Any

import jsonschema_rs
import orjson
from flask import Flask

from app.compat.openapi.document import documents_of
from app.compat.openapi.walking import template_of

JSON = "application/json"


class Contract:
    """The whole document of an application, by route: ``GET /api/v1/entries``."""

    def __init__(self, app: Flask) -> None:
        self._document = documents_of(app)["whole"]
        self._validator = cache(self._validator_for)

    def route(self, method: str, rule: str) -> str:
        """Return the route a rule is told of as, "" when it is not; below ``/api/v2`` that may be the one of v1."""
        path = template_of(rule)
        for told in (path, path.replace("/api/v2/", "/api/v1/", 1)):
            if method.lower() in self._document["paths"].get(told, {}):
                return f"{method} {told}"
        return ""

    def untold(self, route: str, status: int, headers: Mapping[str, str], body: bytes | None) -> str:
        """Return what the contract does not tell of an answer, "" for one that is as described."""
        method, path = route.split(" ")
        response = self._document["paths"][path][method.lower()]["responses"].get(str(status))
        if response is None:
            return "no such status"
        media = headers.get("Content-Type", "").partition(";")[0]
        if media and media not in self._resolved(response).get("content", {media: {}}):
            return f"no {media}"
        if media != JSON or not body:
            return ""
        packed = headers.get("Content-Encoding") == "gzip"
        found = orjson.loads(gzip.decompress(body) if packed else body)
        return next((error.message for error in self._validator(route, status).iter_errors(found)), "")

    def _resolved(self, response: dict[str, Any]) -> dict[str, Any]:
        name = response.get("$ref", "").rpartition("/")[2]
        return self._document["components"]["responses"][name] if name else response

    def _validator_for(self, route: str, status: int) -> jsonschema_rs.Draft202012Validator:
        method, path = route.split(" ")
        response = self._resolved(self._document["paths"][path][method.lower()]["responses"][str(status)])
        schema = response.get("content", {}).get(JSON, {}).get("schema", {})
        return jsonschema_rs.Draft202012Validator({**schema, "components": self._document["components"]})

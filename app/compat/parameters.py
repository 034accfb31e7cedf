"""The decoded query string of a request."""

from __future__ import annotations

from typing import Any

from flask import Request, g

from app.compat.brackets import decode


def parameters(request: Request) -> dict[str, Any]:
    """Return the nested parameters of the request's query string; decoded once."""
    if "parameters" not in g:
        g.parameters = decode(request.query_string.decode("utf-8", "replace"))
    found: dict[str, Any] = g.parameters
    return found

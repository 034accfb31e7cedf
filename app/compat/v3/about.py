"""What this version says of itself: its number, what the client may do, when each collection changed last."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, redirect, request
from werkzeug.wrappers import Response as Redirect

from app.compat.credentials import ignores_credentials
from app.compat.errors import Refusal
from app.compat.quirks import quirk
from app.compat.v1.status import VERSION
from app.compat.v3.access import demand, granted_acts, signed_in
from app.compat.v3.answers import NOT_ACCEPTABLE, json_answer
from app.compat.v3.services import documents_in
from app.compat.versions import VERSIONS
from app.identity.door import house, present_actor, public
from app.records.identified import COLLECTIONS

NO_SUCH_ROUTE = "Bad operation or collection"
API_VERSION = VERSIONS[-1]["version"]
_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")


def add_routes(v3: Blueprint) -> None:
    """Add the routes that are about no document, and the answer to every path there is not."""
    v3.add_url_rule("/version", view_func=show_version)
    v3.add_url_rule("/status", view_func=show_status)
    v3.add_url_rule("/lastModified", view_func=show_last_modified)
    v3.add_url_rule("/test", view_func=test_access)
    v3.add_url_rule("/swagger-ui-dist", view_func=lead_to_contract)
    v3.add_url_rule("", view_func=unknown, methods=_METHODS, provide_automatic_options=False)
    v3.add_url_rule("/<path:rest>", view_func=unknown, methods=_METHODS, provide_automatic_options=False)


@ignores_credentials
@public("says which version this is, so that a client can choose before it signs in")
def show_version() -> Response:
    """Answer with the versions of the API, of the program and of the storage, and the time here."""
    return json_answer(200, result=_version())


@quirk("all six collections of v3 are in apiPermissions", "AndroidAPS")
@signed_in("nothing: everybody signed in may ask what they may do")
def show_status() -> Response:
    """Answer with the versions, and which acts the client may do in each collection."""
    permissions = {collection: granted_acts(collection) for collection in COLLECTIONS}
    return json_answer(200, result=_version() | {"apiPermissions": permissions})


@signed_in("api:{collection}:read, for each collection that is told of")
def show_last_modified() -> Response:
    """Answer with when each collection the client may read changed last; empty ones are left out."""
    readable = [name for name in COLLECTIONS if present_actor().may(f"api:{name}:read")]
    changed = {name: documents_in(name).last_changed_ms() for name in readable}
    told = {name: at_ms for name, at_ms in changed.items() if at_ms is not None}
    return json_answer(200, result={"srvDate": house().clock.now_ms(), "collections": told})


@signed_in("api:entries:read")
def test_access() -> Response:
    """Answer with nothing when the client may read entries."""
    demand("api:entries:read")
    return Response(status=200, mimetype="application/json")


@ignores_credentials
@public("leads to the published contract")
def lead_to_contract() -> Redirect:
    """Lead to the page about this API."""
    return redirect("../../../api3-docs", 307)


@ignores_credentials
@public("says that there is nothing here")
def unknown(rest: str = "") -> Response:
    """Answer that there is no such operation, or no such format."""
    name, _, suffix = rest.rpartition("/")[2].partition(".")
    if request.method == "GET" and name in COLLECTIONS and suffix:
        raise Refusal(406, NOT_ACCEPTABLE)
    raise Refusal(404, NO_SUCH_ROUTE)


def _version() -> dict[str, Any]:
    shared = house()
    health = shared.store.health()
    return {
        "version": VERSION,
        "apiVersion": API_VERSION,
        "srvDate": shared.clock.now_ms(),
        "storage": {"storage": health.backend, "version": health.version},
    }

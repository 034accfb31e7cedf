"""Many documents of a collection: searching it, and following what changes in it."""

from __future__ import annotations

from flask import Blueprint, Response, request

from app.compat.errors import Refusal
from app.compat.quirks import quirk
from app.compat.v3.access import demand_listing, signed_in
from app.compat.v3.answers import accepted_format, dated, documents_answer, newest_stamp_ms, projected
from app.compat.v3.asking import fields_of, limit_of, parameters_of, search_of
from app.compat.v3.services import documents_in
from app.compat.validators import is_among
from app.identity.door import house
from app.records.identified import COLLECTIONS
from app.records.times import read_instant

COLLECTION = f"<any({','.join(COLLECTIONS)}):collection>"
"""A collection as part of a path."""

NO_MOMENT = "Bad or missing Last-Modified header/parameter"


def add_routes(v3: Blueprint) -> None:
    """Add the routes of many documents."""
    v3.add_url_rule(f"/{COLLECTION}", view_func=search)
    v3.add_url_rule(f"/{COLLECTION}/history", view_func=history_since_header)
    v3.add_url_rule(f"/{COLLECTION}/history/<since>", view_func=history_since)


@signed_in("api:{collection}:read; for settings api:settings:admin")
def search(collection: str) -> Response:
    """Answer with the documents that match."""
    demand_listing(collection)
    media, asked = accepted_format(), parameters_of(request)
    wanted, fields = search_of(asked, house().settings["API3_MAX_LIMIT"]), fields_of(asked)
    found = documents_in(collection).search(
        wanted.filter, sort=wanted.sort, newest_first=wanted.newest_first, limit=wanted.limit, skip=wanted.skip
    )
    return documents_answer((projected(document, fields) for document in found), media)


@quirk("history takes seconds and ISO text, too", "followers of Juggluco")
@signed_in("api:{collection}:read; for settings api:settings:admin")
def history_since(collection: str, since: str) -> Response:
    """Answer with what has changed after a moment (milliseconds, seconds or ISO text), deleted documents too."""
    demand_listing(collection)
    instant = read_instant(since)
    if instant is None or instant.at_ms <= 0:
        raise Refusal(400, NO_MOMENT)
    return _history(collection, instant.at_ms, included=False)


@signed_in("api:{collection}:read; for settings api:settings:admin")
def history_since_header(collection: str) -> Response:
    """Answer with what has changed since the moment in the header ``Last-Modified`` of the request."""
    demand_listing(collection)
    written = request.headers.get("Last-Modified", "")
    if not written:
        raise Refusal(400, NO_MOMENT)
    instant = read_instant(written)
    if instant is None:
        return documents_answer([], accepted_format())
    return _history(collection, instant.at_ms // 1000 * 1000, included=True)


@quirk("the ETag of history is a moment, and nothing else in v3 has one", "AndroidAPS")
def _history(collection: str, since_ms: int, *, included: bool) -> Response:
    media, asked = accepted_format(), parameters_of(request)
    limit, fields = limit_of(asked, house().settings["API3_MAX_LIMIT"]), fields_of(asked)
    changed = [*documents_in(collection).history(since_ms, limit=limit, included=included)]
    newest_ms = newest_stamp_ms(changed)
    tag = f'W/"{newest_ms}"'
    if newest_ms is not None and is_among(tag, request.headers.get("If-None-Match", "")):
        answer = Response(status=304)
    else:
        answer = documents_answer((projected(document, fields) for document in changed), media)
    if newest_ms is not None:
        answer.headers["ETag"] = tag
    return dated(answer, newest_ms)

"""The list of what happened, for the family to read: who did what, when, and from where."""

from __future__ import annotations

from flask import Blueprint, Flask, render_template, request, url_for

from app.identity import audit
from app.identity.door import guard, house, requires
from app.sharing.shares import list_shares
from app.web.audit_words import told
from app.web.identify import member
from app.web.viewer import offer

READS_AUDIT = "web:audit:list"
A_PAGE = 50

blueprint = Blueprint("audit", __name__, url_prefix="/audit")
guard(blueprint, member)


@blueprint.get("")
@requires(READS_AUDIT)
def page() -> str:
    """Show a page of it, the newest first; ``before`` is the last row of the page before."""
    rows = audit.search(house().store, limit=A_PAGE + 1, before=request.args.get("before", ""))
    older = url_for(".page", before=rows[A_PAGE - 1].id) if len(rows) > A_PAGE else ""
    names = {share.id: share.label for share in list_shares(house().store)}
    return render_template("audit.html", rows=[told(row, names) for row in rows[:A_PAGE]], older=older)


def register(app: Flask) -> None:
    """Serve the list."""
    app.register_blueprint(blueprint)
    offer(app, "Audit", "audit.page", READS_AUDIT)

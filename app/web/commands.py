"""Remote commands to Loop, for those who give them: what was asked, by whom, and what became of it, in plain words."""

from __future__ import annotations

import re
from dataclasses import dataclass

from flask import Blueprint, Flask, make_response, render_template, request
from werkzeug.wrappers import Response as BaseResponse

from app.commands import keeping
from app.commands.command import BOLUS, CARBS, MAY_GIVE
from app.commands.keeping import Kept
from app.commands.settling import settle
from app.house import House
from app.identity.door import guard, house, present_actor, requires
from app.web.identify import member
from app.web.uploaders import IN_PLACE
from app.web.viewer import offer

_WORDS = {
    "queued": "On its way to Apple since",
    "sent": "Sent",
    "seen": "Seen by Loop",
    "done": "Done",
    "refused": "Refused",
    "expired": "Expired",
}
_TONES = {"done": "good", "refused": "now", "expired": "soon"}
_LOOK_FIRST = "Look at the phone or the pump before sending it again."
_NOTHING_GIVEN = "Nothing was given. It can be sent again."
_WHY = {
    "BadDeviceToken": "Loop was installed in another way than LOOP_PUSH_SERVER_ENVIRONMENT says. " + _NOTHING_GIVEN,
    "DeviceTokenNotForTopic": "The key belongs to another Apple team than Loop. " + _NOTHING_GIVEN,
    "InvalidProviderToken": "The Apple key, its id or the team id in the settings is wrong. " + _NOTHING_GIVEN,
    "Unregistered": "Loop is not on that phone any more, or must be opened once. " + _NOTHING_GIVEN,
}
_AMOUNT = re.compile(r"(\d) (U|g|h|min)\b")

blueprint = Blueprint("commands", __name__, url_prefix="/commands")
guard(blueprint, member)


@dataclass(frozen=True, slots=True)
class Told:
    """A command as its page tells it; ``since_ms`` is when it got where it is, ``hint`` what to do about that."""

    what: str
    more: str
    who: str
    at_ms: int
    state: str
    words: str
    since_ms: int
    detail: str
    hint: str
    tone: str
    afterwards: str


@blueprint.get("")
@requires(MAY_GIVE)
def page() -> BaseResponse:
    """Show the commands, the newest first; only their list to the script that keeps it current."""
    shared = house()
    settle(shared.store, shared.clock)
    in_place = IN_PLACE in request.headers
    response = make_response(
        render_template(
            "commands/list.html" if in_place else "commands/page.html",
            commands=[told(kept) for kept in keeping.listed(shared.store, present_actor())],
            can_push=bool(shared.settings["LOOP_APNS_KEY"]),
        )
    )
    if in_place:
        response.headers[IN_PLACE] = "1"
    return response


def told(kept: Kept) -> Told:
    """Return a command in words."""
    command = kept.command
    absorbed = f"absorbed over {command.absorption_h:g} h" if command.event_type == CARBS else ""
    return Told(
        what=_unbroken(command.words),
        more=_unbroken(" · ".join(filter(None, (absorbed, command.notes)))),
        who=_who(kept),
        at_ms=kept.at_ms,
        state=kept.state,
        words="Pushed" if _is_unknown(kept) else _WORDS[kept.state],
        since_ms=kept.times.get(kept.state, kept.at_ms),
        detail=_unbroken(kept.detail),
        hint=_hint(kept),
        tone="soon" if _is_unknown(kept) else _TONES.get(kept.state, ""),
        afterwards=_unbroken(kept.afterwards),
    )


def _unbroken(text: str) -> str:
    """Return a text in which no line ends between an amount and its unit."""
    return _AMOUNT.sub("\\1\u00a0\\2", text)


def _is_unknown(kept: Kept) -> bool:
    """Tell whether nobody knows if Apple has it."""
    return kept.state == "queued" and bool(kept.reason)


def _hint(kept: Kept) -> str:
    if kept.delivered is False:
        return _WHY.get(kept.reason, _NOTHING_GIVEN)
    if kept.state in ("expired", "refused") or _is_unknown(kept):
        return _LOOK_FIRST if kept.command.event_type in (BOLUS, CARBS) else ""
    return ""


def _who(kept: Kept) -> str:
    """Return who gave it: the name the app sent, and whose credential it came with."""
    name, claimed = kept.actor.rpartition(":")[2], kept.command.entered_by
    if kept.actor_kind == "secret":
        return f"{claimed or 'Somebody'}, with the API secret"
    return f"{claimed}, through {name}" if claimed and claimed != name else name


def register(app: Flask) -> None:
    """Serve the page, and lead to it where commands can be given."""
    app.register_blueprint(blueprint)
    shared: House = app.extensions["house"]
    if shared.settings["LOOP_APNS_KEY"]:
        offer(app, "Remote commands", "commands.page", MAY_GIVE)

"""The rows of the audit list as sentences."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from app.identity.audit import Row
from app.web.browsers import browser_words

_WHO_BY_KIND = {"nobody": "Somebody", "secret": "Who holds the API secret"}
_WHO_BY_LABEL = {"operator": "The operator of the server", "environment": "The server's settings"}
_PREFIXES = {"token": "The app ", "uploader": "The uploader "}

_WHY = {
    "wrong-password": "wrong name or password",
    "wrong-code": "wrong code",
    "used-code": "a code that was used before",
    "clock-out-of-step": "a code of a phone whose clock is wrong",
}
_WITH = {"code": "a code", "recovery code": "a recovery code", "enrolment": "a new authenticator"}
_SENTENCES = {
    "owner account made": "{who} made the first account",
    "signed in": "{who} signed in with {with}",
    "signed out": "{who} signed out",
    "sign-in failed": "A sign-in failed: {why}",
    "sign-in blocked": "Signing in was blocked after too many tries",
    "session ended": "{who} signed a browser out",
    "other sessions ended": "{who} signed {count} other browsers out",
    "password changed": "{who} changed the password",
    "authenticator enrolled": "{who} set up an authenticator",
    "authenticator reset": "{who} took an authenticator away",
    "recovery codes replaced": "{who} made new recovery codes",
    "person changed": "{who} changed whose data this is, or the limits",
    "share made": "{who} made a link for {for}",
    "share opened": "{who} opened the link",
    "share revoked": "{who} ended the link for {for}",
    "ended share tried": "Somebody tried the link for {name}, which has ended",
    "share passcode failed": "A wrong passcode was given for the link for {name}",
    "device token made": "{who} connected the app {about}",
    "device token revoked": "{who} shut out the app {about}",
    "credential refused": "An app showed a credential that is not known here",
    "remote command given": "{who} gave Loop a remote command: {what}",
    "alarm silenced": "{who} silenced {level} alarms ({about}) for {minutes} minutes",
    "file imported": "{who} imported the file {about}",
    "import undone": "{who} took back what the file {about} had brought",
    "uploader made": "{who} added the uploader {about}",
    "uploader changed": "{who} changed the uploader {about}",
    "uploader paused": "{who} paused the uploader {about}",
    "uploader resumed": "{who} let the uploader {about} run again",
    "uploader run": "{who} had the uploader {about} run at once",
    "uploader tested": "{who} tested the uploader {about}",
    "uploader signed in": "{who} signed in for the uploader {about}",
    "uploader deleted": "{who} deleted the uploader {about}",
    **{
        f"{what} {done}": f"{{who}} {done} the {what} {{about}}"
        for what in ("subject", "role")
        for done in ("made", "changed", "deleted")
    },
}
_TROUBLES = frozenset({"sign-in failed", "sign-in blocked", "share passcode failed", "credential refused"})


@dataclass(frozen=True, slots=True)
class ToldRow:
    """A row as its page shows it: when (UTC epoch ms), what happened, from where, and whether it looks like trouble."""

    at_ms: int
    sentence: str
    where: str
    trouble: bool


def told(row: Row, link_names: Mapping[str, str]) -> ToldRow:
    """Return a row in words; ``link_names`` says for whom each share link is, by its id."""
    known: defaultdict[str, object] = defaultdict(lambda: "?", row.details)
    known["why"] = _WHY.get(str(known["why"]), known["why"])
    known["with"] = _WITH.get(str(known["with"]), known["with"])
    known |= {"who": _who(row), "about": row.about or "?", "name": link_names.get(row.about, "somebody")}
    sentence = _SENTENCES.get(row.act, "{who}: " + row.act).format_map(known)
    return ToldRow(row.at_ms, sentence, _where(row), row.act in _TROUBLES)


def _who(row: Row) -> str:
    prefix, _, name = row.actor.rpartition(":")
    known = _WHO_BY_KIND.get(row.actor_kind) or _WHO_BY_LABEL.get(row.actor)
    return known or _PREFIXES.get(prefix, "") + name


def _where(row: Row) -> str:
    if not row.address:
        return "at the server"
    return f"{row.address}, {browser_words(row.user_agent)}"

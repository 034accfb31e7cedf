"""``/alarm``: who hears alarms, and their acknowledgement. What is loud is decided in ``alarms/``."""

from __future__ import annotations

import logging
from typing import Any

from app.alarms.silences import DEFAULT_GROUP, USUAL_MS, Silences
from app.compat.quirks import quirk
from app.compat.sockets.admission import ACKNOWLEDGES, READS, Admission
from app.compat.sockets.alarm_news import AlarmNews
from app.compat.sockets.storage import BAD_TOKEN
from app.compat.sockets.viewers import Viewer
from app.errors import BadRequest
from app.glucose.levels import Level
from app.logs import told
from app.records.numbers import numeric_text

log = logging.getLogger(__name__)

_SUBSCRIBED = {"success": True, "message": "Subscribed for alarms"}
_LEVELS: dict[float | None, Level] = {1: Level.WARN, 2: Level.URGENT}


class Alarm:
    """What clients of the alarms ask for. ``prompts`` is true where nobody may look in without a credential."""

    def __init__(self, admission: Admission, silences: Silences, news: AlarmNews, *, prompts: bool) -> None:
        self._admission = admission
        self._news = news
        self._silences = silences
        self._prompts = prompts

    @quirk("an app that hears alarms may acknowledge them", "AndroidAPS")
    def subscribe(self, viewer: Viewer, message: dict[str, Any]) -> Any:
        """Let a client hear alarms if it may read. Apps show an access token, pages a secret, a web token or nothing.

        Whoever hears alarms through an app may acknowledge them: AndroidAPS has no other right for it.
        """
        token, secret, bearer = (message.get(name) for name in ("accessToken", "secret", "jwtToken"))
        if not (token or secret or bearer) and self._prompts:
            return self._refused(viewer)
        actor = self._admission.admit(viewer, secret=token or secret, bearer=None if token else bearer)
        if actor is None:
            return self._refused(viewer)
        viewer.listens = actor.may(READS)
        viewer.acknowledges = actor.may(ACKNOWLEDGES) or (bool(token) and viewer.listens)
        if viewer.listens:
            self._news.welcome(viewer)
        return _SUBSCRIBED if token else {**_SUBSCRIBED, "read": viewer.listens, "ack": viewer.acknowledges}

    def acknowledge(self, viewer: Viewer, level: Any = None, group: Any = None, time_ms: Any = None, *_: Any) -> Any:
        """Keep the alarms of a level and group quiet for a while, when the client may."""
        if viewer.actor is None or not viewer.acknowledges:
            return None
        meant = _LEVELS.get(_number(level))
        quiet_ms = _number(time_ms)
        try:
            if meant is None:
                raise BadRequest("level is 1 (warning) or 2 (urgent)")
            self._silences.acknowledge(
                meant,
                group if isinstance(group, str) and group else DEFAULT_GROUP,
                USUAL_MS if quiet_ms is None else int(quiet_ms),
                viewer.actor,
                viewer.peer,
            )
        except BadRequest as problem:
            log.info("a socket's acknowledgement was refused", extra=told(problem=problem.message))
        return None

    def _refused(self, viewer: Viewer) -> Any:
        viewer.listens = viewer.alarmed = viewer.acknowledges = False
        return BAD_TOKEN


def _number(given: Any) -> float | None:
    if isinstance(given, bool):
        return None
    return float(given) if isinstance(given, int | float) else numeric_text(given)

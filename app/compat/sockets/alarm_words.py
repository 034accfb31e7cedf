"""Alarms in the words of Nightscout's sockets: which event each is, and what is in it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.alarms.notice import Notice
from app.alarms.silences import Silence
from app.compat.wire import on_wire
from app.glucose.levels import Level

Body = dict[str, Any]

_ALARMS = {Level.WARN: "alarm", Level.URGENT: "urgent_alarm"}
_ENDED = "Auto ack'd alarm(s)"

_PLUGINS: Mapping[str, tuple[str, str]] = {
    "ar2": ("AR2", "forecast"),
    "simplealarms": ("Simple Alarms", "notification"),
    "errorcodes": ("Dexcom Error Codes", "notification"),
    "treatmentnotify": ("Treatment Notifications", "notification"),
    "upbat": ("Uploader Battery", "pill-status"),
    "pump": ("Pump", "pill-status"),
    "openaps": ("OpenAPS", "pill-status"),
    "loop": ("Loop", "pill-status"),
    "xdripjs": ("CGM Status", "pill-status"),
    "timeago": ("Timeago", "pill-status"),
    "dbsize": ("Database Size", "pill-status"),
    "bwp": ("Bolus Wizard Preview", "pill-minor"),
    "cage": ("Cannula Age", "pill-minor"),
    "sage": ("Sensor Age", "pill-minor"),
    "iage": ("Insulin Age", "pill-minor"),
    "bage": ("Pump Battery Age", "pill-minor"),
}
"""What each of the features is called, and its kind among Nightscout's plugins."""


def event_name(notice: Notice) -> str:
    """Return the event a notice is told by. An announcement at a time of alarm is one."""
    return _ALARMS.get(notice.level, "announcement" if notice.is_announcement else "notification")


def alarm_body(notice: Notice) -> Body:
    """Return what the event carries; members that say nothing are left out."""
    label, kind = _PLUGINS.get(notice.plugin, (notice.plugin, "notification"))
    body = {
        "level": int(notice.level),
        "title": notice.title,
        "message": notice.message,
        "eventName": notice.event_name or None,
        "plugin": {"name": notice.plugin, "label": label, "pluginType": kind, "enabled": True},
        "pushoverSound": notice.sound,
        "debug": notice.debug or None,
        "group": notice.group,
        "isAnnouncement": notice.is_announcement or None,
        "notifyhash": notice.notifyhash or None,
        "key": notice.key,
    }
    told: Body = on_wire({name: value for name, value in body.items() if value is not None})
    return told


def ended_body(notice: Notice) -> Body:
    """Return what ``clear_alarm`` carries when an alarm is over."""
    return _cleared(notice.group, _ENDED)


def silenced_body(silence: Silence) -> Body:
    """Return what ``clear_alarm`` carries when somebody has heard an alarm."""
    return _cleared(silence.group, f"{silence.group} - {silence.level.display} was ack'd")


def _cleared(group: str, message: str) -> Body:
    return {"clear": True, "title": "All Clear", "message": message, "group": group}

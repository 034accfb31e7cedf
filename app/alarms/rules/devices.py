"""``upbat``, ``pump``, ``xdripjs``: what phone, pump and transmitter say of themselves."""

from __future__ import annotations

from app.alarms.notice import Notice, hash_of
from app.alarms.rules.finding import BLIND, NOTHING, Finding
from app.alarms.situation import Situation
from app.glucose.levels import Level
from app.glucose.nightscout_texts import fixed_text, js_text
from app.live.fields import text
from app.live.setting_values import number_set
from app.live.statuses import device_name
from app.live.transmitter import Transmitter
from app.live.uploader_batteries import Charge, lowest_charge

TRANSMITTER_GROUP = "xDrip-js"
_HOUR_MS = 3_600_000


def upbat(situation: Situation) -> Finding:
    """Find an uploader's battery that runs low."""
    if not situation.alerts("UPBAT"):
        return NOTHING
    found = situation.present.uploaders
    lowest = lowest_charge(found)
    if lowest is None:
        return BLIND
    if lowest.level < Level.WARN:
        return NOTHING
    charges = [(device_name(one.uri), one.lowest) for one in found if one.lowest]
    notice = Notice(
        level=lowest.level,
        plugin="upbat",
        title=f"{lowest.level.display} Uploader Battery is Low",
        message="\n".join(f"{name} {charge_text(charge)}" for name, charge in charges),
        group="Uploader Battery",
        sound="echo",
    )
    return Finding((notice,))


def charge_text(charge: Charge) -> str:
    """Return a charge as Nightscout shows it, ``55%``, ``3.825v``, with a bolt while it grows."""
    volts = "" if charge.volts is None else f"{fixed_text(charge.volts, 3)}v"
    shown = volts if charge.percent is None else f"{js_text(charge.percent)}%"
    return f"{shown}{'⚡' if charge.charging else ''}"


def pump(situation: Situation) -> Finding:
    """Find a pump that is not heard, runs dry or empty, or is suspended."""
    if not situation.alerts("PUMP"):
        return NOTHING
    found = situation.present.pump
    if found is None:
        return BLIND
    if found.level < Level.WARN:
        return NOTHING
    level, words = max(found.complaints.values(), key=lambda complaint: complaint[0])
    notice = Notice(level=level, plugin="pump", title=words, message=found.message, group="Pump", sound="echo")
    return Finding((notice,))


def xdripjs(situation: Situation) -> Finding:
    """Find a transmitter that is not well."""
    if not situation.alerts("XDRIPJS"):
        return NOTHING
    found = situation.present.transmitter
    if found.latest is None:
        return BLIND
    interval_ms = int(max(0.0, number_set(situation.settings, "XDRIPJS_STATE_NOTIFY_INTRVL")) * _HOUR_MS)
    notice = transmitter_notice(found, repeat_ms=interval_ms)
    return Finding((notice,)) if notice else NOTHING


def transmitter_notice(found: Transmitter, *, repeat_ms: int | None = None) -> Notice | None:
    """Return what is to be said of a transmitter, None while it is well."""
    if found.level is Level.NONE:
        return None
    if found.battery_level > found.state_level:
        title = "CGM Transmitter Battery Low"
        message = f"Voltage A: {found.said.get('voltagea')}, B: {found.said.get('voltageb')}"
    else:
        state = text(found.said.get("stateString")) or f"{found.said.get('state')}"
        title = message = f"CGM Transmitter state: {state}"
    return Notice(
        level=found.level,
        plugin="xdripjs",
        title=title,
        message=message,
        group=TRANSMITTER_GROUP,
        sound="incoming",
        notifyhash="" if found.level >= Level.WARN else hash_of({"eventType": title}),
        repeat_ms=repeat_ms,
    )

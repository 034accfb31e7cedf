"""The uploader an existing Nightscout's environment describes: ``CONNECT_*``, and the older ``BRIDGE_*``.

When a worker starts, one uploader "from the environment" is made, refreshed when the variables changed, or switched off
when they are gone. What people changed on its page stays until the variables change.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

from app.actor import system_actor
from app.clock import Clock
from app.errors import DuplicateKey
from app.keyring import KeyRing
from app.logs import told
from app.records.times import zone_named
from app.store.interface import Document, Store
from app.uploaders.constants import built_in_constants
from app.uploaders.form import FormRefused
from app.uploaders.state import COLLECTION
from app.uploaders.uploaders import ENVIRONMENT, Uploaders

log = logging.getLogger(__name__)

UPLOADER_ID = "environment"

_ACTOR = system_actor("environment")

_ZONES_OF_PART_HOURS: Mapping[float, str] = {
    -9.5: "Pacific/Marquesas",
    3.5: "Asia/Tehran",
    4.5: "Asia/Kabul",
    5.5: "Asia/Kolkata",
    5.75: "Asia/Kathmandu",
    6.5: "Asia/Yangon",
    8.75: "Australia/Eucla",
    9.5: "Australia/Darwin",
}
"""Those without summer time."""


@dataclass(frozen=True, slots=True)
class Described:
    """What the environment asks for: a vendor and the answers of its form."""

    vendor: str
    answers: Mapping[str, Any] = field(repr=False)


def described_in(settings: Mapping[str, Any]) -> Described | None:
    """Return what the settings describe, None when nothing.

    As in Nightscout, the variables count only while their feature (``connect``, ``bridge``) is in ``ENABLE``.
    """
    source, features = settings["CONNECT_SOURCE"].lower(), settings["ENABLE"]
    if source and "connect" not in features:
        log.warning("CONNECT_SOURCE is not used: ENABLE does not contain connect")
    elif source and source not in _SOURCES:
        log.warning("CONNECT_SOURCE is not used: this vendor is not known", extra=told(source=source))
    elif source:
        return _SOURCES[source](settings)
    if settings["BRIDGE_USER_NAME"] and "bridge" in features:
        return _bridge(settings)
    return None


def refresh(store: Store, clock: Clock, keyring: KeyRing, settings: Mapping[str, Any]) -> None:
    """Make the uploader the environment describes, bring it up to date, or switch it off; safe to do at every start."""
    wanted = described_in(settings)
    rows = store.collection(COLLECTION, actor=_ACTOR.label)
    row = rows.find_one({"_id": UPLOADER_ID})
    uploaders = Uploaders(store, clock, _ACTOR, keyring, own_addresses=[settings["BASE_URL"]])
    if wanted is None:
        if row is not None and row["described"]:
            uploaders.enable(UPLOADER_ID, False)
            rows.update_one({"_id": UPLOADER_ID}, {"$set": {"described": ""}})
        return
    marks = _marks_of(wanted, keyring)
    if row is not None and row.get("described") in marks:
        return
    try:
        _bring_up_to_date(uploaders, wanted, row)
    except FormRefused as refused:
        log.error("the environment's uploader cannot be used", extra=told(answers=sorted(refused.problems)))
    except DuplicateKey:
        log.info("another process made the environment's uploader")
    else:
        rows.update_one({"_id": UPLOADER_ID}, {"$set": {"described": marks[0]}})


def _bring_up_to_date(uploaders: Uploaders, wanted: Described, row: Document | None) -> None:
    if row is not None and row["vendor"] != wanted.vendor:
        uploaders.delete(UPLOADER_ID)
        row = None
    if row is None:
        uploaders.create(wanted.vendor, wanted.answers, uploader_id=UPLOADER_ID, origin=ENVIRONMENT)
    else:
        uploaders.edit(UPLOADER_ID, wanted.answers)
        uploaders.enable(UPLOADER_ID, True)


def _marks_of(wanted: Described, keyring: KeyRing) -> list[str]:
    """Return what tells these variables from others, by each of our keys; it gives no hold for guessing passwords."""
    content = json.dumps([wanted.vendor, wanted.answers], sort_keys=True).encode()
    return [hmac.new(key, content, hashlib.sha256).hexdigest() for key in keyring.derived("environment uploader")]


def _dexcom(settings: Mapping[str, Any]) -> Described:
    return _share(
        settings["CONNECT_SHARE_ACCOUNT_NAME"],
        settings["CONNECT_SHARE_PASSWORD"],
        settings["CONNECT_SHARE_REGION"].lower(),
        _with_scheme(settings["CONNECT_SHARE_SERVER"]),
    )


def _bridge(settings: Mapping[str, Any]) -> Described:
    region = "ous" if settings["BRIDGE_SERVER"].upper() == "EU" else "us"
    return _share(settings["BRIDGE_USER_NAME"], settings["BRIDGE_PASSWORD"], region, "")


def _share(account: str, password: str, region: str, server: str) -> Described:
    answers = {"account": account, "password": password, "region": region, "server": server}
    return Described("dexcom_share", {"label": "Dexcom (from the environment)", **answers})


def _link_up(settings: Mapping[str, Any]) -> Described:
    region = settings["CONNECT_LINK_UP_REGION"].lower()
    answers = {
        "label": "LibreLinkUp (from the environment)",
        "email": settings["CONNECT_LINK_UP_USERNAME"],
        "password": settings["CONNECT_LINK_UP_PASSWORD"],
        "region": region if region in built_in_constants("librelinkup")["regions"] else "",
        "patient_id": settings["CONNECT_LINK_UP_PATIENT_ID"],
        "server": _with_scheme(settings["CONNECT_LINK_UP_SERVER"]),
    }
    return Described("librelinkup", answers)


def _glooko(settings: Mapping[str, Any]) -> Described:
    """Read the region or the server, and the offset of the devices' clocks as the zone that always has it."""
    known = built_in_constants("glooko")
    environment = settings["CONNECT_GLOOKO_ENV"].lower()
    server = _with_scheme(settings["CONNECT_GLOOKO_SERVER"]) or known["environments"].get(environment, "")
    answers = {
        "label": "Glooko (from the environment)",
        "email": settings["CONNECT_GLOOKO_EMAIL"],
        "password": settings["CONNECT_GLOOKO_PASSWORD"],
        "region": environment if environment in known["regions"] else "us",
        "server": server,
        "zone": _zone_ahead_by(settings["CONNECT_GLOOKO_TIMEZONE_OFFSET"]),
    }
    return Described("glooko", answers)


def _zone_ahead_by(hours: object) -> str:
    """Return a zone that is so many hours ahead of UTC all year round, "" for none and where there is no such zone."""
    if not hours:
        return ""
    zone = ""
    if isinstance(hours, int | float):
        # Whole hours have zones of their own, which count the other way round.
        zone = f"Etc/GMT{-int(hours):+d}" if float(hours).is_integer() else _ZONES_OF_PART_HOURS.get(hours, "")
    if zone_named(zone) is None:
        log.warning("CONNECT_GLOOKO_TIMEZONE_OFFSET is not used: no time zone is ahead by so much")
        return ""
    return zone


def _nightscout(settings: Mapping[str, Any]) -> Described:
    """Read the endpoint; a token may be written behind it as ``?token=``."""
    address, _, query = settings["CONNECT_SOURCE_ENDPOINT"].partition("?")
    answers = {
        "label": "Nightscout (from the environment)",
        "address": _with_scheme(address),
        "token": parse_qs(query).get("token", [""])[0],
        "api_secret": settings["CONNECT_SOURCE_API_SECRET"],
    }
    return Described("nightscout", answers)


def _with_scheme(address: str) -> str:
    return address if not address or "://" in address else f"https://{address}"


_SOURCES: Mapping[str, Callable[[Mapping[str, Any]], Described]] = {
    "dexcomshare": _dexcom,
    "linkup": _link_up,
    "glooko": _glooko,
    "nightscout": _nightscout,
}

"""Who is signed in to CareLink, and whose data it is: the wearer's own, or that of somebody who shares with him."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from app.uploaders.carelink.auth import Account
from app.uploaders.carelink.errors import nobody_shares
from app.uploaders.errors import Patient, PatientAmbiguous, SchemaChanged, SessionExpired, Transient, UploaderFailure

CARE_PARTNER, PATIENT = "carepartner", "patient"


@dataclass(frozen=True, slots=True)
class Me:
    """Who is signed in: the user name, and ``carepartner`` or ``patient``."""

    username: str
    role: str


def about(account: Account, path: str, params: Mapping[str, str] | None = None, *, renewing: bool = True) -> Any:
    """Read something of the account's side of CareLink, None for nothing. Raises as ``Account.call``, and ``NotThere``.

    The side answers under one of several patterns, by version; the one that did is kept.
    """
    return account.call(lambda token: _about(account, token, path, params), renewing=renewing)


def me(account: Account) -> Me:
    """Return who is signed in, asked once for each sign-in. Raises ``SchemaChanged`` for a kind of account unknown."""
    kept = account.remembered("me")
    if kept:
        return Me(**kept)
    paths = account.access.constants["paths"]
    user = about(account, paths["me"])
    profile = about(account, paths["profile"])
    claims = account.call(_claims_of)
    found = Me(_username_in(profile, user, claims), _role_in(user, claims))
    account.remember(me={"username": found.username, "role": found.role})
    return found


def patients(account: Account) -> list[Patient]:
    """Return those who share with a care partner."""
    found = about(account, account.access.constants["paths"]["links"])
    if found is not None and not isinstance(found, list):
        raise SchemaChanged("CareLink's answer holds no list of people")
    return [Patient(id, _name_of(one)) for one in found or () if (id := _id_of(one))]


def whose(account: Account) -> str:
    """Return the user name of the one whose data is wanted. Raises ``NoPatient``, ``PatientAmbiguous``."""
    who = me(account)
    if who.role == PATIENT:
        return who.username
    picked: str = account.access.options.get("patient_id", "") or account.remembered("patient_id") or ""
    if picked:
        return picked
    found = patients(account)
    if not found:
        raise nobody_shares()
    if len(found) > 1:
        raise PatientAmbiguous(
            f"{len(found)} people share with this CareLink account",
            patients=tuple(found),
            hint="Test, then pick whose data these are.",
        )
    account.remember(patient_id=found[0].id)
    return found[0].id


def _about(account: Account, token: str, path: str, params: Mapping[str, str] | None) -> Any:
    base = account.addresses().care_link
    parts = urlsplit(base)
    known = account.remembered("pattern")
    patterns = [known] if known else account.access.constants["account_patterns"]
    failures: list[UploaderFailure] = []
    for pattern in patterns:
        origin = f"{parts.scheme}://{parts.netloc}"
        url = pattern.replace("{base}", base).replace("{origin}", origin).replace("{path}", path)
        try:
            found = account.client.ask(url, token, params)
        except (SessionExpired, SchemaChanged, Transient) as failure:
            failures.append(failure)
            continue
        if not known:
            account.remember(pattern=pattern)
        return found
    raise next((one for one in failures if isinstance(one, SessionExpired)), failures[0])


def _role_in(user: Any, claims: Mapping[str, Any]) -> str:
    """Return the role: told are ``PATIENT``, ``PATIENT_OUS``, ``CARE_PARTNER``, ``CARE_PARTNER_OUS``."""
    told = user.get("role") if isinstance(user, Mapping) else None
    for role in (told, *(claims.get("roles") or ())):
        words = str(role).upper().replace("_", "").replace(" ", "")
        if words.startswith("CAREPARTNER"):
            return CARE_PARTNER
        if words.startswith("PATIENT"):
            return PATIENT
    raise SchemaChanged(
        "CareLink does not say whether this account is a wearer's or a care partner's",
        hint="Sign in with an account of the CareLink Connect or MiniMed Mobile app, not with that of a clinic.",
    )


def _username_in(*places: Any) -> str:
    for place in places:
        for name in ("username", "userName", "preferred_username"):
            told = place.get(name) if isinstance(place, Mapping) else None
            if isinstance(told, str) and told:
                return told
    raise SchemaChanged("CareLink does not say who is signed in")


def _claims_of(token: str) -> Mapping[str, Any]:
    """Return what our own token says of the account; nothing when it is none that can be read."""
    try:
        content = token.split(".")[1]
        told = json.loads(base64.urlsafe_b64decode(content + "=" * (-len(content) % 4)))
        details = told.get("token_details", told)
    except (ValueError, IndexError, AttributeError):
        return {}
    return details if isinstance(details, Mapping) else {}


def _id_of(link: Any) -> str:
    told = link.get("username") or link.get("patientId") or link.get("id") if isinstance(link, Mapping) else None
    return str(told) if isinstance(told, str | int) and told else ""


def _name_of(link: Mapping[str, Any]) -> str:
    names = (str(link.get(part) or "").strip() for part in ("firstName", "lastName"))
    return " ".join(name for name in names if name) or "unnamed"

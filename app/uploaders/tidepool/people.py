"""Whose records are fetched: the account's own, somebody's who shares with it, or whom the owner picked of several."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.records.sources.tidepool.reading import TYPES
from app.uploaders.errors import NoPatient, Patient, PatientAmbiguous
from app.uploaders.tidepool.auth import Account
from app.uploaders.tidepool.client import Ticket, TidepoolClient
from app.uploaders.tidepool.errors import NotThere, nobody_shares

_KEPT = "patient_id"


def person_of(account: Account, picked: str) -> str:
    """Return the id of the person whose records are wanted: ``picked``, else the only one there is.

    Who was found is kept: somebody who begins to share later does not take the place of this person, and stops nothing.
    Raises ``NoPatient``, ``PatientAmbiguous``.
    """
    if picked:
        return picked
    kept = account.session.get(_KEPT)
    if isinstance(kept, str) and kept:
        return kept
    people = account.call(_people)
    if not people:
        raise nobody_shares()
    if len(people) > 1:
        raise PatientAmbiguous(
            f"This Tidepool account sees the data of {len(people)} people",
            patients=tuple(Patient(user_id, _name_of(profile)) for user_id, profile in people.items()),
            hint="Test, then pick whose data these are.",
        )
    account.remember(**{_KEPT: next(iter(people))})
    return next(iter(people))


def _people(client: TidepoolClient, ticket: Ticket) -> dict[str, Mapping[str, Any]]:
    """Return everybody whose data this account sees, by user id with what they say of themselves."""
    own = client.profile(ticket, ticket.user_id)
    sharers = client.sharers(ticket) or {}
    if isinstance(own.get("patient"), Mapping):
        return {ticket.user_id: own, **sharers}
    if sharers or not _has_records(client, ticket):
        return sharers
    return {ticket.user_id: own}


def _has_records(client: TidepoolClient, ticket: Ticket) -> bool:
    """Tell whether an account that does not say so holds data all the same."""
    try:
        return bool(client.records(ticket, ticket.user_id, TYPES, None, None))
    except (NotThere, NoPatient):
        return False


def _name_of(profile: Mapping[str, Any]) -> str:
    patient = profile.get("patient")
    own = patient.get("fullName") if isinstance(patient, Mapping) else None  # a child's, in the account of a parent
    name = own or profile.get("fullName")
    return name.strip() if isinstance(name, str) and name.strip() else "unnamed"

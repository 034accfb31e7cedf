"""Signing in to Dexcom Share, and keeping the session: a log-in for each poll gets an account locked."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from app.uploaders.dexcom_share.client import ShareClient
from app.uploaders.errors import AuthInvalid, SessionExpired, Transient
from app.uploaders.vendor import Access, Session


def with_session(client: ShareClient, access: Access, call: Callable[[str], list[Any]]) -> tuple[str, list[Any]]:
    """Call with the kept session, or with a new one when there is none or it has ended, and never a third time.

    Returns the account's UUID and what the call returned. Raises ``AuthInvalid``, ``Locked``, ``Transient``.
    """
    session = access.session
    if session.get("session_id"):
        try:
            return session["account_id"], call(session["session_id"])
        except SessionExpired:
            pass
    session = sign_in(client, access)
    try:
        return session["account_id"], call(session["session_id"])
    except SessionExpired:
        raise Transient("Dexcom does not know the session it has just opened") from None


def sign_in(client: ShareClient, access: Access) -> Session:
    """Log in with a user name, e-mail, phone number or account UUID, and return the session, already kept.

    Raises ``AuthInvalid``, ``Locked``, ``Transient``.
    """
    account, password = access.secrets.get("account", ""), access.secrets.get("password", "")
    if not account or not password:
        raise AuthInvalid("Dexcom's user name or password is missing", hint="Enter both.")
    account_id = access.session.get("account_id") or _uuid_in(account) or client.account_id(account, password)
    session = {"account_id": account_id, "session_id": client.session_id(account_id, password)}
    access.keep(session)
    return session


def _uuid_in(account: str) -> str:
    try:
        return str(UUID(account))
    except ValueError:
        return ""

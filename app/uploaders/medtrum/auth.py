"""Signing in to Medtrum by the protocol that answers, and keeping the session: cookies, id, where things were found."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from app.uploaders.errors import AuthInvalid, SessionExpired, Transient
from app.uploaders.medtrum.client import CAREGIVER, EasyFollow, EasyView, MedtrumClient
from app.uploaders.medtrum.errors import NotThere
from app.uploaders.vendor import Access

T = TypeVar("T")

EASYVIEW, EASYFOLLOW = "easyview", "easyfollow"


class Account:
    """One Medtrum account. ``uid`` is its own id once it is signed in."""

    def __init__(self, access: Access) -> None:
        self._access = access
        self._session = dict(access.session)

    @property
    def is_caregivers(self) -> bool:
        """True for the account of somebody who looks after a patient."""
        return bool(self._access.options.get("account", CAREGIVER) == CAREGIVER)

    @property
    def uid(self) -> str:
        """Return the account's own id."""
        return str(self._session.get("uid", ""))

    def call(self, call: Callable[[MedtrumClient], T]) -> T:
        """Call with the kept session, with a new one when there is none or it has ended, and never a third time.

        Raises ``AuthInvalid``, ``Transient``.
        """
        if self._session.get("style") in self._styles():
            try:
                return self._asked(call)
            except SessionExpired:
                pass
        self._sign_in()
        try:
            return self._asked(call)
        except SessionExpired:
            raise Transient("Medtrum does not know the session it has just opened") from None

    def learn(self, **facts: Any) -> None:
        """Keep something found out about this account's answers."""
        if any(self._session.get(name) != fact for name, fact in facts.items()):
            self._session |= facts
            self._access.keep(dict(self._session))

    def fact(self, name: str, otherwise: int) -> int:
        """Return something found out before."""
        return int(self._session.get(name, otherwise))

    def _asked(self, call: Callable[[MedtrumClient], T]) -> T:
        client = self._client(self._session["style"])
        found = call(client)
        self.learn(kept=client.kept)
        return found

    def _sign_in(self) -> None:
        user, password = self._access.secrets.get("user", ""), self._access.secrets.get("password", "")
        if not user or not password:
            raise AuthInvalid("Medtrum's user name or password is missing", hint="Enter both.")
        *others, last = self._styles()
        for style in others:
            try:
                return self._sign_in_by(style, user, password)
            except NotThere:
                continue
        try:
            return self._sign_in_by(last, user, password)
        except NotThere as not_there:
            raise not_there.at_the_last_door from None

    def _styles(self) -> list[str]:
        """Return the protocols to try: the picked one, else both, EasyFollow's only for a caregiver."""
        picked: str = self._access.options.get("style", "")
        if picked:
            return [picked]
        return [EASYVIEW, EASYFOLLOW] if self.is_caregivers else [EASYVIEW]

    def _sign_in_by(self, style: str, user: str, password: str) -> None:
        client = self._client(style)
        uid = client.sign_in(user, password)
        self.learn(style=style, uid=uid, kept=client.kept)

    def _client(self, style: str) -> MedtrumClient:
        options, constants = self._access.options, self._access.constants
        regions: Mapping[str, str] = constants["regions"]
        host = options.get("server") or regions[options.get("region") or next(iter(regions))]
        kept = self._session.get("kept", {})
        if style == EASYFOLLOW:
            return EasyFollow(self._access.line, constants, host, kept)
        return EasyView(self._access.line, constants, host, kept, options.get("account", CAREGIVER))

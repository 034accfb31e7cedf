"""The sign-in only a browser can do: CareLink shows a CAPTCHA and ends at an address only its own app can open."""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import Mapping
from typing import Literal
from urllib.parse import urlencode

from app.uploaders.carelink.addresses import door_plate_at
from app.uploaders.carelink.auth import addresses_document, client_of, find_addresses, tokens_document
from app.uploaders.carelink.errors import code_refused, declined
from app.uploaders.vendor import Access, Begun, Session


class CareLinkSignIn:
    """CareLink's page (OAuth with PKCE): the owner signs in there and pastes the address the browser ends at."""

    way: Literal["return", "paste"] = "paste"
    words = (
        "Sign in on CareLink's page with the account whose data is wanted, best a care partner account that nothing "
        "else uses. At its end the browser cannot open an address that begins with com.medtronic.carepartner:/sso. "
        "Copy that whole address from the address bar and paste it here. Where the bar does not show it: press F12 "
        "before you sign in, choose Network, and copy the address of the last, failed line."
    )
    depends_on = frozenset({"country", "server"})

    def begin(self, access: Access, return_url: str) -> Begun:
        """Ask CareLink where accounts of the country sign in, and return that page's address.

        Raises ``ActionRequired`` for a country without CareLink, ``SchemaChanged``, ``Transient``.
        """
        addresses = find_addresses(access)
        plate = door_plate_at(client_of(access), addresses.sso)
        verifier, state = secrets.token_urlsafe(64), secrets.token_urlsafe(32)
        asked = {
            "client_id": plate.client_id,
            "response_type": "code",
            "scope": plate.scope,
            "redirect_uri": plate.redirect_uri,
            **({"audience": plate.audience} if plate.audience else {}),
            "code_challenge": challenge_of(verifier),
            "code_challenge_method": "S256",
            "state": state,
        }
        pending = {
            "verifier": verifier,
            "client_id": plate.client_id,
            "token_url": plate.token_url,
            "redirect_uri": plate.redirect_uri,
            "addresses": addresses_document(addresses),
        }
        return Begun(f"{plate.authorize_url}?{urlencode(asked)}", state, pending)

    def finish(self, access: Access, pending: Session, answer: Mapping[str, str], return_url: str) -> None:
        """Change the code of the pasted address for tokens, and keep them.

        Raises ``ActionRequired`` when the page was left or the code is not taken, ``SchemaChanged``, ``Transient``.
        """
        if not answer.get("code"):
            raise declined()
        fields = {
            "grant_type": "authorization_code",
            "client_id": pending["client_id"],
            "code": answer["code"],
            "redirect_uri": pending["redirect_uri"],
            "code_verifier": pending["verifier"],
        }
        tokens = client_of(access).tokens(pending["token_url"], fields, refused=code_refused())
        now_ms = access.clock.now_ms()
        access.keep(
            tokens_document(tokens, now_ms)
            | {name: pending[name] for name in ("client_id", "token_url", "addresses")}
            | {"addresses_ms": now_ms}
        )


def challenge_of(verifier: str) -> str:
    """Return the S256 challenge of a PKCE verifier (RFC 7636)."""
    hashed = hashlib.sha256(verifier.encode("ascii")).digest()
    return base64.urlsafe_b64encode(hashed).decode("ascii").rstrip("=")

"""How a request arrived: encrypted or not, as a believed proxy says; and cookies and redirects that follow from it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from flask import Flask, current_app, redirect, request
from flask.sessions import SecureCookieSessionInterface, SessionMixin
from werkzeug.datastructures import EnvironHeaders
from werkzeug.wrappers import Response as BaseResponse

from app.house import House
from app.identity.addresses import is_https, is_loopback_name
from app.identity.door import house

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment


class TrueScheme:
    """WSGI middleware: a request that reached a believed proxy over https is one, for everything behind this."""

    def __init__(self, application: WSGIApplication, trust: str) -> None:
        self._application = application
        self._trust = trust

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Correct the scheme and pass the request on."""
        scheme, peer = environ["wsgi.url_scheme"], environ.get("REMOTE_ADDR", "")
        if is_https(EnvironHeaders(environ), scheme, peer, self._trust):
            environ["wsgi.url_scheme"] = "https"
        return self._application(environ, start_response)


class SessionCookie(SecureCookieSessionInterface):
    """Flask's session cookie, ``Secure`` exactly when it travels encrypted: at home there may be no https."""

    def get_cookie_secure(self, app: Flask) -> bool:
        """Tell whether the present request came by https."""
        return request.is_secure

    def should_set_cookie(self, app: Flask, session: SessionMixin) -> bool:
        """Send the cookie only when its content changed.

        Sent with every answer, a slow one would put back what a quicker one has changed in the meantime.
        """
        return session.modified


def site_address() -> str:
    """Return the address people and apps reach this site at, without a slash at its end."""
    address: str = house().settings["BASE_URL"] or request.url_root
    return address.rstrip("/")


def move_to_https() -> BaseResponse | None:
    """Send a page that was asked for in the clear to https: passwords and codes are entered there.

    Not on this very machine, and not where the settings serve plain HTTP on purpose.
    """
    pages = current_app.blueprints.get(request.blueprint or "")
    if pages is None or not pages.import_name.startswith("app.web.") or request.endpoint == "healthz.healthz":
        return None
    if request.is_secure or house().settings["INSECURE_USE_HTTP"] or is_loopback_name(request.host):
        return None
    return redirect(f"https://{request.host}{request.full_path.rstrip('?')}", 307)


def register(app: Flask) -> None:
    """Have every request know how it arrived, before anything looks at it."""
    shared: House = app.extensions["house"]
    app.wsgi_app = TrueScheme(app.wsgi_app, shared.settings["TRUST_PROXY"])  # type: ignore[method-assign]
    app.session_interface = SessionCookie()
    app.before_request(move_to_https)

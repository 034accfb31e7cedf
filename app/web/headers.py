"""The headers that keep a page to itself: what it may load, who may frame it, that nobody keeps it; and compression."""

from __future__ import annotations

import gzip

from flask import Flask, Response, request

from app.config import Settings
from app.identity.door import house

CONTENT_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "manifest-src 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
    )
)
PERMISSIONS_POLICY = "camera=(), geolocation=(), microphone=(), payment=(), usb=(), interest-cohort=()"
_YEAR_S = 31_536_000


def protect(response: Response) -> Response:
    """Add the headers every answer has, and to a page those of a page."""
    headers = response.headers
    headers.setdefault("X-Content-Type-Options", "nosniff")
    headers.setdefault("Referrer-Policy", "same-origin")
    if request.is_secure:
        policy = transport_policy(house().settings)
        if policy:
            headers.setdefault("Strict-Transport-Security", policy)
    if response.mimetype == "text/html":
        headers.setdefault("Content-Security-Policy", CONTENT_POLICY)
        headers.setdefault("Permissions-Policy", PERMISSIONS_POLICY)
        headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
        headers.setdefault("X-Robots-Tag", "noindex, nofollow")
        headers.setdefault("Cache-Control", "no-store")
    return response


def transport_policy(settings: Settings) -> str:
    """Return the value of ``Strict-Transport-Security``, empty when the settings want none."""
    if not settings["SECURE_HSTS_HEADER"]:
        return ""
    wanted = {
        "includeSubDomains": settings["SECURE_HSTS_HEADER_INCLUDESUBDOMAINS"],
        "preload": settings["SECURE_HSTS_HEADER_PRELOAD"],
    }
    return "; ".join([f"max-age={_YEAR_S}", *(name for name, on in wanted.items() if on)])


def compressed(response: Response) -> Response:
    """Compress an answer for a browser that takes it.

    Only for answers that repeat nothing of the request: elsewhere the length would tell secrets of the page.
    """
    response.vary.add("Accept-Encoding")
    if request.accept_encodings.quality("gzip") > 0:
        response.set_data(gzip.compress(response.get_data(), compresslevel=6))
        response.content_encoding = "gzip"
    return response


def register(app: Flask) -> None:
    """Protect every answer of the application."""
    app.after_request(protect)

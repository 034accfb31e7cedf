"""QR codes drawn into the page itself, for what one device shows and another one reads."""

from __future__ import annotations

import io

import segno
from markupsafe import Markup


def qr_svg(text: str) -> Markup:
    """Return an SVG element with a QR code of the text on its own white ground (error correction M)."""
    written = io.BytesIO()
    segno.make(text, error="m").save(
        written, kind="svg", xmldecl=False, svgns=False, nl=False, omitsize=True, light="#fff"
    )
    return picture(written.getvalue().decode())


def picture(svg: str) -> Markup:
    """Return an SVG element we drew for a page: seen, and not read aloud, since what it says stands beside it."""
    # Drawn from modules alone: nothing anybody entered is in it.
    return Markup(svg.replace("<svg", '<svg aria-hidden="true"', 1))  # noqa: S704

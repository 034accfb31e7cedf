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
    # Drawn by us from modules alone: the text itself is nowhere in it.
    return Markup(written.getvalue().decode())  # noqa: S704

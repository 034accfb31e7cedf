"""Style sheets, scripts and icons, at addresses that change with their content: browsers may keep them for good.

All of them share one version, a hash over the whole folder: scripts and style sheets then find each other by plain
relative paths, without a build step.
"""

from __future__ import annotations

import gzip
import hashlib
import mimetypes
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from flask import Blueprint, Flask, Response, abort, request, url_for

from app.identity.door import guard, public
from app.web.identify import nobody

FOLDER = Path(__file__).resolve().parents[2] / "static"
_FOR_GOOD = "public, max-age=31536000, immutable"
_TYPES = {".js": "text/javascript", ".webmanifest": "application/manifest+json", ".svg": "image/svg+xml"}
_WORTH_COMPRESSING = frozenset({".css", ".js", ".svg", ".webmanifest"})

blueprint = Blueprint("assets", __name__)
guard(blueprint, nobody)


@dataclass(frozen=True, slots=True)
class Asset:
    """A file of the folder as it is sent; ``compressed`` is empty where gzip gains nothing."""

    content: bytes
    compressed: bytes
    mimetype: str


@dataclass(frozen=True, slots=True)
class Assets:
    """Every file of the folder by its relative path, and the version they share."""

    files: Mapping[str, Asset]
    version: str


@cache
def assets() -> Assets:
    """Read the folder, once in a process."""
    paths = sorted(path for path in FOLDER.rglob("*") if path.is_file())
    files = {path.relative_to(FOLDER).as_posix(): _read(path) for path in paths}
    digest = hashlib.sha256()
    for name, asset in files.items():
        digest.update(name.encode() + b"\0" + hashlib.sha256(asset.content).digest())
    return Assets(files, digest.hexdigest()[:12])


def _read(path: Path) -> Asset:
    content = path.read_bytes()
    compressed = gzip.compress(content, mtime=0) if path.suffix in _WORTH_COMPRESSING else b""
    mimetype = _TYPES.get(path.suffix) or mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    return Asset(content, compressed, mimetype)


@blueprint.get("/static/<version>/<path:name>")
@public("style sheets, scripts and icons tell nothing about anybody")
def asset(version: str, name: str) -> Response:
    """Send a file; one of another version is sent as it is now, and not kept."""
    known = assets().files.get(name)
    if known is None:
        abort(404)
    zipped = bool(known.compressed) and request.accept_encodings.quality("gzip") > 0
    response = Response(known.compressed if zipped else known.content, mimetype=known.mimetype)
    response.headers["Cache-Control"] = _FOR_GOOD if version == assets().version else "no-cache"
    if known.compressed:
        response.vary.add("Accept-Encoding")
    if zipped:
        response.content_encoding = "gzip"
    return response


def address_of(name: str) -> str:
    """Return the address of a file of the folder, for templates. Raises ``KeyError`` for one that is not there."""
    if name not in assets().files:
        raise KeyError(f"there is no static/{name}")
    return url_for("assets.asset", version=assets().version, name=name)


def register(app: Flask) -> None:
    """Serve the files, and give templates ``asset(name)``."""
    app.register_blueprint(blueprint)
    app.jinja_env.globals["asset"] = address_of

"""The system's Chromium for browser tests: found, or installed from Debian's packages.

Run ``python -m tests.chromium`` to have it ahead of the tests.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

LAUNCH_ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def chromium_path() -> str:
    """Return the path of Chromium. Raises ``RuntimeError`` that says how to get it."""
    for name in (os.environ.get("CHROMIUM", ""), "chromium", "chromium-browser", "google-chrome"):
        path = shutil.which(name) if name else None
        if path:
            return path
    raise RuntimeError("No Chromium: install it (sudo apt-get install chromium) or name it in CHROMIUM.")


def install() -> None:
    """Install Chromium from Debian's packages, as root or through sudo."""
    prefix = [] if os.geteuid() == 0 else ["sudo", "-n"]
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (["apt-get", "update", "-qq"], ["apt-get", "install", "-y", "-qq", "--no-install-recommends",
                                                   "chromium", "fonts-dejavu-core"]):  # fmt: skip
        subprocess.run([*prefix, *command], check=True, env=environment, stdout=subprocess.DEVNULL)


if __name__ == "__main__":
    try:
        chromium_path()
    except RuntimeError:
        install()
    sys.stdout.write(f"Chromium: {chromium_path()}\n")

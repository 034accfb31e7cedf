"""Print ``docs/manifest.md``."""

from __future__ import annotations

import sys

from tests.manifest.application import bare_application
from tests.manifest.asked import recorded
from tests.manifest.page import page

if __name__ == "__main__":
    sys.stdout.write(page(bare_application(), recorded()))

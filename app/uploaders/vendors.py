"""The vendors we can pull from, and those we can send to."""

from __future__ import annotations

from collections.abc import Mapping

from app.errors import NotFound
from app.uploaders.carelink.source import CARELINK
from app.uploaders.dexcom_api.source import DEXCOM_API
from app.uploaders.dexcom_share.source import DEXCOM_SHARE
from app.uploaders.eversense.source import EVERSENSE
from app.uploaders.glooko.source import GLOOKO
from app.uploaders.librelinkup.source import LIBRELINKUP
from app.uploaders.medtrum.source import MEDTRUM
from app.uploaders.nightscout.source import NIGHTSCOUT
from app.uploaders.nightscout_push.source import NIGHTSCOUT_PUSH
from app.uploaders.tandem_source.source import TANDEM_SOURCE
from app.uploaders.tidepool.source import TIDEPOOL
from app.uploaders.vendor import Vendor

VENDORS: Mapping[str, Vendor] = {
    vendor.name: vendor
    for vendor in (
        DEXCOM_SHARE,
        DEXCOM_API,
        LIBRELINKUP,
        CARELINK,
        EVERSENSE,
        TANDEM_SOURCE,
        GLOOKO,
        MEDTRUM,
        TIDEPOOL,
        NIGHTSCOUT,
        NIGHTSCOUT_PUSH,
    )
}


def vendor_named(name: str) -> Vendor:
    """Return the vendor. Raises ``NotFound``."""
    if name not in VENDORS:
        raise NotFound(f"There is no uploader for {name!r}")
    return VENDORS[name]

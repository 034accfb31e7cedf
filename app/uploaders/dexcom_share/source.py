"""Dexcom Share as an uploader: its form, its pace, and how its readings are fetched."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from app.records.sources.documents import MINUTE_MS, mapped
from app.records.sources.kinds import GLUCOSE
from app.records.sources.ranks import LIVE
from app.store.interface import Document
from app.uploaders.dexcom_share.auth import with_session
from app.uploaders.dexcom_share.client import LONGEST_MIN, ShareClient, region_in
from app.uploaders.dexcom_share.mapper import entry_of
from app.uploaders.form import UploaderForm, address, choice, secret, taken
from app.uploaders.vendor import DEEP_OVERLAP_MS, Access, Cursors, Pace, Page, Vendor, overlap_ms

PACE = Pace(interval_ms=5 * MINUTE_MS, lag_ms=15_000, floor_ms=MINUTE_MS)
CURSOR, DEEP_CURSOR = "entries", "entries_deep"
LOOK_MIN = 60


class ShareForm(UploaderForm):
    """What we need to know of a Dexcom account."""

    region = choice(
        "Region",
        (("us", "United States"), ("ous", "Outside the United States"), ("jp", "Japan, parts of Asia-Pacific")),
        default="us",
        help="Where the Dexcom account was made.",
    )
    account = secret(
        "User name, e-mail or phone",
        "Of the Dexcom account that shares, not of a follower. A phone number with its country code.",
        kind="text",
    )
    password = secret("Password")
    glucose = taken("Take glucose")
    server = address("Other server", "Only when Dexcom has moved: its address.", advanced=True)


class ShareSource:
    """The readings of one Dexcom account."""

    def __init__(self, access: Access) -> None:
        self._access = access
        region = region_in(access.constants, access.options.get("region", "us"))
        self._client = ShareClient(access.line, region, access.options.get("server", ""))

    def pages(self, cursors: Cursors) -> Iterator[Page]:
        """Fetch what came since the cursor less the overlap; Dexcom keeps the last 24 hours."""
        now_ms = self._access.clock.now_ms()
        overlap = overlap_ms(cursors.get(DEEP_CURSOR, 0), now_ms)
        since_ms = cursors.get(CURSOR, now_ms) - overlap
        entries, unusable = self._read(-((since_ms - now_ms) // MINUTE_MS))
        newest_ms = max((entry["date"] for entry in entries), default=cursors.get(CURSOR, 0))
        reached = {CURSOR: newest_ms} if newest_ms else {}
        deep = {DEEP_CURSOR: now_ms} if overlap == DEEP_OVERLAP_MS else {}
        yield Page(reached | deep, {"entries": entries}, unusable=unusable)

    def look(self) -> Sequence[Document]:
        """Sign in and return the entries of the last hour."""
        return self._read(LOOK_MIN)[0]

    def _read(self, minutes: int) -> tuple[list[Document], list[str]]:
        account, records = with_session(
            self._client, self._access, lambda session_id: self._client.readings(session_id, min(minutes, LONGEST_MIN))
        )
        now_ms = self._access.clock.now_ms()
        entries, unusable = mapped(records, lambda record: entry_of(record, account, now_ms))
        return sorted(entries, key=lambda entry: entry["date"]), unusable


def _pace(options: Mapping[str, Any]) -> Pace:
    return PACE


DEXCOM_SHARE = Vendor(
    name="dexcom_share",
    title="Dexcom",
    about="A Dexcom account whose app shares with a follower.",
    form=ShareForm,
    pace=_pace,
    open=ShareSource,
    kinds={GLUCOSE: "glucose"},
    rank=LIVE,
    when_silent="Check in the Dexcom app that sharing is on and that at least one follower is invited.",
)

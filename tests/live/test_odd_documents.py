"""Documents no app of ours would write do not keep the picture from going on."""

from __future__ import annotations

from typing import Any

import pytest

from app.live.live_picture import LivePicture
from app.store.interface import Store
from tests.live.uploads import done
from tests.waiting import wait_until


@pytest.mark.parametrize("event_type", [["Site Change"], {"a": 1}, 5, None])
def test_an_event_type_that_is_no_text(live: LivePicture, store: Store, event_type: Any) -> None:
    live.now()
    store.collection("treatments").insert_one(done(5, "Note") | {"eventType": event_type})
    wait_until(lambda: live.now().seq >= store.last_seq())
    picture = live.now()
    assert not picture.behind
    assert [one["eventType"] for one in picture.documents.treatments] == [event_type]

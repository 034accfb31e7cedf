"""What is wrong with the uploaders, for the chain on the page of now."""

from __future__ import annotations

from app.actor import system_actor
from app.identity.door import house
from app.live.chain import Trouble
from app.live.kinds import STATUSES
from app.uploaders import status
from app.uploaders.uploaders import Uploaders
from app.web.viewer import Viewer


def troubles_for(viewer: Viewer, now_ms: int) -> list[Trouble]:
    """Return what a viewer is told of the uploaders: nothing, when they may not see how devices are."""
    if STATUSES not in viewer.kinds:
        return []
    shared = house()
    uploaders = Uploaders(shared.store, shared.clock, system_actor("glance"), shared.keyring)
    found = status.troubles(uploaders.all(), now_ms)
    return [Trouble(trouble.label, trouble.sentence, trouble.since_ms) for trouble in found]

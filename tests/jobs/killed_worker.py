"""A worker that kills itself in the moment it keeps an alarm: ``python -m tests.jobs.killed_worker URI KEY WHEN``.

``WHEN`` is ``before`` or ``after`` it is stored.
"""

from __future__ import annotations

import os
import signal
import sys
from typing import Any

from app.alarms.state import AlarmState
from tests.jobs.worker import main

keep = AlarmState.keep


def killed(state: AlarmState, *standings: Any) -> None:
    if sys.argv[3] == "after":
        keep(state, *standings)
    os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    AlarmState.keep = killed  # type: ignore[method-assign]
    main(*sys.argv[1:3])

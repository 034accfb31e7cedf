"""The schedule: the only APScheduler import, the lease that makes a job run once, one function for each job.

Importing this room starts nothing. ``start(house)`` is for a process that shall work; ``Running.stop()`` ends it.
"""

from __future__ import annotations

from app.jobs.schedule import Running, start

__all__ = ["Running", "start"]

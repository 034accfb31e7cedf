"""Alarms: what is loud, for whom, and until somebody has heard it.

``rules`` are pure functions of the picture (no clock, no store): what should be said of it. ``evidence`` and
``standing`` are pure too: what of it is new, still stands or is over. What has been said and heard is a state in the
store (``state``, ``silences``), so that it holds for every process and survives a restart; ``engine`` brings it up to
date. No surface and no other service decides whether an alarm keeps quiet, and nothing here knows HTTP. Nothing here
reaches anybody either: sockets tell what the state says.
"""

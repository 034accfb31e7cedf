"""Alarms: what is loud, for whom, and until somebody has heard it.

The rules are pure functions of the picture (no clock, no store); what has been said and heard is a state in the store,
so that it holds for every process and survives a restart; deliveries carry an alarm to people and keep receipts. Of
the state there are ``silences``. No surface and no other service decides whether an alarm keeps quiet, and nothing here
knows HTTP.
"""

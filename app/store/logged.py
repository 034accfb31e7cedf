"""Which collections the change log tells about."""

UNLOGGED = frozenset({"nl_changes", "nl_foreign", "nl_leases", "nl_migrations", "nl_throttle"})
"""Collections whose writes are noise to everybody:

nobody shows them, and they would push what matters out of the log.
"""

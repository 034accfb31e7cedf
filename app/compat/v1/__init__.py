"""API v1: entries, treatments, devicestatus, profile, status, verifyauth."""

"""API v1: entries, treatments, devicestatus, profile, status, verifyauth; served again under ``/api/v2``.

One module for each resource. A route parses, names the permissions it needs, calls one service, renders.
"""

"""API v1: entries, treatments, devicestatus, profile, food, activity, notifications, adminnotifies, status, verifyauth.

Served again under ``/api/v2``.

One module for each resource. A route parses, names the permissions it needs, calls one service, renders.
"""

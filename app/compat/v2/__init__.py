"""API v2: authorisation (web tokens, subjects, roles). Every v1 route is served under its prefix too."""

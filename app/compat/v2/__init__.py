"""API v2: authorisation (JWT, subjects, roles), and every v1 route again."""

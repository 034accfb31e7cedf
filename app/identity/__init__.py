"""Who is asking and what they may do: accounts, passwords, TOTP, sessions, subjects, roles, tokens, throttling, audit.

Services here take a store, a clock and plain values; only ``door.py`` sees a request, and turns it into an ``Actor``.
What a share link allows is decided in ``sharing/``; what a document is, in ``records/``.
"""

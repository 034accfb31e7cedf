"""Nightscout's own surface, sealed: routes and quirks as its clients know them, over the shared services.

Every quirk is a named function that says which client needs it; ``README.md`` here is the contract. No other room knows
that this one exists.
"""

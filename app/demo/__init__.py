"""A made-up child on a loop, for showing every page at once: 14 days of plausible data, and more as time passes.

The generator is pure: the same seed gives the same documents for the same moments, however often and in whatever pieces
they are asked for. Feeding writes them through ``records/`` and never into a store that holds anybody's real data.
"""

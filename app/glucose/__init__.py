"""Calculation: units and sentinels, trend, delta, ranges, staleness, and the words for them.

Pure functions: same input, same answer. Nothing here reads a clock, a file or a database, or imports any other room.
"""

"""Calculation: units and sentinels, trend, delta, ranges, staleness, and the words for them; profiles at an instant,
insulin and carbs on board, the running basal, the forecast, the bolus wizard, ages.

Pure functions: same input, same answer. Nothing here reads a clock, a file or a database, or imports any other room.
"""

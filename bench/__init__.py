"""Measurements, printed as tables: ``make bench``, or ``python -m bench --help``. Nothing here passes or fails.

Everything runs on this machine over loopback, bounded in count and time, on a scratch folder that is removed.
"""

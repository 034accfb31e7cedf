"""Scheduled pulls from vendor clouds: one folder for each vendor (``client auth mapper errors``), one runner for all.

A client speaks the vendor's protocol and knows nothing of Nightscout; a mapper is a pure function from vendor records
to documents; the runner logs in, fetches, saves through ``records/`` and keeps state, errors and secrets in the store.
"""

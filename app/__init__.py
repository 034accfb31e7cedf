"""Nightlight: a self-hosted, Nightscout-compatible server for one household."""

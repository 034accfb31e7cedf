"""Tandem's older t:connect export."""

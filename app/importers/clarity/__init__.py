"""Dexcom Clarity's export, in the time its transmitter counted."""

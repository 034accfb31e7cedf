"""Tidepool: a collection of what other makers' devices and apps recorded, read with the account of who may see it."""

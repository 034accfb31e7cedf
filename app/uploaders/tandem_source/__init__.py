"""Tandem Source: the cloud of t:slim X2 and Mobi pumps. Basal, boluses, fills, modes, settings, sensor readings."""

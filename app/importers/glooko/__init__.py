"""Glooko's export: a zip of tables."""

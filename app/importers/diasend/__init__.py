"""Diasend's workbooks."""

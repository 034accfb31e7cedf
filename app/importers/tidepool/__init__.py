"""Tidepool's export, as JSON and as a workbook."""

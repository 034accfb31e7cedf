"""CareLink's export: sections of one table, as text or as a workbook."""

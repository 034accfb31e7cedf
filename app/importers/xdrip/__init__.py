"""The database of xDrip+."""

"""Dexcom's official interface (API v3): readings and events of an account whose owner allowed it. Hours late."""

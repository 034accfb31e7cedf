"""Dexcom Share: the follower feed of Dexcom's phone apps, read with the sharer's own account. Glucose only."""

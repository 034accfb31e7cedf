"""Eversense NOW: the follower app of Senseonics' implanted sensor. The latest reading only; never seen to work."""

"""Medtrum's TouchCare: glucose through EasyView, or through the older EasyFollow. Never seen to work."""

"""Glooko: the cloud that collects what pumps (Omnipod 5, DASH and others), meters, pens and sensors upload to it."""

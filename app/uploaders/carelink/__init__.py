"""CareLink: the follower service of Medtronic's pumps and sensors, read by a care partner or the wearer. A day back."""
